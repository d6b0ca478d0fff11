from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.core.settings import TrackingSettings
from mien.core.types import Faces
from mien.tracking.tracker import MAX_GAP, MAX_LOST, Tracker

Path = Callable[[float], tuple[float, float, float]]
"""Seconds → centre x, centre y, size."""


def face(x: float, y: float, size: float) -> list[float]:
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def at(*where: tuple[float, float, float], scores: Any = None) -> Faces:
    """Faces at (centre x, centre y, size), with five points spread over each."""
    boxes = np.array([face(*w) for w in where]).reshape(-1, 4)
    layout = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    points = boxes[:, None, :2] + layout[None] * (boxes[:, None, 2:] - boxes[:, None, :2])
    return Faces.from_boxes(boxes, scores, points)


def ids(faces: Faces) -> list[int]:
    assert faces.tracks is not None
    return [int(track) for track in faces.tracks]


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingSettings())


def test_first_faces_are_numbered_from_one(tracker: Tracker) -> None:
    assert ids(tracker.update(at((100, 100, 50), (300, 100, 50)), 0.0)) == [1, 2]
    assert tracker.active == (1, 2)


def test_update_keeps_rows_and_columns(tracker: Tracker) -> None:
    faces = at((100, 100, 50), (300, 100, 60), scores=[0.9, 0.7]).replace(age=[20, 40])
    tracker.update(faces, 0.0)
    swapped = tracker.update(faces[[1, 0]], 0.1)
    assert ids(swapped) == [2, 1]
    assert swapped.boxes == pytest.approx(faces.boxes[[1, 0]])
    assert swapped.scores == pytest.approx([0.7, 0.9])
    assert swapped.age == pytest.approx([40, 20])


def test_no_faces_at_all(tracker: Tracker) -> None:
    for timestamp in (0.0, 0.1):
        assert ids(tracker.update(Faces.empty(), timestamp)) == []
        assert ids(tracker.predict(timestamp + 0.05)) == []
    assert tracker.active == ()


def run(
    tracker: Tracker,
    paths: list[Path],
    fps: float,
    seconds: float,
    hidden: Callable[[int, int], bool] = lambda who, frame: False,
    jitter: float = 0.02,
    seed: int = 0,
) -> list[list[int]]:
    """Film the paths with noisy detections in changing row order; return for each path the ids that it was given."""
    rng = np.random.default_rng(seed)
    given_ids: list[list[int]] = [[] for _ in paths]
    for frame in range(int(seconds * fps)):
        who = [i for i in rng.permutation(len(paths)) if not hidden(int(i), frame)]
        where = []
        for i in who:
            x, y, size = paths[i](frame / fps)
            dx, dy, scale = rng.normal(0, jitter, 3)
            where.append((x + dx * size, y + dy * size, size * np.exp(scale)))
        for i, track in zip(who, ids(tracker.update(at(*where), frame / fps)), strict=True):
            given_ids[i].append(track)
    return given_ids


def still(x: float, y: float, size: float) -> Path:
    return lambda t: (x, y, size)


def moving(x: float, y: float, size: float, vx: float, vy: float = 0, grow: float = 0) -> Path:
    return lambda t: (x + vx * t, y + vy * t, size * float(np.exp(grow * t)))


@pytest.mark.parametrize("fps", [2, 5, 10, 30])
@pytest.mark.parametrize("seed", range(3))
def test_jitter_does_not_shake_identities(tracker: Tracker, fps: float, seed: int) -> None:
    row = [still(100 + 90 * i, 200, 60) for i in range(6)]
    seen = [set(track) for track in run(tracker, row, fps, 4, jitter=0.06, seed=seed)]
    assert sorted(seen, key=min) == [{1}, {2}, {3}, {4}, {5}, {6}]


@pytest.mark.parametrize("fps", [5, 10, 30])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("left", "right"),
    [
        (moving(100, 200, 80, 150), moving(700, 210, 50, -140)),
        (moving(100, 200, 60, 150), moving(700, 225, 60, -150)),
        (moving(100, 100, 60, 150, 60), moving(700, 340, 66, -150, -60)),
        (moving(300, 200, 120, 40), moving(480, 200, 55, -40)),
    ],
    ids=["sizes differ", "same size", "diagonal", "slow, one behind the other"],
)
def test_crossing_faces_do_not_swap(left: Path, right: Path, fps: float, seed: int) -> None:
    tracks = run(Tracker(TrackingSettings()), [left, right], fps, 4, seed=seed)
    assert sorted(set(tracks[0]) | set(tracks[1])) == [1, 2]
    assert [len(set(track)) for track in tracks] == [1, 1]


