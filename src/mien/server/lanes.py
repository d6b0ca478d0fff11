"""Timelines as columns of numbers, as charts want them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS
from mien.store.packing import FACE, SUMS
from mien.store.values import Lane, Overview, Person, Timeline

Column = list[float | None]
_AT = {name: place for place, name in enumerate(SUMS)}


def to_json(timeline: Timeline) -> dict[str, Any]:
    """Return ``start step times faces people others``; lists with a value per step, null where there is none."""
    count = len(timeline.faces)
    return {
        "start": timeline.start,
        "step": timeline.step,
        "times": [round(timeline.start + place * timeline.step, 3) for place in range(count)],
        "faces": [None if n < 0 else int(n) for n in timeline.faces],
        "people": [_lane(lane) for lane in timeline.lanes],
        "others": timeline.others,
    }


def dominant(sums: NDArray[np.int64]) -> list[str | None]:
    """Return for each row of sums the emotion shown longest; None where nobody was, or uncertainty lasted longer."""
    first = _AT["ms_neutral"]
    shown = sums[:, first : first + len(EMOTIONS)]
    best = shown.argmax(1)
    longest = shown.max(1)
    sure = (longest > 0) & (longest >= sums[:, _AT["ms_uncertain"]])
    return [EMOTIONS[place] if known else None for place, known in zip(best, sure, strict=True)]


def mean(sums: NDArray[np.int64], name: str, count: str, scale: float, digits: int = 3) -> Column:
    """Return a column's mean per row; None where it is not known."""
    total, n = sums[:, _AT[name]], sums[:, _AT[count]]
    values = total / np.maximum(n, 1) / scale
    return [round(float(v), digits) if known else None for v, known in zip(values, n > 0, strict=True)]


def overview(people: Iterable[Person]) -> Overview:
    """Return what a list shows of these people."""
    found = list(people)
    shown = [sum(seconds) for seconds in zip(*(person.shown for person in found), strict=True)] or [0.0]
    longest = max(shown)
    best = EMOTIONS[shown.index(longest)] if longest > 0 else None
    return Overview(len(found), round(sum(person.seconds for person in found), 3), best, round(longest, 3))


def _lane(lane: Lane) -> dict[str, Any]:
    signals = {name: mean(lane.sums, f"sum_{name}", f"n_{name}", FACE[name]) for name in SIGNALS}
    return {
        "person": lane.person,
        "dominant": dominant(lane.sums),
        "uncertain": mean(lane.sums, "ms_uncertain", "shown_for", 1),
        "probabilities": {name: mean(lane.sums, f"sum_{name}", "rated", 1000) for name in EMOTIONS},
        **signals,
    }
