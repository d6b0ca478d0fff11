"""The shapes of what the API answers, for its description at ``/docs`` and for clients whose types come from it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Nothing but what is described."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(Strict):
    """What went wrong."""

    code: str = Field(description="Stable; what a client may branch on", examples=["truncated"])
    message: str = Field(description="What happened and what to do, for people")
    request_id: str = Field(description="Under which the server logged it")


class ErrorEnvelope(Strict):
    """The form of every error."""

    error: ErrorDetail


def error_responses(**statuses: str) -> dict[int | str, dict[str, Any]]:
    """Describe a route's errors for the API: ``_404="There is no such video"``."""
    return {int(name[1:]): {"model": ErrorEnvelope, "description": text} for name, text in statuses.items()}


class Health(Strict):
    """The server is up."""

    status: Literal["ok"]
    name: Literal["mien"] = "mien"
    version: str


class Status(Strict):
    """A plain yes."""

    status: Literal["ok", "ready"]


class Probabilities(Strict):
    """One per expression; they add up to 1."""

    neutral: float
    happiness: float
    surprise: float
    sadness: float
    anger: float
    disgust: float
    fear: float
    contempt: float


class Emotion(Strict):
    """The expression that was seen. It does not say what somebody feels."""

    label: Literal["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
    confidence: float = Field(
        description="Probability of the label, calibrated on the votes of ten people: at 0.7 some seven in ten would "
        "choose this word for such a picture",
        ge=0,
        le=1,
    )
    uncertain: bool = Field(
        description="The label should not be relied on: not probable enough, or the face is too small, dark or blurred"
    )
    probabilities: Probabilities
    uncorrected: Probabilities | None = Field(
        None, description="Without the resting face taken off; in streams with the option `baseline` alone"
    )


class Signals(Strict):
    """What is followed over time in a stream; null while too little is known. See docs/signals.md."""

    satisfaction: float | None = Field(description="From angry, 0, to happy, 100")
    attention: float | None = Field(description="Facing the camera with open eyes, 0–1")
    drowsiness: float | None = Field(description="From closed eyes and yawns within a minute, 0–1")
    expressiveness: float | None = Field(description="How much the expression moves, 0–1")
    dominant: Literal["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]


class Pose(Strict):
    """Where the head is turned, in degrees."""

    yaw: float | None
    pitch: float | None
    roll: float | None


class Gender(Strict):
    """As people annotated pictures of faces, estimated: not what somebody is."""

    label: Literal["female", "male", "uncertain"]
    confidence: float | None = Field(description="Probability of the likelier one, 0–1")


class Explanation(Strict):
    """Where on the face the expression was read from: a correlate on a coarse grid, not a cause."""

    label: Literal["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
    box: list[float] = Field(
        description="x1 y1 x2 y2 in pixels: where the image lies, wider than the face", min_length=4, max_length=4
    )
    image: str = Field(
        description="PNG with transparency as a data URL; orange spoke for the expression, blue against it"
    )


class Face(Strict):
    """One face; what was not computed is absent."""

    box: list[float] = Field(description="x1 y1 x2 y2 in pixels", min_length=4, max_length=4)
    score: float = Field(description="Of the detector, 0–1")
    points: list[list[float]] | None = Field(
        description="Eyes, nose and mouth corners, x y each, left in the picture first"
    )
    emotion: Emotion
    track: int | None = Field(None, description="Identity within a stream; absent for single pictures")
    baseline: Literal["none", "learning", "learned", "calibrating", "calibrated"] | None = Field(
        None, description="What is known of the resting face, in streams with the option `baseline`"
    )
    signals: Signals | None = Field(None, description="In streams with the option `signals`")
    landmarks: list[list[float]] | None = None
    pose: Pose | None = None
    eyes_open: float | None = None
    mouth_open: float | None = None
    blinks: int | None = Field(None, description="Since the track began")
    perclos: float | None = Field(None, description="Share of the last minute with closed eyes")
    age: float | None = Field(None, description="Estimated years, with `attributes` alone; averaged in a stream")
    age_range: list[int] | None = Field(
        None, description="Years between which the true age lies for four faces in five", min_length=2, max_length=2
    )
    age_uncertain: bool | None = Field(
        None, description="The age should not be relied on: an infant, or a small or poor face; absent otherwise"
    )
    gender: Gender | None = None
    quality: float | None = Field(None, description="How fit the face is for analysis, 0–1")
    reason: Literal["too small", "too dark", "too bright", "blurred", "turned away", "unsure"] | None = Field(
        None, description="What speaks most against the face; absent when nothing does"
    )
    explain: Explanation | None = Field(None, description="Where the expression was read from, with `explain` alone")


class Models(Strict):
    """What the result was computed with."""

    detector: str
    emotion: str
    emotion_version: str
    precision: str
    device: str | None = Field(None, description="That computes: `cpu` or `cuda`")
    attributes_version: str | None = Field(None, description="Of the model of age and gender, where they are allowed")


class AnalysisOptions(Strict):
    """What may be asked for."""

    attributes: list[Literal["age", "gender"]] = Field(description="Empty where age and gender are off")


class Analysis(Strict):
    """What was seen on a picture; the largest face first."""

    source: str = Field(description="The file's name as it was sent")
    frame: int
    time: float
    width: int = Field(description="Of the upright picture in pixels; boxes refer to it")
    height: int
    faces: list[Face]
    warnings: list[str] | None = None
    version: str = Field(description="Of Mien")
    models: Models


class Login(Strict):
    """The key to log in with."""

    key: str
