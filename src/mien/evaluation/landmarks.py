"""How well the 68 landmarks are found, and how still they stay on a still face.

Reads the Parquet layout of the landmark data: ``image`` (an encoded crop around one face) and ``landmarks``
(x1 y1 … x68 y68 in its pixels).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from mien.core.errors import InputError, MissingDependencyError
from mien.core.geometry import iou
from mien.core.types import BoolArray, Faces, FloatArray, Image
from mien.models.detector import Detector
from mien.models.landmarks import COUNT, OUTER_CORNERS, PARTS, LandmarkModel
from mien.tracking.filters import OneEuro

Read = Callable[[Image, Faces], FloatArray]
"""Finds landmarks ``[n, 68, 2]`` of faces on a picture, as `LandmarkModel.read` does."""

FACE_IN_CROP: Final = (0.244, 0.063, 0.764, 0.780)
"""Where a face detector's box lies in the data set's crops (fractions x1 y1 x2 y2): the crops are made around the
landmarks, so this is the same in all of them up to the face's own shape. Taken from the boxes and five points of the
detection data, laid over the five points of the landmark training data."""

FAILURE: Final = 10.0
"""A face whose error exceeds this (percent) counts as failed."""
STILL: Final = 8
"""Faces on which the trembling is measured, spread over the set."""


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkSet:
    """Face crops with landmarks.

    Attributes:
        name: of the set.
        images: BGR uint8, one face each.
        landmarks: ``[n, 68, 2]`` x y in pixels of each picture.
    """

    name: str
    images: list[Image]
    landmarks: FloatArray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice) -> LandmarkSet:
        """Return some of the faces."""
        return LandmarkSet(self.name, self.images[rows], self.landmarks[rows])


def read(path: Path) -> LandmarkSet:
    """Read a Parquet file.

    Raises:
        InputError: missing, without a column or rows, or a row that cannot be read.
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError("reading Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    if not path.is_file():
        raise InputError(f"there is no data set {path}: give a Parquet file with image and landmarks")
    missing = {"image", "landmarks"} - set(parquet.read_schema(path).names)
    if missing:
        raise InputError(f"{path} lacks the column(s) {', '.join(sorted(missing))}")
    table = parquet.read_table(path, columns=["image", "landmarks"])
    if not len(table):
        raise InputError(f"{path} holds no faces")
    images = [_decode(data, f"row {row} of {path}") for row, data in enumerate(table["image"].to_pylist())]
    values = table["landmarks"].to_pylist()
    for row, value in enumerate(values):
        if value is None or len(value) != 2 * COUNT or not np.isfinite(value).all():
            raise InputError(f"row {row} of {path} must hold {2 * COUNT} numbers as landmarks")
    return LandmarkSet(path.stem, images, np.array(values, np.float32).reshape(-1, COUNT, 2))


def _decode(data: bytes, name: str) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise InputError(f"{name} is not a picture that can be read")
    return np.asarray(image, np.uint8)


def nme(found: FloatArray, labelled: FloatArray) -> FloatArray:
    """Return every landmark's error ``[n, 68]`` in percent of the distance between the outer eye corners.

    The mean over landmarks is the inter-ocular normalised mean error of the 300-W challenge (Sagonas et al. 2016).
    """
    first, second = OUTER_CORNERS
    between = np.linalg.norm(labelled[:, first] - labelled[:, second], axis=1)
    distance = np.linalg.norm(found - labelled, axis=2)
    return np.asarray(distance / np.maximum(between, 1e-6)[:, None] * 100, np.float32)


def in_crop(image: Image) -> Faces:
    """Return the face of a crop as a detector's box; its points are unknown."""
    height, width = image.shape[:2]
    return Faces.from_boxes([np.array(FACE_IN_CROP) * [width, height, width, height]])


def predict(read: Read, data: LandmarkSet, detector: Detector | None = None) -> tuple[FloatArray, BoolArray]:
    """Find the landmarks of a set's faces.

    Args:
        read: finds the landmarks of given faces.
        data: crops, each around one face.
        detector: finds the faces; without it, and where it finds none, the box is `FACE_IN_CROP`, points unknown.

    Returns:
        Landmarks ``[n, 68, 2]``, and ``[n]`` whether the detector missed the face.
    """
    found, missed = np.empty_like(data.landmarks), np.zeros(len(data), bool)
    for row, image in enumerate(data.images):
        faces = in_crop(image)
        if detector is not None:
            seen = detector.detect(image)
            overlap = iou(seen.boxes, faces.boxes)[:, 0]
            missed[row] = not (overlap > 0.3).any()
            faces = faces if missed[row] else seen[[int(overlap.argmax())]]
        found[row] = read(image, faces)[0]
    return found, missed


def summary(errors: FloatArray) -> dict[str, Any]:
    """Return the measures of errors ``[n, 68]`` as from `nme`."""
    faces = errors.mean(1)
    return {
        "n": len(errors),
        "nme": round(float(faces.mean()), 3),
        "nme_median": round(float(np.median(faces)), 3),
        "failures": round(float((faces > FAILURE).mean()), 4),
        "nme_parts": {name: round(float(errors[:, part].mean()), 3) for name, part in PARTS.items()},
    }


def evaluate(model: LandmarkModel, data: LandmarkSet, detector: Detector | None = None) -> dict[str, Any]:
    """Measure ``model`` on ``data``.

    Args:
        model: the network.
        data: labelled faces.
        detector: finds them first; without it they are where the data set's crops have them.

    Returns:
        The JSON of ``mien evaluate landmarks``: ``nme`` in percent of the distance between the outer eye corners
        (mean over faces; ``nme_median`` too), ``nme_parts``, ``failures`` (share of faces with an error above 10),
        ``faces_from`` (``crop`` or the detector's name), with a detector ``missed``, and ``jitter`` (see there; mean
        over `STILL` of the faces).
    """
    found, missed = predict(model.read, data, detector)
    report: dict[str, Any] = {
        "dataset": data.name,
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
        "faces_from": "crop" if detector is None else detector.name,
        **summary(nme(found, data.landmarks)),
    }
    if detector is not None:
        report["missed"] = int(missed.sum())
    chosen = [data.images[row] for row in np.linspace(0, len(data) - 1, STILL).astype(int)]
    trembling = [jitter(model.read, image, in_crop(image)) for image in chosen]
    report["jitter"] = {name: round(float(np.mean([t[name] for t in trembling])), 3) for name in trembling[0]}
    return report


def jitter(
    read: Read, image: Image, faces: Faces, *, frames: int = 60, fps: float = 30.0, noise: float = 4.0, seed: int = 0
) -> dict[str, float]:
    """Measure how much the landmarks tremble on a still picture whose every frame has fresh noise.

    The box (and the points) tremble too, by a normal 1% of the face size, as a detector's do.

    Args:
        read: finds the landmarks.
        image: BGR, still.
        faces: one face.
        frames: how many frames.
        fps: their rate.
        noise: standard deviation of the pixels' noise, 0–255.
        seed: of the noise.

    Returns:
        ``raw`` and ``filtered`` (one-euro, as a stream has it): standard deviation over time in percent of the face
        size, mean over landmarks and both axes. The first half, in which the filter settles, is left out.
    """
    rng = np.random.default_rng(seed)
    size = float(faces.sizes[0])
    smooth = OneEuro(COUNT)
    raw, filtered = [], []
    for frame in range(frames):
        noisy = np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)
        shaken = faces.replace(
            boxes=faces.boxes + rng.normal(0, 0.01 * size, faces.boxes.shape),
            points=faces.points + rng.normal(0, 0.01 * size, faces.points.shape),
        )
        raw.append(read(noisy, shaken))
        filtered.append(smooth.update([0], raw[-1], shaken.sizes, frame / fps))
    half = frames // 2
    return {
        name: round(float(np.concatenate(values[half:]).std(0).mean()) / size * 100, 4)
        for name, values in (("raw", raw), ("filtered", filtered))
    }
