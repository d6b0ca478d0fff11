from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core.labels import EMOTIONS
from mien.tracking.baseline import (
    CALIBRATED_LIMIT,
    HALF_TRUST,
    LEARNED_LIMIT,
    MARGIN,
    PATIENCE,
    RESTING,
    Baseline,
    at_rest,
    corrected,
    log_odds,
    offset_of,
)
from mien.tracking.kalman import Double

NEUTRAL, HAPPY, SAD, ANGER = (EMOTIONS.index(name) for name in ("neutral", "happiness", "sadness", "anger"))


def face(**odds: float) -> Double:
    """The probabilities of an average resting face whose log-odds against neutral are raised by these."""
    e = np.array(RESTING)
    for name, more in odds.items():
        e[EMOTIONS.index(name)] += more
    p = np.exp(e)
    return np.asarray(p / p.sum())


def show(learner: Baseline, row: Double, seconds: float, fps: float = 10, start: float = 0.0, **known: Any) -> float:
    """Show one track the same row for some time; return the time of the next frame."""
    count = round(seconds * fps)
    for i in range(count):
        learner.update([1], [row], start + i / fps, **known)
    return start + count / fps


def offset(learner: Baseline, now: float) -> Double:
    """What is taken off track 1, read off a face that is never learned from (neutral is third)."""
    p = np.array([0.1, 0.3, 0.3, 0.06, 0.06, 0.06, 0.06, 0.06])
    return log_odds(p) - log_odds(learner.update([1], [p], now)[0])


DROOPING = face(sadness=3.0)
"""A resting face that reads as sad."""


def test_an_average_face_at_rest_is_left_as_it_is() -> None:
    learner = Baseline()
    now = show(learner, face(), 120)
    assert learner.update([1], [face()], now)[0] == pytest.approx(face(), abs=1e-6)


def test_a_face_that_reads_more_neutral_than_others_is_left_as_it_is() -> None:
    learner = Baseline()
    now = show(learner, face(sadness=-2, happiness=-1), 120)
    assert offset(learner, now) == pytest.approx(np.zeros(8), abs=1e-6)


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_two_seconds_calibrate(fps: float) -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    now = show(learner, DROOPING, 1.5, fps)
    assert learner.states([1]) == ("calibrating",)
    assert offset(learner, now) == pytest.approx(np.zeros(8), abs=1e-6)
    learner.reset()
    learner.calibrate()
    now = show(learner, DROOPING, 2.5, fps)
    assert learner.states([1]) == ("calibrated",)
    wanted = np.zeros(8)
    wanted[SAD] = CALIBRATED_LIMIT
    assert offset(learner, now) == pytest.approx(wanted, abs=1e-5)
    assert DROOPING.argmax() == SAD
    assert learner.update([1], [DROOPING], now)[0].argmax() == NEUTRAL


def test_what_lies_beyond_the_margin_and_below_the_limit_is_taken_off() -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    row = face(sadness=MARGIN + 0.9, anger=MARGIN + 0.4, fear=MARGIN - 0.1)
    now = show(learner, row, 3)
    wanted = face(sadness=MARGIN, anger=MARGIN, fear=MARGIN - 0.1)
    assert learner.update([1], [row], now)[0] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("expression", [face(sadness=7.0), face(happiness=9.0), face(anger=8.5), face(surprise=9)])
def test_a_clear_expression_still_shows_after_calibration(expression: Double) -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    now = show(learner, DROOPING, 3)
    assert learner.update([1], [expression], now)[0].argmax() == expression.argmax()


def test_it_learns_slowly_by_itself_and_only_so_much() -> None:
    learner = Baseline()
    row = face(sadness=2.5)
    now = show(learner, row, 5)
    early = offset(learner, now)[SAD]
    assert 0 < early < LEARNED_LIMIT / 2 + 0.01
    assert learner.states([1]) == ("learning",)
    now = show(learner, row, HALF_TRUST * 4, start=now)
    assert learner.states([1]) == ("learned",)
    assert offset(learner, now)[SAD] == pytest.approx(LEARNED_LIMIT)


