from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core.labels import EMOTIONS
from mien.core.settings import TrackingSettings
from mien.core.types import FloatArray, IntArray
from mien.tracking.filters import CLEAR_LEAD, STALE, OneEuro, ProbabilitySmoother, forgetting, gather_lead
from mien.tracking.kalman import Double

SETTINGS = TrackingSettings()
NEUTRAL, HAPPY, SURPRISE = 0, 1, 2


def seen(**shares: float) -> Double:
    """Probabilities with these shares; the rest is spread over the other emotions."""
    row = np.full(8, (1 - sum(shares.values())) / (8 - len(shares)))
    for name, share in shares.items():
        row[EMOTIONS.index(name)] = share
    return row


def film(rows: Sequence[Double], times: Any, smoother: ProbabilitySmoother | None = None) -> tuple[Double, IntArray]:
    """Feed one track; return the smoothed rows and the labels."""
    smoother = smoother or ProbabilitySmoother(SETTINGS)
    steps = [smoother.update([1], row[None], float(t)) for row, t in zip(rows, times, strict=True)]
    return np.array([step[0][0] for step in steps]), np.array([step[1][0] for step in steps])


def changes(labels: Any) -> int:
    return int((np.diff(labels) != 0).sum())


@pytest.mark.parametrize("fps", [5, 6, 7, 8, 10, 12, 15, 20, 24, 25, 30, 60])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (seen(neutral=0.93), seen(happiness=0.93)),
        (seen(neutral=0.7, happiness=0.15), seen(neutral=0.2, happiness=0.7)),
        (seen(happiness=0.8), seen(surprise=0.6, happiness=0.1)),
    ],
)
def test_a_true_change_shows_within_300_ms(fps: float, before: Double, after: Double) -> None:
    n = round(fps)
    rows = [before] * n + [after] * n
    _, labels = film(rows, np.arange(2 * n) / fps)
    changed = labels == after.argmax()
    assert not changed[:n].any()
    assert changed[-1]
    assert changes(labels) == 1
    assert (changed.argmax() - n) / fps < 0.3


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_a_single_odd_frame_never_shows(fps: float) -> None:
    rows = [seen(neutral=0.8)] * 40
    for i in (10, 20, 23, 30):
        rows[i] = seen(anger=0.97)
    _, labels = film(rows, np.arange(40) / fps)
    assert (labels == NEUTRAL).all()


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_strictly_alternating_input_shows_one_emotion(fps: float) -> None:
    rows = [seen(neutral=0.8), seen(sadness=0.8)] * 50
    _, labels = film(rows, np.arange(100) / fps)
    assert changes(labels) <= 1


@pytest.mark.parametrize(("fps", "share"), [(5, 1 / 3), (10, 1 / 3), (30, 1 / 6)])
@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_undecided_input_flickers_far_less_than_its_argmax(fps: float, share: float, noise: float) -> None:
    rng = np.random.default_rng(3)
    logits = np.array([0, 0, -3, -3, -3, -3, -3, -3]) + rng.normal(0, noise, (600, 8))
    rows = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    _, labels = film(list(rows), np.arange(600) / fps)
    assert changes(rows.argmax(1)) > 200
    assert changes(labels) < share * changes(rows.argmax(1))


def test_every_change_must_be_earned_anew() -> None:
    """Surprise has led over neutral all the while, but not over happiness, which is shown by then."""
    rows = [seen(neutral=0.8)] * 10 + [seen(happiness=0.5, surprise=0.4)] * 3 + [seen(surprise=0.9)]
    smoothed, labels = film(rows, np.arange(14) / 10)
    assert smoothed[-1].argmax() == SURPRISE
    assert labels[-3:].tolist() == [NEUTRAL, HAPPY, HAPPY]


def test_a_lasting_narrow_lead_shows_in_the_end() -> None:
    rows = [seen(neutral=0.5, happiness=0.4)] * 30 + [seen(neutral=0.44, happiness=0.46)] * 60
    _, labels = film(rows, np.arange(90) / 30)
    assert labels[35] == NEUTRAL
    assert labels[-1] == HAPPY
    assert changes(labels) == 1


