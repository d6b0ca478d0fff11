"""The shapes of recordings in the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from mien.server.schemas import Probabilities, Strict


def _plain(text: str) -> str:
    if any((character < " " and character not in "\n\t") or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds control characters")
    return text.strip()


Line = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
Words = Annotated[str, Field(max_length=20_000), AfterValidator(_plain)]
Label = Literal["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class NewRecording(Strict):
    """What a recording is to be."""

    name: Line = Field("", description="By default the date and time")
    purpose: Line = Field("", description="One of `GET /api/v1/sessions/purposes`, or free text")
    consent: bool = Field(False, description="Everybody in view has agreed", strict=True)
    pictures: bool = Field(
        False, description="Keep pictures as well: everybody in view has agreed to that, too", strict=True
    )


class NewCameraRecording(NewRecording):
    """A recording of one of the server's cameras."""

    camera: str = Field(description="See `GET /api/v1/cameras`", max_length=100)


class Purpose(Strict):
    """A purpose to choose."""

    id: str
    text: str


class RefusedPurpose(Strict):
    """A kind of use that is refused, whoever agrees."""

    id: str
    text: str
    reason: str


class PictureRules(Strict):
    """How pictures are kept, where somebody asks for it."""

    per_second: float = Field(description="At most; where events begin there may be more")
    side: int = Field(description="Pixels of the longer side, at most")
    bytes: int = Field(description="Of one recording; then no more are kept")


class Purposes(Strict):
    """What a recording may be for, and how it is kept."""

    purposes: list[Purpose]
    refused: list[RefusedPurpose]
    pictures: PictureRules | None = Field(description="Null where this server keeps none")
    days: float = Field(description="After which recordings are deleted; 0 for never")


class Session(Strict):
    """A recording."""

    id: str
    name: str
    purpose: str
    notes: str
    source: str = Field(description="`browser` or `camera NAME`")
    state: Literal["recording", "stopped", "interrupted"]
    started: float = Field(description="Seconds since 1970")
    ended: float | None = Field(description="Seconds since 1970; null while it goes on")
    consented: float = Field(description="When consent was given, in seconds since 1970")
    duration: float = Field(description="Seconds from its beginning to the last frame")
    frames: int = Field(description="That were analysed")
    most_faces: int = Field(description="At once")
    pictures: bool = Field(description="Whether it was begun with pictures")
    picture_count: int = Field(description="Pictures that are kept now")
    picture_bytes: int = Field(description="Of all of them together")
    people: int = Field(description="Who leaves and comes back may count twice")
    face_seconds: float = Field(description="Seconds in view, of all people together")
    dominant: Label | None = Field(description="The expression shown longest; null when none was certain")
    dominant_seconds: float = Field(description="For how long, of all people together")


class Sketch(Strict):
    """The course of a recording in at most 48 equal steps; lists of one length."""

    step: float = Field(description="Seconds; at least 10")
    shown: list[Label | Literal["uncertain", "nobody"] | None] = Field(
        description="The expression shown longest by all in view together; null where nothing was recorded"
    )
    satisfaction: list[float | None] = Field(description="Mean, 0–100; null where it is not known")


class ListedSession(Session):
    """A recording in a list."""

    course: Sketch


class SessionList(Strict):
    """Recordings, the newest first."""

    sessions: list[ListedSession]
    total: int = Field(description="How many there are, on all pages")


class PersonShares(Probabilities):
    """How one person's time in view divides; the shares add up to 1 with `uncertain`."""

    uncertain: float


class SessionPerson(Strict):
    """Somebody who was seen: a number, not an identity."""

    person: int
    first: float = Field(description="First seen, in seconds since the recording began")
    last: float
    seconds: float = Field(description="In view")
    dominant: Label | None
    shares: PersonShares
    events: dict[str, int] = Field(description="How many of each kind")
    followed: float = Field(
        description="Seconds in view while events were looked for, to ten seconds: what to count rates by"
    )


class SessionEvent(Strict):
    """Something that happened to somebody."""

    event: Literal["smile", "blink", "eyes closed", "yawn", "looks away", "face lost"]
    person: int
    start: float = Field(description="Seconds since the recording began")
    end: float | None = Field(description="Null when it did not end in view")


class NewMarker(Strict):
    """A moment to note."""

    time: Seconds = Field(description="Seconds since the recording began")
    label: Line = ""


class Marker(Strict):
    """A moment that somebody noted."""

    id: int
    time: float
    label: str


class Markers(Strict):
    """All markers of a recording."""

    markers: list[Marker]


class Picture(Strict):
    """A picture that is kept."""

    id: int = Field(description="Milliseconds since the recording began")
    time: float = Field(description="The same in seconds")
    width: int
    height: int
    bytes: int


class Pictures(Strict):
    """Pictures of a stretch of a recording, in the order of time."""

    pictures: list[Picture]


class SessionDetail(Session):
    """A recording with all that is known of it beside its timeline."""

    models: dict[str, Any]
    settings: dict[str, Any]
    version: str = Field(description="Of Mien")
    persons: list[SessionPerson]
    events: list[SessionEvent] = Field(description="The first thousand; all of them are in exports")
    event_counts: dict[str, int]
    markers: list[Marker]


class SessionChange(Strict):
    """What may be changed; what is absent stays."""

    name: Line | None = None
    notes: Words | None = None


class Lane(Strict):
    """One person's part of a timeline: lists as long as `times`, null where the person was not seen."""

    person: int
    dominant: list[Label | None] = Field(description="The expression shown longest within a step; null if uncertain")
    uncertain: list[float | None] = Field(description="Share of the time that was uncertain")
    probabilities: dict[str, list[float | None]] = Field(description="Mean probability of each expression")
    satisfaction: list[float | None] = Field(description="0–100")
    attention: list[float | None]
    drowsiness: list[float | None]
    expressiveness: list[float | None]


class Timeline(Strict):
    """A stretch of a recording in equal steps."""

    start: float
    step: float = Field(description="Seconds")
    times: list[float] = Field(description="Where each step begins, in seconds since the recording began")
    faces: list[int | None] = Field(description="Most faces at once; null where nothing was recorded")
    people: list[Lane]
    others: int = Field(description="People who were seen as well, but left out")


class Deleted(Strict):
    """What was deleted."""

    deleted: int