@pytest.mark.parametrize("fps", [5, 30])
def test_frame_rates_learn_alike(fps: float) -> None:
    learner = Baseline()
    now = show(learner, face(anger=MARGIN + 1), HALF_TRUST, fps)
    assert offset(learner, now)[ANGER] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("row", "known"),
    [
        pytest.param(face(happiness=8), {}, id="a smile"),
        pytest.param(face(sadness=8), {}, id="neutral is too unlikely"),
        pytest.param(face(sadness=2.5, anger=4.8), {}, id="neutral is third"),
        pytest.param(DROOPING, {"quality": [0.3]}, id="a poor face"),
        pytest.param(DROOPING, {"pose": [[40, 0, 0]]}, id="turned away"),
        pytest.param(DROOPING, {"pose": [[0, -30, 0]]}, id="looking down"),
    ],
)
def test_what_is_no_good_face_at_rest_is_not_learned(row: Double, known: dict[str, Any]) -> None:
    learner = Baseline()
    now = show(learner, row, 60, **known)
    assert learner.states([1]) == ("none",)
    assert offset(learner, now) == pytest.approx(np.zeros(8), abs=1e-6)


def test_unknown_quality_and_pose_count_as_fit() -> None:
    learner = Baseline()
    show(learner, DROOPING, 60, quality=[np.nan], pose=[[np.nan] * 3])
    assert learner.states([1]) == ("learned",)


def test_a_moving_face_is_not_learned() -> None:
    learner = Baseline()
    learner.update([1], [face()], 0.0)
    for i in range(1, 600):
        row = face(sadness=4.0) if i // 3 % 2 else face(happiness=4.0)
        learner.update([1], [row], i / 10)
    assert learner.states([1]) == ("none",) or offset(learner, 60.0).max() < 0.1


def test_a_calibration_waits_for_good_frames_and_gives_up_in_the_end() -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    now = show(learner, DROOPING, 5, quality=[0.1])
    assert learner.states([1]) == ("calibrating",)
    now = show(learner, DROOPING, 3, start=now)
    assert learner.states([1]) == ("calibrated",)
    learner.calibrate()
    now = show(learner, face(), PATIENCE + 1, start=now, quality=[0.1])
    assert learner.states([1]) == ("calibrated",), "what was known before holds"
    assert offset(learner, now)[SAD] == pytest.approx(CALIBRATED_LIMIT)


def test_a_calibration_ends_at_the_time_that_was_said() -> None:
    learner = Baseline(learn=False)
    learner.calibrate(until=3.0)
    now = show(learner, DROOPING, 1.5, quality=[0.1])
    now = show(learner, DROOPING, 2.5, start=now)
    assert learner.states([1]) == ("none",), "only a second and a half of it could be used"
    learner.calibrate(until=now + 2.0)
    show(learner, DROOPING, 2.2, start=now)
    assert learner.states([1]) == ("calibrated",)


def test_a_calibration_does_not_wait_for_somebody_beyond_its_time() -> None:
    learner = Baseline(learn=False)
    learner.calibrate(until=2.0)
    learner.update([], np.empty((0, 8)), 0.0)
    show(learner, DROOPING, 3, start=2.5)
    assert learner.states([1]) == ("none",)


def test_a_new_calibration_replaces_the_old_one() -> None:
    learner = Baseline()
    learner.calibrate()
    now = show(learner, DROOPING, 3)
    learner.calibrate()
    now = show(learner, face(anger=MARGIN + 1), 3, start=now)
    wanted = np.zeros(8)
    wanted[ANGER] = 1.0
    assert offset(learner, now) == pytest.approx(wanted, abs=1e-5)