@pytest.mark.parametrize("fps", [5, 10, 15, 60])
def test_frame_rates_behave_alike(fps: float) -> None:
    """An expression that comes and goes; compared at the times that both rates have."""

    def mood(t: float) -> Double:
        smile = 0.8 * float(np.exp(-(((t - 1.5) / 0.5) ** 2)))
        return seen(neutral=0.9 - smile, happiness=0.05 + smile)

    fast = np.arange(0, 3, 1 / 60)
    slow = np.arange(0, 3, 1 / fps)
    smooth_fast, _ = film([mood(t) for t in fast], fast)
    smooth_slow, _ = film([mood(t) for t in slow], slow)
    common = np.round(slow * 60).astype(int)
    # Held over its interval, an observation speaks for up to half an interval too early.
    assert np.abs(smooth_fast[common] - smooth_slow)[2:].max() < 0.8 / 0.5 * 0.5 / fps + 0.02


def test_irregular_times_change_nothing_for_a_steady_face() -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.005, 0.3, 60))
    row = seen(fear=0.6, surprise=0.3)
    smoothed, labels = film([row] * 60, times)
    assert smoothed == pytest.approx(np.tile(row, (60, 1)))
    assert (labels == row.argmax()).all()


def test_the_smoothed_value_follows_the_time_constant() -> None:
    times = np.arange(0, 4, 1 / 100)
    rows = [seen(neutral=1.0) if t < 2 else seen(happiness=1.0) for t in times]
    smoothed, _ = film(rows, times)
    later = 2 + SETTINGS.smoothing
    assert smoothed[np.searchsorted(times, later) - 1, HAPPY] == pytest.approx(1 - np.exp(-1), abs=0.02)


def test_the_first_frame_is_not_believed_for_long() -> None:
    smoothed, labels = film([seen(anger=0.95)] + [seen(neutral=0.95)] * 7, np.arange(8) / 30)
    assert labels[0] == EMOTIONS.index("anger")
    assert smoothed[3, NEUTRAL] > 0.6
    assert labels[-1] == NEUTRAL


def test_poor_frames_count_for_less() -> None:
    good, poor = seen(neutral=0.9), seen(sadness=0.9)
    times = np.arange(40) / 30
    results = []
    for weight in (1.0, 0.1):
        smoother = ProbabilitySmoother(SETTINGS)
        for i, t in enumerate(times):
            smoothed, label = smoother.update([1], [good if i < 36 else poor], t, [1.0 if i < 36 else weight])
        results.append((float(smoothed[0, EMOTIONS.index("sadness")]), int(label[0])))
    (trusted, _), (doubted, label_doubted) = results
    assert trusted > 0.5
    assert doubted < 0.25
    assert label_doubted == NEUTRAL


def test_poor_frames_alone_are_still_followed() -> None:
    smoother = ProbabilitySmoother(SETTINGS)
    for i in range(60):
        row = seen(neutral=0.9) if i < 30 else seen(sadness=0.9)
        smoothed, label = smoother.update([1], [row], i / 30, [0.0])
    assert smoothed[0] == pytest.approx(seen(sadness=0.9), abs=0.01)
    assert EMOTIONS[label[0]] == "sadness"


def test_after_a_long_absence_a_track_starts_anew() -> None:
    rows = [seen(neutral=0.9)] * 30 + [seen(sadness=0.9)]
    times = [*(np.arange(30) / 30), 1.0 + STALE + 0.1]
    smoothed, labels = film(rows, times)
    assert smoothed[-1] == pytest.approx(rows[-1])
    assert EMOTIONS[labels[-1]] == "sadness"


def test_without_smoothing_and_hold_the_raw_values_pass() -> None:
    rng = np.random.default_rng(1)
    rows = rng.dirichlet(np.ones(8), 20)
    smoother = ProbabilitySmoother(TrackingSettings(smoothing=0, hold=0))
    smoothed, labels = film(list(rows), np.arange(20) / 10, smoother)
    assert smoothed == pytest.approx(rows)
    assert labels.tolist() == rows.argmax(1).tolist()


def test_a_clock_that_stands_still_does_not_freeze_the_label() -> None:
    _, labels = film([seen(neutral=0.9)] * 10 + [seen(happiness=0.9)] * 20, [0.0] * 30)
    assert labels[0] == NEUTRAL
    assert labels[-1] == HAPPY


