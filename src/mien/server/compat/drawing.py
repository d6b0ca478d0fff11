"""The plain drawing of the reference systems: a rectangle and words above it, at sizes that follow the picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.types import Image

Colour = tuple[int, int, int]

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_DARK: Final[Colour] = (0, 0, 0)


def box(canvas: Image, corners: NDArray[np.int64], colour: Colour) -> None:
    """Draw a rectangle.

    Args:
        canvas: BGR uint8 ``[H, W, 3]``, drawn upon.
        corners: x1 y1 x2 y2 in whole pixels.
        colour: BGR.
    """
    x1, y1, x2, y2 = (int(v) for v in corners)
    cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), colour, _line(canvas))


def text(canvas: Image, words: str, corners: NDArray[np.int64], colour: Colour) -> None:
    """Write above a rectangle, or within it where there is no room above; always inside the picture."""
    height, width = canvas.shape[:2]
    line = _line(canvas)
    scale = max(0.4, min(height / 600, width / 600, int(corners[2] - corners[0]) / 90))
    (w, h), below = cv2.getTextSize(words, _FONT, scale, line)
    x = max(0, min(int(corners[0]), width - w))
    y = int(corners[1]) - below - line
    if y < h:
        y = int(corners[1]) + h + line + 2
    place = (x, min(y, height - below))
    # A dark rim keeps pale colours readable on a pale ground.
    cv2.putText(canvas, words, place, _FONT, scale, _DARK, line + 2, cv2.LINE_AA)
    cv2.putText(canvas, words, place, _FONT, scale, colour, line, cv2.LINE_AA)


def dot(canvas: Image, corners: NDArray[np.int64], colour: Colour) -> None:
    """Mark the centre of a rectangle."""
    centre = (int(corners[0] + corners[2]) // 2, int(corners[1] + corners[3]) // 2)
    cv2.circle(canvas, centre, 2 * _line(canvas) + 2, colour, -1, cv2.LINE_AA)


def _line(canvas: Image) -> int:
    height, width = canvas.shape[:2]
    return max(2, round(int(min(height, width)) / 300))
