"""The course of a video for a chart of limited width: means over equal stretches of time, person by person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mien.core.labels import EMOTIONS

BRIDGED: Final = 0.5
"""Seconds without a face that are not shown as a gap: a tracker's blink, or frames further apart than the stretches."""


@dataclass(slots=True)
class Lane:
    """One person's stretches.

    Attributes:
        sums: ``[points, 8]`` sums of the probabilities.
        counts: ``[points]`` how many.
        uncertain: how many of all were uncertain.
        first: presentation time in seconds at which the person was first seen.
        last: last seen.
        bridges: stretches to fill, each with the one before it.
    """

    sums: Any
    counts: Any
    uncertain: int = 0
    first: float = 0.0
    last: float = 0.0
    bridges: list[tuple[int, int]] = field(default_factory=list)


def timeline(values: Iterable[Mapping[str, Any]], start: float, end: float, points: int) -> dict[str, Any]:
    """Return the course of the people seen from ``start`` to ``end``.

    Args:
        values: results as JSON, in order; those outside are left out.
        start: in seconds.
        end: in seconds, later than ``start``.
        points: into how many stretches the time is cut, at least 1.

    Returns:
        ``from to step frames people``; of each person ``track first last frames uncertain`` and ``bins``, for each
        stretch eight probabilities in the order of `EMOTIONS`, or None where the person was not seen.
    """
    step = (end - start) / points
    lanes: dict[int, Lane] = {}
    frames = 0
    for value in values:
        time = float(value["time"])
        if time < start:
            continue
        if time > end:
            break
        frames += 1
        at = min(points - 1, int((time - start) / step))
        for face in value["faces"]:
            if "emotion" in face:
                _add(lanes, face, time, at, step, points)
    people = [_lane_to_json(track, lanes[track]) for track in sorted(lanes)]
    return {"from": start, "to": end, "step": step, "frames": frames, "people": people}


def _add(lanes: dict[int, Lane], face: Mapping[str, Any], time: float, at: int, step: float, points: int) -> None:
    lane = lanes.get(face["track"])
    if lane is None:
        lane = Lane(np.zeros((points, len(EMOTIONS))), np.zeros(points, np.int64), first=time, last=time)
        lanes[face["track"]] = lane
    if time - lane.last <= max(BRIDGED, step):
        before = at
        while before > 0 and not lane.counts[before - 1]:
            before -= 1
        if before > 0 and lane.counts.any():
            lane.bridges += [(empty, before - 1) for empty in range(before, at) if not lane.counts[empty]]
    probabilities = face["emotion"]["probabilities"]
    lane.sums[at] += [probabilities[name] or 0.0 for name in EMOTIONS]
    lane.counts[at] += 1
    lane.uncertain += bool(face["emotion"]["uncertain"])
    lane.last = time


def _lane_to_json(track: int, lane: Lane) -> dict[str, Any]:
    frames = int(lane.counts.sum())
    means = np.round(lane.sums / np.maximum(lane.counts, 1)[:, None], 4)
    bins = [row.tolist() if count else None for row, count in zip(means, lane.counts, strict=True)]
    for empty, source in lane.bridges:
        bins[empty] = bins[empty] or bins[source]
    return {
        "track": track,
        "first": lane.first,
        "last": lane.last,
        "frames": frames,
        "uncertain": round(lane.uncertain / max(1, frames), 3),
        "bins": bins,
    }