def test_tracks_do_not_disturb_each_other_and_may_change_rows() -> None:
    rng = np.random.default_rng(2)
    rows = rng.dirichlet(np.ones(8) / 2, (20, 3))
    together = ProbabilitySmoother(SETTINGS)
    alone = {track: ProbabilitySmoother(SETTINGS) for track in (4, 5, 9)}
    for i in range(20):
        order = rng.permutation(3)
        tracks = np.array([4, 5, 9])[order]
        smoothed, label = together.update(tracks, rows[i, order], i / 30)
        for track, row, got, shown in zip(tracks, rows[i, order], smoothed, label, strict=True):
            expected, expected_label = alone[int(track)].update([track], row[None], i / 30)
            assert got == pytest.approx(expected[0], abs=1e-6)
            assert shown == expected_label[0]


def test_forget_and_reset() -> None:
    smoother = ProbabilitySmoother(SETTINGS)
    old, new = seen(neutral=0.9), seen(happiness=0.9)
    for i in range(10):
        smoother.update([1, 2], [old, old], i / 30)
    smoother.forget([2])
    smoothed, label = smoother.update([1, 2], [new, new], 0.35)
    assert label.tolist() == [HAPPY, NEUTRAL]
    assert smoothed[0] == pytest.approx(new)
    smoother.reset()
    assert smoother.update([2], [old], 0.4)[0][0] == pytest.approx(old)


def test_nobody_in_the_picture() -> None:
    smoothed, label = ProbabilitySmoother(SETTINGS).update([], np.empty((0, 8)), 0.0)
    assert smoothed.shape == (0, 8)
    assert label.shape == (0,)


@pytest.mark.parametrize(
    ("tracks", "rows", "weights", "message"),
    [
        ([1], np.ones((2, 8)) / 8, None, "1 tracks need probabilities"),
        ([1], np.ones((1, 7)) / 7, None, "1 tracks need probabilities"),
        ([1], np.ones((1, 8)) / 8, [1, 1], "weights"),
        ([1], np.full((1, 8), np.nan), None, "must be finite"),
        ([1, 1], np.ones((2, 8)) / 8, None, "once in a frame"),
    ],
)
def test_bad_input_is_named(tracks: list[int], rows: Any, weights: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProbabilitySmoother(SETTINGS).update(tracks, rows, 0.0, weights)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-0.2, 2),
            arrays(np.float64, 8, elements=st.floats(0, 1)).filter(lambda row: row.sum() > 1e-3),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=30,
    ),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_probabilities_stay_probabilities(
    steps: list[tuple[float, Double, float]], smoothing: float, hold: float
) -> None:
    smoother, timestamp = ProbabilitySmoother(TrackingSettings(smoothing=smoothing, hold=hold)), 0.0
    low, high = np.ones(8), np.zeros(8)
    for seconds, row, weight in steps:
        timestamp += seconds
        row = row / row.sum()
        low, high = np.minimum(low, row), np.maximum(high, row)
        smoothed, label = smoother.update([1], [row], timestamp, [weight])
        assert smoothed.sum() == pytest.approx(1, abs=1e-5)
        assert (smoothed[0] >= low - 1e-6).all()
        assert (smoothed[0] <= high + 1e-6).all()
        assert 0 <= label[0] < 8


@pytest.mark.parametrize(
    ("held", "before", "now", "expected"),
    [
        (0.0, -0.3, 0.3, 0.0),  # leads since now: nothing counted yet
        (0.0, 0.3, 0.3, 0.2),
        (0.1, CLEAR_LEAD / 2, 0.3, 0.2),  # the narrower lead counts: half
        (0.5, 0.3, -0.01, 0.0),  # lost the lead: starts anew
    ],
)
def test_what_leading_counts(held: float, before: float, now: float, expected: float) -> None:
    result = gather_lead(*(np.array([[value]]) for value in (held, before, now, 0.2)))
    assert result[0, 0] == pytest.approx(expected)


def test_forgetting() -> None:
    assert forgetting([0, 0.2, 0.4], 0.2) == pytest.approx([1, np.exp(-1), np.exp(-2)])
    assert forgetting([0.1], 0) == pytest.approx([0])


def trace(rows: Any, times: Any, size: float = 100.0, **options: float) -> FloatArray:
    """Filter one track of one point; return its path ``[len(times), 2]``."""
    one_euro = OneEuro(1, **options)
    steps = [one_euro.update([1], [[row]], [size], float(t))[0, 0] for row, t in zip(rows, times, strict=True)]
    return np.array(steps)


