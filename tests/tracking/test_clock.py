from __future__ import annotations

import pytest

from mien.tracking.clock import NOMINAL_STEP, checked, elapsed


@pytest.mark.parametrize(
    ("before", "now", "seconds"), [(1.0, 1.5, 0.5), (1.0, 1.0, NOMINAL_STEP), (2.0, 1.0, NOMINAL_STEP)]
)
def test_time_always_advances(before: float, now: float, seconds: float) -> None:
    assert elapsed(before, now) == pytest.approx(seconds)
    assert elapsed([before, 0.0], now) == pytest.approx([seconds, now])


@pytest.mark.parametrize("timestamp", [float("nan"), float("-inf")])
def test_a_timestamp_must_be_finite(timestamp: float) -> None:
    with pytest.raises(ValueError, match="timestamp must be a finite number of seconds"):
        checked(timestamp)
