"""One live stream: the frame that waits, the state of the analysis, what became of the frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import structlog

from mien.core import codec
from mien.core.errors import MienError, SettingsError
from mien.core.settings import Wants, attributes_of
from mien.core.types import Frame, FrameResult, Image
from mien.live.clock import PresentationClock
from mien.live.mailbox import Mailbox
from mien.live.pace import next_interval

log = structlog.get_logger()


class FrameStream(Protocol):
    """What analyses the frames of one stream; `mien.pipeline.StreamAnalyzer` is one."""

    wants: Wants
    interval: float
    """Seconds between two runs of the detector; a session lengthens it when its frames have to wait."""

    def analyze(self, frame: Frame) -> FrameResult: ...

    def calibrate(self) -> None: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """A frame as it came in.

    Attributes:
        seq: the sender's number of the frame.
        captured_ms: the sender's capture time in milliseconds, by any clock.
        content: the encoded picture (JPEG, PNG, WebP), or BGR ``uint8 [H, W, 3]``.
        received: when it came in: `time.monotonic`.
        timed: ``captured_ms`` is a file's presentation time. It is taken as it is, and as nobody is kept waiting, the
            detector runs as often as ever.
    """

    seq: int
    captured_ms: float
    content: bytes | Image
    received: float
    timed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """A frame's result.

    Attributes:
        seq: as in the packet.
        captured_ms: as in the packet.
        server_ms: milliseconds from the frame's arrival to its result, waiting included.
        waited_ms: milliseconds of them before it was the frame's turn.
        result: what was seen.
        content: the picture as it came in, for those who keep pictures.
    """

    seq: int
    captured_ms: float
    server_ms: float
    waited_ms: float
    result: FrameResult
    content: bytes | Image | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A frame that could not be analysed; the stream goes on.

    Attributes:
        seq: as in the packet.
        code: of the error, see `mien.core.errors`; ``internal`` for a fault of ours.
        message: what happened and what to do.
    """

    seq: int
    code: str
    message: str


Outcome: TypeAlias = Analysed | Failed


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What one stream wants to see.

    Attributes:
        min_score: faces with a lower detector score are left out, 0–1.
        max_faces: no more than the largest so many, at least 1; None for all.
        landmarks: see `Wants`.
        small_faces: see `Wants`.
        crop: see `Wants`.
        baseline: see `Wants`.
        signals: see `Wants`.
        attributes: see `Wants`; a list is taken as well.
    """

    min_score: float = 0.0
    max_faces: int | None = None
    landmarks: bool = False
    small_faces: bool = False
    crop: bool = False
    baseline: bool = False
    signals: bool = False
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _number(self.min_score) or not 0 <= self.min_score <= 1:
            raise SettingsError(f"min_score must be a number from 0 to 1, got {self.min_score!r}")
        if self.max_faces is not None and (
            not isinstance(self.max_faces, int) or not _number(self.max_faces) or self.max_faces < 1
        ):
            raise SettingsError(f"max_faces must be a whole number of at least 1 or null, got {self.max_faces!r}")
        for name in ("landmarks", "small_faces", "crop", "baseline", "signals"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be true or false, got {getattr(self, name)!r}")
        object.__setattr__(self, "attributes", attributes_of(self.attributes))

    @property
    def wants(self) -> Wants:
        """What the analysis is to read."""
        return Wants(
            landmarks=self.landmarks,
            small_faces=self.small_faces,
            crop=self.crop,
            baseline=self.baseline,
            signals=self.signals,
            attributes=self.attributes,
        )

    def apply(self, result: FrameResult) -> FrameResult:
        """Return ``result`` with the faces that are wanted; events are those of all."""
        faces = result.faces[result.faces.scores >= self.min_score][: self.max_faces]
        return replace(result, faces=faces)


class Session:
    """One stream; ``put``, ``reset`` and ``close`` from any thread, ``run`` from one at a time.

    Args:
        stream: the state of the analysis; this session owns it.
        deliver: gets every outcome, called by the thread that runs the session.
        wake: told whenever there is something to do.
        source: what the frames come from, for the results.

    Attributes:
        analysed: frames with a result.
        failed: frames that could not be analysed.
        options: what the results shall hold; may be replaced at any time.
    """

    def __init__(
        self,
        stream: FrameStream,
        deliver: Callable[[Outcome], None],
        wake: Callable[[Session], object],
        source: str = "stream",
    ) -> None:
        self.source = source
        self.analysed = 0
        self.failed = 0
        self.options = StreamOptions()
        self._stream = stream
        self._deliver = deliver
        self._wake = wake
        self._mailbox: Mailbox[Packet] = Mailbox()
        self._clock = PresentationClock()
        self._forget = False
        self._calibrate = False
        self._closed = False
        self._base_interval = stream.interval

    @property
    def received(self) -> int:
        """Frames that came in."""
        return self._mailbox.received

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before they were looked at."""
        return self._mailbox.dropped

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, packet: Packet) -> None:
        """Hand in the newest frame; one that still waits is dropped."""
        if not self._closed:
            self._mailbox.put(packet)
            self._wake(self)

    def reset(self) -> None:
        """Forget everybody seen so far; a frame that waits is dropped, as it belongs to what was before."""
        self._mailbox.clear()
        self._forget, self._calibrate = True, False

    def calibrate(self) -> None:
        """Take the two seconds from the next frame on as everybody's resting face; turns the option baseline on."""
        self.options = replace(self.options, baseline=True)
        self._calibrate = True

    def close(self) -> None:
        """Take no more frames and deliver nothing more."""
        self._closed = True
        self._mailbox.clear()

    def run(self) -> None:
        """Analyse the frame that waits, if any, and deliver its outcome."""
        packet = self._mailbox.take()
        if packet is None:
            return
        outcome = self._outcome(packet)
        if isinstance(outcome, Analysed):
            self.analysed += 1
        else:
            self.failed += 1
        if not self._closed:
            self._deliver(outcome)

    def _outcome(self, packet: Packet) -> Outcome:
        waited_ms = (time.monotonic() - packet.received) * 1000
        try:
            if self._forget:
                self._forget = False
                self._stream.reset()
                self._clock.reset()
            options = self.options
            self._stream.wants = options.wants
            if not packet.timed:
                self._stream.interval = next_interval(self._stream.interval, self._base_interval, waited_ms / 1000)
            if self._calibrate:
                self._calibrate = False
                self._stream.calibrate()
            result = options.apply(self._stream.analyze(self._frame(packet)))
        except MienError as error:
            return Failed(packet.seq, error.code, str(error))
        except BaseException:
            # A stage raised what it should not. The stream's state may be half changed, so it starts anew.
            log.exception("frame failed", seq=packet.seq, source=self.source)
            self._forget = True
            return Failed(packet.seq, "internal", "the server failed on this frame; it was logged, the stream goes on")
        server_ms = (time.monotonic() - packet.received) * 1000
        return Analysed(packet.seq, packet.captured_ms, server_ms, waited_ms, result, packet.content)

    def _frame(self, packet: Packet) -> Frame:
        content = packet.content
        if isinstance(content, bytes):
            content = codec.decode(content, limits=codec.LIVE, rotate=False, name="frame")
        seconds = packet.captured_ms / 1000
        timestamp = seconds if packet.timed else self._clock.time(seconds, packet.received)
        return Frame(content, index=packet.seq, timestamp=timestamp, source=self.source)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
