"""The annotated copy of a video: its frames with what the results say drawn onto them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from mien.core.types import FrameResult
from mien.live.videos.analysis import StoppedError, Work
from mien.live.videos.values import VideoJob
from mien.outputs import files
from mien.outputs.overlay import draw
from mien.outputs.reading import result_from_json
from mien.outputs.video import VideoWriter
from mien.sources.video import open_container, open_video


def render(job: VideoJob, work: Work) -> None:
    """Write the annotated copy. Frames without results (a cancelled analysis) are left out at the end.

    Raises:
        MienError: the video cannot be read or the copy not be written.
        StoppedError: somebody wants it to end; nothing of it is left.
    """
    folder = work.folder
    try:
        with ExitStack() as stack:
            source = stack.enter_context(open_video(folder.upload))
            info = source.info
            sound = open_container(folder.upload) if info.has_audio else None
            writer = stack.enter_context(
                VideoWriter(folder.annotated, info.width, info.height, info.fps, info.time_base, sound)
            )
            results = _Aligned(folder.values())
            for frame in source:
                if work.stopped():
                    raise StoppedError
                result = results.of(frame.index)
                if result is None:
                    break
                writer.write(draw(frame.image, result), frame.timestamp)
                work.tell(replace(job, progress=min(1.0, (frame.index + 1) / job.frames) if job.frames else None))
    except BaseException:
        files.part(folder.annotated).unlink(missing_ok=True)
        raise


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
