"""Whether the label stays when the picture gets worse: blur, darkness, few pixels, compression, a box that is off."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import cv2
import numpy as np

from mien.core.types import Image
from mien.evaluation.emotion import Outcome, predict
from mien.evaluation.emotion_data import EmotionSet
from mien.models.emotion import EmotionModel

Change = Callable[[Image], Image]
"""Takes and gives a grey crop, uint8 ``[h, w]``."""


def blurred(crop: Image, sigma: float = 1.5) -> Image:
    """Blur with a Gaussian of ``sigma`` pixels."""
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def dark(crop: Image, light: float = 0.2, noise: float = 4.0) -> Image:
    """Leave a share of the light, and add the noise of a sensor (standard deviation in grey levels).

    The noise is the same for every crop, so that the answer depends on the crop alone.
    """
    grain = np.random.default_rng(0).normal(0, noise, crop.shape)
    return np.clip(np.round(crop * light + grain), 0, 255).astype(np.uint8)


def small(crop: Image, size: int = 24) -> Image:
    """Make it ``size`` pixels wide and high and bring it back, as a face that is small in the picture comes."""
    height, width = crop.shape
    shrunk = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def compressed(crop: Image, quality: int = 30) -> Image:
    """Go through JPEG of that quality."""
    data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def turned(crop: Image, degrees: float) -> Image:
    """Turn about the centre, counter-clockwise; what comes in from outside is the nearest edge pixel."""
    height, width = crop.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return _moved(crop, matrix)


def shifted(crop: Image, right: float, down: float) -> Image:
    """Move the face by shares of the crop's width and height, as a detector's box that is off does."""
    height, width = crop.shape
    return _moved(crop, np.array([[1, 0, right * width], [0, 1, down * height]], np.float64))


def _moved(crop: Image, matrix: Any) -> Image:
    size = (crop.shape[1], crop.shape[0])
    return np.asarray(cv2.warpAffine(crop, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


CONDITIONS: Final[dict[str, tuple[Change, ...]]] = {
    "blur": (blurred,),
    "low light": (dark,),
    "24 px": (small,),
    "JPEG 30": (compressed,),
    "rotation ±10°": tuple(partial(turned, degrees=d) for d in (-10, 10)),
    "box shift ±10%": tuple(partial(shifted, right=x, down=y) for x, y in ((-0.1, 0), (0.1, 0), (0, -0.1), (0, 0.1))),
}
"""What is measured; a condition with several changes is their mean."""


def evaluate(model: EmotionModel, data: EmotionSet) -> dict[str, Any]:
    """Measure ``model`` on ``data`` as it is and under every one of `CONDITIONS`.

    Returns:
        ``conditions``: by name (``clean`` first) the accuracy of the heads, ``agreement`` (share of faces whose shown
        label is the one on the clean crop), the mean ``confidence`` of the shown label, and ``certain``, the share
        that is at least as probable as the model's certainty limit.
    """
    clean = predict(model, data)
    conditions = {"clean": _measures(model, [clean], clean)}
    for name, changes in CONDITIONS.items():
        worse = [predict(model, changed(data, change)) for change in changes]
        conditions[name] = _measures(model, worse, clean)
    return {
        "dataset": data.name,
        "n": len(data),
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
        "conditions": conditions,
    }


def changed(data: EmotionSet, change: Change) -> EmotionSet:
    """Return the set with every crop changed."""
    return dataclasses.replace(data, images=np.stack([change(crop) for crop in data.images]))


def _measures(model: EmotionModel, outcomes: list[Outcome], clean: Outcome) -> dict[str, float]:
    def mean(values: list[float]) -> float:
        return round(float(np.mean(values)), 4)

    heads = {name: mean([o.heads[name].accuracy for o in outcomes]) for name in clean.heads}
    return {
        **heads,
        "agreement": mean([float((o.shown == clean.shown).mean()) for o in outcomes]),
        "confidence": mean([float(o.confidence.mean()) for o in outcomes]),
        "certain": mean([float((o.confidence >= model.certain).mean()) for o in outcomes]),
    }
