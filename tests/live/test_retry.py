from __future__ import annotations

import pytest

from mien.live.retry import RetryRule, is_quiet, rate

RULE = RetryRule(first=1, factor=2, most=30, jitter=0.25, settled=10)


@pytest.mark.parametrize(("failures", "wait"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (7, 30), (10_000, 30)])
def test_waits_double_up_to_the_longest(failures: int, wait: float) -> None:
    assert RULE.delay(failures, 0.5) == pytest.approx(wait)


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 3.0), (0.5, 4.0), (1.0, 5.0)])
def test_chance_spreads_the_wait(chance: float, wait: float) -> None:
    assert RULE.delay(3, chance) == pytest.approx(wait)


@pytest.mark.parametrize(
    ("before", "lived", "failures"),
    [(0, 0.0, 1), (3, 0.0, 4), (3, 9.9, 4), (3, 10.0, 1)],
    ids=["first", "again", "gave frames too briefly", "was well again"],
)
def test_failures_in_a_row(before: int, lived: float, failures: int) -> None:
    assert RULE.failures(before, lived) == failures


@pytest.mark.parametrize(("now", "quiet"), [(10.0, False), (15.0, False), (15.1, True)])
def test_quiet(now: float, quiet: bool) -> None:
    assert is_quiet(now, 10.0, 5.0) is quiet


@pytest.mark.parametrize(
    ("times", "now", "expected"),
    [
        ([], 5.0, 0.0),
        ([5.0], 5.0, 0.0),
        ([5.0, 5.0], 5.0, 0.0),
        ([4.0, 4.5, 5.0], 5.0, 2.0),
        ([0.0, 0.1, 4.6, 4.8, 5.0], 5.0, 5.0),
        ([0.0, 0.1], 5.0, 0.0),
    ],
    ids=["none", "one", "at once", "even", "old ones do not count", "it stopped"],
)
def test_rate(times: list[float], now: float, expected: float) -> None:
    assert rate(times, now) == pytest.approx(expected)
