"""What a network wants to read: one description, used by training, evaluation and the live path alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from mien.core.errors import ModelError
from mien.core.geometry import box_transform, similarity, warp
from mien.core.types import Faces, FloatArray, Image

MULTIPLE: Final = 32
"""A detector's input has sides of this many pixels or multiples of it."""
LEAST_SCALE: Final = 1e-3
"""A face is never shrunk by more than this; five points that ask for it are none."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a picture becomes a network's input.

    Attributes:
        width: of the input in pixels.
        height: of the input in pixels.
        colour: ``grey``, ``bgr`` or ``rgb``.
        mean: subtracted from pixel values 0–255.
        scale: multiplied after that.
        template: the five points' places as fractions of the input's width and height; None for a network that
            reads whole pictures.
        box: where a detector's box comes to lie, as fractions x1 y1 x2 y2; used for faces without points.
    """

    width: int
    height: int
    colour: str = "grey"
    mean: float = 127.5
    scale: float = 1 / 127.5
    template: tuple[tuple[float, float], ...] | None = None
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.colour not in ("grey", "bgr", "rgb"):
            raise ModelError(f"colour must be grey, bgr or rgb, got {self.colour!r}")
        if self.template is not None and len(self.template) != 5:
            raise ModelError(f"an alignment template has five points, got {len(self.template)}")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> InputSpec:
        """Read the ``input`` entry of a manifest.

        Raises:
            ModelError: an entry is missing, unknown or makes no sense.
        """
        known = dict(value)
        if known.get("template") is not None:
            known["template"] = tuple((float(x), float(y)) for x, y in known["template"])
        if "box" in known:
            known["box"] = tuple(float(v) for v in known["box"])
        try:
            return cls(**known)
        except TypeError as error:
            raise ModelError(f"the manifest's input entry does not fit: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's ``input`` entry."""
        return asdict(self)

    def transforms(self, faces: Faces) -> FloatArray:
        """Return ``[n, 2, 3]`` transforms, pixels of the picture → pixels of the input, by points or else by box."""
        size = np.array([self.width, self.height], dtype=np.float32)
        template = None if self.template is None else np.asarray(self.template, np.float32) * size
        found = np.empty((len(faces), 2, 3), np.float32)
        for row, (box, points) in enumerate(zip(faces.boxes, faces.points, strict=True)):
            found[row] = box_transform(box, self.box, self.width, self.height)
            if template is not None and np.isfinite(points).all():
                by_points = similarity(points, template)
                # Points in an order that no face has (mirrored, say) are nearest to the template when they vanish.
                if np.hypot(*by_points[:, 0]) > LEAST_SCALE:
                    found[row] = by_points
        return found

    def align(self, image: Image, faces: Faces) -> Image:
        """Cut every face out of ``image`` (BGR) as the network wants to see it, by its points or else by its box.

        Returns:
            uint8 ``[n, height, width]`` for grey, ``[n, height, width, 3]`` in the spec's colour order otherwise.
        """
        return self.cut(image, self.transforms(faces))

    def cut(self, image: Image, transforms: FloatArray) -> Image:
        """Cut what ``transforms`` (``[n, 2, 3]``, as from `transforms`) describe; returns what `align` returns."""
        grey = self.colour == "grey"
        crops = [np.empty((0, self.height, self.width, *(() if grey else (3,))), np.uint8)]
        crops += [warp(image, transform, self.width, self.height, grey)[None] for transform in transforms]
        cut = np.concatenate(crops)
        return cut if grey else self.recolour(cut)

    def fractions(self, transforms: FloatArray) -> FloatArray:
        """Turn transforms between centres of pixels (as from `transforms`) into ones between places.

        Returns:
            ``[n, 2, 3]``: a place of the picture, in pixels from its upper left corner → a place of the input, as
            fractions of its width and height.
        """
        moved = transforms.astype(np.float64)
        moved[:, :, 2] += 0.5 - moved[:, :, :2].sum(2) / 2
        return np.asarray(moved / np.array([self.width, self.height])[:, None], np.float32)

    def recolour(self, crops: Image) -> Image:
        """Turn BGR ``[n, h, w, 3]`` into the spec's colours (``[n, h, w]`` for grey)."""
        if self.colour == "bgr":
            return crops
        if self.colour == "rgb":
            return np.ascontiguousarray(crops[..., ::-1])
        if not len(crops):
            return crops[..., 0]
        import cv2  # only here: see `mien.core.geometry.warp`

        return np.stack([cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops]).astype(np.uint8)

    def tensor(self, crops: Image) -> FloatArray:
        """Turn crops in the spec's colours into the network's input, float32 ``[n, channels, height, width]``."""
        stacked = crops[:, None] if self.colour == "grey" else crops.transpose(0, 3, 1, 2)
        return np.ascontiguousarray((stacked.astype(np.float32) - np.float32(self.mean)) * np.float32(self.scale))
