from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from mien.core.heat import Heat
from mien.core.types import Faces, FrameResult
from mien.outputs.heat import AGAINST, FOR, LEAST_PEAK, SIDE, lay, paint, png, to_json
from mien.outputs.overlay import draw

MAP = np.array([[10, 0], [0, -10]], np.float32)


def heat(values: object = MAP, left: float = 40, top: float = 20, side: float = 80) -> Heat:
    transform = np.array([[[1 / side, 0, -left / side], [0, 1 / side, -top / side]]], np.float32)
    return Heat(np.array([1]), np.asarray(values, np.float32)[None], transform)


def test_colours_tell_for_from_against_and_nothing_is_clear() -> None:
    painted = paint(np.array([[2.0, -2.0, 0.0, 1.0]], np.float32), 2.0)
    assert painted[0, 0, :3].tolist() == list(FOR)
    assert painted[0, 1, :3].tolist() == list(AGAINST)
    assert painted[0, 0, 3] == painted[0, 1, 3] > painted[0, 3, 3] > painted[0, 2, 3] == 0


def test_the_picture_is_small_and_transparent() -> None:
    picture = cv2.imdecode(np.frombuffer(png(heat(), 0), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (SIDE, SIDE, 4)
    assert picture[0, 0].tolist()[:3] == list(FOR)
    assert picture[-1, -1].tolist()[:3] == list(AGAINST)
    assert picture[0, 0, 3] == picture[..., 3].max()
    assert picture[0, -1, 3] == 0


def test_weak_reasons_are_drawn_pale() -> None:
    strong, weak = (cv2.imdecode(np.frombuffer(png(heat(MAP * by), 0), np.uint8), -1) for by in (1, LEAST_PEAK / 40))
    assert strong is not None
    assert weak is not None
    assert 0 < weak[..., 3].max() < 0.5 * strong[..., 3].max()


def test_the_json_tells_the_label_and_where_the_picture_lies() -> None:
    (value,) = to_json(heat())
    assert value["label"] == "happiness"
    assert value["box"] == [40.0, 20.0, 120.0, 100.0]
    kind, data = value["image"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == png(heat(), 0)


@pytest.mark.parametrize("scale", [1, 2])
def test_maps_are_laid_over_the_face_and_nothing_else(scale: int) -> None:
    faces = Faces.from_boxes([[50, 30, 110, 90]])
    plain = FrameResult(0, 0.0, 160, 120, faces)
    hot = FrameResult(0, 0.0, 160, 120, faces, heat=heat())
    ground = np.full((120 * scale, 160 * scale, 3), 128, np.uint8)
    changed = (draw(ground, plain) != draw(ground, hot)).any(2)
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 20 * scale
    assert rows.max() < 100 * scale
    assert columns.min() >= 40 * scale
    assert columns.max() < 120 * scale
    assert changed[40 * scale, 60 * scale]
    assert (ground == 128).all()


@pytest.mark.parametrize(("left", "top"), [(-60, -60), (150, 110), (-500, 0), (1e6, 1e6)])
def test_what_reaches_beyond_the_picture_is_cut_off(left: float, top: float) -> None:
    canvas = np.full((120, 160, 3), 128, np.uint8)
    lay(canvas, heat(left=left, top=top))
    seen = -80 < left < 160 and -80 < top < 120
    assert (canvas != 128).any() == seen