@pytest.mark.parametrize("fps", [10, 30])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [60, 45])
def test_a_face_hidden_while_crossing_comes_back_as_itself(fps: float, seed: int, size: float) -> None:
    """The face behind is not detected while it overlaps the one in front."""
    front, behind = moving(100, 200, 70, 200), moving(740, 215, size, -200)

    def hidden(who: int, frame: int) -> bool:
        return who == 1 and abs(front(frame / fps)[0] - behind(frame / fps)[0]) < 40

    tracks = run(Tracker(TrackingSettings()), [front, behind], fps, 3.2, hidden, seed=seed)
    assert [len(set(track)) for track in tracks] == [1, 1]
    assert set(tracks[0]) != set(tracks[1])


@pytest.mark.parametrize("seed", range(3))
def test_missed_frames_do_not_change_identities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    missed = rng.random((3, 200)) < 0.3
    missed[:, 0] = False
    paths = [moving(100, 100, 50, 60), moving(600, 140, 70, -60), moving(350, 300, 60, 10, -20, 0.1)]
    tracks = run(Tracker(TrackingSettings()), paths, 15, 6, lambda who, frame: bool(missed[who, frame]), seed=seed)
    assert [len(set(track)) for track in tracks] == [1, 1, 1]
    assert sorted(set.union(*map(set, tracks))) == [1, 2, 3]


@pytest.mark.parametrize(("away", "same"), [(0.1, True), (0.8, True), (1.5, False)])
def test_a_lost_face_keeps_its_identity_for_a_while(tracker: Tracker, away: float, same: bool) -> None:
    for i in range(10):
        tracker.update(at((200, 200, 80)), i / 10)
    for i in range(1, int(away * 10)):
        tracker.update(Faces.empty(), 0.9 + i / 10)
        assert (1 in tracker.active) == (i / 10 <= 1.0)
    assert ids(tracker.update(at((205, 200, 80)), 0.9 + away)) == [1 if same else 2]


def test_without_keeping_a_face_missed_once_is_gone() -> None:
    tracker = Tracker(TrackingSettings(keep_lost=0))
    tracker.update(at((200, 200, 80)), 0.0)
    tracker.update(Faces.empty(), 0.04)
    assert tracker.active == ()
    assert ids(tracker.update(at((200, 200, 80)), 0.08)) == [2]


def test_one_leaves_and_another_comes_elsewhere(tracker: Tracker) -> None:
    tracker.update(at((100, 100, 60)), 0.0)
    tracker.update(at((100, 100, 60)), 0.1)
    assert ids(tracker.update(at((500, 300, 60)), 0.2)) == [2]
    assert tracker.active == (1, 2)


def test_another_size_at_the_same_place_is_another_face(tracker: Tracker) -> None:
    tracker.update(at((300, 300, 200)), 0.0)
    assert ids(tracker.update(at((300, 300, 60)), 0.1)) == [2]


def test_a_fast_face_that_no_longer_overlaps_is_recognised() -> None:
    """Two face widths per second and more at 3 frames per second: no overlap from frame to frame."""
    tracks = run(Tracker(TrackingSettings()), [moving(50, 100, 50, 170)], fps=3, seconds=3)
    assert set(tracks[0]) == {1}


def test_slowly_sampled_video_keeps_identities(tracker: Tracker) -> None:
    for i in range(4):
        assert ids(tracker.update(at((200 + i, 200, 80)), 2.0 * i)) == [1]


def test_after_a_long_gap_nothing_is_known(tracker: Tracker) -> None:
    tracker.update(at((200, 200, 80)), 0.0)
    assert ids(tracker.update(at((200, 200, 80)), MAX_GAP + 0.1)) == [2]
    assert tracker.active == (2,)


def test_a_clock_that_runs_back_starts_anew(tracker: Tracker) -> None:
    tracker.update(at((200, 200, 80)), 10.0)
    assert ids(tracker.update(at((200, 200, 80)), 0.0)) == [2]
    assert ids(tracker.update(at((200, 200, 80)), 0.1)) == [2]


