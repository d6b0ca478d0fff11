"""How steady the shown emotions of a stream are, against what each frame by itself would say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mien.core.types import FrameResult


@dataclass(frozen=True, slots=True)
class Stability:
    """Label changes of a stream's results.

    Attributes:
        frames: results looked at.
        frames_with_faces: those with at least one face.
        seconds: from the first to the last frame.
        tracks: identities that occurred.
        observations: faces, summed over frames.
        raw_changes: how often the best class of a frame alone differs from the one before, within tracks.
        shown_changes: the same for the shown label.
    """

    frames: int
    frames_with_faces: int
    seconds: float
    tracks: int
    observations: int
    raw_changes: int
    shown_changes: int

    @property
    def ratio(self) -> float | None:
        """Shown changes per raw change; None when the raw label never changed."""
        return self.shown_changes / self.raw_changes if self.raw_changes else None


def measure(results: Iterable[FrameResult]) -> Stability:
    """Count the label changes of a stream's results, in order.

    Both counts are of the same faces on the same frames: the best class of ``emotion_raw``, and ``label``.

    Raises:
        ValueError: faces without tracks, raw emotions or labels, as single pictures give them.
    """
    raw: dict[int, int] = {}
    shown: dict[int, int] = {}
    frames = with_faces = observations = raw_changes = shown_changes = 0
    first = last = 0.0
    for result in results:
        faces = result.faces
        if faces.tracks is None or faces.emotion_raw is None or faces.label is None:
            raise ValueError("these results have no tracks and labels: analyse a stream")
        first, last = (result.timestamp if frames == 0 else first), result.timestamp
        frames += 1
        with_faces += len(faces) > 0
        observations += len(faces)
        for track, best, label in zip(faces.tracks, faces.emotion_raw.argmax(1), faces.label, strict=True):
            who = int(track)
            raw_changes += raw.get(who, best) != best
            shown_changes += shown.get(who, label) != label
            raw[who], shown[who] = int(best), int(label)
    return Stability(frames, with_faces, last - first, len(raw), observations, int(raw_changes), int(shown_changes))
