"""Make the web app's demo picture from scikit-image's portrait of Eileen Collins (NASA, public domain).

Usage: python scripts/make_demo.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

TARGET = Path(__file__).parents[1] / "web" / "public" / "demo.jpg"
MAX_BYTES = 60_000
load: Callable[[], NDArray[np.uint8]] = data.astronaut


def main() -> None:
    """Write ``web/public/demo.jpg`` at the best quality that stays below `MAX_BYTES`."""
    picture = cv2.cvtColor(load(), cv2.COLOR_RGB2BGR)
    for quality in range(92, 40, -2):
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
        if done and jpeg.size <= MAX_BYTES:
            TARGET.write_bytes(jpeg.tobytes())
            print(f"{TARGET.name}: {picture.shape[1]}×{picture.shape[0]}, quality {quality}, {jpeg.size} bytes")
            return
    raise SystemExit(f"The portrait does not fit into {MAX_BYTES} bytes at any sensible quality")


if __name__ == "__main__":
    main()
