from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation import metrics
from mien.evaluation.reliability import diagram, risk_coverage


def test_the_bins_of_a_diagram_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [1.0, 0.0]], np.float32)
    target = np.array([[1, 0], [0.7, 0.3], [0, 1], [1, 0]], np.float32)
    bins = diagram(probabilities, target, 5)
    assert [b["n"] for b in bins] == [0, 0, 0, 1, 3]
    assert bins[3]["confidence"] == pytest.approx(0.6, abs=1e-4)
    assert bins[3]["agreed"] == 0
    assert bins[4]["confidence"] == pytest.approx(0.95, abs=1e-4)
    assert bins[4]["agreed"] == pytest.approx(0.9, abs=1e-4)
    assert bins[0]["confidence"] is bins[0]["agreed"] is None
    assert (bins[4]["low"], bins[4]["high"]) == (0.8, 1.0)


def test_the_diagrams_mean_gap_is_the_ece() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(8) * 0.4, 500).astype(np.float32)
    target = rng.dirichlet(np.ones(8) * 0.2, 500).astype(np.float32)
    gaps = [b["n"] * abs(b["confidence"] - b["agreed"]) for b in diagram(probabilities, target) if b["n"]]
    assert sum(gaps) / 500 == pytest.approx(metrics.ece(probabilities, target), abs=2e-4)


def test_risk_and_coverage_by_hand() -> None:
    confidence = np.array([0.5, 0.9, 0.7, 0.8], np.float32)
    right = np.array([False, True, False, True])
    curve = risk_coverage(confidence, right, steps=4)
    assert curve["coverage"] == [0.25, 0.5, 0.75, 1]
    assert curve["risk"] == pytest.approx([0, 0, 1 / 3, 1 / 2], abs=1e-4)
    assert curve["aurc"] == pytest.approx((1 / 3 + 1 / 2) / 4, abs=1e-4)


def test_a_curve_of_nothing_is_empty() -> None:
    assert risk_coverage(np.empty(0, np.float32), np.empty(0, bool)) == {"aurc": None, "coverage": [], "risk": []}