def test_a_clock_that_stumbles_or_stands_still_does_no_harm() -> None:
    for stamps in ([0.0] * 60, [0.1, 0.05, 0.12, 0.11, 0.2, 0.19]):
        tracker = Tracker(TrackingSettings())
        for i, timestamp in enumerate(stamps):
            assert ids(tracker.update(at((200 + 4 * i, 200, 80)), timestamp)) == [1]


def test_a_clock_that_stands_still_ends_lost_faces_too(tracker: Tracker) -> None:
    tracker.update(at((200, 200, 80)), 0.0)
    for _ in range(40):
        tracker.update(Faces.empty(), 0.0)
    assert tracker.active == ()


def test_reset_forgets_faces_but_not_the_count(tracker: Tracker) -> None:
    tracker.update(at((200, 200, 80), (400, 200, 80)), 0.0)
    tracker.reset()
    assert tracker.active == ()
    assert ids(tracker.predict(0.1)) == []
    assert ids(tracker.update(at((200, 200, 80)), 0.1)) == [3]


def test_two_trackers_know_nothing_of_each_other() -> None:
    one, other = Tracker(TrackingSettings()), Tracker(TrackingSettings())
    one.update(at((200, 200, 80), (500, 200, 80)), 0.0)
    assert ids(other.update(at((700, 200, 80)), 0.0)) == [1]
    assert one.active == (1, 2)


def test_weak_faces_continue_but_do_not_begin(tracker: Tracker) -> None:
    tracker.update(at((100, 100, 50), scores=[0.9]), 0.0, min_new=0.5)
    faces = at((102, 100, 50), (400, 100, 50), (700, 100, 50), scores=[0.3, 0.3, 0.8])
    assert ids(tracker.update(faces, 0.1, min_new=0.5)) == [1, 0, 2]
    assert tracker.active == (1, 2)
    assert ids(tracker.predict(0.15)) == [1, 2]


def test_a_strong_face_goes_before_a_weak_one(tracker: Tracker) -> None:
    tracker.update(at((100, 100, 50), scores=[0.9]), 0.0)
    faces = at((101, 100, 50), (108, 100, 50), scores=[0.3, 0.9])
    assert ids(tracker.update(faces, 0.1, min_new=0.5)) == [0, 1]


