"""From an emotion run to the files that ship: what export, quantisation and calibration need to know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013
from mien.core.types import FloatArray
from mien.evaluation import emotion, emotion_data
from mien.evaluation.calibration import certain_threshold, fit_temperature
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import EmotionModel, softmax
from mien.training.emotion.maps import OUTPUTS, WithMaps
from mien.training.emotion.net import build
from mien.training.emotion.train import SPEC
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
    """Return the finished network of a run, fused.

    Raises:
        InputError: the run has not finished.
    """
    saved = finished(run)
    net = build(saved["arch"])
    net.load_state_dict(saved["state"])
    return Exportable(
        net=WithMaps(net.eval().fuse()),
        name=NAME,
        kind="emotion",
        spec=SPEC,
        shape=(1, 1, SPEC.height, SPEC.width),
        outputs=OUTPUTS,
        dynamic={0: "faces"},
        labels={"emotion": list(EMOTIONS), "fer2013": list(FER2013)},
        training={"data": DATA, "architecture": saved["arch"]},
    )


def calibration_batches(data: Path, count: int = 1024) -> Iterator[FloatArray]:
    """Yield training pictures for the quantiser's ranges: training ones, so that dev stays a fair measure."""
    pictures, _ = splits(data)
    step = max(1, len(pictures) // count)
    yield from in_batches(SPEC.tensor(pictures.images[::step][:count]))


def calibrate(folder: Path, data: Path) -> dict[str, Any]:
    """Fit temperature and the certainty limit of ``folder``'s int8 model on the development set; write the manifest.

    Returns:
        What was fitted and the metrics before and after.
    """
    _, dev = splits(data)
    wanted = emotion.targets(dev)
    if wanted is None:
        raise InputError(f"{data} has no votes, which calibration fits: use a set with the votes of FER+")
    manifest = folder / "manifest.json"
    entry = zoo.read_manifest(manifest)["models"][NAME]
    before = EmotionModel(zoo.open_checked(zoo.parse(NAME, entry, folder / "weights"), "int8"))
    logits = before.logits(dev.images)
    known = wanted.share.sum(1) > 0
    temperature = round(fit_temperature(logits["emotion"][known], wanted.share[known]), 4)
    confidence = softmax(logits["emotion"] / temperature).max(1)
    right = logits["fer2013"].argmax(1) == dev.fer_label
    threshold, accuracy, coverage = certain_threshold(confidence, right, CERTAIN_ACCURACY)
    report_before = emotion.evaluate(before, dev)["calibration"]
    entry["temperature"] = temperature
    entry["thresholds"]["certain"] = round(threshold, 4)
    model = EmotionModel(zoo.open_checked(zoo.parse(NAME, entry, folder / "weights"), "int8"))
    report = emotion.evaluate(model, dev)
    entry["metrics"] = {
        "dataset": "FER2013 PublicTest with FER+ votes (development set)",
        **{key: report[key] for key in ("n", "fer2013", "ferplus", "calibration")},
        "certain": {"fer2013_accuracy": round(accuracy, 4), "coverage": round(coverage, 4)},
    }
    write_entry(folder, NAME, entry)
    return {
        "temperature": temperature,
        "certain_threshold": round(threshold, 4),
        "certain": entry["metrics"]["certain"],
        "before": report_before,
        "after": report["calibration"],
    }
