"""The three values that travel through Mien: a frame, the faces on it, the result.

Boxes are ``x1 y1 x2 y2`` in pixels of the frame, origin at the top left, x to the right, y downwards; they may reach
beyond the frame. "Left" and "right" of points always mean left and right *in the picture*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS

if TYPE_CHECKING:
    from mien.core.heat import Heat

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Image = NDArray[np.uint8]

REASONS: Final = ("too small", "too dark", "too bright", "blurred", "turned away", "unsure")
"""Why a face is not fit for analysis."""

BASELINE_STATES: Final = ("none", "learning", "learned", "calibrating", "calibrated")
"""What is known of a track's resting face."""

SIGNALS: Final = ("satisfaction", "attention", "drowsiness", "expressiveness")
"""What is followed over time, see `mien.tracking.signals`; the first goes from 0 to 100, the others from 0 to 1."""

EVENTS: Final = ("smile", "blink", "eyes closed", "yawn", "looks away", "face lost")
"""What may happen to a track, see `mien.tracking.events`."""

POINTS: Final = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""The five points, named as seen in the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a stream.

    Attributes:
        image: BGR ``uint8 [H, W, 3]``.
        index: number of the frame in its source, from 0.
        timestamp: presentation time in seconds from the start of the source.
        source: what it came from: a path, an address, a device.
    """

    image: Image
    index: int = 0
    timestamp: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.image, np.ndarray):
            raise ValueError(f"image must be BGR uint8 [H, W, 3], got {type(self.image).__name__}: see mien.analyze")
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"image must be BGR uint8 [H, W, 3], got {self.image.dtype} {list(self.image.shape)}")
        if not self.image.size:
            raise ValueError(f"image must have pixels, got {list(self.image.shape)}")

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        return int(self.image.shape[1])


_COLUMNS: Final[dict[str, tuple[type[np.generic], tuple[int, ...]]]] = {
    "boxes": (np.float32, (4,)),
    "scores": (np.float32, ()),
    "points": (np.float32, (5, 2)),
    "tracks": (np.int64, ()),
    "emotion": (np.float32, (8,)),
    "emotion_raw": (np.float32, (8,)),
    "label": (np.int64, ()),
    "uncertain": (np.bool_, ()),
    "baseline": (np.float32, (8,)),
    "baseline_state": (np.int64, ()),
    "landmarks": (np.float32, (68, 2)),
    "pose": (np.float32, (3,)),
    "eyes_open": (np.float32, ()),
    "mouth_open": (np.float32, ()),
    "blinks": (np.int64, ()),
    "perclos": (np.float32, ()),
    "signals": (np.float32, (len(SIGNALS),)),
    "dominant": (np.int64, ()),
    "age": (np.float32, ()),
    "age_low": (np.float32, ()),
    "age_high": (np.float32, ()),
    "age_uncertain": (np.bool_, ()),
    "gender": (np.float32, ()),
    "gender_uncertain": (np.bool_, ()),
    "quality": (np.float32, ()),
    "reason": (np.int64, ()),
}


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The n faces of one frame, a column per property; a column that was not computed is None.

    Attributes:
        boxes: ``[n, 4]`` float32, x1 y1 x2 y2 in pixels.
        scores: ``[n]`` detector score, 0–1.
        points: ``[n, 5, 2]`` x y in pixels in the order of `POINTS`; NaN where the detector gives none.
        tracks: ``[n]`` int64 identity within the stream, never reused.
        emotion: ``[n, 8]`` probabilities in the order of `EMOTIONS`; smoothed over time in a stream.
        emotion_raw: ``[n, 8]`` probabilities of this frame alone.
        label: ``[n]`` int64, the shown emotion as an index into `EMOTIONS`; follows `shown` with hysteresis.
        uncertain: ``[n]`` bool, the shown emotion should not be relied on.
        baseline: ``[n, 8]`` `emotion` corrected for the person's own resting face.
        baseline_state: ``[n]`` int64, what is known of the resting face as an index into `BASELINE_STATES`.
        landmarks: ``[n, 68, 2]`` iBUG landmarks, x y in pixels.
        pose: ``[n, 3]`` yaw, pitch, roll in degrees.
        eyes_open: ``[n]`` 0 closed – 1 open.
        mouth_open: ``[n]`` 0 closed – 1 wide open.
        blinks: ``[n]`` int64, blinks since the track began.
        perclos: ``[n]`` share of the last minute with closed eyes, 0–1; NaN while too little was seen.
        signals: ``[n, 4]`` in the order of `SIGNALS`; NaN where too little is known.
        dominant: ``[n]`` int64, the emotion most shown of late as an index into `EMOTIONS`.
        age: ``[n]`` estimated years; averaged over the track in a stream, as the next five are.
        age_low: ``[n]`` years at which the interval begins that holds the age of four in five.
        age_high: ``[n]`` years at which it ends.
        age_uncertain: ``[n]`` bool, the age should not be relied on.
        gender: ``[n]`` probability of "female" as annotated in the training data.
        gender_uncertain: ``[n]`` bool, neither gender should be told.
        quality: ``[n]`` 0–1, how fit the face is for analysis.
        reason: ``[n]`` int64, what speaks most against the face as an index into `REASONS`; -1 when nothing does.

    Raises:
        ValueError: a column's shape or length does not fit; the message names the column.
    """

    boxes: FloatArray
    scores: FloatArray
    points: FloatArray
    tracks: IntArray | None = None
    emotion: FloatArray | None = None
    emotion_raw: FloatArray | None = None
    label: IntArray | None = None
    uncertain: BoolArray | None = None
    baseline: FloatArray | None = None
    baseline_state: IntArray | None = None
    landmarks: FloatArray | None = None
    pose: FloatArray | None = None
    eyes_open: FloatArray | None = None
    mouth_open: FloatArray | None = None
    blinks: IntArray | None = None
    perclos: FloatArray | None = None
    signals: FloatArray | None = None
    dominant: IntArray | None = None
    age: FloatArray | None = None
    age_low: FloatArray | None = None
    age_high: FloatArray | None = None
    age_uncertain: BoolArray | None = None
    gender: FloatArray | None = None
    gender_uncertain: BoolArray | None = None
    quality: FloatArray | None = None
    reason: IntArray | None = None

    def __post_init__(self) -> None:
        n = len(self.boxes)
        for name, (dtype, tail) in _COLUMNS.items():
            value = getattr(self, name)
            if value is None:
                continue
            array = np.asarray(value, dtype=dtype)
            if array.shape != (n, *tail):
                raise ValueError(f"{name} must have shape {[n, *tail]}, got {list(array.shape)}")
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        """Tell how many there are and what the first show; arrays would fill the screen."""
        columns = ", ".join(f.name for f in fields(self) if getattr(self, f.name) is not None)
        doubts = [False] * len(self) if self.uncertain is None else self.uncertain.tolist()
        told = [f", {name}{' ?' if doubt else ''}" for name, doubt in zip(self.names, doubts, strict=False)]
        return f"Faces({len(self)}{''.join(told[:3])}{', …' if len(told) > 3 else ''}; {columns})"

    def __getitem__(self, rows: Any) -> Faces:
        """Return the faces that ``rows`` (mask, slice or index array, any order) selects, all columns alike."""
        if isinstance(rows, int | np.integer):
            rows = [rows]
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        kept: dict[str, Any] = {name: None if value is None else value[rows] for name, value in columns.items()}
        return Faces(**kept)

    def replace(self, **columns: Any) -> Faces:
        """Return a copy with these columns set; shapes are checked."""
        return replace(self, **columns)

    @classmethod
    def empty(cls) -> Faces:
        """Return no faces."""
        return cls.from_boxes(np.empty((0, 4)))

    @classmethod
    def from_boxes(cls, boxes: Any, scores: Any | None = None, points: Any | None = None) -> Faces:
        """Build from boxes ``[n, 4]``; scores default to 1, points to unknown (NaN)."""
        array = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        n = len(array)
        return cls(
            array,
            np.ones(n, np.float32) if scores is None else scores,
            np.full((n, 5, 2), np.nan, np.float32) if points is None else points,
        )

    @property
    def shown(self) -> FloatArray | None:
        """``[n, 8]`` the probabilities that are shown: `baseline` where it was asked for, else `emotion`."""
        return self.emotion if self.baseline is None else self.baseline

    @property
    def names(self) -> list[str]:
        """The shown emotion of each face by name; empty where emotions were not computed."""
        if self.shown is None:
            return []
        labels = self.shown.argmax(1) if self.label is None else self.label
        return [EMOTIONS[label] for label in labels]

    @property
    def sizes(self) -> FloatArray:
        """``[n]`` square root of the box area in pixels."""
        wh = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0)
        return np.asarray(np.sqrt(wh[:, 0] * wh[:, 1]), np.float32)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that began with a frame or ended with it.

    Attributes:
        kind: one of `EVENTS`.
        track: to whom it happened.
        start: presentation time in seconds at which it began.
        end: at which it ended; None while it goes on.
    """

    kind: str
    track: int
    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What was seen on one frame.

    Attributes:
        index: number of the frame in its source.
        timestamp: presentation time in seconds.
        width: of the frame in pixels.
        height: of the frame in pixels.
        faces: the faces, largest first.
        source: what the frame came from.
        stages_ms: milliseconds spent per stage (``detect``, ``track``, ``align``, ``emotion`` …).
        warnings: what a user should know about this frame, in plain words.
        heat: where on the faces the shown expressions were read from, if that was asked for.
        events: what began or ended with this frame, in streams that watch for it.
    """

    index: int
    timestamp: float
    width: int
    height: int
    faces: Faces
    source: str = ""
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    heat: Heat | None = None
    events: tuple[Event, ...] = ()