def test_a_calibration_waits_for_somebody() -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    learner.update([], np.empty((0, 8)), 0.0)
    show(learner, DROOPING, 3, start=0.1)
    assert learner.states([1]) == ("calibrated",)


def test_calibrated_faces_are_not_learned_on() -> None:
    learner = Baseline()
    learner.calibrate()
    now = show(learner, face(sadness=MARGIN + 0.5), 3)
    now = show(learner, face(sadness=2.5), 100, start=now)
    assert offset(learner, now)[SAD] == pytest.approx(0.5, abs=1e-5)


def test_tracks_learn_apart_and_are_forgotten_apart() -> None:
    learner = Baseline(learn=False)
    learner.calibrate()
    for i in range(30):
        learner.update([1, 2], [DROOPING, face()] if i % 2 else [face(sadness=3), face()], i / 10)
    learner.update([2, 3], [face(), face()], 3.0)
    assert learner.states([3, 2, 1]) == ("none", "calibrated", "calibrated")
    got = learner.update([2, 1], [DROOPING, DROOPING], 3.1)
    assert got.argmax(1).tolist() == [SAD, NEUTRAL]
    learner.forget([2])
    assert learner.states([1, 2]) == ("none", "calibrated")
    learner.reset()
    assert learner.states([2]) == ("none",)


@pytest.mark.parametrize("times", [[0.0] * 40, [0.0, 1e6, 5.0, 5.1, 4.0] * 8])
def test_any_clock_will_do(times: list[float]) -> None:
    learner = Baseline()
    learner.calibrate()
    for time in times:
        assert np.isfinite(learner.update([1], [DROOPING], time)).all()


@pytest.mark.parametrize(
    ("rows", "time", "message"),
    [
        (np.full((1, 8), np.nan), 0.0, "finite probabilities"),
        (np.ones((2, 8)) / 8, 0.0, "1 tracks need"),
        (np.ones((1, 8)) / 8, float("nan"), "finite number"),
    ],
)
def test_bad_input_is_named(rows: Any, time: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Baseline().update([1], rows, time)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [(face(), True), (face(sadness=3), True), (face(sadness=3, anger=5.5), False), (face(happiness=8), False)],
)
def test_at_rest(row: Double, wanted: bool) -> None:
    assert at_rest(row[None]).tolist() == [wanted]


def test_the_formula() -> None:
    rest = np.array(RESTING) + np.array([0, 2.0, 0.4, -1.0, 9.0, 0, 0, 0])
    got = offset_of(rest[None], [0.5], [1.5])[0]
    assert got == pytest.approx([0, 0.5, 0, 0, 1.5, 0, 0, 0])
    p = np.array([0.5, 0.5, 0, 0, 0, 0, 0, 0])
    assert corrected(p, [0, np.log(3), 0, 0, 0, 0, 0, 0]) == pytest.approx([0.75, 0.25, 0, 0, 0, 0, 0, 0])


def test_average_is_what_the_network_makes_of_average_faces() -> None:
    learner = Baseline(learn=False, resting=log_odds(DROOPING).tolist())
    learner.calibrate()
    now = show(learner, DROOPING, 3)
    assert learner.states([1]) == ("calibrated",)
    assert offset(learner, now) == pytest.approx(np.zeros(8), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1, 12),
            arrays(np.float64, 8, elements=st.floats(0, 1)).filter(lambda row: row.sum() > 1e-3),
            st.booleans(),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_corrected_probabilities_stay_probabilities_and_neutral_never_loses(
    steps: list[tuple[float, Double, bool]],
) -> None:
    learner, now = Baseline(), 0.0
    for seconds, row, ask in steps:
        now, row = now + seconds, row / row.sum()
        if ask:
            learner.calibrate()
        got = learner.update([1], [row], now)[0]
        assert got.sum() == pytest.approx(1, abs=1e-5)
        assert got[NEUTRAL] >= row[NEUTRAL] - 1e-6
        assert (got >= 0).all()
