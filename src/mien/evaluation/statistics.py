"""How sure a measured number is: bootstrap intervals, exact tests, and a correction for testing many times.

Written out in NumPy, because the product does not carry SciPy; the tests hold them against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 2000
"""Resamples of a bootstrap."""


def bootstrap_mean(values: Any, draws: int = DRAWS, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of ``values`` ``[n]``.

    Efron 1979, "Bootstrap methods: another look at the jackknife". With nothing but equal values the interval has no
    width, so that a share of 0 or 1 over few rows looks surer than it is: show it with its n. NaN without rows.
    """
    return _interval(_means(values, draws, np.random.default_rng(seed)), level)


def bootstrap_difference(
    first: Any, second: Any, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap interval of mean(``first``) − mean(``second``), two samples of different rows.

    For the same rows under two models take `bootstrap_mean` of the differences.
    """
    rng = np.random.default_rng(seed)
    return _interval(_means(first, draws, rng) - _means(second, draws, rng), level)


def _means(values: Any, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the means of ``draws`` resamples.

    Drawing rows with replacement is drawing how often each distinct value comes: a multinomial, and for right and
    wrong a binomial, which is far faster.
    """
    levels, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    if not len(levels):
        return np.full(draws, np.nan)
    total = int(counts.sum())
    # In parts: for values that are all different a part is as wide as there are rows.
    parts = [rng.multinomial(total, counts / total, min(200, draws - at)) @ levels for at in range(0, draws, 200)]
    return np.asarray(np.concatenate(parts) / total)


def _interval(means: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p of McNemar's exact test.

    McNemar 1947; exact form by the binomial distribution: of the rows on which one of two models is right and the
    other is not, each had half of them if they were equally good.

    Args:
        only_first: rows that only the first model has right.
        only_second: rows that only the second model has right.
    """
    n, least = only_first + only_second, min(only_first, only_second)
    tail = sum(math.exp(_log_choose(n, k) - n * math.log(2)) for k in range(least + 1))
    return min(1.0, 2 * tail)


def fisher(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """Return the two-sided p of Fisher's exact test that two groups have the same share of hits.

    Fisher 1922; the sum over all tables with the same margins that are no likelier than the one seen.
    """
    hits, n = hits_a + hits_b, n_a + n_b
    possible = range(max(0, hits - n_b), min(hits, n_a) + 1)
    logs = [_log_choose(n_a, k) + _log_choose(n_b, hits - k) - _log_choose(n, hits) for k in possible]
    seen = logs[hits_a - possible.start]
    # Tables that are equally likely differ in the last digits.
    return min(1.0, sum(math.exp(value) for value in logs if value <= seen + 1e-7))


def holm(p: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number, in the same order (Holm 1979)."""
    adjusted, running = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        running = max(running, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = running
    return adjusted


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
