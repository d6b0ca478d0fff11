from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation import metrics
from mien.evaluation.calibration import certain_threshold, fit_temperature
from mien.models.emotion import softmax


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found(true: float) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (500, 8)).astype(np.float32)
    assert fit_temperature(logits, softmax(logits / true)) == pytest.approx(true, rel=0.01)


def test_fitting_lowers_nll_and_ece() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (4000, 8)).astype(np.float32)
    truth = softmax(logits)
    labels = np.array([rng.choice(8, p=row / row.sum()) for row in truth.astype(np.float64)])
    target, sharp = np.eye(8, dtype=np.float32)[labels], logits * 3
    fitted = sharp / np.float32(fit_temperature(sharp, target))
    assert metrics.nll(softmax(fitted), target) < metrics.nll(softmax(sharp), target)
    assert metrics.ece(softmax(fitted), target) < 0.03 < metrics.ece(softmax(sharp), target)


def test_certain_threshold_by_hand() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    right = np.array([True, True, False, True, False])
    assert certain_threshold(confidence, right, 0.75) == pytest.approx((0.6, 0.75, 0.8))


def test_certain_threshold_out_of_reach_gives_the_best() -> None:
    best = certain_threshold(np.array([0.9, 0.8], np.float32), np.array([False, True]), 0.9)
    assert best == pytest.approx((0.8, 0.5, 1.0))
