"""What every server of ours can be told: options, or environment variables with the prefix ``MIEN_``."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY: Final = 48 * 2**20
"""Bytes of a request, more than the largest tensor has."""
Names = Annotated[tuple[str, ...], NoDecode]


class CommonSettings(BaseSettings):
    """What can be chosen about any server.

    Attributes:
        host: address to listen on.
        port: to listen on, 1–65535.
        precision: see `AnalyzerSettings`.
        device: see `AnalyzerSettings`.
        attributes: allow clients to ask for age and gender; their weights are for non-commercial use only.
        workers: threads that analyse; None for one per core.
        max_waiting: single pictures in the line beyond those being analysed; more are refused as ``busy``.
        analyze_timeout: seconds that decoding and analysing a single picture may take, waiting included.
        upload_timeout: seconds that sending it may take.
        max_body: bytes of a request's body.
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
        insecure_no_key: allow a host other than loopback without a key.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
    """

    model_config = SettingsConfigDict(env_prefix="MIEN_", extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    precision: str = AnalyzerSettings().precision
    device: str = AnalyzerSettings().device
    attributes: bool = False
    workers: int | None = Field(default=None, ge=1, le=256)
    max_waiting: int = Field(default=16, ge=0)
    analyze_timeout: float = Field(default=30.0, gt=0)
    upload_timeout: float = Field(default=120.0, gt=0)
    max_body: int = Field(default=MAX_BODY, ge=1024)
    allowed_origins: Names = ()
    allowed_hosts: Names = ()
    api_key: SecretStr | None = None
    api_keys: Names = Field(default=(), repr=False)
    api_keys_file: Path | None = None
    request_rate: float = Field(default=50.0, ge=0)
    key_rate: float = Field(default=500.0, ge=0)
    socket_rate: float = Field(default=2.0, ge=0)
    max_client_sockets: int = Field(default=16, ge=1)
    insecure_no_key: bool = False
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @field_validator("allowed_origins", "allowed_hosts", "api_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("api_key", mode="after")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value() else None

    @property
    def analyzer(self) -> AnalyzerSettings:
        """The part that concerns the networks.

        Raises:
            SettingsError: a value makes no sense.
        """
        return AnalyzerSettings(precision=self.precision, attributes_allowed=self.attributes, device=self.device)

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
    def host_names(self) -> tuple[str, ...]:
        """Names that a request's Host header may hold beside IP addresses."""
        own = socket.gethostname().lower()
        names = {*LOOPBACK_NAMES, self.host.lower(), *(name.lower() for name in self.allowed_hosts)}
        return tuple(sorted(names if self.loopback else names | {own, f"{own}.local"}))

    def verify(self) -> None:
        """Check what the fields by themselves do not show.

        Raises:
            SettingsError: a value makes no sense.
        """
        _ = self.analyzer


class ModelServerSettings(CommonSettings):
    """Other defaults for a server whose clients are servers: they ask for much, and no one of them for too much."""

    port: int = Field(default=8500, ge=1, le=65535)
    max_waiting: int = Field(default=256, ge=0)
    request_rate: float = Field(default=0.0, ge=0)
    key_rate: float = Field(default=0.0, ge=0)


S = TypeVar("S", bound=CommonSettings)


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
    settings.verify()
    return settings


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this computer alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
