"""Taking up an analysis where an earlier one was cut short, without giving anybody's number to somebody else.

A stream's state is gone with the process. So some seconds before the end of what is written are analysed once more: the
new state settles on them, and whoever has a box there that overlaps the written one keeps the written number. Everybody
else gets a number that was never used. What is counted since a track began (blinks) starts anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from mien.core.geometry import iou
from mien.core.types import FrameResult

OVERLAP: Final = 2.0
"""Seconds that are analysed once more; smoothing forgets what is older."""

LEAST_IOU: Final = 0.3


@dataclass(frozen=True, slots=True)
class Written:
    """What an earlier run left.

    Attributes:
        frames: how many lines.
        last_index: number of the last frame; -1 when there is none.
        last_time: its presentation time in seconds.
        greatest: greatest track number so far.
        tail: boxes by track of the frames in the last `OVERLAP` seconds, by frame number.
    """

    frames: int = 0
    last_index: int = -1
    last_time: float = 0.0
    greatest: int = 0
    tail: Mapping[int, Mapping[int, Any]] | None = None


def written(values: Iterable[Mapping[str, Any]]) -> Written:
    """Return what the lines of an earlier run tell."""
    frames, index, time, greatest = 0, -1, 0.0, 0
    tail: dict[int, dict[int, Any]] = {}
    times: dict[int, float] = {}
    for value in values:
        frames, index, time = frames + 1, value["frame"], value["time"]
        boxes = {face["track"]: face["box"] for face in value["faces"] if "track" in face}
        greatest = max([greatest, *boxes])
        tail[index], times[index] = boxes, time
        while times and (oldest := next(iter(times))) is not None and times[oldest] < time - OVERLAP:
            del times[oldest], tail[oldest]
    return Written(frames, index, time, greatest, tail)


class Numbers:
    """Gives the people of a new run their numbers.

    Args:
        before: what the earlier run left.
    """

    def __init__(self, before: Written) -> None:
        self._before = before
        self._names: dict[int, int] = {}

    def learn(self, result: FrameResult) -> None:
        """Compare a frame that was analysed once more with what is written of it."""
        then = (self._before.tail or {}).get(result.index)
        if not then or result.faces.tracks is None or not len(result.faces):
            return
        tracks = list(then)
        overlap = iou(result.faces.boxes, np.array([then[track] for track in tracks], np.float32))
        for row, column in zip(*np.unravel_index(np.argsort(-overlap, axis=None), overlap.shape), strict=True):
            new, old = int(result.faces.tracks[row]), tracks[int(column)]
            if overlap[row, column] >= LEAST_IOU and new not in self._names and old not in self._names.values():
                self._names[new] = old

    def apply(self, result: FrameResult) -> FrameResult:
        """Return ``result`` with the numbers that go on from the earlier run."""
        if self._before.frames == 0 or result.faces.tracks is None:
            return result
        faces = result.faces.replace(tracks=[self._number(int(track)) for track in result.faces.tracks])
        events = tuple(replace(event, track=self._number(event.track)) for event in result.events)
        return replace(result, faces=faces, events=events)

    def _number(self, track: int) -> int:
        return self._names.setdefault(track, self._before.greatest + track)
