"""Age and gender of every track: looked at now and then, averaged over what was seen.

Distributions are averaged as logarithms, so that the mean of two that agree is as wide as either and one that is sure
of nothing moves nothing: ``log p = Σ wᵢ log pᵢ / Σ wᵢ`` (a geometric mean, brought to the sum 1 again); likewise the
log-odds of the gender. A reading's weight is the face's quality, times ``1 − 1/MEMORY`` for every reading since: what
was read long ago fades, so that a track that took up another face does not keep the first one's age for ever. Nothing
goes from one track to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from mien.core.types import BoolArray, FloatArray
from mien.tracking.clock import checked
from mien.tracking.memory import TrackMemory

PERIOD: Final = 0.5
"""Seconds between two looks at a track that is known."""
MEMORY: Final = 20.0
"""Readings after which an old one counts for 1/e."""
LEAST_WEIGHT: Final = 1e-3
"""Of a reading, so that a track of hopeless faces alone still has a mean."""
FLOOR: Final = 1e-6
"""Least probability that is believed: one reading alone must not make anything impossible."""


class AttributeMemory:
    """What is known of the tracks of one stream. Holds state; not thread-safe.

    A track is known once it was seen on a fit face. Until then it is looked at as soon as there is one, and what was
    read off unfit faces meanwhile is dropped at that; after it, unfit faces are not looked at.

    Args:
        years: classes of the age's distribution.
    """

    def __init__(self, years: int = 101) -> None:
        self._memory = TrackMemory(time=(), mass=(), fit=(), years=(years,), odds=())

    def reset(self) -> None:
        """Forget all tracks."""
        self._memory.reset()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        self._memory.forget(active)

    def due(self, tracks: Any, unfit: BoolArray, timestamp: float) -> BoolArray:
        """Say whom to look at.

        Args:
            tracks: ``[n]`` identities, each once.
            unfit: ``[n]`` the face is too poor to tell.
            timestamp: presentation time in seconds.

        Returns:
            ``[n]`` bool: never seen; or first seen on a fit face; or not for `PERIOD`, if the face is as fit as it was.
        """
        rows, _ = self._memory.rows(tracks)
        since = checked(timestamp) - self._memory["time"][rows]
        known = self._memory["fit"][rows] > 0
        # Half a millisecond of grace, as presentation times are rounded; a clock that ran backwards starts anew.
        again = (since < 0) | (since >= PERIOD - 5e-4)
        never = self._memory["mass"][rows] == 0
        return np.asarray(never | (again & ~(known & unfit)) | (~known & ~unfit))

    def update(self, tracks: Any, years: Any, female: Any, quality: Any, unfit: BoolArray, timestamp: float) -> None:
        """Take in what was read off the m faces that were due.

        Args:
            tracks: ``[m]`` identities, each once.
            years: ``[m, k]`` probabilities.
            female: ``[m]`` probability.
            quality: ``[m]`` 0–1.
            unfit: ``[m]``, see `due`.
            timestamp: presentation time in seconds.

        Raises:
            ValueError: a value is not finite.
        """
        now, memory = checked(timestamp), self._memory
        seen = np.log(np.maximum(np.asarray(years, np.float64), FLOOR))
        share = np.clip(np.asarray(female, np.float64), FLOOR, 1 - FLOOR)
        weight = np.maximum(np.asarray(quality, np.float64), LEAST_WEIGHT)
        if not (np.isfinite(seen).all() and np.isfinite(share).all() and np.isfinite(weight).all()):
            raise ValueError("attributes and qualities must be finite numbers")
        rows, _ = memory.rows(tracks)
        first = (memory["fit"][rows] == 0) & ~unfit
        before = np.where(first, 0, memory["mass"][rows] * (1 - 1 / MEMORY))
        mass = before + weight
        step = weight / mass
        memory["years"][rows] += step[:, None] * (seen - memory["years"][rows])
        memory["odds"][rows] += step * (np.log(share / (1 - share)) - memory["odds"][rows])
        memory["mass"][rows], memory["time"][rows] = mass, now
        memory["fit"][rows[~unfit]] = 1

    def means(self, tracks: Any) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return what is known of tracks that were seen.

        Returns:
            Probabilities of the years ``[n, k]`` and of "female" ``[n]``; ``[n]`` bool, seen on unfit faces alone.
        """
        rows, _ = self._memory.rows(tracks)
        logs = self._memory["years"][rows]
        years = np.exp(logs - logs.max(1, keepdims=True))
        years /= years.sum(1, keepdims=True)
        female = 1 / (1 + np.exp(-self._memory["odds"][rows]))
        return years.astype(np.float32), female.astype(np.float32), np.asarray(self._memory["fit"][rows] == 0)
