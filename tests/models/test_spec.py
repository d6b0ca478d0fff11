from __future__ import annotations

import numpy as np
import pytest

from mien.core.errors import ModelError
from mien.core.types import Faces
from mien.models.spec import InputSpec

TEMPLATE = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))


def test_a_spec_survives_json() -> None:
    spec = InputSpec(width=48, height=40, colour="rgb", mean=10, scale=0.5, template=TEMPLATE, box=(0.1, 0.1, 0.9, 0.9))
    assert InputSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    "entry",
    [
        {"width": 4},
        {"width": 4, "height": 4, "color": "grey"},
        {"width": 4, "height": 4, "colour": "hsv"},
        {"width": 4, "height": 4, "template": [[0, 0]]},
    ],
)
def test_a_wrong_entry_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        InputSpec.from_json(entry)


def test_points_are_brought_to_the_template() -> None:
    """A bright dot on the nose of a turned face arrives at the template's nose."""
    spec = InputSpec(width=48, height=48, colour="grey", template=TEMPLATE)
    angle, scale = 0.6, 3.0
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.array(TEMPLATE) * 48 @ turn.T + [150, 60]
    image = np.zeros((400, 400, 3), np.uint8)
    x, y = points[2].round().astype(int)
    image[y - 3 : y + 4, x - 3 : x + 4] = 255
    crop = spec.align(image, Faces.from_boxes([[0, 0, 9, 9]], points=points[None]))[0]
    row, column = np.unravel_index(crop.argmax(), crop.shape)
    assert (column, row) == (pytest.approx(24, abs=1.5), pytest.approx(0.55 * 48, abs=1.5))


def test_faces_without_points_are_cut_by_their_box() -> None:
    spec = InputSpec(width=10, height=10, colour="grey", template=TEMPLATE, box=(0, 0, 1, 1))
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 20:40] = 200
    crop = spec.align(image, Faces.from_boxes([[20, 40, 40, 60]]))[0]
    assert crop[2:-2, 2:-2].min() == 200


@pytest.mark.parametrize(("colour", "tail"), [("grey", (6, 5)), ("bgr", (6, 5, 3)), ("rgb", (6, 5, 3))])
@pytest.mark.parametrize("count", [0, 2])
def test_shapes_and_colours(colour: str, tail: tuple[int, ...], count: int) -> None:
    spec = InputSpec(width=5, height=6, colour=colour, mean=0, scale=1)
    image = np.zeros((20, 20, 3), np.uint8)
    image[..., 0] = 90
    crops = spec.align(image, Faces.from_boxes([[0, 0, 9, 9]] * count))
    assert crops.shape == (count, *tail)
    tensor = spec.tensor(crops)
    assert tensor.shape == (count, 1 if colour == "grey" else 3, 6, 5)
    assert tensor.dtype == np.float32
    if count and colour == "rgb":
        assert tensor[0, 2].max() == 90
        assert tensor[0, 0].max() == 0


def test_tensor_uses_mean_and_scale() -> None:
    spec = InputSpec(width=1, height=1, colour="grey", mean=100, scale=0.1)
    assert spec.tensor(np.array([[[110]]], np.uint8)).item() == pytest.approx(1.0)
