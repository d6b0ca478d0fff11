"""How the server is run: options of ``mien serve``, or environment variables with the prefix ``MIEN_``."""

from __future__ import annotations

import ipaddress
import json
import socket
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mien.core.codec import UPLOAD
from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings
from mien.live.camera_values import CameraSpec
from mien.live.cameras import parse_options, parse_specs
from mien.live.videos.values import VideoRules
from mien.models.attributes import OFF
from mien.store.archive import Archive
from mien.store.database import parse as parse_address

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
STATIC: Final = Path(__file__).parent / "static"
Names = Annotated[tuple[str, ...], NoDecode]


class ServerSettings(BaseSettings):
    """Everything that can be chosen about the server.

    Attributes:
        host: address to listen on.
        port: to listen on, 1–65535.
        detector: see `AnalyzerSettings`.
        emotion: likewise.
        weights: see `AnalyzerSettings`.
        detect_size: see `AnalyzerSettings`.
        precision: see `AnalyzerSettings`.
        max_faces: see `AnalyzerSettings`.
        device: see `AnalyzerSettings`.
        models: see `AnalyzerSettings`; the model server's key is read from ``MIEN_MODELS_KEY``.
        attributes: allow clients to ask for age and gender; their weights are for non-commercial use only.
        workers: threads that analyse; None for one per core.
        max_streams: live streams at the same time.
        max_waiting: single pictures in the line beyond those being analysed; more are refused as ``busy``.
        analyze_timeout: seconds that decoding and analysing a single picture may take, waiting included.
        decode_timeout: seconds that decoding alone may take; then the process that does it is killed.
        upload_timeout: seconds that sending it may take.
        max_body: bytes of a request's body; enough for the largest upload as base64.
        allowed_origins: pages of other hosts that may use the API, ``https://example.org`` or ``*``; comma separated.
        allowed_hosts: names by which the server may be called beside loopback, IP addresses and its own; comma
            separated, ``*.example.org`` for all below.
        api_key: needed on API routes and sockets when set, allows everything; plain, or ``sha256:`` and its hex digest.
        api_keys: more keys, ``NAME=ROLE:sha256:DIGEST`` each (see `mien keys new`); comma separated.
        api_keys_file: a file of them, one per line.
        request_rate: requests a second from one address, averaged; six seconds' worth may come at once. 0 for no limit.
            Ten times as many from this computer itself; the same holds for sockets.
        key_rate: requests a second with one key, from whatever addresses. 0 for no limit.
        socket_rate: sockets a second that one address may open; ten seconds' worth at once. 0 for no limit.
        max_client_sockets: sockets that one address may have open.
        cameras: to watch, ``NAME=ADDRESS`` or ``ADDRESS`` each (see `live.cameras.parse_specs`); comma separated, or a
            JSON list where an address holds a comma.
        camera_options: what their results shall hold, a JSON object as in the `options` of ``docs/protocol.md``.
        allow_camera_changes: let clients add and remove cameras: they reach files and addresses that this computer can.
        max_cameras: that may be watched.
        camera_timeout: seconds without a frame after which a camera is opened anew.
        camera_history: results that are kept per camera, in memory.
        max_viewers: pictures watched and events followed at the same time, of all cameras together.
        insecure_no_key: allow a host other than loopback without a key.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
        static: folder of the built web app.
        data_dir: folder of what is kept (videos that were sent, but no other pictures); by default the platform's for
            this user.
        database_url: of the database for recordings, ``postgresql://user:password@host/name``; by default a file in
            ``data_dir``.
        recording_days: days after which a recording is deleted; 0 for never.
        videos_at_once: videos that are worked on at the same time.
        video_max_bytes: of one video that is sent.
        video_quota: bytes of all kept videos with their results and copies.
        video_keep_days: days after which a video is deleted; 0 for never.
        video_max_seconds: of one video.
        video_max_pixels: of a video's frame.
        recording_grace: seconds for which a recording stays open after its client went away.
    """

    model_config = SettingsConfigDict(env_prefix="MIEN_", extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    detector: str = AnalyzerSettings().detector
    emotion: str = AnalyzerSettings().emotion
    weights: Path | None = None
    detect_size: int | None = AnalyzerSettings().detect_size
    precision: str = AnalyzerSettings().precision
    max_faces: int = Field(default=AnalyzerSettings().max_faces, ge=1, le=1000)
    device: str = AnalyzerSettings().device
    models: str | None = None
    attributes: bool = False
    workers: int | None = Field(default=None, ge=1, le=256)
    max_streams: int = Field(default=64, ge=1)
    max_waiting: int = Field(default=16, ge=0)
    analyze_timeout: float = Field(default=30.0, gt=0)
    decode_timeout: float = Field(default=10.0, gt=0)
    upload_timeout: float = Field(default=120.0, gt=0)
    max_body: int = Field(default=UPLOAD.max_bytes * 4 // 3 + 2**16, ge=1024)
    allowed_origins: Names = ()
    allowed_hosts: Names = ()
    api_key: SecretStr | None = None
    api_keys: Names = Field(default=(), repr=False)
    api_keys_file: Path | None = None
    request_rate: float = Field(default=50.0, ge=0)
    key_rate: float = Field(default=500.0, ge=0)
    socket_rate: float = Field(default=2.0, ge=0)
    max_client_sockets: int = Field(default=16, ge=1)
    cameras: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    camera_options: dict[str, Any] = Field(default_factory=dict)
    allow_camera_changes: bool = False
    max_cameras: int = Field(default=16, ge=0)
    camera_timeout: float = Field(default=5.0, gt=0)
    camera_history: int = Field(default=600, ge=1, le=100_000)
    max_viewers: int = Field(default=64, ge=0)
    insecure_no_key: bool = False
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    static: Path = STATIC
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("mien", appauthor=False))
    database_url: SecretStr | None = None
    recording_days: float = Field(default=0.0, ge=0)
    recording_grace: float = Field(default=60.0, ge=0)
    videos_at_once: int = Field(default=VideoRules().at_once, ge=1, le=64)
    video_max_bytes: int = Field(default=VideoRules().max_bytes, ge=1024)
    video_quota: int = Field(default=VideoRules().quota, ge=0)
    video_keep_days: float = Field(default=VideoRules().keep_days, ge=0)
    video_max_seconds: float = Field(default=VideoRules().max_seconds, gt=0)
    video_max_pixels: int = Field(default=VideoRules().max_pixels, ge=1)

    @field_validator("allowed_origins", "allowed_hosts", "api_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("cameras", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("api_key", mode="after")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value() else None

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

    @property
    def loopback(self) -> bool:
        """Whether only this computer can connect."""
        return is_loopback(self.host)

    @property
    def has_key(self) -> bool:
        """Whether a key is needed."""
        return bool(self.api_key or self.api_keys or self.api_keys_file)

    def check(self) -> None:
        """Refuse to be reachable by others without a key.

        Raises:
            SettingsError: says what to do.
        """
        if not (self.loopback or self.has_key or self.insecure_no_key):
            raise SettingsError(
                f"listening on {self.host} lets others use this server: set a key with MIEN_API_KEY or --api-key "
                "(or, if you mean it, --insecure-no-key)"
            )

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

    @property
    def host_names(self) -> tuple[str, ...]:
        """Names that a request's Host header may hold beside IP addresses."""
        own = socket.gethostname().lower()
        names = {*LOOPBACK_NAMES, self.host.lower(), *(name.lower() for name in self.allowed_hosts)}
        return tuple(sorted(names if self.loopback else names | {own, f"{own}.local"}))


class ModelServerSettings(ServerSettings):
    """Other defaults for a server whose clients are servers: they ask for much, and no one of them for too much."""

    port: int = Field(default=8500, ge=1, le=65535)
    max_waiting: int = Field(default=256, ge=0)
    request_rate: float = Field(default=0.0, ge=0)
    key_rate: float = Field(default=0.0, ge=0)


S = TypeVar("S", bound=ServerSettings)


def load(**chosen: Any) -> ServerSettings:
    """Build the server's settings from the environment; see `load_as`."""
    return load_as(ServerSettings, **chosen)


def load_as(kind: type[S], **chosen: Any) -> S:
    """Build settings from the environment; ``chosen`` values that are not None win.

    Raises:
        SettingsError: names the option and what is wrong with its value.
    """
    try:
        settings = kind(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{where} (or MIEN_{where.upper()}): {first['msg']}") from None
    _ = settings.analyzer, settings.camera_specs, settings.archive  # their own checks
    return settings


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this computer alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
