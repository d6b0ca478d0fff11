"""The shapes of what the API says about videos."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mien.server.schemas import Strict


class VideoOptions(Strict):
    """What the results hold beside the expressions."""

    landmarks: bool = False
    signals: bool = False
    baseline: bool = False
    attributes: list[Literal["age", "gender"]] = Field(default_factory=list)


class VideoStatus(Strict):
    """A video and how far it is."""

    id: str = Field(examples=["3f9c2a5b7d1e4f60"])
    name: str = Field(description="What its sender calls it")
    media_type: str = Field(description="Of the container, by its first bytes", examples=["video/mp4"])
    bytes: int = Field(description="Of the video as it was sent")
    created: float = Field(description="When it came, in seconds since 1970")
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    reason: str = Field(description="Why it, or its annotated copy, failed, for people; else empty")
    options: VideoOptions
    width: int | None = Field(description="Of its frames as shown, in pixels; null until it was opened")
    height: int | None
    fps: float = Field(description="Mean frames per second; 0 when unknown")
    frames: int | None = Field(description="Frames to expect, by the container; null when it does not say")
    duration: float | None = Field(description="In seconds; null when unknown")
    analysed: int = Field(description="Frames with a result")
    time: float = Field(description="Presentation time of the last of them in seconds")
    warnings: list[str] = Field(description="Such as damaged frames that were skipped")
    resumed: list[float] = Field(
        description="Times in seconds at which the analysis was taken up after the server had stopped; people who "
        "were in the picture there keep their number, smoothing and counters begin anew"
    )
    annotated: Literal["none", "waiting", "running", "ready", "failed"] = Field(description="State of the copy")
    progress: float | None = Field(description="Share of the work under way that is done, 0–1; null when unknown")
    eta: float | None = Field(description="Seconds until it is done; null when unknown")
    finished: float | None = Field(description="When the work ended, in seconds since 1970; null before")


class VideoList(Strict):
    """All videos, the newest first."""

    videos: list[VideoStatus]
    used: int = Field(description="Bytes of all of them with results and copies")
    quota: int = Field(description="Bytes they may take together")
    max_bytes: int = Field(description="Bytes that one video may have")
    keep_days: float = Field(description="Days after which a video is deleted; 0 for never")
    attributes: list[Literal["age", "gender"]] = Field(description="That may be asked for on this server")


class PersonCourse(Strict):
    """One person's course."""

    track: int
    first: float = Field(description="First seen within this time, in seconds")
    last: float = Field(description="Last seen within it")
    frames: int = Field(description="Frames with this person")
    uncertain: float = Field(description="Share of them in which the expression was uncertain, 0–1")
    bins: list[list[float] | None] = Field(
        description="For each stretch the mean probabilities of neutral, happiness, surprise, sadness, anger, disgust, "
        "fear, contempt; null where the person was not seen"
    )


class VideoTimeline(Strict):
    """The course of a video between two times, in equal stretches."""

    from_: float = Field(alias="from", description="In seconds")
    to: float
    step: float = Field(description="Seconds of a stretch")
    frames: int = Field(description="Frames with a result in this time")
    people: list[PersonCourse]
