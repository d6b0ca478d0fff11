"""Heat maps as pictures: orange where a place spoke for the shown expression, blue where it spoke against it."""

from __future__ import annotations

import base64
from typing import Any, Final

import cv2
import numpy as np

from mien.core.heat import Heat
from mien.core.labels import EMOTIONS
from mien.core.types import FloatArray, Image
from mien.outputs.json import number

FOR: Final = (0, 106, 255)
"""BGR of what speaks for the label; orange and blue differ for every kind of colour vision."""
AGAINST: Final = (230, 110, 40)
OPAQUE: Final = 0.72
"""Opacity of the strongest place: the face stays visible below."""
LEAST_PEAK: Final = 4.0
"""A map whose strongest place is below this is drawn paler: such a place moves the log-odds by a tenth."""
SIDE: Final = 64
"""Long side of `png` in pixels; the grid has six cells, a browser smooths the rest."""


def paint(values: FloatArray, peak: float) -> Image:
    """Return a map as BGRA ``uint8 [h, w, 4]``, transparent where it is 0.

    Args:
        values: ``[h, w]``.
        peak: the magnitude that is drawn strongest.
    """
    out = np.empty((*values.shape, 4), np.uint8)
    out[..., :3] = np.where(values[..., None] > 0, np.array(FOR), np.array(AGAINST))
    # Steeper than straight, so that what matters most stands out.
    out[..., 3] = np.rint(255 * OPAQUE * np.clip(np.abs(values) / peak, 0, 1) ** 1.5)
    return out


def peak(heat: Heat, row: int) -> float:
    """Return the magnitude that is drawn strongest on a face."""
    return max(float(np.abs(heat.maps[row]).max()), LEAST_PEAK)


def png(heat: Heat, row: int) -> bytes:
    """Return a face's map as a small PNG with transparency, to be laid over `Heat.area`."""
    x1, y1, x2, y2 = area = heat.area(row)
    scale = SIDE / max(x2 - x1, y2 - y1)
    width, height = (max(1, round(side * scale)) for side in (x2 - x1, y2 - y1))
    return bytes(cv2.imencode(".png", paint(heat.over(row, area, width, height), peak(heat, row)))[1])


def to_json(heat: Heat) -> list[dict[str, Any]]:
    """Return each face's ``label``, ``box`` (x1 y1 x2 y2 of the picture in pixels) and ``image``, a data URL."""
    return [
        {
            "label": EMOTIONS[int(label)],
            "box": [number(v, 1) for v in heat.area(row)],
            "image": "data:image/png;base64," + base64.b64encode(png(heat, row)).decode(),
        }
        for row, label in enumerate(heat.label)
    ]


def lay(canvas: Image, heat: Heat, across: float = 1.0, down: float = 1.0) -> None:
    """Lay every face's map over a picture, in place.

    Args:
        canvas: BGR uint8 ``[H, W, 3]``.
        heat: the maps.
        across: width of ``canvas`` over that of the picture that was analysed.
        down: the same for heights.
    """
    height, width = canvas.shape[:2]
    scale = np.array([across, down, across, down])
    for row in range(len(heat)):
        x1, y1, x2, y2 = np.clip(np.rint(heat.area(row) * scale), 0, [width, height] * 2).astype(int).tolist()
        if x1 >= x2 or y1 >= y2:
            continue
        left, top, right, bottom = (np.array([x1, y1, x2, y2]) / scale).tolist()
        painted = paint(heat.over(row, (left, top, right, bottom), x2 - x1, y2 - y1), peak(heat, row))
        alpha = painted[..., 3:].astype(np.float32) / 255
        below = canvas[y1:y2, x1:x2]
        canvas[y1:y2, x1:x2] = np.rint(below + alpha * (painted[..., :3].astype(np.float32) - below))
