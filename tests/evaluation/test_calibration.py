from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special  # type: ignore[import-untyped]

from mien.core.types import FloatArray
from mien.evaluation import metrics
from mien.evaluation.calibration import (
    certain_threshold,
    fit_temperature,
    fit_vector,
    out_of_fold,
    vector_is_better,
)
from mien.models.emotion import softmax
from mien.models.zoo import VectorScaling

SCALE = np.array([1.5, 0.5, 1.0, 0.8], np.float32)
BIAS = np.array([0.5, -1.0, 0.8, -0.3], np.float32)


def some_logits(n: int, classes: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 2, (n, classes)).astype(np.float32)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found(true: float) -> None:
    logits = some_logits(500, 8)
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


def test_the_vector_scaling_that_was_applied_is_found() -> None:
    logits = some_logits(2000, 4)
    found = fit_vector(logits, softmax(logits * SCALE + BIAS))
    assert found.scale == pytest.approx(SCALE, abs=0.002)
    assert found.bias == pytest.approx(BIAS, abs=0.002)


def test_vector_scaling_of_noisy_votes_is_scipys_optimum() -> None:
    rng = np.random.default_rng(3)
    logits = some_logits(300, 5, 3)
    target = rng.dirichlet(np.full(5, 0.3), 300).astype(np.float32)

    def loss(w: NDArray[np.float64]) -> float:
        return float(-(target * special.log_softmax(logits * w[:5] + w[5:], 1)).sum(1).mean())

    best = optimize.minimize(loss, np.concatenate([np.ones(5), np.zeros(5)]), method="BFGS")
    assert loss(vector_of(fit_vector(logits, target))) == pytest.approx(best.fun, abs=1e-6)


def vector_of(scaling: VectorScaling) -> NDArray[np.float64]:
    return np.array([*scaling.scale, *scaling.bias])


def test_vector_scaling_of_a_class_that_never_comes_stays_finite() -> None:
    logits = some_logits(200, 4)
    target = np.eye(4, dtype=np.float32)[np.arange(200) % 3]
    assert np.isfinite(vector_of(fit_vector(logits, target))).all()


def test_out_of_fold_prefers_the_vector_where_the_classes_are_off_differently() -> None:
    logits = some_logits(1500, 4)
    compared = out_of_fold(logits, softmax(logits * SCALE + BIAS))
    assert compared["vector"]["nll"] < compared["temperature"]["nll"] < compared["none"]["nll"]
    assert vector_is_better(compared)


def test_out_of_fold_prefers_temperature_where_there_is_nothing_else_to_learn() -> None:
    # Few rows whose labels have nothing to do with the classes' offsets: more parameters only learn noise.
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1, (120, 8)).astype(np.float32)
    labels = [rng.choice(8, p=row / row.sum()) for row in softmax(logits).astype(np.float64)]
    compared = out_of_fold(logits, np.eye(8, dtype=np.float32)[labels])
    assert compared["temperature"]["nll"] < compared["vector"]["nll"]
    assert not vector_is_better(compared)


@pytest.mark.parametrize(
    ("vector", "better"), [((0.5, 0.01), True), ((0.5, 0.03), False), ((0.7, 0.01), False), ((0.6, 0.02), False)]
)
def test_a_vector_must_win_in_both(vector: tuple[float, float], better: bool) -> None:
    compared = {"temperature": {"nll": 0.6, "ece": 0.02}, "vector": dict(zip(("nll", "ece"), vector, strict=True))}
    assert vector_is_better(compared) is better


def test_certain_threshold_by_hand() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    right = np.array([True, True, False, True, False])
    assert certain_threshold(confidence, right, 0.75) == pytest.approx((0.6, 0.75, 0.8))


def test_certain_threshold_out_of_reach_gives_the_best() -> None:
    best = certain_threshold(np.array([0.9, 0.8], np.float32), np.array([False, True]), 0.9)
    assert best == pytest.approx((0.8, 0.5, 1.0))


def test_certain_threshold_takes_all_rows_of_equal_confidence_or_none() -> None:
    confidence = np.array([0.9, 0.8, 0.8, 0.8], np.float32)
    right = np.array([True, True, False, False])
    assert certain_threshold(confidence, right, 0.8) == pytest.approx((0.9, 1.0, 0.25))
