"""How well faces are found: average precision, recall at a rate of false faces, error of the eyes.

Reads the Parquet layout of the face data: ``image`` (encoded), ``boxes`` (x y w h), ``points`` (x1 y1 … x5 y5 or
null), ``source``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError, MissingDependencyError
from mien.core.geometry import area, iou
from mien.core.types import BoolArray, Faces, FloatArray, Image
from mien.models.detector import Detector

Curve = NDArray[np.float64]

MIN_IOU: Final = 0.4
LEAST_FACE: Final = 8.0
"""Labelled faces under this size (square root of the area, pixels) are neither hits nor misses."""
FPPI: Final = 0.05
LEAST_SCORE: Final = 0.02
"""Give a detector this ``min_score`` to rank its faces: the curve ends where it reports none."""
HUMAN_POINTS: Final = ("mtfl", "udacity")
"""Sources whose points were set by people; elsewhere they come from another detector and prove nothing."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """An encoded picture with its faces.

    Attributes:
        data: the encoded picture.
        boxes: ``[n, 4]`` float32, x1 y1 x2 y2 in pixels.
        points: ``[n, 5, 2]`` float32 in the order of `mien.core.types.POINTS`, NaN where not annotated.
        source: the collection that it came from.
    """

    data: bytes
    boxes: FloatArray
    points: FloatArray
    source: str

    def decode(self) -> Image:
        """Return the picture, BGR uint8 ``[H, W, 3]``.

        Raises:
            InputError: it cannot be decoded.
        """
        image = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise InputError(f"a picture of {self.source!r} in the data set cannot be decoded")
        return np.asarray(image, np.uint8)


def read(paths: Iterable[Path]) -> Iterator[LabelledPicture]:
    """Read labelled pictures from Parquet files, one at a time.

    Raises:
        InputError: a file is missing or lacks a column.
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError("reading Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    for path in paths:
        if not path.is_file():
            raise InputError(f"there is no data set {path}: give a Parquet file with image, boxes, points and source")
        file = parquet.ParquetFile(path)
        missing = {"image", "boxes", "points", "source"} - set(file.schema_arrow.names)
        if missing:
            raise InputError(f"{path} lacks the column(s) {', '.join(sorted(missing))}")
        for group in file.iter_batches(256, columns=["image", "boxes", "points", "source"]):
            for row in group.to_pylist():
                yield _labelled(row)


def _labelled(row: dict[str, Any]) -> LabelledPicture:
    boxes = np.array(row["boxes"] or [], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    unknown = [np.nan] * 10
    points = row["points"] if row["points"] is not None else [None] * len(boxes)
    known = np.array([unknown if p is None else p for p in points], np.float32).reshape(-1, 5, 2)
    return LabelledPicture(row["image"], boxes, known, row["source"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the detections on one picture.

    Attributes:
        scores: ``[d]`` of the detections that count, best first.
        hits: ``[d]`` whether each found a labelled face that no better one had found.
        faces: how many labelled faces there are to find.
        eye_errors: of the hits with known points, mean distance of the two eyes from their place in percent of the
            distance between the eyes.
        source: of the picture.
    """

    scores: FloatArray
    hits: BoolArray
    faces: int
    eye_errors: tuple[float, ...] = ()
    source: str = ""


def judge(found: Faces, labelled: LabelledPicture, min_iou: float = MIN_IOU) -> Outcome:
    """Match detections to labelled faces as Pascal VOC does (Everingham et al. 2010).

    Best score first, each detection goes to the labelled face that it overlaps most. It is a hit when they overlap by
    ``min_iou`` and no better detection took that face, and does not count when that face is too small to count.
    """
    ignored = np.sqrt(area(labelled.boxes)) < LEAST_FACE
    taken = np.zeros(len(labelled.boxes), bool)
    found = found[np.argsort(-found.scores, kind="stable")]
    overlap = iou(found.boxes, labelled.boxes)
    scores, hits, errors = [], [], []
    for row in range(len(found)):
        best = int(overlap[row].argmax()) if len(taken) else -1
        meets = best >= 0 and overlap[row, best] >= min_iou
        if meets and ignored[best]:
            continue
        hit = meets and not taken[best]
        if hit:
            taken[best] = True
            error = _eye_error(found.points[row], labelled.points[best])
            errors += [error] if np.isfinite(error) else []
        scores.append(found.scores[row])
        hits.append(hit)
    faces = int((~ignored).sum())
    return Outcome(np.array(scores, np.float32), np.array(hits, bool), faces, tuple(errors), labelled.source)


def _eye_error(found: FloatArray, labelled: FloatArray) -> float:
    """Return the mean distance of the eyes from their labelled places in percent; NaN where either is unknown."""
    between = float(np.linalg.norm(labelled[0] - labelled[1]))
    return float(np.linalg.norm(found[:2] - labelled[:2], axis=1).mean()) / max(between, 1e-6) * 100


def precision_recall(outcomes: Sequence[Outcome]) -> tuple[Curve, Curve, Curve]:
    """Return precision, recall and false faces per picture at every distinct score, from the strictest on."""
    scores = np.concatenate([np.empty(0, np.float32), *(o.scores for o in outcomes)])
    hits = np.concatenate([np.empty(0, bool), *(o.hits for o in outcomes)])
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], hits[order]
    # Detections with equal scores can only be had together.
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.empty(0, np.int64)
    true, false = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    faces = sum(o.faces for o in outcomes)
    curves = true / np.maximum(true + false, 1), true / max(faces, 1), false / max(len(outcomes), 1)
    precision, recall, false_per_picture = (np.asarray(curve, np.float64) for curve in curves)
    return precision, recall, false_per_picture


def average_precision(precision: Curve, recall: Curve) -> float:
    """Return the area under the curve, each precision raised to the best at the same or a higher recall (VOC 2010)."""
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * best).sum())


def summarise(outcomes: Sequence[Outcome], score: float) -> dict[str, Any]:
    """Return the measures of a set of judged pictures; those that need faces are None where there are none."""
    precision, recall, false = precision_recall(outcomes)
    faces = sum(o.faces for o in outcomes)
    allowed = recall[false <= FPPI]
    errors = [e for o in outcomes if o.source in HUMAN_POINTS for e in o.eye_errors]
    true = sum(int(o.hits[o.scores >= score].sum()) for o in outcomes)
    wrong = sum(int((~o.hits[o.scores >= score]).sum()) for o in outcomes)
    return {
        "n_images": len(outcomes),
        "n_faces": faces,
        "ap": average_precision(precision, recall) if faces else None,
        f"recall_at_{FPPI}_fppi": (float(allowed.max()) if len(allowed) else 0.0) if faces else None,
        "recall": true / faces if faces else None,
        "false_faces": wrong,
        "eye_error_percent": float(np.mean(errors)) if errors else None,
    }


def evaluate(
    detector: Detector,
    dataset: Iterable[LabelledPicture],
    sources: Collection[str] | None = None,
    score: float = 0.5,
    *,
    closer: bool = False,
) -> dict[str, Any]:
    """Measure a detector on labelled pictures.

    Args:
        detector: make it with a low ``min_score``: faces it does not report cannot be ranked, and the curve ends there.
        dataset: labelled pictures, as from `read`.
        sources: only pictures from these; None takes all.
        score: the working threshold, at which ``recall`` and ``false_faces`` (their number) are given.
        closer: look a second time for small faces.

    Returns:
        ``n_images``, ``n_faces``, ``ap`` and ``recall_at_0.05_fppi`` at IoU 0.4, ``recall``, ``false_faces``,
        ``eye_error_percent`` (sources with points set by people only), and the same for each source in ``sources``.

    Raises:
        InputError: there is no picture to measure on.
    """
    outcomes = [
        judge(detector.detect(picture.decode(), closer=closer), picture)
        for picture in dataset
        if sources is None or picture.source in sources
    ]
    if not outcomes:
        wanted = "" if sources is None else f" from {', '.join(sorted(sources))}"
        raise InputError(f"the data set holds no picture{wanted}")
    names = sorted({o.source for o in outcomes})
    return {
        "detector": detector.name,
        "iou": MIN_IOU,
        **summarise(outcomes, score),
        "sources": {name: summarise([o for o in outcomes if o.source == name], score) for name in names},
    }
