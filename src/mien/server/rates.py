"""So many a second and no more: the rule, without addresses, keys or sockets.

It is the generic cell rate algorithm (ITU-T I.371), a token bucket that needs one number per client: the time at which
its bucket would be full again. Clients whose bucket is full take no memory.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mien.server.errors import ApiError

BURST: Final = 6.0
"""Seconds' worth of requests that may come at once after a pause."""

MAX_CLIENTS: Final = 20_000


class RateLimiter:
    """So many a second for each client, with bursts; use from one thread.

    Args:
        rate: per second, averaged; 0 for no limit.
        burst: so many at once after a pause, at least 1.
        clock: seconds, growing.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst = rate, max(burst, 1.0)
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._full_at)

    def take(self, client: str, scale: float = 1.0) -> float:
        """Count one; return 0, or the seconds to wait when it is too much (it is not counted then).

        Args:
            client: who asks.
            scale: of the rate and the burst for this client.
        """
        if self.rate <= 0:
            return 0.0
        now, interval = self._clock(), 1 / (self.rate * scale)
        self._forget(now)
        full_at = max(self._full_at.get(client, now), now)
        wait = full_at - now - (self.burst * scale - 1) * interval
        if wait > 1e-9:
            return wait
        self._full_at[client] = full_at + interval
        self._full_at.move_to_end(client)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop clients that are as good as new, two at most, oldest first; and the oldest of far too many."""
        for _ in range(2):
            oldest = next(iter(self._full_at), None)
            if oldest is None or (self._full_at[oldest] > now and len(self._full_at) < MAX_CLIENTS):
                return
            del self._full_at[oldest]


def too_fast(wait: float, what: str) -> ApiError:
    """Return the refusal of who asks too often: 429 ``rate_limited``."""
    retry = str(math.ceil(wait))
    return ApiError(429, "rate_limited", f"{what}: try again in {retry} s", {"retry-after": retry})
