"""The shapes of what the API says about cameras."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from mien.server.schemas import Face, Strict


class CameraStatus(Strict):
    """A camera and how it is."""

    id: str = Field(description="Its name")
    kind: Literal["device", "file", "rtsp"]
    address: str = Field(description="Without user, password and query", examples=["rtsp://10.0.0.7/stream1"])
    state: Literal["starting", "live", "stalled", "waiting", "ended", "stopped"] = Field(
        description="`stalled`: no frame for too long; `waiting`: for the next try to open it; `ended`: a file that "
        "was to be played once"
    )
    reason: str = Field(description="Why it is so, for people; empty when all is well")
    code: str = Field(
        description="The same for programs: `loading`, `camera_missing`, `camera_in_use`, `camera_refused`, "
        "`camera_unreachable`, `camera_silent`, `camera_unsupported`, `camera_ended`, `bad_source`, `played`, "
        "`internal`; empty when all is well"
    )
    since: float = Field(description="When it came into this state, in seconds since 1970")
    retry_in: float | None = Field(description="Seconds from `since` to the next try; null when none is planned")
    width: int | None = Field(description="Of its frames in pixels; null before the first")
    height: int | None
    frames: int = Field(description="That came")
    analysed: int = Field(description="That have a result")
    failed: int = Field(description="That could not be analysed")
    dropped: int = Field(description="That a newer one replaced before anybody looked at them")
    opened: int = Field(description="How many times it was opened")
    options: dict[str, JsonValue] = Field(description="What its results hold beyond the usual")
    recording: str | None = Field(description="The session it is being recorded in; null when it is not")
    viewers: int = Field(description="Who watch its pictures now")
    fps: float = Field(description="Frames per second that come")
    analysed_fps: float = Field(description="Results per second")


class CameraList(Strict):
    """All cameras, and what who asks may do with them."""

    cameras: list[CameraStatus]
    changeable: bool = Field(description="Whether cameras may be added and removed")
    recordable: bool = Field(description="Whether they may be recorded")


class NewCamera(Strict):
    """A camera to add."""

    address: str = Field(
        description="A device's number, a video file on the server, or rtsp://…", max_length=2000, examples=["0"]
    )
    id: str | None = Field(None, description="Its name; by default the least number that is free")
    loop: bool = Field(True, description="Play a file over and over")
    options: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="What its results shall hold, as in the `options` of the WebSocket `mien.v1`",
        examples=[{"landmarks": True}],
    )


class LiveEvent(Strict):
    """Something that lasts on somebody's face, as closed eyes do."""

    event: str
    track: int
    start: float = Field(description="The camera's own time in seconds")
    end: float | None = Field(description="null while it goes on")


class LiveResult(Strict):
    """What was seen on a camera's frame; the largest face first."""

    camera: str
    at: float = Field(description="When the frame came, in seconds since 1970")
    server_ms: float = Field(description="From then to the result, in milliseconds")
    source: str = Field(description="The camera's name")
    frame: int = Field(description="Number of the frame, from 0")
    time: float = Field(description="The camera's own time in seconds; only grows")
    width: int
    height: int
    faces: list[Face]
    warnings: list[str] | None = None
    events: list[LiveEvent] | None = Field(None, description="What began or ended with this frame")


class LiveResults(Strict):
    """The newest results, the oldest of them first."""

    camera: str
    results: list[LiveResult]
