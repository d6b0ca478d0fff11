"""Emotions of faces: calibrated probabilities from the network's logits."""

from __future__ import annotations

from typing import Final

import numpy as np

from mien.core.errors import ModelError
from mien.core.types import BoolArray, Faces, FloatArray, Image, IntArray
from mien.models import zoo

HEADS: Final = ("emotion", "fer2013")
MAPS: Final = "maps"

LEAST_QUALITY: Final = 0.1
"""Below this quality of the face no label is certain, however sure the network is.

Measured on degraded copies of the development set (docs/experiments.md): of dark or blurred faces that are probable
enough those of lower quality are right in 62%, those above it in 73–82%. A higher limit would silence sharp, well-lit
faces of some 20 pixels, which are right as often as large ones."""


class EmotionModel:
    """The shipped emotion network.

    Args:
        model: a loaded model of kind ``emotion`` with the outputs ``emotion`` ``[n, 8]`` and ``fer2013`` ``[n, 7]``.
    """

    def __init__(self, model: zoo.Model) -> None:
        if model.spec.kind != "emotion":
            raise ModelError(f"{model.spec.name} is of kind {model.spec.kind!r}, not an emotion network")
        self.model = model
        self.spec = model.spec
        self.certain = model.spec.thresholds.get("certain", 0.5)

    def logits(self, crops: Image) -> dict[str, FloatArray]:
        """Return the heads' logits for crops in the spec's colours, ``[n, h, w]``; a model may have one head only.

        Raises:
            ModelError: it has none.
        """
        has = self.model.session.outputs
        if not (heads := tuple(name for name in HEADS if name in has)):
            raise ModelError(f"{self.spec.name} has no output {' or '.join(HEADS)}: it has {', '.join(has)}")
        return self._run(crops, heads)

    def _run(self, crops: Image, outputs: tuple[str, ...]) -> dict[str, FloatArray]:
        tensor, batch = self.spec.input.tensor(crops), self.model.batch
        parts = [self.model.run(tensor[i : i + batch], outputs) for i in range(0, max(len(tensor), 1), batch)]
        return {name: np.concatenate([part[name] for part in parts]) for name in outputs}

    def probabilities(self, crops: Image) -> FloatArray:
        """Return ``[n, 8]`` probabilities in the order of `EMOTIONS`.

        They are calibrated: fitted on how ten people voted, so that 0.7 means that about seven in ten people would
        choose this word for such a picture.
        """
        if not len(crops):
            return np.empty((0, 8), np.float32)
        return self.calibrated(self.logits(crops)["emotion"])

    def calibrated(self, logits: FloatArray) -> FloatArray:
        """Turn the eight-class logits ``[n, 8]`` into probabilities, as fitted by ``mien calibrate``."""
        logits = logits / np.float32(self.spec.temperature)
        if (vector := self.spec.vector) is not None:
            logits = logits * np.asarray(vector.scale, np.float32) + np.asarray(vector.bias, np.float32)
        return softmax(logits)

    def evidence(self, crops: Image, label: IntArray) -> FloatArray:
        """Return where crops speak for ``label`` ``[n]`` and where against it, ``[n, h, w]`` float32.

        The network's class activation maps (Zhou et al. 2016): the map of the label less those of the other words, each
        as much as it is a rival. That is the first-order share of each place in the label's log-odds; a map alone would
        also show what speaks for every word alike. On dev, hiding a third of the face's width where this is highest
        takes 22 points of the label's probability, by the label's map alone 18, anywhere 7.

        Raises:
            ModelError: the network was exported without maps.
        """
        if not len(crops):
            return np.empty((0, 1, 1), np.float32)
        got = self._run(crops, ("emotion", MAPS))
        rows = np.arange(len(crops))
        rivals = self.calibrated(got["emotion"])
        rivals[rows, label] = 0
        rivals /= np.maximum(rivals.sum(1, keepdims=True), np.finfo(np.float32).tiny)
        maps = got[MAPS]
        if (vector := self.spec.vector) is not None:
            maps = maps * np.asarray(vector.scale, np.float32)[:, None, None]
        against = np.einsum("nk,nkhw->nhw", rivals, maps)
        return np.asarray((maps[rows, label] - against) / np.float32(self.spec.temperature), np.float32)

    def align(self, image: Image, faces: Faces) -> Image:
        """Cut the faces out of a BGR picture as the network reads them."""
        return self.spec.input.align(image, faces)

    def uncertain(self, probabilities: FloatArray, label: IntArray, quality: FloatArray | None = None) -> BoolArray:
        """Return ``[n]`` bool: the shown label should not be relied on.

        Certain is a label that is at least as probable as the manifest's threshold ``certain`` (chosen so that the
        seven-class head is right on 80% of such faces) on a face of at least `LEAST_QUALITY`. The entropy of the
        probabilities was tried beside it and adds nothing: it ranks the faces as the probability does.

        Args:
            probabilities: ``[n, 8]``; in a stream the smoothed ones.
            label: ``[n]`` the shown emotion, which may lag behind the likeliest.
            quality: ``[n]`` 0–1, as `mien.models.quality` gives it; None where nobody looked.
        """
        doubtful = probabilities[np.arange(len(label)), label] < self.certain
        if quality is not None:
            doubtful |= quality < LEAST_QUALITY
        return np.asarray(doubtful)


def softmax(logits: FloatArray) -> FloatArray:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True), np.float32)
