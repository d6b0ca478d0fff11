"""How a network reads faces at rest: what `mien.tracking.baseline` takes a person's resting face to differ from."""

from __future__ import annotations

from mien.core.labels import EMOTIONS
from mien.core.types import FloatArray
from mien.evaluation.emotion import Targets
from mien.tracking.baseline import log_odds


def resting(probabilities: FloatArray, wanted: Targets) -> list[float] | None:
    """Return the mean log-odds against neutral over the faces that most people call neutral.

    Args:
        probabilities: ``[n, 8]`` calibrated.
        wanted: what people said; the rows that are counted are used.

    Returns:
        Eight numbers in the order of `EMOTIONS`, the first of them 0; None where no face is called neutral.
    """
    neutral = wanted.counted & (wanted.majority == EMOTIONS.index("neutral"))
    if not neutral.any():
        return None
    return [round(float(value), 2) for value in log_odds(probabilities[neutral]).mean(0)]
