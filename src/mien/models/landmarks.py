"""The 68 landmarks of a face, in the order of iBUG (Sagonas et al. 2013, "300 faces in-the-wild challenge").

0–16 jaw, 17–26 brows, 27–35 nose, 36–47 eyes, 48–67 mouth; within each from the left of the picture to its right, eyes
and lips clockwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from mien.core.types import Faces, FloatArray, Image
from mien.models import zoo
from mien.models.spec import InputSpec

COUNT: Final = 68
PARTS: Final = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
LEFT_EYE, RIGHT_EYE, INNER_LIPS = slice(36, 42), slice(42, 48), slice(60, 68)
OUTER_CORNERS: Final = (36, 45)
"""The outer corners of the eyes; their distance is the unit of the landmark error."""

MIRROR: Final = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
)
"""For every landmark the one that takes its place in a mirrored picture."""


class LandmarkModel:
    """The shipped landmark network. Safe to use from several threads at once.

    Args:
        model: a loaded model of kind ``landmarks``.
    """

    def __init__(self, model: zoo.Model) -> None:
        self.model = model
        self.spec = model.spec

    def read(self, image: Image, faces: Faces) -> FloatArray:
        """Return ``[n, 68, 2]`` landmarks (x y in pixels) of the faces on a BGR picture; see `locate`."""
        return locate(self.model.run, self.spec.input, image, faces, self.model.batch)


def locate(
    run: Callable[[FloatArray], Mapping[str, FloatArray]],
    spec: InputSpec,
    image: Image,
    faces: Faces,
    batch: int = zoo.BATCH,
) -> FloatArray:
    """Find the landmarks of every face.

    A face whose points are known is cut out upright by them. Of the others only the box is known: they are looked at
    twice, the second time by the five points of what the first look found.

    Args:
        run: computes ``landmarks`` ``[n, 136]``, x1 y1 … as fractions of the input, from the input.
        spec: how the network wants the faces.
        image: BGR uint8 ``[H, W, 3]``.
        faces: boxes, and points where they are known.
        batch: faces per call.

    Returns:
        ``[n, 68, 2]`` float32, x y in pixels of ``image``; they may lie beyond it.
    """
    found = _look(run, spec, image, faces, batch)
    unknown = ~np.isfinite(faces.points).all((1, 2))
    if unknown.any():
        again = faces[unknown]
        found[unknown] = _look(run, spec, image, again.replace(points=five_points(found[unknown])), batch)
    return found


def _look(
    run: Callable[[FloatArray], Mapping[str, FloatArray]], spec: InputSpec, image: Image, faces: Faces, batch: int
) -> FloatArray:
    if not len(faces):
        return np.empty((0, COUNT, 2), np.float32)
    transforms = spec.transforms(faces)
    tensor = spec.tensor(spec.cut(image, transforms))
    parts = [run(tensor[i : i + batch])["landmarks"] for i in range(0, len(tensor), batch)]
    inside = np.concatenate(parts).reshape(-1, COUNT, 2) * np.array([spec.width, spec.height], np.float32)
    return to_picture(inside, transforms)


def to_picture(points: FloatArray, transforms: FloatArray) -> FloatArray:
    """Bring points ``[n, k, 2]`` in pixels of crops back into the picture that ``transforms`` ``[n, 2, 3]`` cut."""
    linear = np.linalg.inv(transforms[:, :, :2].astype(np.float64))
    moved = points - transforms[:, None, :, 2]
    return np.asarray(np.einsum("nij,nkj->nki", linear, moved), np.float32)


def five_points(landmarks: FloatArray) -> FloatArray:
    """Return the detector's five points ``[n, 5, 2]`` of landmarks ``[n, 68, 2]``.

    The middle of each eye, the tip of the nose, the corners of the mouth, in the order of `mien.core.types.POINTS`.
    """
    eyes = [landmarks[:, eye].mean(1) for eye in (LEFT_EYE, RIGHT_EYE)]
    rest = [landmarks[:, index] for index in (30, 48, 54)]
    return np.stack(eyes + rest, axis=1).astype(np.float32)
