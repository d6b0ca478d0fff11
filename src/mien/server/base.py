"""What every app of ours has: who may come in, how much they may ask for, numbers, models that are loaded meanwhile.

`mien.server.services` builds the server for people on it, `mien.server.model_app` the one for other servers.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Annotated, Any, TypeAlias

import anyio
import structlog
from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection

from mien.core.errors import MienError, SettingsError
from mien.core.machine import cores
from mien.models.networks import Networks
from mien.server.auth import Keys, Role, parse
from mien.server.common_settings import CommonSettings
from mien.server.errors import ApiError
from mien.server.gate import Gate
from mien.server.limits import Limits
from mien.server.metrics import Metrics

log = structlog.get_logger()


def keys_of(settings: CommonSettings) -> Keys:
    """Return the keys that the settings name.

    Raises:
        SettingsError: a key or the file of keys cannot be read; says which.
    """
    entries = list(settings.api_keys)
    if settings.api_keys_file is not None:
        try:
            entries += settings.api_keys_file.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the file of API keys cannot be read ({error}): check MIEN_API_KEYS_FILE") from None
    plain = settings.api_key.get_secret_value() if settings.api_key else None
    keys = Keys(plain, parse(entries), settings.key_rate)
    if settings.has_key and not keys.required:
        raise SettingsError(f"there is no key in {settings.api_keys_file}: make one with mien keys new")
    return keys


class Base(ABC):
    """The running app's parts.

    Args:
        settings: of the app.

    Attributes:
        workers: threads that compute.
        keys: who may come in.
        gate: how many requests may be inside.
        decoders: how many uploads are read at once; a large one takes hundreds of megabytes.
        ready: set once loading has ended, well or not.
        failure: why loading failed, None when it did not.
        limits: what one address may ask for.
        metrics: what was done so far.
    """

    def __init__(self, settings: CommonSettings) -> None:
        self.settings = settings
        self.workers = settings.workers or cores()
        self.keys = keys_of(settings)
        self.gate = Gate(self.workers + settings.max_waiting)
        self.decoders = anyio.CapacityLimiter(self.workers)
        self.ready = asyncio.Event()
        self.failure: MienError | None = None
        self.limits = Limits(settings)
        self.metrics = Metrics()

    async def load(self) -> None:
        """Load the models in a thread; the app answers meanwhile."""
        try:
            log.info("ready", **await self._load())
        except MienError as error:
            self.failure = error
            log.error("loading failed", code=error.code, reason=str(error))
        except Exception as error:
            self.failure = MienError(f"loading failed: {error!r}")
            log.exception("loading failed")
        finally:
            self.ready.set()

    @abstractmethod
    async def _load(self) -> dict[str, str]:
        """Load what computes; return the names and versions of its models, for the log."""

    @abstractmethod
    async def close(self) -> None:
        """Stop everything."""

    @property
    @abstractmethod
    def networks(self) -> Networks:
        """The networks that may be asked by themselves.

        Raises:
            ApiError: 503 while they are being loaded or when that failed, 404 when there are none.
        """

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Tell whatever has no end of its own that the app is about to close."""

    def not_ready(self) -> ApiError:
        """Return why nothing can be computed."""
        if self.failure is not None:
            return ApiError(503, self.failure.code, str(self.failure))
        return ApiError(503, "loading", "the models are being loaded: try again in a second", {"retry-after": "1"})

    def check_ready(self) -> None:
        """Raise unless the models are loaded.

        Raises:
            ApiError: 503.
        """
        if not self.ready.is_set() or self.failure is not None:
            raise self.not_ready()


def base_of(connection: HTTPConnection) -> Base:
    """Return the parts of the app that serves this request or socket."""
    base = connection.app.state.services
    assert isinstance(base, Base)
    return base


async def require_key(
    connection: HTTPConnection,
    _header: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))] = None,
    _bearer: Annotated[Any, Security(HTTPBearer(auto_error=False))] = None,
) -> None:
    """Refuse who does not show the key. (The two parameters are there for the API's description.)

    What a key must allow goes by the request's method, see `auth`.

    Raises:
        ApiError: 401, 403 when the key's role does not allow it, 429 after too many requests or wrong keys.
    """
    _admit(connection, None)


async def require_admin(connection: HTTPConnection) -> None:
    """Refuse who has no key that allows changes; for POST routes that change what others see.

    Raises:
        ApiError: see `require_key`.
    """
    _admit(connection, "admin")


def _admit(connection: HTTPConnection, role: Role | None) -> None:
    refusal = base_of(connection).keys.refusal(connection, role)
    if refusal is not None:
        raise refusal


BaseDep: TypeAlias = Annotated[Base, Depends(base_of)]
