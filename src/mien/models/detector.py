"""Finding faces: what a detector is, and the choice among them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, Image
from mien.models.haar import HaarDetector
from mien.models.yunet import YuNetDetector


class Detector(Protocol):
    """Finds faces on a picture; safe to share between threads."""

    name: str

    def detect(self, image: Image) -> Faces:
        """Find the faces on ``image`` (BGR uint8 ``[H, W, 3]``).

        Returns:
            Boxes, scores and points (NaN where the detector gives none) in pixels of ``image``, largest face first.
        """
        ...


def create(settings: AnalyzerSettings, weights: Path | None = None) -> Detector:
    """Make the detector that ``settings.detector`` names.

    Args:
        settings: names the detector and how it looks.
        weights: file of a detector whose weights do not come with Mien (``yunet``).

    Raises:
        SettingsError: no detector goes by that name, or it needs a file and none is given.
        ModelError: its file is missing or broken.
    """
    if settings.detector == "haar":
        return HaarDetector(settings)
    if settings.detector == "yunet":
        if weights is None:
            raise SettingsError("the detector yunet needs its ONNX file, which does not come with Mien: give its path")
        return YuNetDetector(settings, weights)
    raise SettingsError(f"unknown detector {settings.detector!r}: use one of mien, haar, yunet")
