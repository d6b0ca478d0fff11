"""One limit for all single pictures: so many at once, and none for ever."""

from __future__ import annotations

import asyncio
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

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            ApiError: 429 ``busy`` when there is none.
        """
        if self.inside >= self.capacity:
            message = f"{self.inside} pictures are being analysed or wait: try again in a second"
            raise ApiError(429, "busy", message, {"retry-after": "1"})
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


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
