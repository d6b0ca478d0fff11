"""A place for one thing: what comes next replaces what still waits, and the replacing is counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot between a fast producer and a slower consumer; safe to use from several threads.

    Attributes:
        received: items put so far.
        dropped: items that were replaced or cleared before anybody took them.
    """

    def __init__(self) -> None:
        self.received = 0
        self.dropped = 0
        self._item: T | None = None
        self._lock = threading.Lock()

    def put(self, item: T) -> None:
        """Put ``item`` in the slot; an item that still waits there is dropped."""
        with self._lock:
            self.received += 1
            self.dropped += self._item is not None
            self._item = item

    def take(self) -> T | None:
        """Empty the slot and return what was in it, None when there was nothing."""
        with self._lock:
            item, self._item = self._item, None
            return item

    def clear(self) -> None:
        """Drop what waits."""
        with self._lock:
            self.dropped += self._item is not None
            self._item = None
