"""How well age and gender are estimated, and for whom worse than for others.

Reads the Parquet layout of `mien.evaluation.attribute_data`. Groups and age bands are the annotated ones.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mien.core.types import BoolArray, FloatArray, Image
from mien.evaluation.attribute_data import GROUPS, AttributeSet
from mien.evaluation.crops import find
from mien.evaluation.fairness import BANDS
from mien.evaluation.statistics import bootstrap_mean
from mien.models.attributes import AttributeModel
from mien.models.detector import Detector

LEAST: Final = 30
"""A cell of fewer faces is shown, and not named as the worst."""
NOTE: Final = (
    "Groups and age bands are as annotated in the set; gender is what annotators saw, not what people are. Intervals "
    "are 95% bootstrap."
)


def crops_of(model: AttributeModel, data: AttributeSet, detector: Detector | None = None) -> tuple[Image, BoolArray]:
    """Return the faces as the network reads them, and ``[n]`` which of them the detector did not find.

    Args:
        model: its spec says how.
        data: n aligned faces.
        detector: finds them first and aligns by its points; without it, and where it finds none, they are taken for
            aligned already.
    """
    spec = model.spec.input
    crops = spec.recolour(data.images)
    missed = np.zeros(len(data), bool)
    if detector is None and crops.shape[1:3] == (spec.height, spec.width):
        return crops, missed
    whole = np.eye(2, 3, dtype=np.float32)[None] * spec.width / data.images.shape[2]
    cut = []
    for row, image in enumerate(data.images):
        faces = None if detector is None else find(image, detector)
        missed[row] = faces is not None and not len(faces)
        cut.append(spec.cut(image, whole) if faces is None or not len(faces) else spec.align(image, faces))
    return np.concatenate(cut), missed


def evaluate(model: AttributeModel, data: AttributeSet, detector: Detector | None = None) -> dict[str, Any]:
    """Measure ``model`` on ``data``.

    Returns:
        The JSON of ``mien evaluate attributes``: ``age_mae`` in years, ``gender_accuracy``, ``age_range`` (share of
        faces whose age lies in the interval that is shown, and its mean width), ``certain`` (share and accuracy of the
        genders that are told); ``groups``, ``bands`` and ``cells`` (both together, as far as groups were annotated)
        with n, ``age_mae`` and ``gender_error`` and their intervals; ``worst`` cell by either; ``faces_from``.
    """
    crops, missed = crops_of(model, data, detector)
    years, female = model.predict(crops)
    ages = model.ages(years)
    off = np.abs(ages.age - data.age)
    wrong = (female >= 0.5) != (data.gender == 1)
    inside = (ages.low <= data.age) & (data.age <= ages.high)
    _, gender_uncertain = model.uncertain(ages.age, female, np.zeros(len(data), bool))
    told = ~gender_uncertain
    report: dict[str, Any] = {
        "dataset": data.name,
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
        "faces_from": "crop" if detector is None else detector.name,
        "n": len(data),
        "age_mae": round(float(off.mean()), 3),
        "age_mae_interval": _interval(off),
        "gender_accuracy": round(float(1 - wrong.mean()), 4),
        "age_range": {
            "coverage": round(float(inside.mean()), 4),
            "width": round(float((ages.high - ages.low).mean()), 2),
        },
        "certain": {
            "coverage": round(float(told.mean()), 4),
            "accuracy": round(float(1 - wrong[told].mean()), 4) if told.any() else None,
        },
    }
    if detector is not None:
        report["missed"] = int(missed.sum())
    return report | by_group(data, off, wrong) | {"note": NOTE}


def by_group(data: AttributeSet, off: FloatArray, wrong: BoolArray) -> dict[str, Any]:
    """Return the errors per annotated group, age band and both, and the worst cells.

    Args:
        data: n faces.
        off: years by which each age is off ``[n]``.
        wrong: whether each gender is wrong ``[n]``.
    """
    bands = {
        f"{low}–{high}" if high < 120 else f"{low}+": (data.age >= low) & (data.age <= high) for low, high in BANDS
    }
    groups = {} if data.group is None else {name: data.group == number for number, name in enumerate(GROUPS)}
    cells = {f"{group} {band}": a & b for group, a in groups.items() for band, b in bands.items()}
    report = {
        title: {name: _errors(off[rows], wrong[rows]) for name, rows in parts.items() if rows.any()}
        for title, parts in (("groups", groups), ("bands", bands), ("cells", cells))
    }
    ranked = {name: row for name, row in report["cells" if groups else "bands"].items() if row["n"] >= LEAST}
    if not ranked:
        return report
    worst = {key: max(ranked, key=lambda name: ranked[name][key]) for key in ("age_mae", "gender_error")}
    return {**report, "worst": worst}


def _errors(off: FloatArray, wrong: BoolArray) -> dict[str, Any]:
    return {
        "n": len(off),
        "age_mae": round(float(off.mean()), 2),
        "age_mae_interval": _interval(off),
        "gender_error": round(float(wrong.mean()), 4),
        "gender_error_interval": _interval(wrong),
    }


def _interval(values: FloatArray | BoolArray) -> list[float]:
    return [round(end, 4) for end in bootstrap_mean(values)]
