from __future__ import annotations

import numpy as np
import pytest

from mien.core.types import Faces, FrameResult
from mien.evaluation.stability import measure


def result(index: int, *faces: tuple[int, int, int]) -> FrameResult:
    """A frame of faces given as (track, best class of the frame, shown class)."""
    boxes = np.array([[0, 0, 10, 10]] * len(faces)).reshape(-1, 4)
    table = np.array(faces, np.int64).reshape(-1, 3)
    columns = Faces.from_boxes(boxes).replace(tracks=table[:, 0], emotion_raw=np.eye(8)[table[:, 1]], label=table[:, 2])
    return FrameResult(index, index / 10, 64, 48, columns)


def test_changes_are_counted_within_tracks() -> None:
    found = measure(
        [
            result(0, (1, 0, 0)),
            result(1, (2, 3, 3), (1, 1, 0)),  # 1 changes raw; 2 begins, which is no change
            result(2),
            result(3, (1, 0, 0), (2, 4, 4)),  # 1 changes back, 2 changes raw and shown
        ]
    )
    assert (found.raw_changes, found.shown_changes) == (3, 1)
    assert (found.frames, found.frames_with_faces, found.observations, found.tracks) == (4, 3, 5, 2)
    assert found.seconds == pytest.approx(0.3)
    assert found.ratio == pytest.approx(1 / 3)


def test_without_any_change_there_is_no_ratio() -> None:
    assert measure([result(0, (1, 0, 0)), result(1, (1, 0, 0))]).ratio is None
    assert measure([]).frames == 0


def test_results_of_pictures_are_refused() -> None:
    faces = Faces.from_boxes([[0, 0, 10, 10]]).replace(emotion_raw=np.eye(8)[[0]])
    with pytest.raises(ValueError, match="analyse a stream"):
        measure([FrameResult(0, 0.0, 64, 48, faces)])
