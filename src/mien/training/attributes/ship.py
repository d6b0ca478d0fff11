"""From an age and gender run to the files that ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from mien.core.types import BoolArray, FloatArray, IntArray
from mien.evaluation import attributes
from mien.evaluation.attribute_data import AttributeSet
from mien.evaluation.calibration import certain_threshold, fit_temperature
from mien.models import zoo
from mien.models.attributes import KIND, OUTPUTS, AttributeModel
from mien.training.attributes.net import AGES, build
from mien.training.attributes.train import INFANT, SPEC, splits
from mien.training.export import Exportable, write_entry
from mien.training.loops import finished
from mien.training.quantise import in_batches

NAME: Final = "attributes"
KEEP_OUTPUTS: Final = True
"""The heads stay in floating point: they cost nothing, and years that step are ugly."""
LICENCE: Final = "non-commercial research use only (UTKFace)"
DATA: Final = (
    "19,201 aligned faces of UTKFace (Zhang et al. 2017; non-commercial research use only) with age and gender as "
    "annotated"
)
COVERAGE: Final = 0.8
"""The share of development faces whose age shall lie in the interval that is shown."""
CERTAIN_ACCURACY: Final = 0.97
"""The share of genders that shall be right among those that are told."""


def exportable(run: Path) -> Exportable:
    """Return the finished network of a run, fused.

    Raises:
        InputError: the run has not finished.
    """
    saved = finished(run)
    net = build(saved["arch"])
    net.load_state_dict(saved["state"])
    return Exportable(
        net=net.eval().fuse(),
        name=NAME,
        kind=KIND,
        spec=SPEC,
        shape=(1, 3, SPEC.height, SPEC.width),
        outputs=OUTPUTS,
        dynamic={0: "faces"},
        licence=LICENCE,
        training={"data": DATA, "architecture": saved["arch"]},
        thresholds={"infant_age": INFANT, "min_face": 32},
    )


def calibration_batches(data: Path, count: int = 512) -> Iterator[FloatArray]:
    """Yield training faces for the quantiser's ranges."""
    pictures, _ = splits(data)
    step = max(1, len(pictures) // count)
    yield from in_batches(SPEC.tensor(SPEC.recolour(pictures.images[::step][:count])))


def calibrate(folder: Path, data: Path) -> dict[str, Any]:
    """Fit temperatures, the age interval and the limit of certain genders on dev; write the manifest.

    The temperature of the ages has the least NLL of the annotated years; the interval is then widened (or narrowed) by
    whole tenths of a year until it holds `COVERAGE` of them (split conformal prediction, Romano et al. 2019, on the
    quantiles of the distribution).

    Returns:
        What was fitted, and the measures by precision.
    """
    _, dev = splits(data)
    entry = zoo.read_manifest(folder / "manifest.json")["models"][NAME]
    age, gender = _open(entry, folder, "int8").logits(SPEC.recolour(dev.images))
    known = dev.age >= INFANT
    entry["temperature"] = round(fit_temperature(age, _one_hot(dev.age)), 4)
    fitted = {
        "gender_temperature": round(_gender_temperature(gender[known], dev.gender[known]), 4),
        "interval": 0.0,
        "gender": 0.5,
    }
    entry["thresholds"] |= fitted
    model = _open(entry, folder, "int8")
    years, female = model.calibrated(age, gender)
    fitted["interval"] = widening(model, years, dev.age)
    confidence = np.maximum(female, 1 - female)[known]
    steps = np.asarray(np.floor(confidence * 1e4) / 1e4, np.float32)
    right: BoolArray = ((female >= 0.5) == (dev.gender == 1))[known]
    fitted["gender"] = round(certain_threshold(steps, right, CERTAIN_ACCURACY)[0], 4)
    entry["thresholds"] |= fitted
    entry["metrics"] = {"dataset": "UTKFace, development split", **_measured(entry, folder, dev)}
    write_entry(folder, NAME, entry)
    return {"temperature": entry["temperature"], **fitted, **entry["metrics"]}


def widening(model: AttributeModel, years: FloatArray, age: FloatArray) -> float:
    """Return by how many years the interval must be widened on both sides to hold `COVERAGE` of the ages."""
    ages = model.ages(years)
    beyond = np.maximum(ages.low - age, age - ages.high)
    return round(float(np.quantile(beyond, COVERAGE)) + 0.05, 1)


def _open(entry: dict[str, Any], folder: Path, precision: str) -> AttributeModel:
    return AttributeModel(zoo.open_checked(zoo.parse(NAME, entry, folder / "weights"), precision))


def _one_hot(age: FloatArray) -> FloatArray:
    return np.eye(AGES, dtype=np.float32)[np.minimum(age, AGES - 1).astype(np.int64)]


def _gender_temperature(logits: FloatArray, gender: IntArray) -> float:
    """Return the temperature of least NLL: two classes are a softmax of the logit and nothing."""
    both = np.stack([np.zeros_like(logits), logits], 1)
    return fit_temperature(both, np.eye(2, dtype=np.float32)[gender])


def _measured(entry: dict[str, Any], folder: Path, dev: AttributeSet) -> dict[str, Any]:
    wanted = ("n", "age_mae", "age_mae_interval", "gender_accuracy", "age_range", "certain", "worst")
    reports = {name: attributes.evaluate(_open(entry, folder, name), dev) for name in entry["files"]}
    return {name: {key: report[key] for key in wanted if key in report} for name, report in reports.items()}
