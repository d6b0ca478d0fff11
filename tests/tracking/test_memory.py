from __future__ import annotations

import numpy as np
import pytest

from mien.tracking.memory import TrackMemory


def test_rows_stay_with_their_track() -> None:
    memory = TrackMemory(value=(2,))
    rows, fresh = memory.rows([7, 3])
    assert fresh.tolist() == [True, True]
    memory["value"][rows] = [[7, 7], [3, 3]]
    rows, fresh = memory.rows(np.array([3, 9, 7]))
    assert fresh.tolist() == [False, True, False]
    assert memory["value"][rows].tolist() == [[3, 3], [0, 0], [7, 7]]


def test_forgets_all_but_the_active() -> None:
    memory = TrackMemory(value=())
    rows, _ = memory.rows([1, 2, 3])
    memory["value"][rows] = [10, 20, 30]
    memory.forget([3, 1, 99])
    assert len(memory) == 2
    rows, fresh = memory.rows([1, 2, 3])
    assert fresh.tolist() == [False, True, False]
    assert memory["value"][rows].tolist() == [10, 0, 30]


def test_reset_forgets_all() -> None:
    memory = TrackMemory(value=())
    memory.rows([1])
    memory.reset()
    assert len(memory) == 0
    assert memory.rows([1])[1].tolist() == [True]


def test_a_track_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="once in a frame"):
        TrackMemory(value=()).rows([1, 1])


def test_nobody() -> None:
    rows, fresh = TrackMemory(value=()).rows([])
    assert rows.shape == fresh.shape == (0,)
