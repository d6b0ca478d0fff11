"""Who is served next: a rule without threads, clocks or locks, so that it can be tested by itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class RoundRobin(Generic[K]):
    """Serves whoever has work in turn, nobody by two workers at once.

    Somebody who offers work while being served goes to the end of the line when that is done; so whoever waits is
    overtaken at most once by each of the others.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[K, None] = OrderedDict()
        self._served: set[K] = set()
        self._again: set[K] = set()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def offer(self, key: K) -> None:
        """Say that ``key`` has work; saying it twice changes nothing."""
        if key in self._served:
            self._again.add(key)
        else:
            self._waiting.setdefault(key)

    def take(self) -> K | None:
        """Return who has waited longest and is from now on being served, None when nobody waits."""
        if not self._waiting:
            return None
        key, _ = self._waiting.popitem(last=False)
        self._served.add(key)
        return key

    def done(self, key: K) -> None:
        """Say that ``key`` has been served."""
        self._served.discard(key)
        if key in self._again:
            self._again.discard(key)
            self._waiting[key] = None

    def forget(self, key: K) -> None:
        """Take ``key`` out of the line; serving that is under way goes on."""
        self._waiting.pop(key, None)
        self._again.discard(key)

    def drain(self) -> list[K]:
        """Empty the line and return who stood in it, longest waiting first."""
        left = list(self._waiting)
        self._waiting.clear()
        self._again.clear()
        return left
