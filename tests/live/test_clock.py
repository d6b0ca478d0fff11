from __future__ import annotations

import math
from itertools import pairwise

import pytest

from mien.live.clock import PresentationClock


def test_follows_the_client_while_it_makes_sense() -> None:
    clock = PresentationClock()
    times = [clock.time(100 + i / 30, 5 + i / 30 + jitter) for i, jitter in enumerate((0.0, 0.3, 0.1, 0.9))]
    assert times == pytest.approx([100, 100 + 1 / 30, 100 + 2 / 30, 100.1])


@pytest.mark.parametrize(
    "captured",
    [
        pytest.param(9.0, id="backwards"),
        pytest.param(10.0, id="stands still"),
        pytest.param(500.0, id="jumps ahead"),
        pytest.param(math.nan, id="no number"),
        pytest.param(math.inf, id="infinite"),
        pytest.param(-1e300, id="absurd"),
    ],
)
def test_falls_back_to_the_server(captured: float) -> None:
    clock = PresentationClock()
    clock.time(10.0, 1.0)
    assert clock.time(captured, 1.04) == pytest.approx(10.04)


def test_follows_the_client_again_after_a_jump() -> None:
    clock = PresentationClock()
    clock.time(10.0, 1.0)
    clock.time(500.0, 1.04)
    assert clock.time(500.05, 1.08) == pytest.approx(10.09)


@pytest.mark.parametrize("first", [math.nan, -math.inf])
def test_starts_at_zero_when_the_first_is_no_number(first: float) -> None:
    assert PresentationClock().time(first, 3.0) == 0.0


def test_only_grows_also_when_frames_arrive_together() -> None:
    clock = PresentationClock()
    times = [clock.time(captured, 7.0) for captured in (5.0, 4.0, 3.0, 4.5, math.nan, 2.0)]
    assert all(b > a for a, b in pairwise(times))


def test_reset_starts_anew() -> None:
    clock = PresentationClock()
    clock.time(50.0, 1.0)
    clock.reset()
    assert clock.time(2.0, 1.1) == 2.0