def test_sixty_four_faces_in_a_crowd() -> None:
    paths = [
        moving(60 + 90 * (i % 16), 60 + 100 * (i // 16), 50 + i % 5, 25 * (-1) ** i, 10 * (-1) ** (i // 2))
        for i in range(64)
    ]
    tracks = run(Tracker(TrackingSettings()), paths, fps=10, seconds=1.5)
    assert [len(set(track)) for track in tracks] == [1] * 64
    assert sorted(set.union(*map(set, tracks))) == list(range(1, 65))


def test_lost_faces_are_bounded(tracker: Tracker) -> None:
    for i in range(40):
        tracker.update(at(*((100 + 300 * k, 300 * (i % 10), 20) for k in range(8))), i / 100)
    assert len(tracker.active) <= MAX_LOST + 16


def test_prediction_starts_where_the_face_was_seen(tracker: Tracker) -> None:
    for i in range(5):
        seen = tracker.update(at((200 + 7 * i, 200, 80), (500, 90, 40)), i / 10)
    for timestamp in (0.4, 0.1):
        predicted = tracker.predict(timestamp)
        assert predicted.boxes == pytest.approx(seen.boxes)
        assert predicted.points == pytest.approx(seen.points)
        assert ids(predicted) == ids(seen)


def test_prediction_moves_boxes_and_points_with_the_face(tracker: Tracker) -> None:
    path = moving(200, 200, 80, 100, 0, 0.2)
    for i in range(11):
        tracker.update(at(path(i / 10)), i / 10)
    before = tracker.active
    predicted, truth = tracker.predict(1.15), at(path(1.15))
    assert predicted.boxes == pytest.approx(truth.boxes, abs=4)
    assert predicted.points == pytest.approx(truth.points, abs=4)
    assert np.abs(predicted.boxes - truth.boxes).max() < np.abs(at(path(1.0)).boxes - truth.boxes).max() / 2
    assert tracker.predict(1.15).boxes == pytest.approx(predicted.boxes)  # asking changes nothing
    assert tracker.active == before


def test_only_faces_of_the_last_update_are_predicted(tracker: Tracker) -> None:
    tracker.update(at((200, 200, 80), (500, 90, 40)), 0.0)
    tracker.update(at((500, 90, 40)), 0.1)
    assert ids(tracker.predict(0.15)) == [2]


def test_prediction_of_faces_without_points(tracker: Tracker) -> None:
    tracker.update(Faces.from_boxes([face(100, 100, 50)]), 0.0)
    predicted = tracker.predict(0.1)
    assert np.isnan(predicted.points).all()
    assert np.isfinite(predicted.boxes).all()


@pytest.mark.parametrize("timestamp", [float("nan"), float("inf")])
def test_a_timestamp_must_be_a_number(tracker: Tracker, timestamp: float) -> None:
    with pytest.raises(ValueError, match="timestamp must be a finite number"):
        tracker.update(Faces.empty(), timestamp)
    with pytest.raises(ValueError, match="timestamp must be a finite number"):
        tracker.predict(timestamp)


def test_boxes_must_be_numbers(tracker: Tracker) -> None:
    with pytest.raises(ValueError, match="boxes and scores must be finite"):
        tracker.update(Faces.from_boxes([[0, 0, np.nan, 5]]), 0.0)


wheres = st.lists(st.tuples(st.floats(-100, 2000), st.floats(-100, 1100), st.floats(0, 900)), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 3), wheres, st.floats(0, 1)), min_size=1, max_size=12))
def test_whatever_comes_identities_are_unique_and_never_reused(
    steps: list[tuple[float, list[tuple[float, float, float]], float]],
) -> None:
    tracker, timestamp, ended, highest = Tracker(TrackingSettings()), 0.0, set[int](), 0
    for seconds, where, min_new in steps:
        timestamp += seconds
        before = set(tracker.active)
        tracks = [track for track in ids(tracker.update(at(*where), timestamp, min_new)) if track]
        assert len(set(tracks)) == len(tracks)
        assert set(tracks) <= set(tracker.active)
        assert not set(tracks) & ended
        assert all(track > highest for track in set(tracks) - before)
        ended |= before - set(tracker.active)
        highest = max([highest, *tracks])
        predicted = tracker.predict(timestamp + 0.1)
        assert ids(predicted) == tracks
        assert np.isfinite(predicted.boxes).all()


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(5)), st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = np.column_stack([rng.uniform(0, 600, (5, 2)), rng.uniform(30, 120, 5)])
    moved = where + rng.normal(0, 10, (5, 3)) * [1, 1, 0.2]
    plain, mixed = Tracker(TrackingSettings()), Tracker(TrackingSettings())
    first = ids(plain.update(at(*where), 0.0))
    assert ids(mixed.update(at(*where), 0.0)) == first
    second = ids(plain.update(at(*moved), 0.1))
    shuffled = ids(mixed.update(at(*moved[order]), 0.1))
    known = set(first)
    assert [track if track in known else 0 for track in shuffled] == [
        second[i] if second[i] in known else 0 for i in order
    ]


def test_a_weak_face_does_not_wake_a_lost_one(tracker: Tracker) -> None:
    tracker.update(at((100, 100, 50)), 0.0)
    tracker.update(Faces.empty(), 0.1)
    assert tracker.lost
    assert ids(tracker.update(at((100, 100, 50), scores=[0.3]), 0.2, min_new=0.5)) == [0]
    assert ids(tracker.update(at((100, 100, 50), scores=[0.8]), 0.3, min_new=0.5)) == [1]
    assert not tracker.lost


@pytest.mark.parametrize(("scores", "tracks"), [([0.6, 0.9], [2, 1]), ([0.9, 0.6], [1, 2])])
def test_of_two_equal_faces_the_surer_one_continues(tracker: Tracker, scores: list[float], tracks: list[int]) -> None:
    tracker.update(at((100, 100, 50)), 0.0)
    assert ids(tracker.update(at((95, 100, 50), (105, 100, 50), scores=scores), 0.1)) == tracks


def test_between_a_lost_and_a_seen_face_the_seen_one_is_likelier(tracker: Tracker) -> None:
    for i in range(5):
        tracker.update(at((100, 100, 50), (160, 100, 50)), i / 10)
    for i in range(5, 11):
        tracker.update(at((160, 100, 50)), i / 10)
    assert ids(tracker.update(at((129, 100, 50)), 1.1)) == [2]
