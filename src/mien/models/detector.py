"""Finding faces: what a detector is, the choice among them, and our own.

Ours is anchor-free: every cell of three maps (strides 8, 16, 32) says whether a face is there, how well its box fits,
the box and five points, as in YuNet (Wu et al. 2023) and YOLOX (Ge et al. 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import cv2
import numpy as np

from mien.core.errors import ModelError, SettingsError
from mien.core.geometry import nms
from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, FloatArray, Image
from mien.models import zoo
from mien.models.haar import HaarDetector
from mien.models.networks import Networks
from mien.models.spec import MULTIPLE, InputSpec
from mien.models.yunet import YuNetDetector

STRIDES: Final = (8, 16, 32)
MAX_CANDIDATES: Final = 2000
"""No more cells than this, the best, go into the non-maximum suppression."""
MAX_LOG_SIZE: Final = 6.0
WEAK: Final = 0.6
"""What scores this share of the least score may still be a face that was seen before."""
CLOSER: Final = 3
"""The second look for small faces is at this many times the size of the first."""


class Detector(Protocol):
    """Finds faces on a picture; safe to share between threads."""

    name: str
    interval: float
    """Seconds between two runs in a stream that suit the detector's speed; 0 for every frame."""

    min_score: float
    """Least score of something that is a face by itself."""

    def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
        """Find the faces on ``image`` (BGR uint8 ``[H, W, 3]``).

        Args:
            image: the picture.
            streaming: the picture is a frame of a stream. What scores too low to be a face by itself, but may be one
                that was seen before (turned away, blurred), is reported too, where the detector can tell.
            closer: look a second time for small faces on a large picture, where the detector can.

        Returns:
            Boxes, scores and points (NaN where the detector gives none) in pixels of ``image``, largest face first.
        """
        ...


