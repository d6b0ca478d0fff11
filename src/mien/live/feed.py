"""From a camera's reader through the engine: the newest frame alone, and back together with its pixels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mien.core.types import Frame
from mien.live.engine import Engine
from mien.live.mailbox import Mailbox
from mien.live.session import Outcome, Packet, StreamOptions

LOST: Final = 30.0
"""Seconds after which a frame that the engine took is no longer waited for."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A camera's frame.

    Attributes:
        frame: numbered by the camera.
        received: when it came: `time.monotonic`.
        at: when it came, in seconds since 1970.
    """

    frame: Frame
    received: float
    at: float


class Feed:
    """Keeps one frame under way in the engine; ``put`` from any thread.

    While that one is being analysed the next waits here, replaced by whatever is newer. So a result always finds its
    pixels, and no more than two frames are held.

    Args:
        engine: that analyses.
        source: what the results shall say they come from.
        deliver: gets every outcome with its frame, on a thread of the engine's.
        options: what the results shall hold.
    """

    def __init__(
        self,
        engine: Engine,
        source: str,
        deliver: Callable[[Shot, Outcome], None],
        options: StreamOptions | None = None,
    ) -> None:
        self._deliver = deliver
        self._mailbox: Mailbox[Shot] = Mailbox()
        self._under_way: Shot | None = None
        self._lock = threading.Lock()
        self._session = engine.open(self._returned, source)
        self._session.options = options or StreamOptions()

    @property
    def received(self) -> int:
        """Frames that came in."""
        return self._mailbox.received

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced."""
        return self._mailbox.dropped

    @property
    def analysed(self) -> int:
        """Frames with a result."""
        return self._session.analysed

    @property
    def failed(self) -> int:
        """Frames that could not be analysed."""
        return self._session.failed

    def put(self, shot: Shot) -> None:
        """Hand in the newest frame."""
        self._mailbox.put(shot)
        self._send(shot.received)

    def close(self) -> None:
        """Take no more frames and deliver nothing more."""
        self._session.close()

    def _send(self, now: float) -> None:
        """Send the newest frame, unless one is under way."""
        with self._lock:
            before = self._under_way
            if before is not None and now - before.received < LOST:
                return
            shot = self._under_way = self._mailbox.take()
        if shot is not None:
            self._session.put(Packet(shot.frame.index, shot.frame.timestamp * 1000, shot.frame.image, shot.received))

    def _returned(self, outcome: Outcome) -> None:
        with self._lock:
            shot = self._under_way
            if shot is None or shot.frame.index != outcome.seq:
                return  # given up before: see LOST
        try:
            self._deliver(shot, outcome)
        finally:
            with self._lock:
                self._under_way = None
            self._send(shot.received)
