"""The program of a child process that opens a video which a stranger sent; see `isolated`.

It is given a task and writes `messages` on stdout until that is done. It ends when its stdin does, which is when its
parent is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np

from mien.core import confined
from mien.core.errors import MienError
from mien.core.types import Frame
from mien.live.videos.messages import DESCRIBED, DONE, FRAME, HEAD, NUMBER, PASSED, REFUSED, SHAPE
from mien.sources.video import VideoInfo, open_video

_NICE: Final = 5
"""Live streams go first."""
_SIGN: Final = 0.25
"""Seconds between two signs of life."""

Message: TypeAlias = tuple[int, list[bytes | memoryview]]


def main(task: str, path: Path, start: float, memory: int) -> None:
    """Do a task.

    Args:
        task: see `TASKS`.
        path: of the video (``frames``) or of its folder (``copy``).
        start: seconds; frames before are passed over.
        memory: bytes that the work may take beyond what the process holds already.
    """
    confined.mute()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    confined.confine(memory)
    messages = sys.stdout.buffer
    try:
        for message in TASKS[task](path, start):
            _send(messages, message)
    except MienError as error:
        _send(messages, (REFUSED, [json.dumps(str(error)).encode()]))
    except MemoryError:
        reason = f"{path} takes more memory to decode than allowed: scale it down or convert it to plain H.264"
        _send(messages, (REFUSED, [json.dumps(reason).encode()]))


def frames(path: Path, start: float) -> Iterator[Message]:
    """Decode a video."""
    with open_video(path) as source:
        yield DESCRIBED, [json.dumps(describe(source.info)).encode()]
        told = time.monotonic()
        for frame in source:
            if frame.timestamp >= start:
                yield FRAME, packed(frame)
            elif time.monotonic() - told > _SIGN:
                told = time.monotonic()
                yield PASSED, [NUMBER.pack(frame.index)]
        yield DONE, [json.dumps(source.warnings).encode()]


def copy(folder: Path, _start: float) -> Iterator[Message]:
    """Write the annotated copy of a video."""
    from mien.live.videos.copying import copied

    told = time.monotonic()
    for index in copied(folder):
        if time.monotonic() - told > _SIGN:
            told = time.monotonic()
            yield PASSED, [NUMBER.pack(index)]
    yield DONE, [b"[]"]


TASKS: Final[dict[str, Callable[[Path, float], Iterator[Message]]]] = {"frames": frames, "copy": copy}


def describe(info: VideoInfo) -> dict[str, Any]:
    """Return plain values of ``info``."""
    return {name: getattr(info, name) for name in ("width", "height", "fps", "frames", "duration", "has_audio")} | {
        "time_base": info.time_base.as_integer_ratio()
    }


def packed(frame: Frame) -> list[bytes | memoryview]:
    """Return the parts of a frame's message."""
    image = np.ascontiguousarray(frame.image)
    return [SHAPE.pack(frame.index, frame.timestamp, frame.height, frame.width), image.data.cast("B")]


def _send(messages: BinaryIO, message: Message) -> None:
    kind, parts = message
    messages.write(HEAD.pack(kind, sum(len(part) for part in parts)))
    for part in parts:
        messages.write(part)
    messages.flush()


def _end_with_parent() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock would be held at the end of `main`
        pass
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