class NetworkDetector:
    """Our detector: any network with the outputs ``out_8``, ``out_16``, ``out_32``.

    Args:
        run: computes the outputs, each ``[1, 16, h/stride, w/stride]``, from the input ``[1, 3, h, w]``.
        spec: how the network wants its pixels; width and height are not used, the input's size follows the picture.
        min_score: least score of a face.
        max_iou: of two boxes that overlap more than this only the better one is kept.
        settings: ``detect_size`` and ``max_faces`` are used.
    """

    name = "mien"
    interval = 0.05
    """Twenty looks a second: cameras at up to 20 frames/s are looked at on every frame, quicker video on every second.

    On four clips the shown labels and the steadiness of the boxes stay as they are with a look at every frame, at
    two thirds of the cost (`benchmarks/detect_interval.py`)."""

    def __init__(
        self,
        run: Callable[[FloatArray], Mapping[str, FloatArray]],
        spec: InputSpec,
        min_score: float,
        max_iou: float,
        settings: AnalyzerSettings,
    ) -> None:
        self._run, self._spec, self._settings = run, spec, settings
        self.min_score, self._max_iou = min_score, max_iou

    @classmethod
    def of(cls, model: zoo.Model, settings: AnalyzerSettings) -> NetworkDetector:
        """Make it from a loaded model, with the model's own thresholds where ``settings`` give none.

        Raises:
            ModelError: the manifest entry lacks a threshold.
        """
        limits = model.spec.thresholds
        if missing := {"score", "nms"} - set(limits):
            raise ModelError(f"the manifest entry of {model.spec.name} lacks {', '.join(sorted(missing))}")
        score = limits["score"] if settings.min_score is None else settings.min_score
        return cls(model.run, model.spec.input, score, limits["nms"], settings)

    def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
        """Find the faces on ``image`` (BGR uint8 ``[H, W, 3]``), largest first, coordinates in its pixels."""
        least = self.min_score * (WEAK if streaming else 1)
        sizes = [self._settings.look_at(image.shape[1], image.shape[0])]
        large = min(CLOSER * sizes[0], max(image.shape[:2]))
        if closer and large > sizes[0]:
            sizes.append(large)
        seen = [self._look(image, size, least) for size in sizes]
        boxes, scores, points = (np.concatenate(column) for column in zip(*seen, strict=True))
        kept = nms(boxes, scores, self._max_iou)
        faces = Faces(boxes[kept], scores[kept], points[kept])
        return faces[np.argsort(-faces.sizes, kind="stable")[: self._settings.max_faces]]

    def _look(self, image: Image, long_side: int, least: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return candidate boxes, scores and points, seen at one size, in pixels of ``image``."""
        canvas, size = letterbox(image, long_side, self._spec.mean)
        outputs = self._run(self._spec.tensor(self._spec.recolour(canvas[None])))
        boxes, scores, points = decode(outputs, least)
        back = np.array([image.shape[1] / size[0], image.shape[0] / size[1]], np.float32)
        return boxes * np.tile(back, 2), scores, points * back


def letterbox(image: Image, long_side: int, fill: float) -> tuple[Image, tuple[int, int]]:
    """Scale a picture to ``long_side`` pixels and pad it at the right and below to multiples of 32.

    Returns:
        The padded picture, and the width and height that the picture has in it.
    """
    height, width = image.shape[:2]
    factor = long_side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    canvas = np.full((_padded(size[1]), _padded(size[0]), 3), round(fill), np.uint8)
    if size == (width, height):
        canvas[:height, :width] = image
    else:
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        cv2.resize(image, size, dst=canvas[: size[1], : size[0]], interpolation=way)
    return canvas, size


def _padded(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE


def decode(outputs: Mapping[str, FloatArray], min_score: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Turn the network's raw maps (of one picture) into candidate faces in pixels of its input.

    Centre = p·s + cell, size = exp(p)·s, points = p·s + cell, score = √(σ(cls)·σ(obj)) for stride s.

    Returns:
        Boxes ``[n, 4]``, scores ``[n]``, points ``[n, 5, 2]`` of the cells with at least ``min_score``; no more than
        the best `MAX_CANDIDATES`.
    """
    rows, cells = [], []
    for stride in STRIDES:
        raw = outputs[f"out_{stride}"][0]
        width = raw.shape[2]
        flat = raw.reshape(16, -1)
        scores = np.sqrt(_sigmoid(flat[0]) * _sigmoid(flat[1]))
        good = np.flatnonzero(scores >= min_score)
        rows.append(np.vstack([flat[2:, good], scores[good]]))
        cells.append(np.stack([good % width * stride, good // width * stride, np.full(len(good), stride)]))
    table, cell = np.hstack(rows).T, np.hstack(cells).T.astype(np.float32)
    if len(table) > MAX_CANDIDATES:
        best = np.argsort(-table[:, 14], kind="stable")[:MAX_CANDIDATES]
        table, cell = table[best], cell[best]
    origin, stride_of = cell[:, :2], cell[:, 2:]
    centre = table[:, 0:2] * stride_of + origin
    half = np.exp(np.minimum(table[:, 2:4], MAX_LOG_SIZE)) * stride_of / 2
    points = table[:, 4:14].reshape(-1, 5, 2) * stride_of[:, None] + origin[:, None]
    return np.hstack([centre - half, centre + half]), table[:, 14], points


def _sigmoid(x: FloatArray) -> FloatArray:
    # By tanh: no overflow, whatever the logit.
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)


def create(settings: AnalyzerSettings, networks: Networks | None = None) -> Detector:
    """Make the detector that ``settings.detector`` names.

    Args:
        settings: say which.
        networks: give ours; by default those that ``settings`` stand for.

    Raises:
        SettingsError: no detector goes by that name, or it needs a file and none is given, or it cannot compute on the
            device.
        ModelError: its file is missing or broken.
    """
    if settings.detector == "mien":
        return NetworkDetector.of((networks or Networks(settings)).get("face-detector"), settings)
    if settings.detector in ("haar", "yunet") and settings.device != "cpu":
        message = f"the detector {settings.detector} computes on the CPU alone: leave out --device, or --detector"
        raise SettingsError(message)
    if settings.detector == "haar":
        return HaarDetector(settings)
    if settings.detector == "yunet":
        if settings.weights is None:
            raise SettingsError("the detector yunet needs its ONNX file, which does not come with Mien: give --weights")
        return YuNetDetector(settings, settings.weights)
    raise SettingsError(f"unknown detector {settings.detector!r}: use one of mien, haar, yunet")
