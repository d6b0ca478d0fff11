"""The annotated copy of a video: its frames with what the results say drawn onto them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mien.core.types import FrameResult
from mien.live.videos.folder import VideoFolder
from mien.outputs.overlay import draw
from mien.outputs.reading import result_from_json
from mien.outputs.video import VideoWriter
from mien.sources.video import open_container, open_video


def copied(path: Path) -> Iterator[int]:
    """Write the annotated copy in the folder ``path`` of a video; yield the number of every frame that is done.

    Frames without results (a cancelled analysis) are left out at the end.

    Raises:
        MienError: the video cannot be read or the copy not be written.
    """
    folder = VideoFolder(path)
    with ExitStack() as stack:
        source = stack.enter_context(open_video(folder.upload))
        info = source.info
        sound = open_container(folder.upload) if info.has_audio else None
        writer = stack.enter_context(
            VideoWriter(folder.annotated, info.width, info.height, info.fps, info.time_base, sound)
        )
        results = _Aligned(folder.values())
        for frame in source:
            result = results.of(frame.index)
            if result is None:
                break
            writer.write(draw(frame.image, result), frame.timestamp)
            yield frame.index


class _Aligned:
    """Results found by their frame's number, asked for in order."""

    def __init__(self, values: Iterator[Mapping[str, Any]]) -> None:
        self._values = values
        self._next: Mapping[str, Any] | None = next(values, None)

    def of(self, index: int) -> FrameResult | None:
        """Return the result of frame ``index``, or of the first one after it; None after the last."""
        while self._next is not None and self._next["frame"] < index:
            self._next = next(self._values, None)
        return None if self._next is None else result_from_json(self._next)
