"""Pictures of a recording: which frames are kept, made small JPEG off the live path, and what waits to be written.

A stream hands in frames and never waits: of those that are to be kept two may wait to be encoded, by one thread for all
recordings, and some to be written. Whatever is too many is lost and counted; what was seen on them is not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import structlog

from mien.core import codec
from mien.core.errors import PictureError
from mien.core.types import Image
from mien.store.values import NewPicture

log = structlog.get_logger()

Content: TypeAlias = bytes | Image
Trouble: TypeAlias = Literal["", "pictures_full", "pictures_space", "pictures_failed"]

MOST_RAW: Final = 2
"""Frames of one recording that may wait to be encoded."""
MOST_WAITING: Final = 64
"""Pictures of one recording that may wait to be written, some two megabytes."""
_ROUNDING: Final = 1e-6
"""Seconds by which times that are equal may differ."""


@dataclass(frozen=True, slots=True)
class PictureRules:
    """Which pictures are kept, and how.

    Attributes:
        every: seconds between two pictures.
        least: seconds between two pictures where an event began or a marker was set.
        side: the longer side in pixels; smaller frames stay as they are.
        quality: of the JPEG, 1–100.
        most_bytes: of one recording; then no more are kept.
        spare: bytes that stay free on the disk, so that what was seen can be written for long after pictures cannot.
    """

    every: float = 0.5
    least: float = 0.2
    side: int = 640
    quality: int = 75
    most_bytes: int = 2_000_000_000
    spare: int = 500_000_000


@dataclass(frozen=True, slots=True)
class PicturesState:
    """How the keeping of pictures goes.

    Attributes:
        kept: pictures on disk.
        bytes: of them.
        lost: pictures that should have been kept and were not.
        code: why none is kept at present: ``pictures_full`` (as many as there may be), ``pictures_space`` (the disk is
            nearly full), ``pictures_failed`` (they could not be written); empty when all is well.
    """

    kept: int = 0
    bytes: int = 0
    lost: int = 0
    code: Trouble = ""


class PictureKeeper:
    """The pictures of one recording; `offer` and `want` from any thread.

    Args:
        rules: see there.
        kept: pictures that are on disk from before.
        size: bytes of them.
        wake: told when there is something to encode.
    """

    def __init__(
        self, rules: PictureRules, kept: int = 0, size: int = 0, wake: Callable[[], object] = lambda: None
    ) -> None:
        self.rules = rules
        self._wake = wake
        self._last = float("-inf")
        self._wanted = False
        self._raw: deque[tuple[float, Content]] = deque()
        self._made: deque[NewPicture] = deque()
        self._kept, self._bytes, self._lost = kept, size, 0
        self._code: Trouble = "pictures_full" if size >= rules.most_bytes else ""
        self._lock = threading.Lock()
        self._encoding = threading.Lock()

    @property
    def state(self) -> PicturesState:
        """How it goes."""
        return PicturesState(self._kept, self._bytes, self._lost, self._code)

    def want(self) -> None:
        """Keep a picture of the next frame: something was noted."""
        self._wanted = True

    def offer(self, time: float, content: Content, remarkable: bool = False) -> None:
        """Hand in a frame; kept if it is time for one.

        Args:
            time: in seconds since the session began.
            content: JPEG, PNG or WebP, or BGR ``uint8 [H, W, 3]`` that nobody changes any more.
            remarkable: something began on it.
        """
        with self._lock:
            soon = self.rules.least if remarkable or self._wanted else self.rules.every
            if self._code == "pictures_full" or time - self._last < soon - _ROUNDING:
                return
            self._last, self._wanted = time, False
            self._raw.append((time, content))
            if len(self._raw) > MOST_RAW:
                self._raw.popleft()
                self._lost += 1
        self._wake()

    def encode(self) -> None:
        """Make JPEG of the frames that wait; from any thread."""
        with self._encoding:
            while True:
                with self._lock:
                    if not self._raw:
                        return
                    time, content = self._raw.popleft()
                made = self._encoded(time, content)
                with self._lock:
                    if made is None:
                        self._lost += 1
                        continue
                    self._made.append(made)
                    if len(self._made) > MOST_WAITING:
                        self._made.popleft()
                        self._lost += 1

    def take(self, free: int | None) -> list[NewPicture]:
        """Return what is to be written now.

        Args:
            free: bytes that are free on the disk; None where that is not known.
        """
        with self._lock:
            waiting = list(self._made)
            self._made.clear()
            size = sum(len(picture.data) for picture in waiting)
            if self._bytes + size > self.rules.most_bytes:
                self._code = "pictures_full"
            elif free is not None and free - size < self.rules.spare:
                self._code = "pictures_space"
            else:
                return waiting
            self._lost += len(waiting)
            return []

    def written(self, pictures: list[NewPicture]) -> None:
        """Note that these are on disk."""
        with self._lock:
            self._kept += len(pictures)
            self._bytes += sum(len(picture.data) for picture in pictures)
            self._code = "" if self._code != "pictures_full" else self._code

    def failed(self, pictures: list[NewPicture]) -> None:
        """Note that these could not be written and are lost."""
        with self._lock:
            self._lost += len(pictures)
            self._code = "pictures_failed"

    def _encoded(self, time: float, content: Content) -> NewPicture | None:
        try:
            image = content
            if isinstance(image, bytes):
                image = codec.decode(image, limits=codec.LIVE, rotate=False, name="frame")
        except PictureError as error:  # it could be decoded a moment ago
            log.warning("picture of a recording not kept", reason=str(error))
            return None
        small = shrunk(image, self.rules.side)
        height, width = small.shape[:2]
        return NewPicture(time, width, height, codec.encode_jpeg(small, self.rules.quality))


class PictureEncoder:
    """The thread that encodes for all recordings, from `run` to `close`.

    Args:
        keepers: returns those of the recordings that go on.
    """

    def __init__(self, keepers: Callable[[], list[PictureKeeper]]) -> None:
        self._keepers = keepers
        self._something = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Note that there is something to encode."""
        self._something.set()

    def run(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._loop, name="mien-pictures", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 1.0) -> None:
        """End; what waits is the recorder's."""
        self._closing = True
        self._something.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _loop(self) -> None:
        while True:
            self._something.wait()
            self._something.clear()
            if self._closing:
                return
            for keeper in self._keepers():
                try:
                    keeper.encode()
                except Exception:
                    # A fault of ours with one picture must not end the keeping of the others.
                    log.exception("pictures cannot be encoded")


def shrunk(image: Image, side: int) -> Image:
    """Return BGR ``uint8 [H, W, 3]`` with its longer side no longer than ``side``."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
