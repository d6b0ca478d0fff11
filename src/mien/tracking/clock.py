"""Time between two frames, for clocks that stop, jump or run backwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOMINAL_STEP = 1 / 30
"""Seconds assumed between two frames whose timestamps do not advance (a source without times, a repeated stamp)."""


def checked(timestamp: float) -> float:
    """Return ``timestamp`` (seconds) as a float.

    Raises:
        ValueError: it is not a finite number.
    """
    value = float(timestamp)
    if not math.isfinite(value):
        raise ValueError(f"timestamp must be a finite number of seconds, got {timestamp!r}")
    return value


def elapsed(before: Any, now: float) -> NDArray[np.float64]:
    """Return the seconds from ``before`` (any shape) to ``now``; a clock that did not advance counts as one frame."""
    step = now - np.asarray(before, np.float64)
    return np.where(step > 0, step, NOMINAL_STEP)