@pytest.mark.parametrize(("fps", "left"), [(10, 0.75), (30, 0.5), (60, 0.4)])
def test_a_still_point_jitters_less(fps: int, left: float) -> None:
    noise = np.random.default_rng(0).normal(0, 1, (10 * fps, 2))
    path = trace(500 + noise, np.arange(10 * fps) / fps)
    assert path[fps:].std(0).max() < left * noise[fps:].std(0).min()


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_moving_point_does_not_lag(fps: float) -> None:
    """At two face sizes per second the lag stays below 3% of the face."""
    times = np.arange(2 * fps) / fps
    truth = np.column_stack([200 * times, 100 * times])
    path = trace(truth, times)
    assert np.linalg.norm(path - truth, axis=1)[fps:].max() < 3.0


def test_frame_rates_filter_alike() -> None:
    def where(t: Double) -> Double:
        return np.column_stack([60 * np.sin(2 * t), 40 * np.cos(3 * t)])

    fast, slow = np.arange(0, 4, 1 / 60), np.arange(0, 4, 1 / 20)
    difference = trace(where(fast), fast)[::3] - trace(where(slow), slow)
    assert np.abs(difference[5:]).max() < 2.0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 20), st.floats(-500, 500))
def test_near_and_far_faces_are_filtered_alike(scale: float, shift: float) -> None:
    times = np.arange(12) / 30
    rows = np.random.default_rng(5).normal(0, 20, (12, 2))
    near = trace(rows * scale + shift, times, size=100 * scale)
    assert near == pytest.approx(trace(rows, times) * scale + shift, abs=1e-3 * scale + 1e-3)


def test_boxes_go_through_as_two_points() -> None:
    boxes = np.array([[10.0, 20, 60, 90], [200, 30, 260, 100]])
    one_euro = OneEuro(2)
    assert one_euro.update([1, 2], boxes, [55, 60], 0.0) == pytest.approx(boxes)
    filtered = one_euro.update([2, 1], boxes[::-1] + 1, [60, 55], 1 / 30)
    assert filtered.shape == (2, 4)
    assert ((filtered > boxes[::-1]) & (filtered < boxes[::-1] + 1)).all()


def test_unknown_points_stay_unknown_and_come_back_unfiltered() -> None:
    one_euro = OneEuro(2)
    known, half = np.array([[[10.0, 10], [20, 20]]]), np.array([[[12.0, 12], [np.nan, np.nan]]])
    one_euro.update([1], known, [50], 0.0)
    out = one_euro.update([1], half, [50], 0.03)
    assert np.isnan(out[0, 1]).all()
    assert np.isfinite(out[0, 0]).all()
    back = one_euro.update([1], known + 5, [50], 0.06)
    assert back[0, 1] == pytest.approx([25, 25])
    assert (back[0, 0] < 15).all()


def test_one_euro_forgets_resets_and_tolerates_any_clock() -> None:
    one_euro = OneEuro(1)
    for timestamp in (0.0, 0.0, 0.1, 0.05):
        assert np.isfinite(one_euro.update([1, 2], [[[5.0, 5]], [[7.0, 7]]], [10, 0], timestamp)).all()
    one_euro.forget([2])
    out = one_euro.update([1, 2], [[[9.0, 9]], [[9.0, 9]]], [10, 10], 0.1)
    assert out[0, 0] == pytest.approx([9, 9])
    assert out[1, 0, 0] < 9
    one_euro.reset()
    assert one_euro.update([2], [[[1.0, 1]]], [10], 0.15)[0, 0] == pytest.approx([1, 1])
    assert one_euro.update([2], [[[3.0, 3]]], [10], 0.15 + STALE + 1)[0, 0] == pytest.approx([3, 3])


def test_one_euro_names_bad_input() -> None:
    with pytest.raises(ValueError, match=r"1 tracks need points \[1, 5, 2\]"):
        OneEuro(5).update([1], np.zeros((1, 4, 2)), [10], 0.0)
    with pytest.raises(ValueError, match="sizes"):
        OneEuro(1).update([1], np.zeros((1, 1, 2)), [10, 10], 0.0)
