from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.core.geometry import similarity
from mien.core.types import Faces
from mien.models.landmarks import COUNT, MIRROR, PARTS, five_points, locate, to_picture
from mien.models.pose import MEAN_FACE
from mien.models.spec import InputSpec

FloatArray = NDArray[np.float32]
INSIDE = (MEAN_FACE[:, :2] * 0.39 + [0.5, 0.3]).astype(np.float32)
"""The mean face as fractions of an input; its five points are the template."""
TEMPLATE = tuple((float(x), float(y)) for x, y in five_points(INSIDE[None])[0])
SPEC = InputSpec(width=64, height=64, template=TEMPLATE, box=(0.1, 0.0, 0.9, 0.9))


class MeanFace:
    """Answers with the mean face, whatever it sees, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: FloatArray) -> Mapping[str, FloatArray]:
        self.batches.append(len(x))
        return {"landmarks": np.tile(INSIDE.reshape(1, -1), (len(x), 1))}


def brightest(x: FloatArray) -> Mapping[str, FloatArray]:
    """Answers with the brightest place of each input for every landmark."""
    height, width = x.shape[2:]
    places = x.reshape(len(x), -1).argmax(1)
    xy = np.stack([places % width / width, places // width / height], 1)
    return {"landmarks": np.repeat(xy[:, None], COUNT, 1).reshape(len(x), -1).astype(np.float32)}


def turned(degrees: float, scale: float, x: float, y: float) -> FloatArray:
    """The mean face in a picture, turned by so many degrees clockwise, eyes ``scale`` apart."""
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(MEAN_FACE[:, :2] @ turn.T + [x, y], np.float32)


def test_mirroring_twice_changes_nothing_and_keeps_the_parts() -> None:
    order = np.array(MIRROR)
    assert sorted(MIRROR) == list(range(COUNT))
    assert (order[order] == np.arange(COUNT)).all()
    for part in PARTS.values():
        inside = set(range(COUNT)[part])
        assert {MIRROR[index] for index in inside} == inside


def test_the_five_points_by_hand() -> None:
    landmarks = np.zeros((1, COUNT, 2), np.float32)
    landmarks[0, 36:42, 0] = [0, 1, 2, 3, 2, 1]
    landmarks[0, 42:48] = [7, 4]
    landmarks[0, [30, 48, 54]] = [[5, 6], [2, 9], [8, 10]]
    assert five_points(landmarks)[0].tolist() == [[1.5, 0], [7, 4], [5, 6], [2, 9], [8, 10]]


def test_points_of_a_crop_come_back_to_where_they_were() -> None:
    places = turned(20, 40, 100, 90)
    cut = similarity(places, INSIDE * 64)
    crop = places @ cut[:, :2].T + cut[:, 2]
    assert to_picture(crop[None], cut[None])[0] == pytest.approx(places, abs=1e-3)


@pytest.mark.parametrize("degrees", [0, 25, -90, 170])
def test_a_face_with_points_is_read_upright_and_once(degrees: float) -> None:
    places = turned(degrees, 50, 150, 120)
    faces = Faces.from_boxes([[100, 90, 200, 190]], points=five_points(places[None]))
    run = MeanFace()
    found = locate(run, SPEC, np.zeros((300, 300, 3), np.uint8), faces)
    assert found[0] == pytest.approx(places, abs=0.01)
    assert run.batches == [1]


def test_a_face_of_which_only_the_box_is_known_is_looked_at_twice() -> None:
    places = turned(0, 50, 150, 120)
    points = np.stack([five_points(places[None])[0], np.full((5, 2), np.nan)])
    known = Faces.from_boxes([[100, 90, 200, 190]] * 2, points=points)
    run = MeanFace()
    found = locate(run, SPEC, np.zeros((300, 300, 3), np.uint8), known)
    assert run.batches == [2, 1]
    assert found.shape == (2, COUNT, 2)
    assert found[1].mean(0) == pytest.approx([150, 140], abs=15)


@pytest.mark.parametrize("degrees", [0, 40, -130])
def test_a_place_in_the_picture_is_found_where_it_is(degrees: float) -> None:
    places = turned(degrees, 90, 200, 180)
    spot = places[30].round().astype(int)
    image = np.zeros((400, 400, 3), np.uint8)
    image[spot[1] - 3 : spot[1] + 4, spot[0] - 3 : spot[0] + 4] = 255
    faces = Faces.from_boxes([[100, 100, 300, 300]], points=five_points(places[None]))
    found = locate(brightest, SPEC, image, faces)
    assert found[0, 0] == pytest.approx(spot, abs=4)


def test_many_faces_go_in_small_batches_and_none_in_none() -> None:
    run = MeanFace()
    points = np.repeat(five_points(turned(0, 50, 150, 120)[None]), 19, 0)
    locate(run, SPEC, np.zeros((300, 300, 3), np.uint8), Faces.from_boxes([[100, 90, 200, 190]] * 19, points=points))
    assert run.batches == [8, 8, 3]
    assert locate(run, SPEC, np.zeros((9, 9, 3), np.uint8), Faces.empty()).shape == (0, COUNT, 2)
    assert len(run.batches) == 3


def test_points_that_are_no_face_leave_the_box_to_decide() -> None:
    mirrored = five_points(turned(0, 50, 150, 120)[None])[:, [1, 0, 2, 4, 3]]
    box = [[100, 90, 200, 190]]
    for points in (mirrored, np.full((1, 5, 2), 150)):
        faces = Faces.from_boxes(box, points=points)
        found = locate(MeanFace(), SPEC, np.zeros((300, 300, 3), np.uint8), faces)
        assert np.isfinite(found).all()
    still = SPEC.transforms(Faces.from_boxes(box, points=_vanishing()))
    assert still == pytest.approx(SPEC.transforms(Faces.from_boxes(box)))


def _vanishing() -> FloatArray:
    """The template mirrored, and stretched until no rotation brings it any nearer."""
    template = np.array(TEMPLATE) * 64
    centred = template - template.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    mirrored = centred @ axes / values * [1, -1] @ axes.T
    return np.asarray(mirrored[None] * 30 / mirrored.max() + 150, np.float32)
