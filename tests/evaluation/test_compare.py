from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from mien.core.types import FloatArray, Image
from mien.evaluation.compare import compare
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import EmotionModel


class Told(EmotionModel):
    """Answers what it was told to: per face one class of the seven, and of the eight if there are any."""

    def __init__(self, seven: list[int], eight: list[int] | None = None) -> None:
        super().__init__(zoo.load("emotion"))
        self.answers = {"fer2013": 4 * np.eye(7, dtype=np.float32)[seven]}
        if eight is not None:
            self.answers["emotion"] = 4 * np.eye(8, dtype=np.float32)[eight]

    def logits(self, crops: Image) -> dict[str, FloatArray]:
        return self.answers


def labelled(fer: list[int], eight: list[int] | None = None) -> EmotionSet:
    votes = None if eight is None else 10 * np.eye(10, dtype=np.float32)[eight]
    images = np.zeros((len(fer), 48, 48), np.uint8)
    return EmotionSet("told", images, np.array(fer), votes, None, np.zeros(len(fer), bool))


TRUE = [0] * 40
GOOD = [0] * 36 + [1] * 4  # wrong on the last 4
POOR = [0] * 24 + [1] * 12 + [0] * 4  # wrong on 12 others


def test_paired_differences_by_hand() -> None:
    report = json.loads(json.dumps(compare({"a": Told(GOOD), "b": Told(POOR)}, labelled(TRUE))))
    assert report["base"] == "a"
    assert report["models"]["a"]["fer2013"]["accuracy"] == 0.9
    assert report["models"]["b"]["fer2013"]["accuracy"] == 0.7
    accuracy, loss = report["differences"]
    assert (accuracy["name"], accuracy["measure"], accuracy["difference"]) == ("b", "fer2013", -0.2)
    assert (accuracy["only_base"], accuracy["only_other"]) == (12, 4)
    assert accuracy["p"] == pytest.approx(stats.binomtest(4, 16).pvalue, rel=0.01)
    assert accuracy["p_holm"] == accuracy["p"], "one comparison needs no correction"
    low, high = accuracy["interval"]
    assert low < -0.2 < high
    assert loss["measure"] == "nll"
    assert loss["difference"] == pytest.approx((12 - 4) / 40 * 4, abs=1e-3), "a wrong answer costs four nats more"


def test_p_values_are_corrected_for_their_number() -> None:
    report = compare({"a": Told(GOOD), "b": Told(POOR), "c": Told(POOR)}, labelled(TRUE))
    tested = [d for d in report["differences"] if "p" in d]
    assert [d["name"] for d in tested] == ["b", "c"]
    assert tested[0]["p_holm"] == pytest.approx(2 * tested[0]["p"], rel=0.01)


def test_a_model_against_itself_does_not_differ() -> None:
    data = labelled(TRUE, [1] * 40)
    report = compare({"a": Told(GOOD, [1] * 40), "b": Told(GOOD, [1] * 40)}, data)
    assert {d["measure"] for d in report["differences"]} == {"fer2013", "ferplus", "nll"}
    for difference in report["differences"]:
        assert difference["difference"] == 0
        assert difference["interval"] == [0, 0]
        assert difference.get("p", 1) == 1


def test_a_model_of_seven_classes_is_compared_on_these_alone() -> None:
    data = labelled(TRUE, [1] * 40)
    report = compare({"ours": Told(GOOD, [1] * 40), "yardstick": Told(POOR)}, data)
    assert {d["measure"] for d in report["differences"]} == {"fer2013"}
    assert "ferplus" not in report["models"]["yardstick"]
    assert report["models"]["ours"]["calibration"]["classes"] == 8
    assert report["models"]["yardstick"]["calibration"]["classes"] == 7
