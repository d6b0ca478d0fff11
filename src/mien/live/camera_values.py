"""What there is to say about a camera: which, how it is watched, how it is, what was seen on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import orjson

from mien.core.types import FrameResult, Image
from mien.live.retry import RetryRule
from mien.live.session import StreamOptions
from mien.outputs.json import result_to_json
from mien.sources.camera import CameraAddress, CameraSource

StateName: TypeAlias = Literal["starting", "live", "stalled", "waiting", "ended", "stopped"]
Draw: TypeAlias = Callable[[Image, FrameResult], Image]
Tap: TypeAlias = Callable[[FrameResult, Image], object]
Opener: TypeAlias = Callable[[CameraAddress, float, bool], CameraSource]


class Clock(Protocol):
    """Time, as a test may want it."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for ``event``, no longer than ``seconds``; return whether it is set."""
        ...


class SystemClock:
    """The computer's."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A camera to be watched.

    Attributes:
        name: by which it is addressed: letters, digits, ``-`` and ``_``.
        address: see `mien.sources.camera.parse_address`.
        loop: play a file over and over.
        options: what its results shall hold.
    """

    name: str
    address: CameraAddress
    loop: bool = True
    options: StreamOptions = field(default_factory=StreamOptions)


@dataclass(frozen=True, slots=True)
class CameraRules:
    """How cameras are watched.

    Attributes:
        timeout: seconds without a frame after which a camera counts as stalled and is opened anew.
        retry: see `RetryRule`.
        history: results that are kept per camera.
        quality: of the JPEG for viewers, 1–100.
    """

    timeout: float = 5.0
    retry: RetryRule = field(default_factory=RetryRule)
    history: int = 600
    quality: int = 80


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera is.

    Attributes:
        name: ``starting`` (being opened), ``live``, ``stalled`` (no frame for too long), ``waiting`` (for the next
            try to open it), ``ended`` (a file played once), ``stopped``.
        reason: why, for people; empty when all is well.
        since: in seconds since 1970.
        retry_in: seconds from ``since`` to the next try; None when none is planned.
        code: what the reason says, for programs: a `SourceError`'s, ``loading``, ``played`` or ``internal``; empty when
            all is well.
    """

    name: StateName
    reason: str
    since: float
    retry_in: float | None = None
    code: str = ""


class Why(NamedTuple):
    """Why a camera is not well: for people, and as in `CameraState.code`."""

    text: str
    code: str


WELL: Final = Why("", "")


@dataclass(frozen=True, eq=False)
class CameraResult:
    """What was seen on a camera's frame.

    Attributes:
        camera: its name.
        at: when the frame came, in seconds since 1970.
        server_ms: from then to the result, in milliseconds.
        result: what was seen.
    """

    camera: str
    at: float
    server_ms: float
    result: FrameResult

    @cached_property
    def json(self) -> bytes:
        """The result as JSON text; made once, however many want it."""
        value: dict[str, Any] = {"camera": self.camera, "at": round(self.at, 3), "server_ms": round(self.server_ms, 1)}
        return orjson.dumps({**value, **result_to_json(self.result)})


CameraEvent: TypeAlias = CameraState | CameraResult
