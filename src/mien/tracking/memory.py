"""Per-track memory of filters: arrays with a row for each track."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.types import BoolArray, IntArray


class TrackMemory:
    """Named arrays that hold a row per track. A row starts at zero when its track is first asked for.

    Args:
        columns: name and trailing shape of every array (float64).
    """

    def __init__(self, **columns: tuple[int, ...]) -> None:
        self._shapes = columns
        self.reset()

    def reset(self) -> None:
        """Forget all tracks."""
        self._row: dict[int, int] = {}
        self._values = {name: np.zeros((0, *shape)) for name, shape in self._shapes.items()}

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return the array of that name; writing into it changes the memory."""
        return self._values[name]

    def rows(self, tracks: Any) -> tuple[IntArray, BoolArray]:
        """Return the row of every track and whether it is new; new ones are added.

        Raises:
            ValueError: a track occurs twice.
        """
        ids = [int(track) for track in np.asarray(tracks).reshape(-1)]
        if len(set(ids)) != len(ids):
            raise ValueError(f"a track must occur once in a frame, got {ids}")
        new = [track for track in ids if track not in self._row]
        fresh = np.array([track not in self._row for track in ids], bool)
        for track in new:
            self._row[track] = len(self._row)
        if new:
            for name, array in self._values.items():
                self._values[name] = np.concatenate([array, np.zeros((len(new), *array.shape[1:]))])
        return np.array([self._row[track] for track in ids], np.int64), fresh

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        wanted = {int(track) for track in active}
        kept = [(track, row) for track, row in self._row.items() if track in wanted]
        if len(kept) < len(self._row):
            at = np.array([row for _, row in kept], np.int64)
            self._row = {track: row for row, (track, _) in enumerate(kept)}
            self._values = {name: array[at] for name, array in self._values.items()}

    def __len__(self) -> int:
        return len(self._row)
