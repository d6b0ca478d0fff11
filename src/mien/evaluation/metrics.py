"""Classification and calibration metrics, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.core.types import FloatArray, IntArray


def accuracy(predicted: IntArray, true: IntArray) -> float:
    """Return the share of rows that agree; 0 without rows."""
    return float((predicted == true).mean()) if len(true) else 0.0


def confusion(predicted: IntArray, true: IntArray, classes: int) -> IntArray:
    """Return counts ``[classes, classes]``: row is the true class, column the predicted one."""
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def macro_f1(matrix: IntArray) -> float:
    """Return the mean F1 over the classes that occur (as true or as predicted) in a confusion matrix."""
    hits = np.diag(matrix).astype(np.float64)
    total = matrix.sum(0) + matrix.sum(1)
    occurs = total > 0
    return float((2 * hits[occurs] / total[occurs]).mean()) if occurs.any() else 0.0


def per_class(matrix: IntArray, labels: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    """Return count, recall, precision and F1 of every class of a confusion matrix; None where nothing is counted."""
    hits, labelled, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    return {
        label: {
            "n": int(labelled[i]),
            "recall": _share(hits[i], labelled[i]),
            "precision": _share(hits[i], predicted[i]),
            "f1": _share(2 * hits[i], labelled[i] + predicted[i]),
        }
        for i, label in enumerate(labels)
    }


def _share(part: int, whole: int) -> float | None:
    return round(float(part / whole), 4) if whole else None


def nll(probabilities: FloatArray, target: FloatArray) -> float:
    """Return the mean cross-entropy in nats of ``probabilities`` ``[n, k]`` against distributions ``target``."""
    return float(-(target * np.log(np.maximum(probabilities, 1e-12))).sum(1).mean()) if len(target) else 0.0


def brier(probabilities: FloatArray, target: FloatArray) -> float:
    """Return the mean squared distance of ``probabilities`` from distributions ``target`` (0–2)."""
    return float(((probabilities - target) ** 2).sum(1).mean()) if len(target) else 0.0


def ece(probabilities: FloatArray, target: FloatArray, bins: int = 15) -> float:
    """Return the expected calibration error (Guo et al. 2017) with equal-width bins.

    What counts as "right" is the share of ``target`` ``[n, k]`` on the predicted class: 0 or 1 with hard labels, the
    share of people who chose that word with votes.
    """
    if not len(target):
        return 0.0
    confidence, agreed = top_agreement(probabilities, target)
    gap = np.bincount(bin_of(confidence, bins), confidence - agreed, bins)
    return float(np.abs(gap).sum() / len(confidence))


def top_agreement(probabilities: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for every row the probability of the likeliest class, and the share that ``target`` gives that class."""
    rows, top = np.arange(len(probabilities)), probabilities.argmax(1)
    return probabilities[rows, top], target[rows, top]


def bin_of(confidence: FloatArray, bins: int) -> IntArray:
    """Return the equal-width bin (0 … bins − 1) of probabilities; 1 belongs to the last."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)
