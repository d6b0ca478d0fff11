from __future__ import annotations

import numpy as np
import pytest

from mien.core.geometry import similarity
from mien.core.heat import Heat
from mien.core.types import FloatArray


def heat(maps: object, transform: object) -> Heat:
    return Heat(np.array([1]), np.asarray(maps, np.float32)[None], np.asarray(transform, np.float32)[None])


STRAIGHT = [[0.01, 0, -0.2], [0, 0.02, -0.4]]
"""x 20–120, y 20–70 of the picture are the view."""
FOUR = [[1.0, 2.0], [-3.0, 4.0]]


def test_the_area_is_where_the_network_looked() -> None:
    assert heat(FOUR, STRAIGHT).area(0) == pytest.approx((20, 20, 120, 70), abs=1e-3)


def test_the_area_of_a_tilted_view_holds_all_of_it() -> None:
    tilted = similarity([[50, 0], [100, 50], [0, 50], [50, 100]], [[0, 0], [1, 0], [0, 1], [1, 1]])
    assert heat(FOUR, tilted).area(0) == pytest.approx((0, 0, 100, 100), abs=1e-2)


def test_cells_keep_their_values_at_their_centres() -> None:
    made = heat(FOUR, STRAIGHT)
    assert made.over(0, made.area(0), 2, 2) == pytest.approx(np.array(FOUR), abs=1e-4)
    between = made.over(0, made.area(0), 100, 50)
    assert between[25, 50] == pytest.approx(np.mean(FOUR), abs=0.15)
    assert between.min() >= -3
    assert between.max() <= 4


def test_a_part_of_the_picture_shows_its_part_of_the_map() -> None:
    made = heat(FOUR, STRAIGHT)
    whole: FloatArray = made.over(0, (0, 0, 160, 80), 160, 80)
    assert (whole[:20] == 0).all()
    assert (whole[:, 120:] == 0).all()
    assert whole[22, 22] == 1
    assert whole[68, 22] == -3
    assert made.over(0, (20, 45, 70, 70), 1, 1)[0, 0] == pytest.approx(-3, abs=1e-4)


def test_a_tilted_map_comes_upright_into_the_picture() -> None:
    """The view stands on its head: its first row lies at the bottom of the picture."""
    turned = similarity([[100, 100], [0, 100], [100, 0], [0, 0]], [[0, 0], [1, 0], [0, 1], [1, 1]])
    made = heat(FOUR, turned)
    assert made.over(0, made.area(0), 2, 2) == pytest.approx(np.array(FOUR)[::-1, ::-1], abs=1e-3)


@pytest.mark.parametrize(
    ("maps", "transforms"),
    [((2, 3, 3), (1, 2, 3)), ((1, 9), (1, 2, 3)), ((1, 3, 3), (2, 2, 3)), ((1, 3, 3), (1, 3, 3))],
)
def test_shapes_that_do_not_fit_are_refused(maps: tuple[int, ...], transforms: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must have shape"):
        Heat(np.array([0]), np.zeros(maps, np.float32), np.zeros(transforms, np.float32))
