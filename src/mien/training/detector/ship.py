"""From a detector run to the files that ship: what export, quantisation and calibration need to know."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.settings import AnalyzerSettings
from mien.core.types import FloatArray
from mien.evaluation.detection import LEAST_SCORE, LabelledPicture, evaluate, judge, precision_recall, read
from mien.models import zoo
from mien.models.detector import NetworkDetector, letterbox
from mien.training.detector.net import OUTPUT_NAMES, build
from mien.training.detector.train import INPUT, MAX_IOU
from mien.training.export import Exportable, write_entry
from mien.training.loops import finished

NAME = "face-detector"
KEEP_OUTPUTS = True
"""The last convolutions stay in floating point: a box's place needs more than 256 steps."""
FALSE_PER_BACKGROUND = 1 / 20

DATA = (
    "MTFL and YouTube Faces frames (human points), LFW and news photographs (boxes and points from YuNet, so partly "
    "distilled), masked crowds (human boxes), pictures without a face"
)


def exportable(run: Path) -> Exportable:
    """Return the finished network of a run.

    Raises:
        InputError: the run has not finished.
    """
    saved = finished(run)
    net = build(saved["config"])
    net.load_state_dict(saved["state"])
    return Exportable(
        net=net.eval(),
        name=NAME,
        kind="detector",
        spec=INPUT,
        shape=(1, 3, 64, 96),
        outputs=OUTPUT_NAMES,
        dynamic={0: "pictures", 2: "height", 3: "width"},
        thresholds={"score": 0.5, "nms": MAX_IOU},
        training={"data": DATA},
    )


def calibration_batches(data: Path, count: int = 200) -> Iterator[FloatArray]:
    """Yield training pictures of every kind, as the detector sees them, for the quantiser's ranges."""
    pictures = list(read(sorted(data.glob("train*.parquet"))))
    random.Random(0).shuffle(pictures)
    for picture in pictures[:count]:
        canvas, _ = letterbox(picture.decode(), 320, INPUT.mean)
        # One size for all: the quantiser stacks what it sees.
        square = np.full((320, 320, 3), round(INPUT.mean), np.uint8)
        square[: canvas.shape[0], : canvas.shape[1]] = canvas
        yield INPUT.tensor(INPUT.recolour(square[None]))


def calibrate(folder: Path, data: Path) -> dict[str, Any]:
    """Choose the score threshold of ``folder``'s int8 model on the development set; write it and the metrics.

    The threshold is the one with the best F1 on pictures with faces, raised until pictures without a face give about
    one false face in twenty.
    """
    dev = list(read(sorted(data.glob("dev*.parquet"))))
    entry = zoo.read_manifest(folder / "manifest.json")["models"][NAME]
    spec = zoo.parse(NAME, entry, folder / "weights")
    detectors = {precision: zoo.open_checked(spec, precision) for precision in zoo.PRECISIONS}
    score = round(_threshold(_detector(detectors["int8"], 320), dev), 3)
    entry["thresholds"]["score"] = score
    easy = sorted({p.source for p in dev} - {"mask"})
    report: dict[str, Any] = {"dataset": "development set, IoU 0.4"}
    for size in (320, 640):
        for precision, model in detectors.items():
            detector = _detector(model, size)
            found = evaluate(detector, dev, score=score)
            key = f"{precision}_{size}px"
            report[key] = {
                "ap": round(found["ap"], 4),
                "ap_without_mask": round(evaluate(detector, dev, easy, score)["ap"], 4),
                "ap_mask": round(found["sources"]["mask"]["ap"], 4),
                "recall": round(found["recall"], 4),
                "false_faces_on_background": found["sources"].get("background", {}).get("false_faces"),
                "eye_error_percent": round(found["eye_error_percent"], 2),
            }
    report["background_pictures"] = sum(p.source == "background" for p in dev)
    entry["metrics"] = report
    write_entry(folder, NAME, entry)
    return {"score": score, **report}


def _detector(model: zoo.Model, size: int) -> NetworkDetector:
    return NetworkDetector.of(model, AnalyzerSettings(detect_size=size, min_score=LEAST_SCORE, max_faces=500))


def _threshold(detector: NetworkDetector, dev: list[LabelledPicture]) -> float:
    outcomes = [judge(detector.detect(picture.decode()), picture) for picture in dev]
    faces = [o for o in outcomes if o.source != "background"]
    scores = np.unique(np.concatenate([o.scores for o in faces]))[::-1]
    precision, recall, _ = precision_recall(faces)
    best = float(scores[np.argmax(2 * precision * recall / np.maximum(precision + recall, 1e-9))])
    empty = [o for o in outcomes if o.source == "background"]
    false = np.sort(np.concatenate([np.zeros(1, np.float32), *(o.scores for o in empty)]))[::-1]
    allowed = round(len(empty) * FALSE_PER_BACKGROUND)
    return max(best, float(false[allowed]) + 1e-3) if allowed < len(false) else best
