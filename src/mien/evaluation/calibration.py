"""Making probabilities mean what they say: temperature, vector scaling, and the limit below which a label is uncertain.

Guo et al. 2017, "On calibration of modern neural networks". Both are fitted against distributions: how ten people
voted, not which word won.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mien.core.types import BoolArray, FloatArray
from mien.evaluation import metrics
from mien.evaluation.metrics import nll
from mien.models.emotion import softmax
from mien.models.zoo import VectorScaling

FOLDS: Final = 5
REPEATS: Final = 5
"""Cross-validations, each with another division; one alone moves the ECE by as much as the methods differ."""


def fit_temperature(logits: FloatArray, target: FloatArray, low: float = 0.2, high: float = 5.0) -> float:
    """Return the temperature at which softmax(logits / T) has the least NLL against distributions ``target``.

    The NLL is convex in 1/T, so a golden-section search finds the one minimum.
    """
    ratio = (np.sqrt(5) - 1) / 2

    def loss(log_t: float) -> float:
        return nll(softmax(logits / np.float32(np.exp(log_t))), target)

    a, b = float(np.log(low)), float(np.log(high))
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    at_c, at_d = loss(c), loss(d)
    while b - a > 1e-4:
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - ratio * (b - a)
            at_c = loss(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + ratio * (b - a)
            at_d = loss(d)
    return float(np.exp((a + b) / 2))


def fit_vector(logits: FloatArray, target: FloatArray, steps: int = 30) -> VectorScaling:
    """Return the factor and offset per class at which softmax(scale · logits + bias) has the least NLL.

    The NLL is convex in both; Newton's method with a small ridge (offsets are free up to a common one) and a halved
    step where a full one does not help.
    """
    x, t = np.asarray(logits, np.float64), np.asarray(target, np.float64)
    classes = x.shape[1]
    w = np.concatenate([np.ones(classes), np.zeros(classes)])
    value, gradient, curvature = _vector_loss(w, x, t)
    for _ in range(steps):
        move = np.linalg.solve(curvature + 1e-8 * np.eye(2 * classes), gradient)
        size = 1.0
        while (trial := _vector_loss(w - size * move, x, t))[0] > value and size > 1e-6:
            size /= 2
        if trial[0] > value:
            break
        better, w = value - trial[0], w - size * move
        value, gradient, curvature = trial
        if better < 1e-10:
            break
    bias = w[classes:] - w[classes:].mean()
    return VectorScaling(tuple(w[:classes].round(4).tolist()), tuple(bias.round(4).tolist()))


def _vector_loss(
    w: NDArray[np.float64], x: NDArray[np.float64], t: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean NLL with its gradient and Hessian in (scale, bias)."""
    classes, n = x.shape[1], len(x)
    moved = x * w[:classes] + w[classes:]
    moved -= moved.max(1, keepdims=True)
    log_p = moved - np.log(np.exp(moved).sum(1, keepdims=True))
    p = np.exp(log_p)
    wide = np.concatenate([x, np.ones_like(x)], 1)
    twice = np.concatenate([p, p], 1)
    weight = t.sum(1, keepdims=True)
    slope = wide * (weight * twice - np.concatenate([t, t], 1))
    pulled = wide * twice
    curvature = -(pulled * weight).T @ pulled / n
    # The diagonal part of diag(p) − p pᵀ couples each class's factor with its own offset.
    own = ((weight * p)[:, :, None] * np.stack([x * x, x, np.ones_like(x)], 2)).mean(0)
    i = np.arange(classes)
    curvature[i, i] += own[:, 0]
    curvature[i, i + classes] += own[:, 1]
    curvature[i + classes, i] += own[:, 1]
    curvature[i + classes, i + classes] += own[:, 2]
    return float(-(t * log_p).sum(1).mean()), slope.mean(0), curvature


def out_of_fold(logits: FloatArray, target: FloatArray, seed: int = 0) -> dict[str, dict[str, float]]:
    """Compare temperature and vector scaling on rows that they were not fitted on.

    Args:
        logits: ``[n, k]``.
        target: ``[n, k]`` distributions.
        seed: of the divisions.

    Returns:
        For ``none``, ``temperature`` and ``vector`` the ``nll``, ``ece`` and ``brier``, each the mean over `REPEATS`
        cross-validations of `FOLDS` folds.
    """

    def by_temperature(x: FloatArray, t: FloatArray) -> Callable[[FloatArray], FloatArray]:
        temperature = np.float32(fit_temperature(x, t))
        return lambda y: softmax(y / temperature)

    def by_vector(x: FloatArray, t: FloatArray) -> Callable[[FloatArray], FloatArray]:
        vector = fit_vector(x, t)
        scale, bias = np.asarray(vector.scale, np.float32), np.asarray(vector.bias, np.float32)
        return lambda y: softmax(y * scale + bias)

    rng = np.random.default_rng(seed)
    rows: dict[str, list[tuple[float, float, float]]] = {"none": [], "temperature": [], "vector": []}
    for _ in range(REPEATS):
        fold = rng.permutation(len(logits)) % FOLDS
        found = {"none": softmax(logits)}
        for name, fit in (("temperature", by_temperature), ("vector", by_vector)):
            held = np.empty_like(found["none"])
            for k in range(FOLDS):
                held[fold == k] = fit(logits[fold != k], target[fold != k])(logits[fold == k])
            found[name] = held
        for name, p in found.items():
            rows[name].append((metrics.nll(p, target), metrics.ece(p, target), metrics.brier(p, target)))
    return {
        name: dict(zip(("nll", "ece", "brier"), np.mean(values, 0).round(4).tolist(), strict=True))
        for name, values in rows.items()
    }


def vector_is_better(compared: dict[str, dict[str, float]]) -> bool:
    """Return whether vector scaling beat temperature in both NLL and ECE, given what `out_of_fold` returned."""
    vector, temperature = compared["vector"], compared["temperature"]
    return vector["nll"] < temperature["nll"] and vector["ece"] < temperature["ece"]


def certain_threshold(confidence: FloatArray, right: BoolArray, wanted: float) -> tuple[float, float, float]:
    """Return the least confidence at which the rows at or above it are right in the share ``wanted``.

    Returns:
        (threshold, accuracy of the rows at or above it, their share of all rows). The best that can be had where
        ``wanted`` cannot be reached.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # A threshold takes all rows of equal confidence or none.
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))
    enough = ends[running[ends] >= wanted]
    last = int(enough[-1]) if len(enough) else int(ends[running[ends].argmax()])
    return float(ranked[last]), float(running[last]), (last + 1) / len(order)
