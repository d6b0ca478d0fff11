"""When a live frame was taken, told by a clock that cannot be trusted."""

from __future__ import annotations

import math


class PresentationClock:
    """Turns a client's capture times into presentation times that only ever grow.

    The client knows best how far apart two frames were taken, so its clock is followed as long as it makes sense.
    Where it runs backwards, stands still, is no number, or jumps (differs from the server's clock by more than
    ``max_jump`` between two frames), the time between the two arrivals is taken in its place.

    Args:
        max_jump: in seconds; generous, since frames may wait in the network.
    """

    def __init__(self, max_jump: float = 2.0) -> None:
        self.max_jump = max_jump
        self._last: tuple[float, float, float] | None = None

    def time(self, captured: float, received: float) -> float:
        """Return the presentation time of the next frame in seconds.

        Args:
            captured: the client's capture time in seconds, by any clock.
            received: when the frame came in, in seconds, by the server's monotonic clock.
        """
        if self._last is None:
            now = captured if math.isfinite(captured) else 0.0
        else:
            last_captured, last_received, last = self._last
            passed, arrived = captured - last_captured, max(received - last_received, 1e-3)
            sensible = math.isfinite(passed) and passed > 0 and abs(passed - arrived) <= self.max_jump
            now = last + (passed if sensible else arrived)
        self._last = (captured, received, now)
        return now

    def reset(self) -> None:
        """Start anew with the next frame."""
        self._last = None
