"""One recording that goes on: what it takes in, and how it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from mien.core.types import FrameResult
from mien.live.pictures import Content, PictureKeeper, PicturesState
from mien.store.gathering import Gathering

JUMP: Final = 2.0
"""Seconds that a stream's time may differ from the clock before it is taken to have started anew."""

StateName: TypeAlias = Literal["recording", "paused", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How a recording is.

    Attributes:
        session: its id.
        state: ``failed`` while nothing can be written; it goes on by itself.
        message: for people; empty when all is well.
        saved: seconds of the session that are on disk.
        code: what the message says, for programs: that of the error, ``lost``, ``deleted`` or ``elsewhere``; empty when
            all is well.
        waiting: frames that are not on disk yet.
        lost: frames that never will be, because too many waited.
        pictures: how the keeping of pictures goes; None where none are kept.
    """

    session: str
    state: StateName
    message: str
    saved: float
    code: str = ""
    waiting: int = 0
    lost: int = 0
    pictures: PicturesState | None = None


Tell: TypeAlias = Callable[[RecordingState], None]


class Clock:
    """The computer's; a test gives its own."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970."""
        return time.time()


class Recording:
    """One recording that goes on; `add` from any thread. Made by `Recorder`.

    Attributes:
        session: its id.
        token: by which it can be gone on with.
    """

    def __init__(
        self,
        session: str,
        token: str,
        started: float,
        clock: Clock,
        tell: Tell,
        gathering: Gathering,
        paused: bool = False,
        pictures: PictureKeeper | None = None,
    ) -> None:
        self.session, self.token = session, token
        self.gathering, self.tell, self.pictures = gathering, tell, pictures
        self.saved = 0.0
        self.failures = 0
        self.retry_at = 0.0
        self.touched = clock.now()
        self.heard = clock.wall()
        self.left: float | None = None
        self.wish: Literal["stopped", "interrupted"] | None = None
        self.ended_at: float | None = None
        self._clock, self._paused = clock, paused
        self._began = clock.now() - (clock.wall() - started)
        self._anchor: float | None = None

    @property
    def paused(self) -> bool:
        """Whether nothing is added at present."""
        return self._paused

    def elapsed(self) -> float:
        """Return the seconds since the session began."""
        return max(0.0, self._clock.now() - self._began)

    def add(self, result: FrameResult, content: Content | None = None) -> None:
        """Take in a result, unless the recording is paused or ends.

        Args:
            result: what was seen.
            content: the frame itself, for recordings that keep pictures; see `PictureKeeper.offer`.
        """
        if self._paused or self.wish is not None or self.left is not None:
            return
        elapsed, anchor = self.elapsed(), self._anchor
        if anchor is None or abs(anchor + result.timestamp - elapsed) > JUMP:
            anchor = self._anchor = elapsed - result.timestamp
        time = self.gathering.add(result, anchor + result.timestamp)
        if self.pictures is not None and content is not None:
            self.pictures.offer(time, content, any(event.end is None for event in result.events))

    def pause(self, on: bool) -> None:
        """Stop adding results for a while, or go on."""
        self._paused = on
        self.gathering.pause()
        self.say()

    def say(self, message: str = "", state: StateName | None = None, code: str = "") -> None:
        """Tell whoever records how it is."""
        self.tell(self.state(message, state, code))

    def state(self, message: str = "", state: StateName | None = None, code: str = "") -> RecordingState:
        """Return how it is; frames that were lost are told whatever else there is to tell."""
        usual: StateName = "failed" if self.failures else "paused" if self._paused else "recording"
        waiting, lost = self.gathering.waiting, self.gathering.lost
        if lost:
            message = f"{message}{', ' if message else ''}{lost} frames were lost because too many waited"
        told = code or ("lost" if lost else "")
        pictures = None if self.pictures is None else self.pictures.state
        return RecordingState(
            self.session, state or usual, message, round(self.saved, 3), told, waiting, lost, pictures
        )


def describe(value: RecordingState) -> dict[str, Any]:
    """Return a state as the message that sockets send."""
    return {
        "type": "recording",
        "session": value.session,
        "state": value.state,
        "message": value.message,
        "saved": value.saved,
        "code": value.code,
        "waiting": value.waiting,
        "lost": value.lost,
        "pictures": None if value.pictures is None else asdict(value.pictures),
    }
