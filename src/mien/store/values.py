"""What goes into the store of recordings and comes out of it. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.core.types import Event
from mien.store.packing import Rows

State: TypeAlias = Literal["recording", "stopped", "interrupted"]


@dataclass(frozen=True, slots=True)
class NewSession:
    """A recording that begins.

    Attributes:
        name: chosen by whoever records.
        purpose: what for.
        source: where the frames come from: ``browser`` or ``camera NAME``.
        pictures: whether pictures are kept beside what was seen on them.
        models: what it is computed with.
        settings: what is looked for.
        version: of Mien.
    """

    name: str
    purpose: str
    source: str = "browser"
    pictures: bool = False
    models: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A recording as it is kept.

    Attributes:
        id: never used again.
        name: see `NewSession`, as the others of that name.
        purpose: see there.
        notes: free text.
        source: see there.
        consented: when consent was given, in seconds since 1970.
        started: in seconds since 1970.
        ended: in seconds since 1970; None while it goes on.
        state: ``recording``, ``stopped`` by whoever recorded, or ``interrupted``.
        duration: from its beginning to the last frame.
        frames: that were analysed.
        most_faces: at once.
        pictures: see there.
        models: see there.
        settings: see there.
        version: see there.
    """

    id: str
    name: str
    purpose: str
    notes: str
    source: str
    consented: float
    started: float
    ended: float | None
    state: State
    duration: float
    frames: int
    most_faces: int
    pictures: bool
    models: dict[str, Any]
    settings: dict[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a session, who is a number and nothing more: whoever leaves and comes back may get another.

    Attributes:
        person: from 1.
        first: when first seen, in seconds since the session began.
        last: when last seen.
        seconds: in view.
        shown: seconds per emotion, in the order of `EMOTIONS`, where it was certain.
        uncertain: seconds in which it was not.
        dominant: the emotion shown longest; None when none was certain.
        events: how many of each kind.
        followed: seconds in view while events were looked for, to ten seconds: what rates are to be counted by.
    """

    person: int
    first: float
    last: float
    seconds: float
    shown: tuple[float, ...]
    uncertain: float
    dominant: str | None
    events: dict[str, int]
    followed: float = 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """What a list shows of a session beside the session itself.

    Attributes:
        people: how many.
        seconds: in view, of all together.
        dominant: the emotion shown longest, of all together; None when none was certain.
        dominant_seconds: for how long.
    """

    people: int
    seconds: float
    dominant: str | None
    dominant_seconds: float


@dataclass(frozen=True, slots=True)
class Sketch:
    """The course of a session in a few equal steps, for a list.

    Attributes:
        step: seconds per step.
        shown: per step the emotion shown longest by all in view together, ``uncertain`` where that lasted longer or
            nothing was read, ``nobody`` where nobody was in view, None where nothing was recorded.
        satisfaction: per step the mean, 0–100; None where it is not known.
    """

    step: float
    shown: tuple[str | None, ...]
    satisfaction: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """A moment that somebody noted.

    Attributes:
        id: of the marker.
        time: in seconds since the session began.
        label: what was noted.
    """

    id: int
    time: float
    label: str


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """A picture that is kept, without its content.

    Attributes:
        time: in seconds since the session began.
        width: in pixels.
        height: in pixels.
        bytes: of the file.
    """

    time: float
    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class NewPicture:
    """A picture to be kept.

    Attributes:
        time: in seconds since the session began.
        width: in pixels.
        height: in pixels.
        data: a JPEG file.
    """

    time: float
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PictureTotal:
    """How many pictures are kept of a session.

    Attributes:
        count: of them.
        bytes: of all together.
    """

    count: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FaceBlock:
    """What one person showed within ten seconds: rows of `packing.FACE`, in the order of time."""

    person: int
    rows: Rows


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What is written at once.

    Attributes:
        frames: blocks of rows of `packing.FRAME`; one that begins at the same time replaces the one written before.
        faces: blocks, the same.
        events: with times in seconds since the session began; ``track`` is the person.
        duration: of the session so far.
        frame_count: of the session so far.
        most_faces: of the session so far.
    """

    frames: tuple[Rows, ...]
    faces: tuple[FaceBlock, ...]
    events: tuple[Event, ...]
    duration: float
    frame_count: int
    most_faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One person in a timeline.

    Attributes:
        person: who.
        sums: ``[buckets, len(SUMS)]`` int64, all 0 where the person was not seen.
    """

    person: int
    sums: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """A stretch of a session in equal steps.

    Attributes:
        start: in seconds since the session began.
        step: seconds per bucket.
        faces: ``[buckets]`` most faces at once; -1 where there was no frame.
        lanes: the people who were seen.
        others: people who were seen as well, but were left out.
    """

    start: float
    step: float
    faces: NDArray[np.int64]
    lanes: tuple[Lane, ...]
    others: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A frame as it was recorded.

    Attributes:
        time: in seconds since the session began.
        width: of the frame in pixels.
        height: of the frame in pixels.
        faces: on it.
        people: ``[n]`` who was seen, in growing order.
        rows: ``[n, len(FACE)]`` of each.
    """

    time: float
    width: int
    height: int
    faces: int
    people: NDArray[np.int64]
    rows: Rows
