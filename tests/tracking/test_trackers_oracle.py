"""Our tracker against SORT and ByteTrack of Roboflow's `trackers` on the same boxes (golden data beside this file).

On well-posed sequences the three agree, up to the numbers' names. Two differences are meant: ours names a face on its
first frame, theirs on the second; and ours follows faces that move by more than their size between two frames.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.core.settings import TrackingSettings
from mien.core.types import Faces
from mien.tracking.tracker import Tracker

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "trackers.json").read_text())
FAST = "so fast that boxes do not overlap"
MIN_NEW = 0.6


def ours(sequence: dict[str, Any]) -> list[list[int]]:
    tracker = Tracker(TrackingSettings())
    answers = []
    for index, rows in enumerate(sequence["frames"]):
        table = np.array(rows).reshape(-1, 5)
        found = tracker.update(Faces.from_boxes(table[:, :4], table[:, 4]), index / sequence["fps"], MIN_NEW)
        assert found.tracks is not None
        answers.append([int(track) for track in found.tracks])
    return answers


def pairs(mine: list[list[int]], theirs: list[list[int]]) -> set[tuple[int, int]]:
    """Return which of our identities went with which of theirs, over all detections that both named."""
    return {
        (a, b)
        for row_a, row_b in zip(mine, theirs, strict=True)
        for a, b in zip(row_a, row_b, strict=True)
        if a > 0 and b >= 0
    }


def one_to_one(met: set[tuple[int, int]]) -> bool:
    return len({a for a, _ in met}) == len({b for _, b in met}) == len(met)


@pytest.mark.parametrize("oracle", ["sort", "bytetrack"])
@pytest.mark.parametrize("name", [name for name in GOLDEN["sequences"] if name != FAST])
def test_identities_agree_with_the_oracle(name: str, oracle: str) -> None:
    sequence = GOLDEN["sequences"][name]
    named = [i >= 0 for row in sequence[oracle][1:] for i in row]
    assert np.mean(named) > 0.97, "from the second frame on, the first being a probation with them"
    met = pairs(ours(sequence), sequence[oracle])
    assert one_to_one(met), sorted(met)


@pytest.mark.parametrize("oracle", ["sort", "bytetrack"])
def test_a_fast_face_is_one_to_us_and_nobody_to_them(oracle: str) -> None:
    """They pair by overlap alone and never see it twice; we also pair by distance and size."""
    sequence = GOLDEN["sequences"][FAST]
    mine = ours(sequence)
    assert {track for row in mine for track in row} == {1, 2}
    met = {
        track
        for row, named in zip(mine, sequence[oracle], strict=True)
        for track, i in zip(row, named, strict=True)
        if i >= 0
    }
    assert len(met) == 1
