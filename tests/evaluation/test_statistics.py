from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from mien.evaluation.statistics import bootstrap_difference, bootstrap_mean, fisher, holm, mcnemar


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (3, 12), (40, 61), (700, 810)])
def test_mcnemar_agrees_with_the_binomial_test(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-6)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_by_hand() -> None:
    # One of five: 2 · (1 + 5) / 32.
    assert mcnemar(1, 4) == pytest.approx(12 / 32)


@pytest.mark.parametrize("table", [(3, 9, 1, 8), (0, 5, 5, 5), (50, 60, 900, 1300), (0, 4, 0, 9), (7, 7, 20, 20)])
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    a, n_a, b, n_b = table
    expected = stats.fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue
    assert fisher(*table) == pytest.approx(expected, rel=1e-5)


def test_fisher_tastes_tea() -> None:
    # The lady tasting tea, three of four right: the tables with 0, 1, 3 and 4 hits have 1 + 16 + 16 + 1 of 70 ways.
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)


def test_holm_by_hand() -> None:
    # Ordered .01 ·4, .02 ·3, .03 ·2, .04 ·1, none below the one before it.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_interval_of_a_share_is_the_normal_one_for_many_rows() -> None:
    values = np.arange(4000) % 4 == 0
    low, high = bootstrap_mean(values)
    half = 1.96 * math.sqrt(0.25 * 0.75 / 4000)
    assert (low, high) == pytest.approx((0.25 - half, 0.25 + half), abs=0.002)


def test_the_interval_agrees_with_scipys_on_uneven_values() -> None:
    values = np.random.default_rng(0).exponential(1, 300)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert bootstrap_mean(values, 4000) == pytest.approx(tuple(expected), abs=0.02)


def test_the_interval_of_a_difference_of_two_samples() -> None:
    first, second = np.arange(1000) < 700, np.arange(500) < 300
    low, high = bootstrap_difference(first, second)
    half = 1.96 * math.sqrt(0.7 * 0.3 / 1000 + 0.6 * 0.4 / 500)
    assert (low, high) == pytest.approx((0.1 - half, 0.1 + half), abs=0.005)


def test_an_interval_of_nothing_is_nan_and_of_equal_values_has_no_width() -> None:
    assert all(math.isnan(v) for v in bootstrap_mean([]))
    assert bootstrap_mean([1, 1, 1]) == (1, 1)
