"""Whether the emotion model is as good for everybody: by age band and gender.

The emotion sets do not say who is on a picture, so the groups are *predicted* by another model. Its own mistakes move
faces between groups and make differences look smaller than they are, and a group that it does not see well is hardly
measured: read the numbers as a lower limit of what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from mien.core.errors import InputError
from mien.core.types import BoolArray, FloatArray, Image
from mien.evaluation.emotion import Judged, predict
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.statistics import bootstrap_difference, bootstrap_mean, fisher, holm
from mien.models.emotion import EmotionModel

PredictAttributes = Callable[[Image], tuple[FloatArray, FloatArray]]
"""Grey crops uint8 ``[n, h, w]`` → age in years ``[n]``, probability of "female" ``[n]``."""

BANDS: Final = ((0, 12), (13, 19), (20, 34), (35, 49), (50, 64), (65, 150))
"""Ages in whole years, both ends included."""
RECALLS: Final = ("happiness", "neutral", "sadness", "anger")
LEAST: Final = 20
"""A share over fewer faces is not told."""
NOTE: Final = (
    "Groups are predicted by a model, not known: its mistakes move faces between groups and hide differences. "
    "Intervals are 95% bootstrap; p is Fisher's exact test of a group against the rest, corrected after Holm."
)


def groups(age: FloatArray, female: FloatArray) -> dict[str, BoolArray]:
    """Return who belongs to which group ``[n]``: both genders, all age bands, and every pair of them."""
    years = np.floor(np.maximum(age, 0))
    gender = {"women": female >= 0.5, "men": female < 0.5}
    bands = {band_name(low, high): (years >= low) & (years <= high) for low, high in BANDS}
    cells = {f"{who} {band}": mine & inside for who, mine in gender.items() for band, inside in bands.items()}
    return {name: np.asarray(rows, bool) for name, rows in {**gender, **bands, **cells}.items()}


def band_name(low: int, high: int) -> str:
    """Return how an age band is called."""
    return f"{low}+" if high > 120 else f"{low}–{high}"


def evaluate(model: EmotionModel, data: EmotionSet, predict_attributes: PredictAttributes) -> dict[str, Any]:
    """Measure ``model`` on the groups of ``data``.

    Returns:
        ``heads``: for ``fer2013`` and ``ferplus``, as far as the labels allow, the ``overall`` accuracy, per group
        n, accuracy with interval, difference to the rest with interval and corrected p, recalls of `RECALLS` with
        their intervals; and the ``worst`` pair of gender and age band (least accuracy of those with `LEAST` faces).
        ``note`` says that the groups are predicted.

    Raises:
        InputError: the set is empty, or the attributes do not fit it.
    """
    outcome = predict(model, data)
    age, female = (np.asarray(values, np.float32) for values in predict_attributes(data.images))
    if not age.shape == female.shape == (len(data),) or not np.isfinite([age, female]).all():
        raise InputError(f"attributes must be two finite numbers for each of {len(data)} faces")
    members = groups(age, female)
    return {
        "dataset": data.name,
        "n": len(data),
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
        "groups": "predicted",
        "note": NOTE,
        "heads": {
            name: by_group(head, {group: rows[head.rows] for group, rows in members.items()})
            for name, head in outcome.heads.items()
        },
    }


def by_group(head: Judged, members: dict[str, BoolArray]) -> dict[str, Any]:
    """Return one head's numbers per group.

    Args:
        head: its predictions on m faces.
        members: by group, ``[m]`` who belongs to it.
    """
    right, told = head.right, {}
    for name, inside in members.items():
        row: dict[str, Any] = {"n": int(inside.sum())}
        if inside.sum() >= LEAST and (~inside).any():
            row |= _against_the_rest(right[inside], right[~inside])
        row["recall"] = {label: _recall(head, inside, label) for label in RECALLS}
        told[name] = row
    tested = [row for row in told.values() if "p" in row]
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = float(f"{p:.3g}")
    cells = {name: row["accuracy"] for name, row in told.items() if " " in name and "accuracy" in row}
    return {
        "n": len(head.rows),
        "overall": round(head.accuracy, 4),
        "groups": told,
        "worst": min(cells, key=lambda name: cells[name]) if cells else None,
    }


def _against_the_rest(inside: BoolArray, rest: BoolArray) -> dict[str, Any]:
    return {
        "accuracy": round(float(inside.mean()), 4),
        "interval": _rounded(bootstrap_mean(inside)),
        "difference": round(float(inside.mean() - rest.mean()), 4),
        "difference_interval": _rounded(bootstrap_difference(inside, rest)),
        "p": float(f"{fisher(int(inside.sum()), len(inside), int(rest.sum()), len(rest)):.3g}"),
    }


def _recall(head: Judged, inside: BoolArray, label: str) -> dict[str, Any]:
    right = head.right[inside & (head.true == head.labels.index(label))]
    if len(right) < LEAST:
        return {"n": len(right)}
    return {"n": len(right), "recall": round(float(right.mean()), 4), "interval": _rounded(bootstrap_mean(right))}


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(value, 4) for value in interval]
