"""How the server is run: options of ``mien serve``, or environment variables with the prefix ``MIEN_``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import platformdirs
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from mien.core.codec import UPLOAD
from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings
from mien.live.camera_values import CameraSpec
from mien.live.cameras import parse_options, parse_specs
from mien.live.pictures import PictureRules
from mien.live.videos.values import VideoRules
from mien.models.attributes import OFF
from mien.server.common_settings import CommonSettings, load_as
from mien.store.archive import Archive
from mien.store.database import parse as parse_address

STATIC: Final = Path(__file__).parent / "static"


class ServerSettings(CommonSettings):
    """Everything that can be chosen about the server for people, beside what `CommonSettings` has.

    Attributes:
        detector: see `AnalyzerSettings`.
        emotion: see `AnalyzerSettings`.
        weights: see `AnalyzerSettings`.
        detect_size: see `AnalyzerSettings`.
        max_faces: see `AnalyzerSettings`.
        models: see `AnalyzerSettings`; the model server's key is read from ``MIEN_MODELS_KEY``.
        max_streams: live streams at the same time.
        decode_timeout: seconds that decoding alone may take; then the process that does it is killed.
        max_body: bytes of a request's body; enough for the largest upload as base64.
        cameras: to watch, ``NAME=ADDRESS`` or ``ADDRESS`` each (see `live.cameras.parse_specs`); comma separated, or a
            JSON list where an address holds a comma.
        camera_options: what their results shall hold, a JSON object as in the `options` of ``docs/protocol.md``.
        allow_camera_changes: let clients add and remove cameras: they reach files and addresses that this computer can.
        max_cameras: that may be watched.
        camera_timeout: seconds without a frame after which a camera is opened anew.
        camera_history: results that are kept per camera, in memory.
        max_viewers: pictures watched and events followed at the same time, of all cameras together.
        static: folder of the built web app.
        data_dir: folder of what is kept (recordings, videos that were sent); by default the platform's for this user.
        database_url: of the database for recordings, ``postgresql://user:password@host/name``; by default a file in
            ``data_dir``.
        recording_pictures: let recordings keep pictures, where whoever records asks for it; by default only where the
            server listens on loopback, so that whoever records owns the disk.
        recording_pictures_bytes: of all pictures of one recording.
        recording_days: days after which a recording is deleted; 0 for never.
        videos_at_once: videos that are worked on at the same time.
        video_max_bytes: of one video that is sent.
        video_quota: bytes of all kept videos with their results and copies.
        video_keep_days: days after which a video is deleted; 0 for never.
        video_max_seconds: of one video.
        video_max_pixels: of a video's frame.
        recording_grace: seconds for which a recording stays open after its client went away.
    """

    detector: str = AnalyzerSettings().detector
    emotion: str = AnalyzerSettings().emotion
    weights: Path | None = None
    detect_size: int | None = AnalyzerSettings().detect_size
    max_faces: int = Field(default=AnalyzerSettings().max_faces, ge=1, le=1000)
    models: str | None = None
    max_streams: int = Field(default=64, ge=1)
    decode_timeout: float = Field(default=10.0, gt=0)
    max_body: int = Field(default=UPLOAD.max_bytes * 4 // 3 + 2**16, ge=1024)
    cameras: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    camera_options: dict[str, Any] = Field(default_factory=dict)
    allow_camera_changes: bool = False
    max_cameras: int = Field(default=16, ge=0)
    camera_timeout: float = Field(default=5.0, gt=0)
    camera_history: int = Field(default=600, ge=1, le=100_000)
    max_viewers: int = Field(default=64, ge=0)
    static: Path = STATIC
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("mien", appauthor=False))
    database_url: SecretStr | None = None
    recording_pictures: bool | None = None
    recording_pictures_bytes: int = Field(default=PictureRules().most_bytes, ge=0)
    recording_days: float = Field(default=0.0, ge=0)
    recording_grace: float = Field(default=60.0, ge=0)
    videos_at_once: int = Field(default=VideoRules().at_once, ge=1, le=64)
    video_max_bytes: int = Field(default=VideoRules().max_bytes, ge=1024)
    video_quota: int = Field(default=VideoRules().quota, ge=0)
    video_keep_days: float = Field(default=VideoRules().keep_days, ge=0)
    video_max_seconds: float = Field(default=VideoRules().max_seconds, gt=0)
    video_max_pixels: int = Field(default=VideoRules().max_pixels, ge=1)

    @field_validator("cameras", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @property
    def analyzer(self) -> AnalyzerSettings:
        """The part that concerns the analysis.

        Raises:
            SettingsError: a value makes no sense.
        """
        return AnalyzerSettings(
            detector=self.detector,
            weights=self.weights,
            emotion=self.emotion,
            detect_size=self.detect_size,
            precision=self.precision,
            max_faces=self.max_faces,
            attributes_allowed=self.attributes,
            device=self.device,
            models=self.models or None,
        )

    @property
    def camera_specs(self) -> tuple[CameraSpec, ...]:
        """The cameras to watch from the start.

        Raises:
            SettingsError: an address or an option is none, a name comes twice, or age and gender are not allowed.
        """
        specs = parse_specs(self.cameras, parse_options(self.camera_options))
        if not self.attributes and any(spec.options.attributes for spec in specs):
            raise SettingsError(f"camera_options ask for age or gender, and {OFF}")
        return specs

    def verify(self) -> None:
        """See `CommonSettings.verify`."""
        _ = self.analyzer, self.camera_specs, self.archive  # their own checks

    @property
    def archive(self) -> Archive:
        """Where recordings are kept; nothing is opened yet.

        Raises:
            SettingsError: the database's address is none.
        """
        address = self.database_url.get_secret_value() if self.database_url else None
        if address is not None:
            parse_address(address)
        return Archive(self.data_dir, address)

    @property
    def picture_rules(self) -> PictureRules | None:
        """How recordings keep pictures; None where they may not."""
        allowed = self.loopback if self.recording_pictures is None else self.recording_pictures
        return PictureRules(most_bytes=self.recording_pictures_bytes) if allowed else None

    @property
    def video_rules(self) -> VideoRules:
        """The rules for videos."""
        return VideoRules(
            at_once=self.videos_at_once,
            max_bytes=self.video_max_bytes,
            quota=self.video_quota,
            keep_days=self.video_keep_days,
            max_seconds=self.video_max_seconds,
            max_pixels=self.video_max_pixels,
        )


def load(**chosen: Any) -> ServerSettings:
    """Build the server's settings from the environment; see `load_as`."""
    return load_as(ServerSettings, **chosen)
