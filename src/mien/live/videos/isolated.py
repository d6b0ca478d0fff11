"""Videos that strangers sent, opened in a child process that may crash, hang or swell without harm to anybody else.

`IsolatedVideo` reads like `mien.sources.video.VideoSource`; `write_copy` makes the annotated copy. Both end at once
when somebody wants the work to end. What computes on the frames stays in this process, in the engine that serves all.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import structlog

from mien.core.confined import environment
from mien.core.errors import SourceError
from mien.core.types import Frame
from mien.live.videos.messages import DESCRIBED, DONE, FRAME, HEAD, NUMBER, PASSED, REFUSED, SHAPE

if TYPE_CHECKING:
    from mien.sources.video import VideoInfo

log = structlog.get_logger()

# -P: a folder in which somebody put a module of the same name must not come first.
PROGRAM: Final = ("-P", "-m", "mien.live.videos.child")

PATIENCE: Final = 60.0
"""Seconds without a sign of life after which a child is taken to hang. Decoding a frame takes milliseconds; a computer
with other things to do may take long about it."""

BASE: Final = 2**28
PER_PIXEL: Final = 64
"""Bytes per pixel of the largest frame: decoders keep up to sixteen frames and one per thread, of up to two bytes a
pixel each."""

_LOOK: Final = 0.1
_MOST_TEXT: Final = 2**20
_PIPE: Final = 2**20


class StoppedError(Exception):
    """Somebody wants the work to end before it is done."""


def allowance(max_pixels: int) -> int:
    """Return the bytes that decoding frames of so many pixels may take."""
    return BASE + PER_PIXEL * max_pixels


class Child:
    """A child process at one video; a context manager that ends it. See `child` for its tasks.

    Args:
        task: what it shall do.
        path: what it shall do it with.
        name: what its sender calls the video, for messages.
        memory: bytes that it may take.
        stopped: whether the work shall end; the child is killed then.
        start: seconds; frames before are passed over.
        patience: seconds without a sign of life.
    """

    def __init__(
        self,
        task: str,
        path: Path,
        name: str,
        memory: int,
        stopped: Callable[[], bool],
        start: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        self._name, self._stopped, self._patience = name, stopped, patience
        self._waiting: float | None = None
        self._hung = self._unwanted = False
        self._ended = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, *PROGRAM, task, str(path), str(start), str(memory)],
            stdin=subprocess.PIPE,  # its end tells the child that this process is gone
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,  # Ctrl-C at a terminal is for the server, which then ends its children
        )
        self._messages = cast(BufferedReader, self.process.stdout)
        _widen(self._messages)
        threading.Thread(target=self._watch, name="video-child", daemon=True).start()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once; harmless when it is gone."""
        self._ended.set()
        self.process.kill()
        self.process.wait()
        self._messages.close()
        cast(Any, self.process.stdin).close()

    def next(self, max_pixels: int = 0) -> tuple[int, Any]:
        """Return the next message: its kind, and a `Frame` of at most ``max_pixels``, a number or values from JSON.

        Raises:
            SourceError: it cannot do its task, crashed, or hangs.
            StoppedError: somebody wants the work to end.
        """
        self._waiting = time.monotonic()
        try:
            kind, value = self._message(max_pixels)
        except (EOFError, ValueError) as error:
            raise self._death(error) from None
        finally:
            self._waiting = None
        if kind == REFUSED:
            raise SourceError(str(value))
        return kind, value

    def _message(self, max_pixels: int) -> tuple[int, Any]:
        # A video may have taken the child over, so its word is not taken for anything that costs.
        kind, length = HEAD.unpack(self._read(HEAD.size))
        if kind == FRAME:
            index, seconds, height, width = SHAPE.unpack(self._read(SHAPE.size))
            if height * width > max_pixels:
                raise SourceError(f"{self._name} has frames of {width}×{height} pixels: scale it down")
            if not math.isfinite(seconds) or height < 1 or width < 1:
                raise ValueError("not a frame")
            image = np.empty((height, width, 3), np.uint8)
            if self._messages.readinto(image.data.cast("B")) < image.nbytes:
                raise EOFError
            return kind, Frame(image, index, seconds, self._name)
        if kind == PASSED:
            return kind, NUMBER.unpack(self._read(NUMBER.size))[0]
        if kind not in (DESCRIBED, DONE, REFUSED) or length > _MOST_TEXT:
            raise ValueError("not a message")
        return kind, json.loads(self._read(length))

    def _read(self, count: int) -> bytes:
        data = self._messages.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _watch(self) -> None:
        """Kill the child when it is not wanted any more or hangs, which ends its pipe and so the waiting for it."""
        while not self._ended.wait(_LOOK):
            waiting = self._waiting
            self._unwanted = self._stopped()
            self._hung = waiting is not None and time.monotonic() - waiting > self._patience
            if self._unwanted or self._hung:
                self.process.kill()
                return

    def _death(self, error: Exception) -> Exception:
        """Return what to tell about a child of which nothing more comes."""
        if self._unwanted:
            return StoppedError()
        self.process.kill()
        log.warning("video child ended", status=self.process.wait(), hung=self._hung, reason=repr(error))
        remedy = "convert it to plain H.264 and send it again"
        if self._hung:
            return SourceError(f"{self._name} takes more than {self._patience:g} s for one frame to decode: {remedy}")
        return SourceError(f"{self._name} made the decoder crash: {remedy}")


