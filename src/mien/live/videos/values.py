"""What is known of a video that was sent, and the rules for all of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any, Final, Literal, TypeAlias

from mien.core.errors import InputError, MienError

VideoState: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]
CopyState: TypeAlias = Literal["none", "waiting", "running", "ready", "failed"]

ENDED: Final = frozenset({"done", "failed", "cancelled"})
_ID: Final = re.compile(r"[0-9a-f]{16}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class NoVideoError(InputError):
    """What was sent is not a video of a known container."""

    code = "unsupported_type"


class QuotaError(MienError):
    """There is no room for more videos."""

    code = "quota_exceeded"


class TooManyUploadsError(MienError):
    """As many videos as may be are being sent."""

    code = "too_many_uploads"


class VideoBusyError(MienError):
    """Not possible in the state that the video is in."""

    code = "not_now"


@dataclass(frozen=True, slots=True)
class VideoRules:
    """The rules for all videos.

    Attributes:
        at_once: videos that are worked on at the same time.
        max_bytes: of one video.
        quota: bytes of all videos together, with their results and copies.
        keep_days: after so many days a video is deleted; 0 keeps it until somebody deletes it.
        max_seconds: of one video.
        max_pixels: of a frame.
        max_incoming: videos that are being sent at the same time.
    """

    at_once: int = 1
    max_bytes: int = 2 * 2**30
    quota: int = 20 * 2**30
    keep_days: float = 7.0
    max_seconds: float = 4 * 3600.0
    max_pixels: int = 2**25
    max_incoming: int = 16


@dataclass(frozen=True, slots=True)
class VideoJob:
    """A video and how far it is; kept as ``job.json`` in its folder.

    Attributes:
        id: sixteen hexadecimal digits that cannot be guessed.
        name: what its sender calls it.
        media_type: of the container.
        bytes: of the video.
        created: when it came, in seconds since 1970.
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
        reason: why it failed, for people; else empty.
        options: what the results shall hold, names and values of `StreamOptions`.
        width: of the frames as shown in pixels; None until it was opened.
        height: of the frames as shown.
        fps: mean frames per second; 0 when unknown.
        frames: how many to expect; None when unknown.
        duration: seconds; None when unknown.
        analysed: frames with a line in the results.
        time: presentation time of the last of them in seconds.
        warnings: what a user should know, in plain words.
        resumed: times in seconds at which the analysis was taken up after a restart.
        annotated: state of the annotated copy.
        progress: share of the work under way that is done, 0–1; None when unknown.
        eta: seconds until it is done; None when unknown.
        finished: when its work ended, in seconds since 1970; None before.
    """

    id: str
    name: str
    media_type: str
    bytes: int
    created: float
    state: VideoState = "waiting"
    reason: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    width: int | None = None
    height: int | None = None
    fps: float = 0.0
    frames: int | None = None
    duration: float | None = None
    analysed: int = 0
    time: float = 0.0
    warnings: tuple[str, ...] = ()
    resumed: tuple[float, ...] = ()
    annotated: CopyState = "none"
    progress: float | None = None
    eta: float | None = None
    finished: float | None = None

    @property
    def busy(self) -> bool:
        """Whether there is work to do on it, or under way."""
        return self.state not in ENDED or self.annotated in ("waiting", "running")

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def job_from_json(value: Any) -> VideoJob:
    """Return the job that ``value`` was made from.

    Raises:
        ValueError: it is none.
    """
    known = {each.name for each in fields(VideoJob)}
    if not isinstance(value, dict) or not known.issuperset(value) or not is_id(str(value.get("id"))):
        raise ValueError("this is not the description of a video")
    try:
        job = VideoJob(**value)
    except TypeError as error:
        raise ValueError(f"this is not the description of a video: {error}") from None
    object.__setattr__(job, "warnings", tuple(job.warnings))
    object.__setattr__(job, "resumed", tuple(job.resumed))
    return job


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of a video's id, and so can be part of a path."""
    return _ID.fullmatch(text) is not None


def plain_name(name: str) -> str:
    """Return a file's name without folders and control characters, at most 200 characters."""
    last = PurePosixPath(_CONTROL.sub("", name).replace("\\", "/")).name.strip()
    return last.encode("utf-8", "replace").decode()[-200:] or "video"


def media_type(head: bytes, name: str) -> str:
    """Return the media type of a video by its first bytes (512 are enough).

    Raises:
        NoVideoError: no container that Mien reads begins like this.
    """
    if head[4:8] == b"ftyp" and head[8:11] not in (b"avi", b"hei", b"hev", b"mif", b"msf"):
        return "video/quicktime" if head[8:10] == b"qt" else "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if head.startswith((b"\0\0\1\xba", b"\0\0\1\xb3")):
        return "video/mpeg"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "video/mp2t"
    if head.startswith(b"GIF8"):
        return "image/gif"
    raise NoVideoError(f"{name} is not a video that Mien reads: send MP4, MOV, MKV, WebM, AVI, MPEG or GIF")
