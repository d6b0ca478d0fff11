"""Telling clients apart that send one request after another and know nothing of identities.

A client that keeps cookies is known by a random one. One that does not (a page on another address, a script) is known
by its address and program. Both begin without a cookie: so the first answer carries one, and when a client comes back
with it, what was known under the address becomes that client's alone and the next newcomer there starts afresh.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Clients(Generic[T]):
    """What is remembered of each client; those not heard of longest are forgotten first. For one event loop.

    Args:
        make: makes what is remembered of a new client.
        most: clients remembered at once.
        idle: seconds after which a client that was not heard of is forgotten.
    """

    def __init__(self, make: Callable[[], T], most: int = 256, idle: float = 600.0) -> None:
        self._make, self._most, self._idle = make, most, idle
        self._known: OrderedDict[str, tuple[T, float]] = OrderedDict()
        self._at: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, cookie: str | None, address: str, now: float) -> tuple[T, str]:
        """Return what is remembered of a client, and the cookie it shall have.

        Args:
            cookie: that the client sent, None when it sent none.
            address: where it comes from, and what else tells it from others there.
            now: in seconds, by a clock that only grows.
        """
        self._forget_idle(now)
        if cookie is not None and cookie in self._known:
            if self._at.get(address) == cookie:
                del self._at[address]
        else:
            cookie = self._at.get(address, "") if cookie is None else ""
        if cookie not in self._known:
            cookie = secrets.token_urlsafe(16)
            self._known[cookie] = (self._make(), now)
            self._at[address] = cookie
        memory, _ = self._known[cookie]
        self._known[cookie] = (memory, now)
        self._known.move_to_end(cookie)
        self._shrink(self._most)
        return memory, cookie

    def _forget_idle(self, now: float) -> None:
        while self._known and now - next(iter(self._known.values()))[1] > self._idle:
            self._shrink(len(self._known) - 1)

    def _shrink(self, most: int) -> None:
        while len(self._known) > most:
            gone, _ = self._known.popitem(last=False)
            for address in [address for address, cookie in self._at.items() if cookie == gone]:
                del self._at[address]
