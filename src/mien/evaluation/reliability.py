"""Whether a probability means what it says, and what is gained by keeping silent where it is low."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mien.core.types import BoolArray, FloatArray
from mien.evaluation import metrics

BINS: Final = 15
STEPS: Final = 50
"""Points of the risk-coverage curve."""


def diagram(probabilities: FloatArray, target: FloatArray, bins: int = BINS) -> list[dict[str, Any]]:
    """Return the bins of a reliability diagram (Guo et al. 2017, "On calibration of modern neural networks").

    Args:
        probabilities: ``[n, k]``.
        target: ``[n, k]`` distributions: votes, or 1 at a hard label.
        bins: equal-width bins of the likeliest class's probability.

    Returns:
        Per bin ``low``, ``high``, ``n``, the mean ``confidence`` and how much of ``target`` ``agreed`` on average;
        both None in an empty bin. The ECE is the mean of their distances, weighed by ``n``.
    """
    confidence, agreed = metrics.top_agreement(probabilities, target)
    place = metrics.bin_of(confidence, bins)
    rows = []
    for i in range(bins):
        inside = place == i
        rows.append(
            {
                "low": round(i / bins, 4),
                "high": round((i + 1) / bins, 4),
                "n": int(inside.sum()),
                "confidence": round(float(confidence[inside].mean()), 4) if inside.any() else None,
                "agreed": round(float(agreed[inside].mean()), 4) if inside.any() else None,
            }
        )
    return rows


def risk_coverage(confidence: FloatArray, right: BoolArray, steps: int = STEPS) -> dict[str, Any]:
    """Return how often the label is wrong when only the surest share of the faces is given one.

    El-Yaniv and Wiener 2010, "On the foundations of noise-free selective classification".

    Returns:
        ``coverage`` and ``risk`` at ``steps`` shares from 1/steps to 1, and ``aurc``, the mean risk over all shares
        (Geifman et al. 2019): 0 is best; sorting by chance gives the overall error.
    """
    if not len(right):
        return {"aurc": None, "coverage": [], "risk": []}
    wrong = ~right[np.argsort(-confidence, kind="stable")]
    risk = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    coverage = np.arange(1, steps + 1) / steps
    at = np.maximum(np.round(coverage * len(risk)).astype(int), 1) - 1
    return {
        "aurc": round(float(risk.mean()), 4),
        "coverage": [round(float(c), 4) for c in coverage],
        "risk": [round(float(r), 4) for r in risk[at]],
    }
