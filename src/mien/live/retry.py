"""When to try a camera again, and when it has gone quiet: rules without threads and clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Exponential back-off with jitter, so that cameras behind one broken switch do not all come back at once.

    Attributes:
        first: seconds before the first new try.
        factor: by which the wait grows from try to try.
        most: the longest wait in seconds, before jitter.
        jitter: the share by which a wait may be longer or shorter, 0–1.
        settled: seconds that a camera must have given frames for its failures to be forgotten.
    """

    first: float = 1.0
    factor: float = 2.0
    most: float = 30.0
    jitter: float = 0.25
    settled: float = 10.0

    def delay(self, failures: int, chance: float) -> float:
        """Return the seconds to wait after so many failures in a row.

        Args:
            failures: at least 1.
            chance: a random number from 0 to 1.
        """
        wait = min(self.first * self.factor ** min(failures - 1, 64), self.most)
        return wait * (1 + self.jitter * (2 * chance - 1))

    def failures(self, before: int, lived: float) -> int:
        """Return the failures in a row, with the one that has just happened.

        Args:
            before: failures in a row before the camera was opened.
            lived: seconds from its first frame to its last.
        """
        return 1 if lived >= self.settled else before + 1


def is_quiet(now: float, last: float, limit: float) -> bool:
    """Whether a camera that last showed life at ``last`` has been quiet for longer than ``limit`` seconds."""
    return now - last > limit


def rate(times: Sequence[float], now: float, window: float = 2.0) -> float:
    """Return events per second over the last ``window`` seconds, by the distance between their ``times`` (sorted)."""
    recent = [time for time in times if now - time <= window]
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return (len(recent) - 1) / (recent[-1] - recent[0])
