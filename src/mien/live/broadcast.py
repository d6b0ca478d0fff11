"""From one thread that makes something to any number of asyncio listeners, none of whom can hold it up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_WAITING: Final = 64
"""Items that may wait for a listener that does not take them; the oldest gives way."""


def _all(_item: object) -> bool:
    return True


class Inbox(Generic[T]):
    """What waits for one listener, to be taken in its event loop.

    Args:
        passing: says of which items only the newest is worth having.

    Attributes:
        skipped: items that newer ones pushed out before the listener took them.
    """

    def __init__(self, passing: Callable[[T], bool] = _all) -> None:
        self.skipped = 0
        self._passing = passing
        self._loop = asyncio.get_running_loop()
        self._items: deque[T] = deque()
        self._change = asyncio.Event()
        self._ended = False

    def offer(self, item: T) -> None:
        """Put an item in; from any thread."""
        self._call(item)

    def end(self) -> None:
        """Let there be no more items than those that wait; from any thread."""
        self._call(None)

    async def next(self) -> T | None:
        """Wait for the next item; None when there will be none."""
        while not self._items and not self._ended:
            self._change.clear()
            await self._change.wait()
        return self._items.popleft() if self._items else None

    def _call(self, item: T | None) -> None:
        # A loop that has been closed has no listener that could miss anything.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, item)

    def _put(self, item: T | None) -> None:
        self._change.set()
        if item is None:
            self._ended = True
            return
        before = len(self._items)
        if self._passing(item):
            self._items = deque(other for other in self._items if not self._passing(other))
        while len(self._items) >= MOST_WAITING:
            self._items.popleft()
        self.skipped += before - len(self._items)
        self._items.append(item)


class Broadcast(Generic[T]):
    """Hands every item to all who listen; safe to use from several threads.

    Args:
        passing: says of which items only the newest is worth having; by default of all.
    """

    def __init__(self, passing: Callable[[T], bool] = _all) -> None:
        self._passing = passing
        self._inboxes: set[Inbox[T]] = set()
        self._lock = threading.Lock()
        self._ended = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._inboxes)

    @contextmanager
    def listen(self) -> Iterator[Inbox[T]]:
        """Listen, in an event loop, until the context ends."""
        inbox = Inbox(self._passing)
        with self._lock:
            self._inboxes.add(inbox)
            if self._ended:
                inbox.end()
        try:
            yield inbox
        finally:
            with self._lock:
                self._inboxes.discard(inbox)

    def send(self, item: T) -> None:
        """Hand ``item`` to all who listen."""
        with self._lock:
            for inbox in self._inboxes:
                inbox.offer(item)

    def end(self) -> None:
        """Let all listening end, that of later comers too."""
        with self._lock:
            self._ended = True
            for inbox in self._inboxes:
                inbox.end()
