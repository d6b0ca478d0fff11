from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mien.core.types import Faces, Frame


def two_faces() -> Faces:
    return Faces.from_boxes([[0, 0, 10, 10], [5, 5, 25, 15]], [0.5, 0.9])


def test_from_boxes_fills_what_is_unknown() -> None:
    faces = Faces.from_boxes([[0, 0, 10, 20]])
    assert faces.scores.tolist() == [1.0]
    assert np.isnan(faces.points).all()
    assert faces.emotion is None


def test_empty_has_the_right_shapes() -> None:
    faces = Faces.empty()
    assert len(faces) == 0
    assert faces.boxes.shape == (0, 4)
    assert faces.points.shape == (0, 5, 2)
    assert faces.sizes.shape == (0,)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("scores", np.ones(3)),
        ("points", np.zeros((2, 4, 2))),
        ("emotion", np.zeros((2, 7))),
        ("pose", np.zeros((3, 3))),
        ("tracks", np.zeros((2, 1))),
    ],
)
def test_a_column_that_does_not_fit_is_named(column: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=column):
        two_faces().replace(**{column: value})


def test_columns_get_their_types() -> None:
    faces = two_faces().replace(tracks=[3, 4], uncertain=[0, 1], emotion=np.eye(8)[:2])
    assert faces.tracks is not None
    assert faces.tracks.dtype == np.int64
    assert faces.uncertain is not None
    assert faces.uncertain.dtype == np.bool_
    assert faces.emotion is not None
    assert faces.emotion.dtype == np.float32


@pytest.mark.parametrize("rows", [[False, True], np.array([1]), slice(1, 2), 1, np.int64(1)])
def test_selecting_rows_selects_them_in_every_column(rows: object) -> None:
    faces = two_faces().replace(tracks=[3, 4])[rows]
    assert len(faces) == 1
    assert faces.tracks is not None
    assert faces.tracks.tolist() == [4]
    assert faces.scores.tolist() == [np.float32(0.9)]


def test_rows_can_be_reordered() -> None:
    assert two_faces()[[1, 0]].scores.tolist() == [np.float32(0.9), 0.5]


def test_sizes_are_the_square_roots_of_areas() -> None:
    faces = Faces.from_boxes([[0, 0, 4, 9], [5, 5, 5, 9], [9, 9, 3, 3]])
    assert faces.sizes.tolist() == [6, 0, 0]


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8)]
)
def test_a_frame_is_bgr_bytes(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="BGR uint8"):
        Frame(image)


def test_a_frame_knows_its_size() -> None:
    frame = Frame(np.zeros((3, 7, 3), np.uint8))
    assert (frame.width, frame.height) == (7, 3)


@pytest.mark.parametrize(
    ("image", "says"), [(None, "NoneType"), (b"abc", "bytes"), (np.zeros((0, 4, 3), np.uint8), "pixels")]
)
def test_a_frame_without_pixels_is_refused(image: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Frame(image)


def test_shown_emotions_by_name() -> None:
    faces = Faces.from_boxes([[0, 0, 9, 9], [9, 9, 20, 20]])
    assert faces.names == []
    seen = faces.replace(emotion=np.eye(8)[[1, 3]])
    assert seen.names == ["happiness", "sadness"]
    held = seen.replace(label=[0, 3], uncertain=[True, False])
    assert held.names == ["neutral", "sadness"]
    assert repr(held).startswith("Faces(2, neutral ?, sadness; boxes, ")
