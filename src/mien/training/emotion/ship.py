"""From an emotion run to the files that ship: what export, quantisation and calibration need to know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013
from mien.core.types import FloatArray
from mien.evaluation import emotion, emotion_data
from mien.evaluation.calibration import (
    certain_threshold,
    fit_temperature,
    fit_vector,
    out_of_fold,
    vector_is_better,
)
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.resting import resting
from mien.models import zoo
from mien.models.emotion import EmotionModel
from mien.training.emotion.maps import OUTPUTS, WithMaps
from mien.training.emotion.net import ARCHS
from mien.training.emotion.saved import restore
from mien.training.emotion.train import SPEC
from mien.training.emotion.yardsticks import YARDSTICKS, Yardstick
from mien.training.export import Exportable, write_entry
from mien.training.loops import finished
from mien.training.quantise import in_batches

NAME = "emotion"
KEEP_OUTPUTS = ("maps",)
"""The heads are whole numbers as all else; what explains them is left exact, which costs nothing when nobody asks."""
CERTAIN_ACCURACY = 0.8
"""The seven-class accuracy that predictions which are not "uncertain" shall have on the development set."""

DATA = (
    "FER2013 training rows (Goodfellow et al. 2013; research use) with the votes of FER+ (Barsoum et al. 2016, MIT), "
    "near-duplicates of the held-out pictures left out"
)


def splits(data: Path) -> tuple[EmotionSet, EmotionSet]:
    """Return the training and the development set below ``data``.

    Args:
        data: a folder with ``train.parquet`` and ``dev.parquet``, or Kaggle's ``fer2013.csv`` (its rows *Training*
            and *PublicTest*).
    """
    if data.is_dir():
        return emotion_data.read(data / "train.parquet"), emotion_data.read(data / "dev.parquet")
    return emotion_data.read(data, usage="Training"), emotion_data.read(data, usage="PublicTest")


def exportable(run: Path) -> Exportable:
    """Return the finished network of a run: fused and with maps if it is one of ours to ship.

    Teachers and yardsticks come as they are, for comparison.

    Raises:
        InputError: the run has not finished.
    """
    saved = finished(run)
    net, outputs = _deployed(saved)
    return Exportable(
        net=net,
        name=NAME,
        kind="emotion",
        spec=SPEC,
        shape=(1, 1, SPEC.height, SPEC.width),
        outputs=outputs,
        dynamic={0: "faces"},
        labels={"emotion": list(EMOTIONS), "fer2013": list(FER2013)},
        training={
            "data": DATA,
            "architecture": saved["arch"],
            **({"pruned_to": saved["widths"]} if "widths" in saved else {}),
        },
    )


def _deployed(saved: dict[str, Any]) -> tuple[nn.Module, tuple[str, ...]]:
    """Return the network as it is exported, and its outputs' names."""
    if saved["arch"] in YARDSTICKS:
        yardstick = Yardstick(saved["arch"])
        yardstick.load_state_dict(saved["state"])
        return yardstick.eval(), OUTPUTS[:2]
    net = restore(saved)
    return (WithMaps(net.fuse()), OUTPUTS) if saved["arch"] in ARCHS else (net, OUTPUTS[:2])


def calibration_batches(data: Path, count: int = 1024) -> Iterator[FloatArray]:
    """Yield training pictures for the quantiser's ranges: training ones, so that dev stays a fair measure."""
    pictures, _ = splits(data)
    step = max(1, len(pictures) // count)
    yield from in_batches(SPEC.tensor(pictures.images[::step][:count]))


def calibrate(folder: Path, data: Path) -> dict[str, Any]:
    """Fit the probabilities and the certainty limit of ``folder``'s int8 model on dev; write the manifest.

    Temperature and vector scaling are compared out of fold; the simpler one stays unless the other is better in both
    NLL and ECE. The certainty limit is the least probability above which the seven-class head is right in the share
    `CERTAIN_ACCURACY`.

    Returns:
        What was fitted and the metrics before and after.
    """
    _, dev = splits(data)
    wanted = emotion.targets(dev)
    if wanted is None:
        raise InputError(f"{data} has no votes, which calibration fits: use a set with the votes of FER+")
    entry = zoo.read_manifest(folder / "manifest.json")["models"][NAME]
    before = _int8(entry, folder)
    logits = before.logits(dev.images)
    known = wanted.share.sum(1) > 0
    compared = _fit_scaling(entry, logits["emotion"][known], wanted.share[known])
    probabilities = _int8(entry, folder).calibrated(logits["emotion"])
    entry["resting"] = resting(probabilities, wanted)
    confidence = probabilities.max(1)
    # Rounded down before the search, so that the manifest's four digits cut where the search did.
    steps = np.asarray(np.floor(confidence * 1e4) / 1e4, np.float32)
    right = logits["fer2013"].argmax(1) == dev.fer_label
    entry["thresholds"]["certain"] = round(certain_threshold(steps, right, CERTAIN_ACCURACY)[0], 4)
    report_before = emotion.evaluate(before, dev)["calibration"]
    report = emotion.evaluate(_int8(entry, folder), dev)
    entry["metrics"] = {
        "dataset": "FER2013 PublicTest with FER+ votes (development set)",
        **{key: report[key] for key in ("n", "fer2013", "ferplus", "calibration", "certain")},
        "out_of_fold": compared,
    }
    write_entry(folder, NAME, entry)
    fitted = {key: entry[key] for key in ("temperature", "vector_scaling") if key in entry}
    return {
        **fitted,
        "out_of_fold": compared,
        "certain": report["certain"],
        "before": report_before,
        "after": report["calibration"],
    }


def _int8(entry: dict[str, Any], folder: Path) -> EmotionModel:
    return EmotionModel(zoo.open_checked(zoo.parse(NAME, entry, folder / "weights"), "int8"))


def _fit_scaling(entry: dict[str, Any], logits: FloatArray, share: FloatArray) -> dict[str, dict[str, float]]:
    """Put temperature or vector scaling into a manifest entry; return how they compare out of fold."""
    compared = out_of_fold(logits, share)
    entry.pop("vector_scaling", None)
    if vector_is_better(compared):
        vector = fit_vector(logits, share)
        entry["temperature"] = 1.0
        entry["vector_scaling"] = {"scale": list(vector.scale), "bias": list(vector.bias)}
    else:
        entry["temperature"] = round(fit_temperature(logits, share), 4)
    return compared
