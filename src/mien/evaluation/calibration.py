"""Making probabilities mean what they say: temperature, and the limit below which a label is uncertain."""

from __future__ import annotations

import numpy as np

from mien.core.types import BoolArray, FloatArray
from mien.evaluation.metrics import nll
from mien.models.emotion import softmax


def fit_temperature(logits: FloatArray, target: FloatArray, low: float = 0.2, high: float = 5.0) -> float:
    """Return the temperature at which softmax(logits / T) has the least NLL against distributions ``target``.

    Guo et al. 2017, "On calibration of modern neural networks". The NLL is convex in 1/T, so a golden-section search
    finds the one minimum.
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


def certain_threshold(confidence: FloatArray, right: BoolArray, wanted: float) -> tuple[float, float, float]:
    """Return the least confidence at which the rows at or above it are right in the share ``wanted``.

    Returns:
        (threshold, accuracy of the rows at or above it, their share of all rows). The best that can be had where
        ``wanted`` cannot be reached.
    """
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(running >= wanted)
    last = int(enough[-1]) if len(enough) else int(running.argmax())
    return float(confidence[order[last]]), float(running[last]), (last + 1) / len(order)
