"""Heat maps: where on a face the shown expression was read from.

A correlate, not a cause: a map tells which places the network's own sum came from, on a coarse grid (6×6 cells over the
face). A cell has seen what lies around it too, and what a place would do if it changed is another question.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mien.core.types import FloatArray, IntArray

Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """The heat maps of n faces.

    Attributes:
        label: ``[n]`` int64, the expression that is explained, as an index into `EMOTIONS`.
        maps: ``[n, h, w]`` float32 over the face as the network saw it, upright: positive places spoke for the label,
            negative ones against it. In log-odds: the mean of a map is what places together added to them.
        transforms: ``[n, 2, 3]`` float32, a place of the picture in pixels → a place of the map as fractions of its
            width and height.

    Raises:
        ValueError: the shapes do not fit.
    """

    label: IntArray
    maps: FloatArray
    transforms: FloatArray

    def __post_init__(self) -> None:
        n = len(self.label)
        if self.label.shape != (n,) or self.maps.ndim != 3 or len(self.maps) != n:
            raise ValueError(f"maps must have shape [{n}, h, w], got {list(self.maps.shape)}")
        if self.transforms.shape != (n, 2, 3):
            raise ValueError(f"transforms must have shape [{n}, 2, 3], got {list(self.transforms.shape)}")

    def __len__(self) -> int:
        return len(self.label)

    def area(self, row: int) -> Area:
        """Return the smallest upright rectangle, x1 y1 x2 y2 in pixels, that holds what the network saw of a face.

        It is wider than the face's box, and may reach beyond the picture.
        """
        back = np.linalg.inv(np.vstack([self.transforms[row].astype(np.float64), [0, 0, 1]]))
        corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]]) @ back.T
        x1, y1 = corners[:, :2].min(0).tolist()
        x2, y2 = corners[:, :2].max(0).tolist()
        return x1, y1, x2, y2

    def over(self, row: int, area: Area, width: int, height: int) -> FloatArray:
        """Return a face's map over a part of the picture.

        Args:
            row: of the face.
            area: the part, x1 y1 x2 y2 in pixels.
            width: columns to return.
            height: rows to return.

        Returns:
            float32 ``[height, width]``, smooth between the cells' centres; 0 where the network did not look.
        """
        x1, y1, x2, y2 = area
        x = x1 + (np.arange(width, dtype=np.float32) + 0.5) / width * (x2 - x1)
        y = y1 + (np.arange(height, dtype=np.float32) + 0.5) / height * (y2 - y1)
        (a, b, c), (d, e, f) = self.transforms[row]
        across = a * x + b * y[:, None] + c
        down = d * x + e * y[:, None] + f
        cells = self.maps[row]
        # Where a cell of the grid lies was tried out: hiding what it names works best with the grid laid evenly.
        value = cv2.remap(
            cells,
            np.asarray(across * cells.shape[1] - 0.5, np.float32),
            np.asarray(down * cells.shape[0] - 0.5, np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        seen = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
        return np.where(seen, value, 0).astype(np.float32)
