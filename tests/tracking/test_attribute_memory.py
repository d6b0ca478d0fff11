from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mien.core.types import BoolArray, FloatArray
from mien.tracking.attributes import MEMORY, PERIOD, AttributeMemory

YEARS = np.arange(101)


def bell(*ages: float, width: float = 5.0) -> FloatArray:
    """Distributions around ages."""
    shape = np.exp(-((YEARS - np.array(ages)[:, None]) ** 2) / (2 * width**2))
    return np.asarray(shape / shape.sum(1, keepdims=True), np.float32)


def mean_age(years: FloatArray) -> FloatArray:
    return np.asarray(years @ YEARS.astype(np.float32), np.float32)


def mask(*values: int) -> BoolArray:
    return np.array(values, bool)


FIT, UNFIT = mask(0), mask(1)


def read(
    memory: AttributeMemory, age: float, at: float, female: float = 0.5, quality: float = 1.0, unfit: bool = False
) -> None:
    memory.update([1], bell(age), [female], [quality], mask(unfit), at)


def known(memory: AttributeMemory, tracks: Sequence[int] = (1,)) -> tuple[list[float], list[float], list[bool]]:
    years, female, unfit = memory.means(tracks)
    return mean_age(years).tolist(), female.tolist(), unfit.tolist()


def test_one_reading_is_what_is_known() -> None:
    memory = AttributeMemory()
    read(memory, 30, 0.0, female=0.9)
    years, female, unfit = memory.means([1])
    assert years[0] == pytest.approx(bell(30)[0], abs=1e-5)
    assert female == pytest.approx([0.9])
    assert unfit.tolist() == [False]


def test_distributions_are_averaged_as_logarithms() -> None:
    memory = AttributeMemory()
    read(memory, 30, 0.0, female=0.8)
    read(memory, 40, 0.5, female=0.5)
    years, female, _ = memory.means([1])
    # Bells of one width make a bell of that width: agreeing does not make sure, differing does not make two humps.
    share = (1 - 1 / MEMORY) / (2 - 1 / MEMORY)
    middle = 30 * share + 40 * (1 - share)
    assert years[0] == pytest.approx(bell(middle)[0], abs=1e-3)
    assert female[0] == pytest.approx(1 / (1 + 4**-share), abs=1e-5)


def test_better_faces_count_for_more() -> None:
    memory = AttributeMemory()
    read(memory, 30, 0.0, quality=0.9)
    read(memory, 40, 0.5, quality=0.1)
    ((age,), _, _) = known(memory)
    assert age == pytest.approx(31, abs=0.1)


def test_noise_is_averaged_away() -> None:
    rng = np.random.default_rng(0)
    memory = AttributeMemory()
    ages = 35 + rng.normal(0, 6, 40)
    shown = []
    for step, age in enumerate(ages):
        read(memory, float(age), step * PERIOD)
        shown.append(known(memory)[0][0])
    assert np.abs(np.array(shown[10:]) - 35).mean() < np.abs(ages[10:] - 35).mean() / 2


def test_the_memory_is_bounded() -> None:
    memory = AttributeMemory()
    for step in range(1000):
        read(memory, 20, step * PERIOD, female=0.95)
    for step in range(1000, 1000 + 3 * int(MEMORY)):
        read(memory, 60, step * PERIOD, female=0.05)
    ((age,), (female,), _) = known(memory)
    assert age > 57, "a face that took the track over is believed in the end"
    assert female < 0.1


def test_an_impossible_reading_is_not_believed_for_ever() -> None:
    memory = AttributeMemory()
    memory.update([1], np.eye(101)[[5]], [1.0], [1.0], FIT, 0.0)
    assert np.isfinite(memory.means([1])[0]).all()
    for step in range(1, 10):
        read(memory, 50, step * PERIOD, female=0.2)
    ((age,), (female,), _) = known(memory)
    assert age == pytest.approx(50, abs=5)
    assert female < 0.5


def test_nothing_goes_from_face_to_face() -> None:
    both, alone = AttributeMemory(), AttributeMemory()
    for step in range(5):
        both.update([1, 2], bell(20 + step, 70), [0.9, 0.1], [1.0, 0.5], mask(0, 0), step * PERIOD)
        alone.update([2], bell(70), [0.1], [0.5], FIT, step * PERIOD)
    # Whatever order they are asked for in.
    assert both.means([2, 1])[0][0] == pytest.approx(alone.means([2])[0][0], abs=1e-6)
    assert known(both, (1,))[0][0] == pytest.approx(22.2, abs=0.5)


def test_a_face_is_looked_at_when_new_and_then_now_and_then() -> None:
    memory = AttributeMemory()
    looks = []
    for frame in range(46):  # 1.5 s at 30 frames a second
        now = round(frame / 30, 6)
        if memory.due([1], FIT, now)[0]:
            looks.append(frame)
            read(memory, 30, now)
    assert looks == [0, 15, 30, 45]


def test_a_track_that_comes_in_later_does_not_wait() -> None:
    memory = AttributeMemory()
    read(memory, 30, 0.0)
    assert memory.due([2, 1], mask(0, 0), 0.1).tolist() == [True, False]


def test_a_clock_that_runs_backwards_starts_anew() -> None:
    memory = AttributeMemory()
    read(memory, 30, 100.0)
    assert memory.due([1], FIT, 3.0).tolist() == [True]


def test_unfit_faces_count_until_the_first_fit_one() -> None:
    memory = AttributeMemory()
    read(memory, 5, 0.0, unfit=True)
    assert known(memory)[2] == [True]
    assert memory.due([1], UNFIT, 0.1).tolist() == [False]
    assert memory.due([1], UNFIT, PERIOD).tolist() == [True]
    assert memory.due([1], FIT, 0.1).tolist() == [True], "at once"
    read(memory, 40, 0.1)
    ((age,), _, unfit) = known(memory)
    assert age == pytest.approx(40, abs=0.01)
    assert unfit == [False]
    # From now on unfit faces are not looked at.
    assert memory.due([1], UNFIT, 9.0).tolist() == [False]
    assert memory.due([1], FIT, 9.0).tolist() == [True]


def test_who_left_is_forgotten() -> None:
    memory = AttributeMemory()
    memory.update([1, 2], bell(20, 70), [0.5, 0.5], [1, 1], mask(0, 0), 0.0)
    memory.forget([2])
    assert memory.due([1, 2], mask(0, 0), 0.1).tolist() == [True, False]
    assert known(memory, (2,))[0] == pytest.approx([70], abs=0.1)
    memory.reset()
    assert memory.due([2], FIT, 0.1).tolist() == [True]


def test_no_faces() -> None:
    memory = AttributeMemory()
    none = np.zeros(0, bool)
    assert memory.due([], none, 0.0).shape == (0,)
    memory.update([], np.empty((0, 101)), [], [], none, 0.0)
    years, female, unfit = memory.means([])
    assert (years.shape, female.shape, unfit.shape) == ((0, 101), (0,), (0,))


def test_what_is_no_number_is_refused() -> None:
    memory = AttributeMemory()
    with pytest.raises(ValueError, match="finite"):
        memory.update([1], np.full((1, 101), np.nan), [0.5], [1.0], FIT, 0.0)
    with pytest.raises(ValueError, match="timestamp"):
        memory.due([1], FIT, float("nan"))
