from __future__ import annotations

import numpy as np
import pytest

from mien.tracking.eyes import BlinkCounter, Perclos

Signal = list[tuple[float, float]]
"""Pairs of (seconds, eyes open)."""


def sampled(closures: list[tuple[float, float]], seconds: float, fps: float = 30.0) -> Signal:
    """Open eyes, closed within each (start, end)."""
    times = np.arange(0, seconds, 1 / fps)
    return [(float(t), 0.05 if any(a <= t < b for a, b in closures) else 0.95) for t in times]


def blinks(signal: Signal, window: float = 60.0) -> tuple[int, int]:
    counter = BlinkCounter(window)
    count = recent = np.zeros(1, np.int64)
    for time, value in signal:
        count, recent = counter.update([7], [value], time)
    return int(count[0]), int(recent[0])


@pytest.mark.parametrize(
    ("signal", "wanted"),
    [
        pytest.param(sampled([], 5), 0, id="never closed"),
        pytest.param(sampled([(1, 1.15), (2, 2.2), (3.5, 3.7)], 5), 3, id="three blinks"),
        pytest.param(sampled([(1, 1.15), (2, 2.2), (3.5, 3.7)], 5, fps=12.5), 3, id="three blinks at 12.5 frames/s"),
        pytest.param(sampled([(1, 2.5)], 5), 0, id="closed for long is no blink"),
        pytest.param(sampled([(0, 0.2)], 5), 0, id="closed when first seen is no blink"),
        pytest.param(sampled([(4.9, 5)], 5), 0, id="not yet open again"),
        pytest.param(
            [(0, 1), (0.1, 0.1), (0.15, 0.3), (0.2, 0.15), (0.25, 0.4), (0.3, 0.9)], 1, id="noise about the limit"
        ),
        pytest.param([(0, 0.8), (0.1, 0.6), (0.2, 0.79)], 1, id="landmarks follow a blink in part"),
        pytest.param([(0, 0.8), (0.1, 0.7), (0.2, 0.79)], 0, id="a shallow dip is noise"),
        pytest.param([(0, 0.5), (0.1, 0.9), (0.2, 0.5), (0.3, 0.55)], 0, id="one value too large is no level"),
        pytest.param([(0, 0.9), (0.1, 0.6), (0.2, 0.62), (0.3, 0.64)], 0, id="looking down is no blink"),
        pytest.param([(0, 1), (0.1, 0.1), (0.2, np.nan), (0.3, 1)], 1, id="a frame without eyes within a blink"),
        pytest.param([(0, 1), (0.1, 0.1), (3.0, 1)], 0, id="out of sight while closed"),
        pytest.param([(9, 1), (9.1, 0.1), (0.1, 1)], 0, id="the clock ran back"),
        pytest.param([(0, 1), (0.03, 0), (0.11, 1), (0.5, 1), (0.52, 0.1), (0.9, 1)], 2, id="irregular times"),
    ],
)
def test_blinks(signal: Signal, wanted: int) -> None:
    assert blinks(signal)[0] == wanted


def test_old_blinks_leave_the_window_but_not_the_count() -> None:
    assert blinks(sampled([(1, 1.2), (8, 8.2), (9, 9.2)], 12), window=5) == (3, 2)


def test_blinks_of_two_tracks_are_apart_and_forgotten_apart() -> None:
    counter = BlinkCounter()
    for time, value in sampled([(1, 1.2)], 2):
        count, _ = counter.update([1, 2], [value, 1.0], time)
    assert count.tolist() == [1, 0]
    counter.forget([2])
    assert counter.update([1, 2], [1.0, 1.0], 2.0)[0].tolist() == [0, 0]
    counter.reset()
    assert counter.update([], [], 3.0)[0].shape == (0,)


def perclos(signal: Signal, window: float = 60.0, least: float = 1.0) -> float:
    meter = Perclos(window, least)
    share = np.full(1, np.nan, np.float32)
    for time, value in signal:
        share = meter.update([7], [value], time)
    return float(share[0])


@pytest.mark.parametrize(
    ("signal", "wanted"),
    [
        pytest.param(sampled([], 5), 0.0, id="open"),
        pytest.param(sampled([(0, 5)], 5), 1.0, id="closed"),
        pytest.param(sampled([(1, 2)], 5, fps=100), 0.2, id="a fifth"),
        pytest.param(sampled([(1, 2)], 5, fps=10), 0.2, id="a fifth at 10 frames/s"),
        # 1 s open, .5 s closed, .5 s open: times count, not frames.
        pytest.param([(0, 1), (0.9, 1), (1, 0), (1.1, 0), (1.2, 0), (1.3, 0), (1.5, 1), (2, 1)], 0.25, id="irregular"),
        # Closed for 1 s, then out of sight for 8 s, then open for 1 s.
        pytest.param([(0, 0), (0.5, 0), (1, 0), (9, 1), (9.5, 1), (10, 1)], 0.5, id="out of sight counts for neither"),
        pytest.param([(0, 0), (0.5, 0), (1, np.nan), (1.4, 1), (1.9, 1), (2.4, 1)], 1.4 / 2.4, id="unknown eyes"),
        pytest.param([(0, 0.2), (1, 0.21), (2, 1)], 0.5, id="80% closed is closed"),
    ],
)
def test_perclos(signal: Signal, wanted: float) -> None:
    assert perclos(signal) == pytest.approx(wanted, abs=0.01)


def test_perclos_looks_back_no_further_than_its_window() -> None:
    assert perclos(sampled([(0, 5)], 20), window=10) == pytest.approx(0.0, abs=1e-6)
    assert perclos(sampled([(0, 15)], 20), window=10) == pytest.approx(0.5, abs=0.01)


def test_perclos_has_no_value_before_enough_was_seen() -> None:
    assert np.isnan(perclos(sampled([], 0.9)))
    assert np.isnan(perclos([(0.0, 1.0)], least=0.0))
    assert np.isnan(perclos([(float(t), float("nan")) for t in range(20)]))


def test_perclos_starts_anew_when_the_clock_runs_back_and_when_told_to() -> None:
    meter = Perclos(least=1.0)
    for time, value in [*sampled([(0, 5)], 5), *sampled([], 3)]:
        share = meter.update([1], [value], time)
    assert share.tolist() == [0.0]
    meter.forget([])
    assert np.isnan(meter.update([1], [0.0], 3.1)).all()
    meter.reset()
    assert meter.update([], [], 4.0).shape == (0,)


def test_a_long_stream_stays_between_the_ends() -> None:
    rng = np.random.default_rng(0)
    meter = Perclos(window=3.0, least=0.1)
    time = 0.0
    for _ in range(4000):
        time += float(rng.uniform(0.001, 0.1))
        share = float(meter.update([1], [float(rng.random() < 0.02)], time)[0])
        assert np.isnan(share) or 0 <= share <= 1


def test_a_time_that_is_no_number_is_refused() -> None:
    for meter in (BlinkCounter(), Perclos()):
        with pytest.raises(ValueError, match="finite"):
            meter.update([1], [1.0], float("nan"))
