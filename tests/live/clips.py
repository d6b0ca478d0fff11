"""Short videos for tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def write_clip(path: Path, frames: int = 25, fps: int = 25, size: tuple[int, int] = (64, 48)) -> Path:
    """Write grey frames, each a little lighter than the one before, as H.264 in MP4."""
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            grey = np.full((size[1], size[0], 3), 60 + index, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
