"""All cameras that the server watches."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

import structlog

from mien.core.errors import InputError, SettingsError, SourceError
from mien.core.settings import ATTRIBUTES
from mien.live.camera import Camera
from mien.live.camera_values import CameraRules, CameraSpec, Clock, Draw, Opener, SystemClock
from mien.live.engine import Engine, EngineClosedError
from mien.live.session import StreamOptions
from mien.outputs import overlay
from mien.sources.camera import open_camera, parse_address

log = structlog.get_logger()

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NAMED: Final = re.compile(r"([A-Za-z0-9_-]{1,32})((?:\+[a-z_]+)*)=(.*)", re.DOTALL)


class CameraExistsError(InputError):
    """There is a camera of that name already."""

    code = "camera_exists"


class TooManyCamerasError(InputError):
    """No more cameras may be added."""

    code = "too_many_cameras"


def parse_specs(texts: Sequence[str], options: StreamOptions | None = None) -> tuple[CameraSpec, ...]:
    """Read ``NAME+OPTION+OPTION=ADDRESS``, ``NAME=ADDRESS`` or ``ADDRESS``; no name is the place in the row, from 1.

    Args:
        texts: one per camera. An option is one of `StreamOptions` that is on or off, or one of its attributes.
        options: what the results of all of them shall hold.

    Raises:
        SettingsError: an address that is none, a name that comes twice, an unknown option; never repeats an address.
    """
    specs: dict[str, CameraSpec] = {}
    for place, text in enumerate(texts, 1):
        named = _NAMED.fullmatch(text.strip())
        name, more, address = named.groups() if named is not None else (str(place), "", text)
        try:
            usual = options or StreamOptions()
            wanted = _with(usual, more.split("+")[1:]) if more else usual
            spec = CameraSpec(name, parse_address(address), options=wanted)
        except (SourceError, SettingsError) as error:
            raise SettingsError(f"camera {name}: {error}") from None
        if name in specs:
            raise SettingsError(f"two cameras are called {name}: give them different names, as in door=rtsp://…")
        specs[name] = spec
    return tuple(specs.values())


def parse_options(values: Mapping[str, Any]) -> StreamOptions:
    """Return stream options from their names and values.

    Raises:
        SettingsError: there is no such option, or its value makes no sense.
    """
    known = [option.name for option in fields(StreamOptions)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingsError(f"there is no option {unknown[0][:100]!r}: there are {', '.join(known)}")
    return StreamOptions(**values)


def _with(options: StreamOptions, names: Sequence[str]) -> StreamOptions:
    """Return ``options`` with some more of them on."""
    on = {name: True for name in names if name not in ATTRIBUTES}
    known = [option.name for option in fields(StreamOptions) if option.default is False]
    if unknown := sorted(set(on) - set(known)):
        raise SettingsError(f"there is no option {unknown[0][:100]!r}: there are {', '.join([*known, *ATTRIBUTES])}")
    attributes = (*options.attributes, *(name for name in names if name in ATTRIBUTES))
    return replace(options, **on, attributes=attributes)


class Cameras:
    """Watches cameras from `start` to `close`; safe to use from several threads.

    Args:
        specs: those to begin with.
        rules: how they are watched.
        most: how many there may be.
        tick: seconds between two looks at whether they are alive.
        opener: opens a camera; a test gives its own.
        clock: a test gives its own.

    Raises:
        SettingsError: ``specs`` are more than ``most``.
    """

    def __init__(
        self,
        specs: tuple[CameraSpec, ...] = (),
        rules: CameraRules | None = None,
        most: int = 16,
        tick: float = 0.5,
        opener: Opener = open_camera,
        clock: Clock | None = None,
    ) -> None:
        if len(specs) > most:
            raise SettingsError(f"{len(specs)} cameras are more than the {most} allowed: raise MIEN_MAX_CAMERAS")
        self._rules, self._most, self._tick = rules or CameraRules(), most, tick
        self._opener, self._clock = opener, clock or SystemClock()
        self._cameras = {spec.name: self._make(spec) for spec in specs}
        self._engine: Engine | None = None
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._watchdog: threading.Thread | None = None

    def start(self, engine: Engine) -> None:
        """Begin to read the cameras, and to analyse their frames with ``engine``."""
        with self._lock:
            if self._closing.is_set():
                return
            self._engine = engine
            for camera in self._cameras.values():
                camera.start(engine)
            self._watchdog = threading.Thread(target=self._watch, name="mien-cameras", daemon=True)
            self._watchdog.start()

    def all(self) -> list[Camera]:
        """Return the cameras in the order in which they came."""
        with self._lock:
            return list(self._cameras.values())

    def first(self) -> Camera | None:
        """Return the camera that has been there longest, None when there is none."""
        return next(iter(self.all()), None)

    def get(self, name: str) -> Camera | None:
        """Return the camera of that name, None when there is none."""
        with self._lock:
            return self._cameras.get(name)

    def add(
        self, address: str, name: str | None = None, loop: bool = True, options: StreamOptions | None = None
    ) -> Camera:
        """Add a camera and begin to read it.

        Args:
            address: see `mien.sources.camera.parse_address`.
            name: letters, digits, ``-`` and ``_``; None for the least number that is free.
            loop: play a file over and over.
            options: what its results shall hold.

        Raises:
            SourceError: the address or the name is none.
            CameraExistsError: there is one of that name.
            TooManyCamerasError: there are as many as there may be.
            EngineClosedError: the engine is shutting down.
        """
        if name is not None and not _NAME.fullmatch(name):
            raise SourceError("a camera's name is 1 to 32 letters, digits, - and _: choose another")
        parsed = parse_address(address)
        with self._lock:
            if self._closing.is_set():
                raise EngineClosedError("the server is shutting down: try again later")
            if len(self._cameras) >= self._most:
                raise TooManyCamerasError(f"there are {self._most} cameras already: remove one first")
            numbers = (str(number) for number in range(1, self._most + 2))
            chosen = name or next(number for number in numbers if number not in self._cameras)
            if chosen in self._cameras:
                raise CameraExistsError(f"there is a camera {chosen} already: choose another name or remove it first")
            camera = self._make(CameraSpec(chosen, parsed, loop, options or StreamOptions()))
            if self._engine is not None:
                camera.start(self._engine)
            self._cameras[chosen] = camera
        return camera

    def remove(self, name: str, timeout: float = 2.0) -> bool:
        """Stop a camera and forget it and its results; return whether there was one. Takes up to ``timeout`` s."""
        with self._lock:
            camera = self._cameras.pop(name, None)
        if camera is not None:
            camera.close(timeout)
        return camera is not None

    async def frames(self, name: str, draw: Draw = overlay.draw) -> AsyncGenerator[bytes]:
        """Yield a camera's annotated frames as JPEG: the newest, as fast as it is taken; ends with the camera.

        Args:
            name: of the camera.
            draw: see `Camera.view`.
        """
        camera = self.get(name)
        if camera is None:
            return
        with camera.view(draw).listen() as inbox:
            while (picture := await inbox.next()) is not None:
                yield picture

    @property
    def viewers(self) -> int:
        """How many watch pictures or follow events, of all cameras together."""
        return sum(camera.viewers + camera.events.listeners for camera in self.all())

    def ask_to_stop(self) -> None:
        """Let all reading end soon, and all watching and following at once."""
        self._closing.set()
        for camera in self.all():
            camera.ask_to_stop()

    def close(self, timeout: float = 3.0) -> bool:
        """Stop all cameras.

        Returns:
            Whether all reading ended within ``timeout`` seconds; see `Camera.close`.
        """
        self.ask_to_stop()
        until = self._clock.now() + timeout
        cameras = self.all()
        ended = [camera.close(max(0.0, until - self._clock.now())) for camera in cameras]
        hanging = [camera.name for camera, well in zip(cameras, ended, strict=True) if not well]
        if hanging:
            log.warning("cameras still being read at shutdown", cameras=hanging, waited_s=timeout)
        if self._watchdog is not None:
            self._watchdog.join(timeout)
        return not hanging

    def _make(self, spec: CameraSpec) -> Camera:
        return Camera(spec, self._rules, self._opener, self._clock)

    def _watch(self) -> None:
        while not self._closing.wait(self._tick):
            for camera in self.all():
                camera.check()
