from __future__ import annotations

import json

import numpy as np
import pytest

from mien.core.errors import InputError
from mien.evaluation.emotion import evaluate
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import EmotionModel


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
    data.votes[:] = 10 * np.eye(10)[logits["emotion"].argmax(1)]
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
