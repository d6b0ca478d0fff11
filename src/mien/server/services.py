"""What the routes work with: made once when the server starts, handed to them, closed when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

import anyio
import numpy as np
from fastapi import Depends
from starlette.requests import HTTPConnection

from mien.core.settings import ATTRIBUTES, Wants
from mien.core.types import Faces, FloatArray, Frame, Image
from mien.live.camera_values import CameraRules
from mien.live.cameras import Cameras
from mien.live.engine import Engine
from mien.live.local import LocalEngine
from mien.live.recorder import Recorder
from mien.live.videos.videos import Videos
from mien.models.attributes import AttributeModel
from mien.models.networks import Networks
from mien.pipeline import Analyzer, Stopwatch
from mien.server.base import Base
from mien.server.base import keys_of as keys_of
from mien.server.base import require_admin as require_admin
from mien.server.base import require_key as require_key
from mien.server.camera_recording import CameraRecordings
from mien.server.decoding import Decoders
from mien.server.errors import ApiError
from mien.server.metered import MeteredEngine, Present
from mien.server.pictures import Sent
from mien.server.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Backend:
    """What computes, and which models it computes with (for people who keep results).

    Attributes:
        engine: for pictures and streams.
        models: names and versions.
        attributes: the model of age and gender alone; None where they are off.
        classify: the emotion model alone: probabilities ``[n, 8]`` for crops as it reads them; None where there is
            none.
        networks: those it computes with, for who wants to ask one by itself; None where there are none.
    """

    engine: Engine
    models: dict[str, str]
    classify: Callable[[Image], FloatArray] | None = None
    networks: Networks | None = None
    attributes: AttributeModel | None = None


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
    face = Faces.from_boxes([[100.0, 60.0, 220.0, 180.0]])
    analyzer.read_emotions(blank, face, watch)
    attributes = None
    if settings.attributes:
        attributes = analyzer.attributes
        analyzer.read_attributes(blank, face, watch, Wants(attributes=ATTRIBUTES))
    emotion = analyzer.emotion.spec
    models = {
        "detector": analyzer.detector.name,
        "emotion": emotion.name,
        "emotion_version": emotion.version,
        "precision": analyzer.emotion.model.precision,
        "device": settings.device,
    }
    if attributes is not None:
        models["attributes_version"] = attributes.spec.version
    engine = LocalEngine(analyzer, settings.workers)
    return Backend(engine, models, analyzer.emotion.probabilities, analyzer.networks, attributes)


class Services(Base):
    """The running server's parts.

    Args:
        settings: of the server.
        loader: makes the backend; a test gives its own.

    Attributes:
        streams: live streams open now.
        cameras: those that this server watches.
        recorder: writes what is recorded.
        camera_recordings: of those cameras that are being recorded.
        videos: those that were sent.
        decoding: the child processes that do so.
        engine: the backend's, None until it is loaded.
    """

    settings: ServerSettings

    def __init__(self, settings: ServerSettings, loader: Loader) -> None:
        super().__init__(settings)
        self.decoding = Decoders(settings.decode_timeout)
        self.streams = 0
        rules = CameraRules(timeout=settings.camera_timeout, history=settings.camera_history)
        self.cameras = Cameras(settings.camera_specs, rules, settings.max_cameras)
        pictures = settings.picture_rules
        grace, days = settings.recording_grace, settings.recording_days
        self.recorder = Recorder(settings.archive, grace, days, pictures=pictures)
        self.camera_recordings = CameraRecordings(self.recorder)
        self.videos = Videos(settings.data_dir / "videos", settings.video_rules)
        self.engine: MeteredEngine | None = None
        self.metrics.registry.register(Present(self))
        self._loader = loader
        self._backend: Backend | None = None

    async def _load(self) -> dict[str, str]:
        self.recorder.run()
        backend = await asyncio.to_thread(self._loader, self.settings)
        self.engine = MeteredEngine(backend.engine, self.metrics)
        self._backend = replace(backend, engine=self.engine)
        self.cameras.start(self.engine)
        await asyncio.to_thread(self.videos.start, self.engine)
        return backend.models

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
        raise self.not_ready()

    @property
    def networks(self) -> Networks:
        """The networks behind the analysis; see `Base.networks`."""
        if self.backend.networks is None:
            raise ApiError(404, "not_found", "this server has no networks that can be asked by themselves")
        return self.backend.networks

    def ask_to_stop(self) -> None:
        """Tell the viewers' responses, which have no end of their own, that the app is about to close."""
        for part in (self.cameras, self.videos):
            part.ask_to_stop()


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the app that serves this request or socket."""
    services = connection.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep: TypeAlias = Annotated[Services, Depends(services_of)]
