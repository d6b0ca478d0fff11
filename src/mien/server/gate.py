"""One limit for all single pictures: so many at once, of one client no more than half of them, and none for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from mien.server.errors import ApiError


class Gate:
    """Lets so many requests in; use from one event loop.

    Args:
        capacity: requests inside at once, those being analysed and those waiting for it.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.inside = 0
        self._held: Counter[str] = Counter()

    @contextmanager
    def enter(self, client: str | None = None) -> Iterator[None]:
        """Hold a place.

        Args:
            client: who asks, and may hold half of all places: one who sends slowly shall not keep everybody out. None
                for somebody who may hold them all.

        Raises:
            ApiError: 429 ``busy`` when there is none.
        """
        if self.inside >= self.capacity:
            raise _busy(f"{self.inside} pictures are being analysed or wait")
        if client is not None and self._held[client] >= max(1, self.capacity // 2):
            raise _busy(f"{self._held[client]} pictures from this address are being analysed or wait")
        self.inside += 1
        if client is not None:
            self._held[client] += 1
        try:
            yield
        finally:
            self.inside -= 1
            if client is not None:
                self._held[client] -= 1
                if not self._held[client]:
                    del self._held[client]


def _busy(why: str) -> ApiError:
    return ApiError(429, "busy", f"{why}: try again in a second", {"retry-after": "1"})


@asynccontextmanager
async def deadline(seconds: float, status: int, message: str) -> AsyncIterator[None]:
    """Give up what takes longer than ``seconds``.

    Raises:
        ApiError: ``timeout`` with ``status`` and ``message``.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ApiError(status, "timeout", message) from None