class IsolatedVideo:
    """Reads a video's frames in order of presentation; a context manager, to be iterated once. See `VideoSource`.

    Args:
        path: of the video.
        name: what its sender calls it.
        max_pixels: of a frame.
        stopped: whether the work shall end.
        start: seconds; frames before are passed over.
        patience: seconds that one frame may take.

    Attributes:
        info: what the container says.
        warnings: what went wrong, in plain words; known at the end.

    Raises:
        SourceError: see `VideoSource`; also when the decoder crashes or hangs, here and while iterating.
        StoppedError: somebody wants the work to end; here and while iterating.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        max_pixels: int,
        stopped: Callable[[], bool],
        start: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        self._max_pixels = max_pixels
        self._child = Child("frames", path, name, allowance(max_pixels), stopped, start, patience)
        try:
            self.info = _info(self._child.next()[1])
        except BaseException:
            self._child.kill()
            raise

    def __enter__(self) -> IsolatedVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame from the start that was asked for."""
        while True:
            kind, value = self._child.next(self._max_pixels)
            if kind == DONE:
                self.warnings = tuple(str(text) for text in value)
                return
            if kind == FRAME:
                yield value


def write_copy(
    folder: Path, name: str, max_pixels: int, stopped: Callable[[], bool], patience: float = PATIENCE
) -> Iterator[int]:
    """Write the annotated copy of a video; yield numbers of frames that are done.

    Args:
        folder: of the video.
        name: what its sender calls it.
        max_pixels: of a frame.
        stopped: whether the work shall end.
        patience: seconds that one frame may take.

    Raises:
        SourceError: the video cannot be read, or the copy not be written.
        StoppedError: somebody wants the work to end.
    """
    # The encoder keeps as many frames as the decoder.
    with Child("copy", folder, name, 2 * allowance(max_pixels), stopped, patience=patience) as child:
        while (message := child.next())[0] != DONE:
            yield message[1]


def _info(value: Any) -> VideoInfo:
    """Return the description that ``value`` was made from.

    Raises:
        SourceError: it is none.
    """
    from mien.sources.video import VideoInfo  # FFmpeg takes 15 MB, which an idle server does without

    try:
        return VideoInfo(**{**value, "time_base": Fraction(*value["time_base"])})
    except (TypeError, ValueError, KeyError, ZeroDivisionError):
        raise SourceError(f"the decoder does not say what it reads: {value!r:.200}") from None


def _widen(pipe: BufferedReader) -> None:
    """Let a frame pass through a pipe in a few pieces; where the system can."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
