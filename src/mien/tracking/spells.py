"""Spells: stretches of time in which a value is high, told from noise by hysteresis in value and in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

STALE: Final = 1.0
"""Seconds without a value after which what happened in between is unknown: a spell ends with its last value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a spell begins and ends.

    Attributes:
        on: value at which it begins.
        off: value below which it ends; values in between change nothing.
        after: seconds, more than 0, that it must have lasted before it is believed; it began where it began.
        gap: seconds below ``off`` before it has ended; it ended where they began.
    """

    on: float
    off: float
    after: float
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A spell that began (no end) or ended; times in seconds."""

    start: float
    end: float | None


class Spell:
    """Follows one value of one track.

    Args:
        rule: when a spell begins and ends.
    """

    __slots__ = ("_believed", "_below", "_last", "_rule", "_since")

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._last: float | None = None
        self._drop()

    def step(self, value: float, now: float) -> Mark | None:
        """Take in the value at ``now``; NaN is unknown, as if nobody had looked.

        Returns:
            What began or ended with this value, if anything.
        """
        lapsed = self.lapse(now)
        if math.isnan(value):
            return lapsed
        self._last = now
        mark = self._high(now) if value >= self._rule.on else self._lower(value, now)
        return lapsed or mark  # never both: after a silence nothing is believed at once

    def lapse(self, now: float) -> Mark | None:
        """End the spell when the last value is too old, or lies in the future because the clock ran back."""
        if self._last is None or 0 <= now - self._last <= STALE:
            return None
        return self.close()

    def close(self) -> Mark | None:
        """End the spell with its last value: nothing more is known."""
        ended = Mark(self._since, self._last) if self._believed and self._since is not None else None
        self._last = None
        self._drop()
        return ended

    def _drop(self) -> None:
        self._since: float | None = None
        self._below: float | None = None
        self._believed = False

    def _high(self, now: float) -> Mark | None:
        self._below = None
        self._since = now if self._since is None else self._since
        return self._believe(now)

    def _lower(self, value: float, now: float) -> Mark | None:
        if value >= self._rule.off:
            self._below = None
            return self._believe(now)
        if self._since is None:
            return None
        self._below = now if self._below is None else self._below
        if now - self._below < self._rule.gap - 1e-9:
            return None
        ended = Mark(self._since, self._below) if self._believed else None
        self._drop()
        return ended

    def _believe(self, now: float) -> Mark | None:
        """Tell the beginning once it has lasted long enough."""
        if self._since is None or self._believed or now - self._since < self._rule.after - 1e-9:
            return None
        self._believed = True
        return Mark(self._since, None)
