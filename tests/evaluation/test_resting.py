from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.emotion import Targets
from mien.evaluation.resting import resting


def test_the_mean_over_faces_that_most_people_call_neutral() -> None:
    sure, sad = np.full(8, 0.05), np.full(8, 0.05)
    sure[0], sad[3] = 0.65, 0.65
    targets = Targets(np.eye(8, dtype=np.float32)[[0, 0, 3, 0]], np.array([0, 0, 3, 0]), np.array([1, 1, 1, 0], bool))
    got = resting(np.array([sure, sad, sad, sad], np.float32), targets)
    assert got is not None
    assert got[0] == 0
    assert got[3] == pytest.approx((np.log(0.05 / 0.65) + np.log(0.65 / 0.05)) / 2, abs=0.01)
    assert got[1] == pytest.approx((np.log(0.05 / 0.65) + 0) / 2, abs=0.01)


def test_nobody_is_neutral() -> None:
    targets = Targets(np.eye(8, dtype=np.float32)[[3]], np.array([3]), np.array([True]))
    assert resting(np.full((1, 8), 1 / 8, np.float32), targets) is None
