from __future__ import annotations

import json

import numpy as np
import pytest

from mien.core.errors import InputError, ModelError
from mien.core.labels import FER2013_IN_EMOTIONS
from mien.core.types import FloatArray, Image
from mien.evaluation.emotion import evaluate, fitted, predict
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import EmotionModel
from mien.models.spec import InputSpec


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    return EmotionModel(zoo.load("emotion"))


def a_set(n: int, votes: bool) -> EmotionSet:
    rng = np.random.default_rng(0)
    ten = np.zeros((n, 10), np.float32)
    ten[np.arange(n), rng.integers(0, 8, n)] = 10
    images = rng.integers(0, 256, (n, 48, 48)).astype(np.uint8)
    return EmotionSet("random", images, rng.integers(0, 7, n), ten if votes else None, None, np.zeros(n, bool))


def test_the_report_has_what_is_promised(model: EmotionModel) -> None:
    report = json.loads(json.dumps(evaluate(model, a_set(21, votes=True))))
    assert report["dataset"] == "random"
    assert report["n"] == 21
    assert set(report["fer2013"]) == {"n", "accuracy", "macro_f1"}
    assert report["ferplus"]["n"] == 21
    assert {"ece", "nll"} <= set(report["calibration"])
    assert np.sum(report["confusion"]["rows_true_columns_predicted"]) == 21


def test_only_the_heads_that_the_labels_allow(model: EmotionModel) -> None:
    report = evaluate(model, a_set(9, votes=False))
    assert "ferplus" not in report
    assert report["fer2013"]["n"] == 9


def test_labels_that_are_the_predictions_give_full_marks(model: EmotionModel) -> None:
    data = a_set(30, votes=True)
    logits = model.logits(data.images)
    assert data.votes is not None
    data.votes[:] = 10 * np.eye(10)[model.calibrated(logits["emotion"]).argmax(1)]
    data.fer_label[:] = logits["fer2013"].argmax(1)
    report = evaluate(model, data)
    assert report["fer2013"]["accuracy"] == report["fer2013"]["macro_f1"] == 1
    assert report["ferplus"]["accuracy"] == 1


def test_an_empty_set_is_refused(model: EmotionModel) -> None:
    with pytest.raises(InputError, match="random"):
        evaluate(model, a_set(0, votes=False))


def test_results_do_not_depend_on_the_batch(model: EmotionModel) -> None:
    images = a_set(19, votes=False).images
    together = model.probabilities(images)
    alone = np.concatenate([model.probabilities(images[i : i + 1]) for i in range(19)])
    assert together == pytest.approx(alone, abs=1e-4)
    assert together.sum(1) == pytest.approx(np.ones(19), abs=1e-5)
    assert model.probabilities(images[:0]).shape == (0, 8)


def test_additions_to_the_report(model: EmotionModel) -> None:
    report = json.loads(json.dumps(evaluate(model, a_set(60, votes=True))))
    assert sum(b["n"] for b in report["reliability"]) == report["calibration"]["n"] == 60
    assert set(report["classes"]) == {"fer2013", "ferplus"}
    recalls = [row["recall"] * row["n"] for row in report["classes"]["fer2013"].values() if row["n"]]
    assert sum(recalls) / 60 == pytest.approx(report["fer2013"]["accuracy"], abs=0.01)
    assert report["risk_coverage"]["risk"][-1] == pytest.approx(1 - report["fer2013"]["accuracy"], abs=1e-3)


def test_certain_counts_the_faces_above_the_threshold(model: EmotionModel) -> None:
    data = a_set(40, votes=True)
    outcome, told = predict(model, data), evaluate(model, data)["certain"]
    sure = outcome.confidence >= model.certain
    assert told["threshold"] == pytest.approx(model.certain)
    assert told["coverage"] == pytest.approx(sure.mean(), abs=1e-4)
    right = outcome.heads["fer2013"].right[sure]
    assert told["accuracy"] == (pytest.approx(right.mean(), abs=1e-4) if sure.any() else None)


class SevenOnly(EmotionModel):
    """The shipped network without its eight-class head, as a user's own model may be."""

    def logits(self, crops: Image) -> dict[str, FloatArray]:
        return {"fer2013": super().logits(crops)["fer2013"]}


def test_a_model_with_seven_classes_is_measured_on_these(model: EmotionModel) -> None:
    data = a_set(30, votes=True)
    outcome = predict(SevenOnly(model.model), data)
    assert set(outcome.heads) == {"fer2013"}
    assert outcome.probabilities.shape == outcome.share.shape == (30, 7)
    assert outcome.shown.tolist() == [FER2013_IN_EMOTIONS[i] for i in outcome.heads["fer2013"].predicted]
    assert evaluate(SevenOnly(model.model), data)["fer2013"] == evaluate(model, data)["fer2013"]


def test_faces_without_a_label_of_the_seven_are_left_out(model: EmotionModel) -> None:
    data = a_set(30, votes=False)
    data.fer_label[:10] = -1
    outcome = predict(model, data)
    assert outcome.heads["fer2013"].rows.tolist() == list(range(10, 30))
    assert evaluate(model, data)["calibration"]["n"] == 20


def test_crops_are_brought_to_the_networks_size() -> None:
    images = a_set(2, votes=False).images
    assert fitted(images, InputSpec(64, 56)).shape == (2, 56, 64)
    assert fitted(images, InputSpec(48, 48)) is images
    with pytest.raises(ModelError, match="rgb"):
        fitted(images, InputSpec(48, 48, "rgb"))
