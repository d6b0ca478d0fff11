from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from mien.core.errors import InputError
from mien.core.labels import FER2013
from mien.core.types import FloatArray, Image
from mien.evaluation.emotion import Judged
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.fairness import LEAST, by_group, evaluate, groups
from mien.models import zoo
from mien.models.emotion import EmotionModel

HAPPY, NEUTRAL, ANGER = (FER2013.index(name) for name in ("happiness", "neutral", "anger"))


def judged(true: list[int], predicted: list[int]) -> Judged:
    return Judged(FER2013, np.arange(len(true)), np.array(predicted), np.array(true))


def test_groups_are_genders_bands_and_their_pairs() -> None:
    age = np.array([12.9, 13.0, 34.9, 70.0, -1.0], np.float32)
    female = np.array([0.9, 0.5, 0.49, 0.0, 1.0], np.float32)
    found = groups(age, female)
    assert len(found) == 2 + 6 + 12
    assert found["women"].tolist() == [True, True, False, False, True]
    assert found["0–12"].tolist() == [True, False, False, False, True]
    assert found["20–34"].tolist() == [False, False, True, False, False]
    assert found["men 65+"].tolist() == [False, False, False, True, False]
    pairs = sum(rows.astype(int) for name, rows in found.items() if " " in name)
    assert np.all(pairs == 1), "everybody is in one pair"


def test_accuracy_difference_and_p_by_hand() -> None:
    # Of 40 women 30 are right, of 60 men 54.
    head = judged([HAPPY] * 100, [HAPPY] * 30 + [NEUTRAL] * 10 + [HAPPY] * 54 + [NEUTRAL] * 6)
    women = np.arange(100) < 40
    told = by_group(head, {"women": women, "men": ~women})
    assert told["overall"] == 0.84
    row = told["groups"]["women"]
    assert row["accuracy"] == 0.75
    assert row["difference"] == pytest.approx(0.75 - 0.9)
    expected = stats.fisher_exact([[30, 10], [54, 6]]).pvalue
    assert row["p"] == pytest.approx(expected, rel=0.01)
    assert row["p_holm"] == pytest.approx(2 * expected, rel=0.01)
    low, high = row["difference_interval"]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 40 + 0.9 * 0.1 / 60)
    assert (low, high) == pytest.approx((-0.15 - half, -0.15 + half), abs=0.03)


def test_recall_counts_the_faces_with_that_label() -> None:
    head = judged([HAPPY] * 25 + [ANGER] * 30, [HAPPY] * 20 + [NEUTRAL] * 5 + [ANGER] * 15 + [HAPPY] * 15)
    row = by_group(head, {"all": np.ones(55, bool)})["groups"]["all"]
    assert row["recall"]["happiness"] | {"n": 25, "recall": 0.8} == row["recall"]["happiness"]
    assert row["recall"]["anger"]["recall"] == 0.5
    assert row["recall"]["neutral"] == {"n": 0}
    assert "p" not in row, "there is no rest to compare with"


def test_a_share_over_few_faces_is_not_told() -> None:
    few = np.arange(100) < LEAST - 1
    told = by_group(judged([HAPPY] * 100, [HAPPY] * 100), {"women 0–12": few, "men 0–12": ~few})
    assert set(told["groups"]["women 0–12"]) == {"n", "recall"}
    assert told["worst"] == "men 0–12"


class Half(EmotionModel):
    """Sees happiness on bright faces and is right; on dark ones it sees it too and is wrong."""

    def logits(self, crops: Image) -> dict[str, FloatArray]:
        seven = np.zeros((len(crops), 7), np.float32)
        seven[:, HAPPY] = 5
        return {"fer2013": seven}


def test_the_worst_pair_is_named_and_groups_are_called_predicted() -> None:
    bright = np.arange(120) < 60
    images = np.where(bright, 200, 20).astype(np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    data = EmotionSet("halves", images, np.where(bright, HAPPY, ANGER), None, None, np.zeros(120, bool))
    model = Half(zoo.load("emotion"))

    def attributes(pictures: Image) -> tuple[FloatArray, FloatArray]:
        assert pictures is images
        return np.where(bright, 30, 70).astype(np.float32), np.where(bright, 0.9, 0.1).astype(np.float32)

    report = json.loads(json.dumps(evaluate(model, data, attributes)))
    assert report["groups"] == "predicted"
    assert "predicted" in report["note"]
    told = report["heads"]["fer2013"]
    assert told["worst"] == "men 65+"
    assert told["groups"]["men 65+"]["accuracy"] == 0
    assert told["groups"]["men 65+"]["p_holm"] < 1e-6
    with pytest.raises(InputError, match="120 faces"):
        evaluate(model, data, lambda pictures: (np.zeros(3, np.float32), np.zeros(3, np.float32)))
