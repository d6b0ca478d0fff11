from __future__ import annotations

import pytest

from mien.live.pace import MOST, PATIENCE, next_interval


def after(frames: int, interval: float, base: float, waited: float) -> float:
    for _ in range(frames):
        interval = next_interval(interval, base, waited)
    return interval


@pytest.mark.parametrize("base", [0.0, 0.1, 0.2])
def test_who_need_not_wait_detects_as_often_as_was_asked(base: float) -> None:
    assert after(1, base, base, 0.0) == base
    assert after(500, base, base, PATIENCE / 3) == base


@pytest.mark.parametrize("base", [0.0, 0.1, 0.2])
def test_under_load_detection_slows_down_to_a_bound_and_recovers(base: float) -> None:
    slowed = after(5, base, base, 0.2)
    assert base < slowed < MOST
    assert after(100, base, base, 0.2) == MOST
    assert after(200, MOST, base, 0.0) == base


def test_in_between_nothing_changes() -> None:
    assert after(50, 0.3, 0.1, PATIENCE * 0.75) == 0.3


def test_who_asked_for_rare_detection_gets_no_more_of_it() -> None:
    assert after(50, 2.0, 2.0, 0.5) == 2.0
    assert after(50, 2.0, 2.0, 0.0) == 2.0


@pytest.mark.parametrize(("streams", "detect_ms", "slowed"), [(2, 4.0, False), (12, 4.0, True)])
def test_a_machine_comes_to_rest(streams: int, detect_ms: float, slowed: bool) -> None:
    """Frames at 30/s on one core: 2 ms each and the detection; what does not fit waits, one frame each at most."""
    base, period, rest = 1 / 30, 1 / 30, 2.0
    intervals = [base] * streams
    detected = [0.0] * streams
    backlog, waits = 0.0, []
    for step in range(900):
        now = step * period
        for index in range(streams):
            waited = min(backlog / streams, 0.2)
            waits.append(waited)
            intervals[index] = next_interval(intervals[index], base, waited)
            due = now - detected[index] >= intervals[index]
            if due:
                detected[index] = now
            backlog += (rest + detect_ms * due) / 1000
        backlog = max(0.0, min(backlog, streams * 0.2) - period)
    assert (sum(intervals) / streams > 2 * base) is slowed
    assert max(waits[-streams * 30 :]) < 0.1, "frames of the last second still wait"
