"""The emotion network on a labelled set: accuracy of both heads, calibration, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013
from mien.core.types import BoolArray, FloatArray, IntArray
from mien.evaluation import metrics
from mien.evaluation.emotion_data import EmotionSet, official_filter, vote_distribution
from mien.models.emotion import EmotionModel, softmax


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a set says about the eight emotions.

    Attributes:
        share: ``[n, 8]`` distribution: votes, or 1 at the one label; 0 everywhere where nothing is known.
        majority: ``[n]`` the winner.
        counted: ``[n]`` rows that accuracy is measured on: FER+'s official filter, or all with a hard label.
    """

    share: FloatArray
    majority: IntArray
    counted: BoolArray


def targets(data: EmotionSet) -> Targets | None:
    """Return the eight-class targets of a set; None if it has only the seven labels of FER2013."""
    if data.votes is not None:
        share = vote_distribution(data.votes)
        return Targets(share, share.argmax(1), official_filter(data.votes))
    if data.emotion_label is not None:
        share = np.eye(8, dtype=np.float32)[data.emotion_label]
        return Targets(share, data.emotion_label, np.ones(len(data), bool))
    return None


def evaluate(model: EmotionModel, data: EmotionSet) -> dict[str, Any]:
    """Measure ``model`` on ``data``; the heads that the labels allow.

    Returns:
        The JSON of ``mien evaluate emotion``. ``calibration`` compares the calibrated eight-class probabilities with
        the votes (all rows that any vote is left of), or with the seven labels where there are no votes.
    """
    if not len(data):
        raise InputError(f"{data.name} holds no pictures")
    logits = model.logits(data.images)
    report: dict[str, Any] = {
        "dataset": data.name,
        "n": len(data),
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
    }
    probabilities = softmax(logits["emotion"] / np.float32(model.spec.temperature))
    seven = data.fer_label >= 0
    matrix = metrics.confusion(logits["fer2013"].argmax(1)[seven], data.fer_label[seven], 7)
    if seven.any():
        report["fer2013"] = {
            "n": int(seven.sum()),
            "accuracy": round(float(np.diag(matrix).sum() / seven.sum()), 4),
            "macro_f1": round(metrics.macro_f1(matrix), 4),
        }
    wanted = targets(data)
    if wanted is not None:
        rows = wanted.counted
        eight = metrics.confusion(probabilities.argmax(1)[rows], wanted.majority[rows], 8)
        report["ferplus"] = {
            "n": int(rows.sum()),
            "accuracy": round(float(np.diag(eight).sum() / max(rows.sum(), 1)), 4),
            "macro_f1": round(metrics.macro_f1(eight), 4),
        }
        known = wanted.share.sum(1) > 0
        report["calibration"] = _calibration(probabilities[known], wanted.share[known])
    else:
        one_hot = np.eye(7, dtype=np.float32)[data.fer_label]
        report["calibration"] = _calibration(softmax(logits["fer2013"]), one_hot)
    report["confusion"] = {"labels": list(FER2013), "rows_true_columns_predicted": matrix.tolist()}
    if wanted is not None:
        report["confusion_ferplus"] = {"labels": list(EMOTIONS), "rows_true_columns_predicted": eight.tolist()}
    return report


def _calibration(probabilities: FloatArray, share: FloatArray) -> dict[str, float]:
    return {
        "n": len(share),
        "ece": round(metrics.ece(probabilities, share), 4),
        "nll": round(metrics.nll(probabilities, share), 4),
        "brier": round(metrics.brier(probabilities, share), 4),
    }
