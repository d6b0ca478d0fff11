"""Who is who: gives every detected face an identity and moves known faces through frames without detection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.settings import TrackingSettings
from mien.core.types import Faces, IntArray
from mien.tracking import kalman
from mien.tracking.association import FAR, assign, pair_costs
from mien.tracking.clock import checked, elapsed

MAX_GAP = 5.0
"""Seconds without any update after which nothing that was known is trusted."""
MAX_LOST = 64
"""Lost tracks kept, about; those lost longest go first."""
REACH = 2.5
"""How far from its prediction a face is looked for, in standard deviations of the prediction …"""
REACH_LIMITS = (0.5, FAR)
"""… but between these, in face sizes."""


class Tracker:
    """The identities of one stream. Holds state; not thread-safe.

    Every detection gets an identity at once, at its first sight: whether something is a face is the detector's
    decision and its threshold, and a second opinion here would only show faces later. For a detector that is run
    with a low threshold, ``update(…, min_new=…)`` is the second stage of ByteTrack (Zhang et al. 2022): faces with a
    weak score carry a known face on, but start none.

    A track ends when it was not seen for ``keep_lost`` seconds. Time in which nobody looked does not count, up to
    `MAX_GAP`: slowly sampled video keeps its identities. A clock that runs back by more than ``keep_lost`` (a seek, a
    loop) ends all tracks.

    Args:
        settings: times and thresholds.
    """

    def __init__(self, settings: TrackingSettings) -> None:
        self._settings = settings
        self._next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget all faces. Identities go on counting: none is ever given twice by one tracker."""
        self._stamp: float | None = None
        self._time = 0.0  # seconds of the stream so far; unlike timestamps it always advances
        self._ids: IntArray = np.empty(0, np.int64)
        self._motion = kalman.start(np.empty((0, 4)))
        self._seen: NDArray[np.float64] = np.empty(0)
        self._last = Faces.empty().replace(tracks=np.empty(0))
        self._rows: IntArray = np.empty(0, np.int64)

    @property
    def active(self) -> tuple[int, ...]:
        """Identities that are still kept: seen at the last update, or lost for less than ``keep_lost`` seconds."""
        return tuple(int(i) for i in self._ids)

    @property
    def lost(self) -> bool:
        """Whether somebody who is still kept was not seen at the last update."""
        return len(self._ids) > len(self._rows)

    def update(self, faces: Faces, timestamp: float, min_new: float = 0.0) -> Faces:
        """Recognise the detections of one frame.

        Args:
            faces: the detections; boxes and scores must be finite.
            timestamp: presentation time in seconds.
            min_new: least score of a face that may start a track.

        Returns:
            The same faces in the same order with ``tracks`` set; 0 for a face below ``min_new`` that continues none.

        Raises:
            ValueError: a box, a score or the timestamp is not finite.
        """
        if not np.isfinite(faces.boxes).all() or not np.isfinite(faces.scores).all():
            raise ValueError("boxes and scores must be finite; drop the faces for which they are not")
        self._advance(checked(timestamp))
        column = self._match(faces, min_new)
        matched, born = column >= 0, (column < 0) & (faces.scores >= min_new)

        at = column[matched]
        self._motion = self._motion.put(at, kalman.correct(self._motion[at], faces.boxes[matched]))
        self._seen[at] = self._time

        tracks = np.zeros(len(faces), np.int64)
        tracks[matched] = self._ids[at]
        tracks[born] = self._next_id + np.arange(born.sum())
        self._next_id += int(born.sum())
        self._ids = np.concatenate([self._ids, tracks[born]])
        self._motion = self._motion.join(kalman.start(faces.boxes[born]))
        self._seen = np.concatenate([self._seen, np.full(born.sum(), self._time)])
        self._drop_lost()

        result = faces.replace(tracks=tracks)
        self._last = Faces(faces.boxes, faces.scores, faces.points, tracks)[tracks > 0]
        self._rows = np.searchsorted(self._ids, tracks[tracks > 0])
        return result

    def predict(self, timestamp: float) -> Faces:
        """Return the faces of the last update, moved to where they are expected at ``timestamp``.

        Boxes and points start from those last seen and take the filter's motion alone, so that at the time of the
        last update (or before) nothing jumps. Changes no state.

        Returns:
            Boxes, scores, points and tracks, in the order of the last update.

        Raises:
            ValueError: the timestamp is not finite.
        """
        timestamp = checked(timestamp)
        if self._stamp is None or timestamp <= self._stamp:
            return self._last
        known = self._motion[self._rows]
        change = kalman.predict(known, timestamp - self._stamp).place - known.place
        old = kalman.to_place(self._last.boxes)
        place = old + change
        points = self._last.points - old[:, None, :2]
        points = points * np.exp(change[:, None, 2:]) + place[:, None, :2]
        return self._last.replace(boxes=kalman.to_boxes(place), points=points.astype(np.float32))

    def _advance(self, timestamp: float) -> None:
        """Bring the clock and all tracks to ``timestamp``; end them where it says nothing about them any more."""
        if self._stamp is not None:
            gap = timestamp - self._stamp
            if gap < -self._settings.keep_lost or gap > max(MAX_GAP, self._settings.keep_lost):
                self.reset()
            else:
                step = float(elapsed(self._stamp, timestamp))
                self._motion = kalman.predict(self._motion, step)
                self._time += step
        self._stamp = timestamp

    def _match(self, faces: Faces, min_new: float) -> IntArray:
        """Return for every face the row of its track, -1 for none."""
        boxes = kalman.to_boxes(self._motion.place)
        reach = np.clip(REACH * self._motion.wander, *REACH_LIMITS)
        costs = pair_costs(faces.boxes, boxes, reach, self._settings.min_iou)
        lost = np.ones(len(self._ids), bool)
        lost[self._rows] = False
        gone = np.clip((self._time - self._seen) / max(self._settings.keep_lost, 1e-9), 0, 1)
        doubt = 0.15 * np.where(lost, gone, 0)[None] + 0.05 * (1 - np.clip(faces.scores, 0, 1))[:, None]
        costs = 0.8 * costs + doubt  # at most 1: a possible pair is always better than none
        column = np.full(len(faces), -1)
        strong = faces.scores >= min_new
        column[strong] = assign(costs[strong], miss=1.0 + 1e-9)
        free = ~lost & ~np.isin(np.arange(len(self._ids)), column)
        weak = np.flatnonzero(~strong)
        rest = assign(np.where(free[None], costs[weak], np.inf), miss=1.0 + 1e-9)
        column[weak] = rest
        return column

    def _drop_lost(self) -> None:
        """End the tracks that were not seen for too long, and if very many are lost, those lost longest."""
        unseen = self._time - self._seen
        limit = self._settings.keep_lost
        lost = np.sort(unseen[(unseen > 0) & (unseen <= limit)])
        if len(lost) > MAX_LOST:
            limit = float(lost[MAX_LOST - 1])
        keep = unseen <= limit
        self._ids, self._motion, self._seen = self._ids[keep], self._motion[keep], self._seen[keep]
