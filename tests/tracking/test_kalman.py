from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.core.types import FloatArray
from mien.tracking import kalman
from mien.tracking.kalman import Double, Motion

BOX = np.array([[100.0, 120.0, 160.0, 190.0]], np.float32)


def follow(boxes: list[Double], seconds: float) -> Motion:
    motion = kalman.start(boxes[0])
    for box in boxes[1:]:
        motion = kalman.correct(kalman.predict(motion, seconds), box)
    return motion


def shifted(box: FloatArray, dx: float, dy: float = 0) -> Double:
    return np.add(box, [dx, dy, dx, dy], dtype=np.float64)


def test_boxes_survive_the_round_trip() -> None:
    assert kalman.to_boxes(kalman.to_place(BOX)) == pytest.approx(BOX, abs=1e-3)


def test_a_box_without_extent_becomes_a_pixel() -> None:
    assert kalman.to_boxes(kalman.to_place([[5, 5, 5, 3]])) == pytest.approx(np.array([[4.5, 3.5, 5.5, 4.5]]))


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_learns_a_constant_speed(fps: int) -> None:
    speed = 90.0
    motion = follow([shifted(BOX, speed * i / fps) for i in range(2 * fps)], 1 / fps)
    assert motion.rate[0, 0] == pytest.approx(speed, rel=0.15)
    ahead = kalman.predict(motion, 0.1).place[0, 0]
    assert ahead == pytest.approx(130 + speed * ((2 * fps - 1) / fps + 0.1), abs=4)


def test_learns_that_a_face_comes_nearer() -> None:
    motion = follow([np.array([[-1.0, -1, 1, 1]]) * 30 * np.exp(0.3 * i / 10) for i in range(20)], 0.1)
    assert (motion.rate[0, 2:] > 0.1).all()
    assert kalman.predict(motion, 0.2).sizes[0] > motion.sizes[0]


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 3), st.floats(0, 3))
def test_two_steps_are_one_long_step(a: float, b: float) -> None:
    motion = follow([shifted(BOX, 3.0 * i, -2.0 * i) for i in range(6)], 0.05)
    # Noise follows the size at each step; without a change of size the steps are exact.
    motion = Motion(motion.place, motion.rate * [1, 1, 0, 0], motion.spread)
    twice, once = kalman.predict(kalman.predict(motion, a), b), kalman.predict(motion, a + b)
    assert twice.place == pytest.approx(once.place, rel=1e-9)
    assert twice.rate == pytest.approx(once.rate, rel=1e-9, abs=1e-12)
    assert twice.spread == pytest.approx(once.spread, rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2), st.floats(-40, 40), st.floats(0.5, 2)), min_size=1, max_size=30))
def test_spread_stays_a_covariance(steps: list[tuple[float, float, float]]) -> None:
    motion = kalman.start(BOX)
    for seconds, dx, scale in steps:
        motion = kalman.correct(kalman.predict(motion, seconds), shifted(BOX, dx) * scale)
        value, both, rate = np.moveaxis(motion.spread, 2, 0)
        assert (value > 0).all()
        assert (rate > 0).all()
        assert (value * rate >= both**2 * (1 - 1e-9)).all()


def test_uncertainty_grows_unseen_and_shrinks_seen() -> None:
    motion = kalman.start(BOX)
    later = kalman.predict(motion, 0.5)
    assert later.wander[0] > 3 * motion.wander[0]
    assert kalman.correct(later, BOX).wander[0] < later.wander[0] / 3


def test_an_unseen_face_stops_in_time() -> None:
    motion = follow([shifted(BOX, 20.0 * i) for i in range(10)], 0.1)
    far, farther = (kalman.predict(motion, seconds).place[0, 0] for seconds in (20, 40))
    assert far - motion.place[0, 0] == pytest.approx(motion.rate[0, 0] * kalman.FADE[0], rel=1e-3)
    assert farther == pytest.approx(far, abs=1e-3)


def test_a_face_twice_as_large_moves_alike() -> None:
    path = [shifted(BOX, 7.0 * (i % 3)) for i in range(9)]
    near, far = follow([2 * box for box in path], 0.1), follow(path, 0.1)
    assert near.place[:, :2] == pytest.approx(2 * far.place[:, :2])
    assert near.wander == pytest.approx(far.wander)


def test_faces_do_not_disturb_each_other() -> None:
    other = BOX * 3
    alone = follow([shifted(BOX, 0), shifted(BOX, 4)], 0.1)
    both = follow([np.vstack([BOX, other]), np.vstack([shifted(BOX, 4), other])], 0.1)
    assert both[[0]].place == pytest.approx(alone.place)
    assert both[[0]].spread == pytest.approx(alone.spread)


def test_put_and_join_leave_the_original_alone() -> None:
    motion = kalman.start(np.vstack([BOX, BOX * 2]))
    changed = motion.put([1], kalman.start(BOX * 5))
    assert motion.place[1, 0] == pytest.approx(260)
    assert changed.place[:, 0] == pytest.approx([130, 650])
    assert motion.join(changed[[1]]).place[:, 0] == pytest.approx([130, 260, 650])


def test_nobody() -> None:
    nobody = kalman.start(np.empty((0, 4)))
    assert len(kalman.correct(kalman.predict(nobody, 1.0), np.empty((0, 4)))) == 0
