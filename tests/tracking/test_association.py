from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

from mien.core.types import IntArray
from mien.tracking.association import MAX_SIZE_CHANGE, assign, pair_costs
from mien.tracking.kalman import Double

BOX = [100.0, 100.0, 150.0, 150.0]


def total(costs: Double, columns: IntArray, miss: float) -> float:
    return float(sum(miss if column < 0 else costs[row, column] for row, column in enumerate(columns)))


def best_total(costs: Double, miss: float) -> float:
    """The least sum, by SciPy: a spare column of cost `miss` for every row; no pair costs 1e6."""
    padded = np.hstack([np.where(np.isfinite(costs), costs, 1e6), np.full((len(costs), len(costs)), miss)])
    rows, columns = linear_sum_assignment(padded)
    return float(padded[rows, columns].sum())


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(0, 12),
    m=st.integers(0, 12),
    possible=st.floats(0, 1),
    steps=st.integers(1, 6),
    miss=st.floats(0.1, 1.5),
    seed=st.integers(0, 2**32 - 1),
)
def test_assignment_is_as_cheap_as_scipys(n: int, m: int, possible: float, steps: int, miss: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few different values, so that ties are common.
    costs = np.where(rng.random((n, m)) < possible, rng.integers(0, steps + 1, (n, m)) / steps, np.inf)
    columns = assign(costs, miss)
    used = columns[columns >= 0]
    assert columns.shape == (n,)
    assert len(set(used.tolist())) == len(used)
    assert np.isfinite(costs[columns >= 0, used]).all()
    assert total(costs, columns, miss) == pytest.approx(best_total(costs, miss))


def test_sixty_four_faces_are_assigned_as_scipy_does() -> None:
    rng = np.random.default_rng(0)
    costs = rng.random((64, 128))
    costs[:, 0] = 0  # all want the same
    rows, columns = linear_sum_assignment(costs)
    assert rows.tolist() == list(range(64))
    assert assign(costs, 10.0).tolist() == columns.tolist()


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([[0.1, 0.9], [0.2, 0.8]], [0, 1]),  # 0.9 against 1.1
        ([[0.1, 0.2], [0.1, 0.9]], [1, 0]),  # greedy would give row 0 its best and pay 1.0
        ([[0.1], [0.05]], [-1, 0]),
        ([[np.inf, np.inf], [0.5, np.inf]], [-1, 0]),
        ([[1.2]], [-1]),  # dearer than leaving it alone
        (np.empty((2, 0)), [-1, -1]),
        (np.empty((0, 2)), []),
    ],
)
def test_assignment_cases(costs: Double, expected: list[int]) -> None:
    assert assign(np.asarray(costs, np.float64), miss=1.0).tolist() == expected


def test_the_same_box_costs_nothing_and_a_far_one_is_impossible() -> None:
    far = [400.0, 100.0, 450.0, 150.0]
    costs = pair_costs([BOX, far], [BOX], [1.5], 0.2)
    assert costs[0, 0] == pytest.approx(0, abs=1e-6)
    assert np.isinf(costs[1, 0])


@pytest.mark.parametrize(
    ("shift", "scale", "reach", "possible"),
    [
        (1.2, 1.0, 1.5, True),  # does not overlap, but within reach
        (1.2, 1.0, 1.0, False),
        (1.2, 1.9, 1.5, False),  # within reach, but another size
        (0.2, 1.9, 0.1, True),  # overlap is enough
    ],
)
def test_what_a_pair_may_be(shift: float, scale: float, reach: float, possible: bool) -> None:
    half = 25 * scale
    other = [125 + shift * 50 - half, 125 - half, 125 + shift * 50 + half, 125 + half]
    assert np.isfinite(pair_costs([other], [BOX], [reach], 0.2))[0, 0] == possible


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(-1e4, 1e4),
    y=st.floats(-1e4, 1e4),
    w=st.floats(-5, 5e3),
    h=st.floats(-5, 5e3),
)
def test_a_possible_pair_costs_between_nothing_and_one(x: float, y: float, w: float, h: float) -> None:
    cost = pair_costs([[x, y, x + w, y + h]], [BOX], [1.5], 0.2)[0, 0]
    assert np.isinf(cost) or 0 <= cost <= 1


def test_of_two_boxes_the_one_of_equal_size_is_cheaper() -> None:
    def square(size: float) -> list[float]:
        return [125 - size / 2, 125 - size / 2, 125 + size / 2, 125 + size / 2]

    costs = pair_costs([square(50), square(50 * np.exp(MAX_SIZE_CHANGE / 2))], [square(50)], [1.5], 0.2)
    assert costs[0, 0] < costs[1, 0]


def test_no_boxes() -> None:
    assert pair_costs(np.empty((0, 4)), [BOX], [1.0], 0.2).shape == (0, 1)
    assert pair_costs([BOX], np.empty((0, 4)), [], 0.2).shape == (1, 0)


def test_of_two_boxes_beside_the_track_the_nearer_is_cheaper() -> None:
    near, far = [155.0, 100.0, 205.0, 150.0], [160.0, 100.0, 210.0, 150.0]
    costs = pair_costs([near, far], [BOX], [1.5], 0.2)
    assert costs[0, 0] < costs[1, 0] < 1
