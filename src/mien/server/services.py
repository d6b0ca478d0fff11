"""What the routes work with: made once when the server starts, handed to them, closed when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

import anyio
import numpy as np
import structlog
from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection

from mien.core.errors import MienError, SettingsError
from mien.core.types import Faces, FloatArray, Frame, Image
from mien.live.camera_values import CameraRules
from mien.live.cameras import Cameras
from mien.live.engine import Engine
from mien.live.local import LocalEngine, cores
from mien.live.recorder import Recorder
from mien.live.videos.videos import Videos
from mien.pipeline import Analyzer, Stopwatch
from mien.server.auth import Keys, Role, parse
from mien.server.camera_recording import CameraRecordings
from mien.server.decoding import Decoders
from mien.server.errors import ApiError
from mien.server.gate import Gate
from mien.server.limits import Limits
from mien.server.metrics import MeteredEngine, Metrics, Present
from mien.server.pictures import Sent
from mien.server.settings import ServerSettings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backend:
    """What computes, and which models it computes with (for people who keep results).

    Attributes:
        engine: for pictures and streams.
        models: names and versions.
        classify: the emotion model alone: probabilities ``[n, 8]`` for crops as it reads them; None where there is
            none.
    """

    engine: Engine
    models: dict[str, str]
    classify: Callable[[Image], FloatArray] | None = None


Loader: TypeAlias = Callable[[ServerSettings], Backend]


def load_backend(settings: ServerSettings) -> Backend:
    """Load the models, run each once, start the workers. Takes seconds: call it off the event loop.

    Raises:
        ModelError: a model cannot be used.
        SettingsError: the settings name something that does not exist.
    """
    analyzer = Analyzer(settings.analyzer)
    blank = np.full((240, 320, 3), 127, np.uint8)
    watch = Stopwatch()
    analyzer.find(blank, watch, analyzer.settings.wants)
    analyzer.read_emotions(blank, Faces.from_boxes([[100.0, 60.0, 220.0, 180.0]]), watch)
    emotion = analyzer.emotion.spec
    models = {
        "detector": analyzer.detector.name,
        "emotion": emotion.name,
        "emotion_version": emotion.version,
        "precision": settings.precision,
    }
    return Backend(LocalEngine(analyzer, settings.workers), models, analyzer.emotion.probabilities)


def keys_of(settings: ServerSettings) -> Keys:
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


class Services:
    """The running server's parts.

    Args:
        settings: of the server.
        loader: makes the backend; a test gives its own.

    Attributes:
        ready: set once loading has ended, well or not.
        failure: why loading failed, None when it did not.
        streams: live streams open now.
        cameras: those that this server watches.
        recorder: writes what is recorded.
        camera_recordings: of those cameras that are being recorded.
        videos: those that were sent.
        decoders: how many uploads are decoded at once; a large one takes hundreds of megabytes.
        decoding: the child processes that do so.
        limits: what one address may ask for.
        metrics: what was done so far.
        engine: the backend's, None until it is loaded.
    """

    def __init__(self, settings: ServerSettings, loader: Loader) -> None:
        self.settings = settings
        self.workers = settings.workers or cores()
        self.keys = keys_of(settings)
        self.gate = Gate(self.workers + settings.max_waiting)
        self.decoders = anyio.CapacityLimiter(self.workers)
        self.decoding = Decoders(settings.decode_timeout)
        self.ready = asyncio.Event()
        self.failure: MienError | None = None
        self.streams = 0
        rules = CameraRules(timeout=settings.camera_timeout, history=settings.camera_history)
        self.cameras = Cameras(settings.camera_specs, rules, settings.max_cameras)
        self.recorder = Recorder(settings.archive, settings.recording_grace, settings.recording_days)
        self.camera_recordings = CameraRecordings(self.recorder)
        self.videos = Videos(settings.data_dir / "videos", settings.video_rules)
        self.limits = Limits(settings)
        self.engine: MeteredEngine | None = None
        self.metrics = Metrics()
        self.metrics.registry.register(Present(self))
        self._loader = loader
        self._backend: Backend | None = None

    async def load(self) -> None:
        """Load the backend in a thread; the server answers meanwhile."""
        self.recorder.run()
        try:
            backend = await asyncio.to_thread(self._loader, self.settings)
            self.engine = MeteredEngine(backend.engine, self.metrics)
            self._backend = replace(backend, engine=self.engine)
            self.cameras.start(self.engine)
            await asyncio.to_thread(self.videos.start, self.engine)
            log.info("ready", **backend.models)
        except MienError as error:
            self.failure = error
            log.error("loading failed", code=error.code, reason=str(error))
        except Exception as error:
            self.failure = MienError(f"loading failed: {error!r}")
            log.exception("loading failed")
        finally:
            self.ready.set()

    async def decode(self, sent: Sent) -> Frame:
        """Return the picture that somebody sent, decoded in a child process.

        Raises:
            ApiError: the JSON around it is malformed or does not hold a picture.
            PictureError: it cannot or must not be decoded, or takes too long.
            DecoderError: decoding ended for another reason.
        """
        return await anyio.to_thread.run_sync(sent.decode, self.decoding, limiter=self.decoders, abandon_on_cancel=True)

    async def close(self) -> None:
        """Stop the cameras, the backend, the decoders and all recordings."""
        await self.camera_recordings.close()
        parts = [asyncio.to_thread(self.cameras.close), asyncio.to_thread(self.decoding.close)]
        parts += [asyncio.to_thread(self.recorder.close), asyncio.to_thread(self.videos.close)]
        if self.engine is not None:
            parts.append(asyncio.to_thread(self.engine.close, 2.0))
        await asyncio.gather(*parts)  # at once: together with open requests it shall take no more than five seconds

    @property
    def backend(self) -> Backend:
        """What computes.

        Raises:
            ApiError: 503 while it is being loaded, or when that failed.
        """
        if self._backend is not None:
            return self._backend
        if self.failure is not None:
            raise ApiError(503, self.failure.code, str(self.failure))
        raise ApiError(503, "loading", "the models are being loaded: try again in a second", {"retry-after": "1"})


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the app that serves this request or socket."""
    services = connection.app.state.services
    assert isinstance(services, Services)
    return services


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
    refusal = services_of(connection).keys.refusal(connection, role)
    if refusal is not None:
        raise refusal


ServicesDep: TypeAlias = Annotated[Services, Depends(services_of)]
