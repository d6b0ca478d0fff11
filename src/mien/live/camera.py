"""One camera: a thread that reads it, however many look on, and comes back whenever it fails."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog

from mien.core import codec
from mien.core.errors import SourceError
from mien.core.types import Frame
from mien.live.broadcast import Broadcast
from mien.live.camera_values import (
    WELL,
    CameraEvent,
    CameraResult,
    CameraRules,
    CameraSpec,
    CameraState,
    Clock,
    Draw,
    Opener,
    StateName,
    SystemClock,
    Tap,
    Why,
)
from mien.live.engine import Engine
from mien.live.feed import Feed, Shot
from mien.live.retry import is_quiet, rate
from mien.live.session import Analysed, Outcome
from mien.sources.camera import CameraSource, open_camera

log = structlog.get_logger()

_RATED: Final = 128
"""Times of frames and results that are kept to tell how fast they come."""


class Camera:
    """A camera that is read from `start` to `close`.

    Args:
        spec: which.
        rules: how it is watched.
        opener: opens it; a test gives its own.
        clock: a test gives its own.

    Attributes:
        spec: as given.
        events: its states, and the newest result.
    """

    def __init__(
        self, spec: CameraSpec, rules: CameraRules, opener: Opener = open_camera, clock: Clock | None = None
    ) -> None:
        self.spec = spec
        self.events: Broadcast[CameraEvent] = Broadcast(passing=lambda event: isinstance(event, CameraResult))
        self._rules, self._opener, self._clock = rules, opener, clock or SystemClock()
        self._state = CameraState("starting", "the models are being loaded", self._clock.wall(), code="loading")
        self._results: deque[CameraResult] = deque(maxlen=rules.history)
        self._views: dict[Draw, Broadcast[bytes]] = {}
        self._taps: tuple[Tap, ...] = ()
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._feed: Feed | None = None
        self._source: CameraSource | None = None
        self._thread: threading.Thread | None = None
        self._given_up: Why | None = None
        self._size: tuple[int, int] | None = None
        self._alive = self._clock.now()
        self._frames = self._opened = 0
        self._seen: deque[float] = deque(maxlen=_RATED)
        self._done: deque[float] = deque(maxlen=_RATED)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def state(self) -> CameraState:
        """How it is now."""
        return self._state

    @property
    def latest(self) -> CameraResult | None:
        """The newest result, None before the first."""
        with self._lock:
            return self._results[-1] if self._results else None

    @property
    def viewers(self) -> int:
        """How many watch its pictures."""
        with self._lock:
            return sum(view.listeners for view in self._views.values())

    def results(self, limit: int | None = None) -> list[CameraResult]:
        """Return the newest results, no more than ``limit``, the oldest of them first."""
        with self._lock:
            kept = list(self._results)
        return kept if limit is None else kept[max(0, len(kept) - limit) :]

    def view(self, draw: Draw) -> Broadcast[bytes]:
        """Return where the annotated frames are sent as JPEG; each is drawn and encoded once, while somebody listens.

        Args:
            draw: makes the picture from a frame and what was seen on it, on a thread of the engine's. Give the same
                function every time: there is a view for each.
        """
        with self._lock:
            view = self._views.setdefault(draw, Broadcast())
            if self._stop.is_set():
                view.end()
            return view

    @contextmanager
    def tapped(self, tap: Tap) -> Iterator[None]:
        """Hand ``tap`` every result with its frame, on a thread of the engine's: it must not take long."""
        with self._lock:
            self._taps = (*self._taps, tap)
        try:
            yield
        finally:
            with self._lock:
                self._taps = tuple(each for each in self._taps if each is not tap)

    def counters(self) -> dict[str, Any]:
        """Return ``width height frames analysed failed dropped opened viewers fps analysed_fps``."""
        now, feed = self._clock.now(), self._feed
        width, height = self._size or (None, None)
        with self._lock:
            seen, done = list(self._seen), list(self._done)
        return {
            "width": width,
            "height": height,
            "frames": self._frames,
            "analysed": 0 if feed is None else feed.analysed,
            "failed": 0 if feed is None else feed.failed,
            "dropped": 0 if feed is None else feed.dropped,
            "opened": self._opened,
            "viewers": self.viewers,
            "fps": round(rate(seen, now), 1),
            "analysed_fps": round(rate(done, now), 1),
        }

    def start(self, engine: Engine) -> None:
        """Begin to read, and to analyse with ``engine``.

        Raises:
            EngineClosedError: the engine is shutting down.
        """
        self._feed = Feed(engine, self.name, self._deliver, self.spec.options)
        self._thread = threading.Thread(target=self._run, name=f"mien-camera-{self.name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Look whether the camera has gone quiet; if so it is closed, to be opened anew. Call it now and then."""
        with self._lock:
            watched = self._state.name in ("starting", "live") and self._thread is not None
            # Opening has its own time limits, which add up to a little more than one.
            limit = self._rules.timeout * (1 if self._state.name == "live" else 3)
            if not watched or not is_quiet(self._clock.now(), self._alive, limit):
                return
            reason = Why(f"no frame for {limit:g} s: check the camera and its network", "camera_silent")
            self._enter("stalled", reason)
            source = self._source
            if source is not None:
                self._given_up = reason
        if source is not None:
            source.stop()

    def ask_to_stop(self) -> None:
        """Let the reading end soon, and all watching and following at once; harmless when done twice."""
        self._stop.set()
        with self._lock:
            source, views = self._source, list(self._views.values())
            self._enter("stopped", WELL)
        if source is not None:
            source.stop()
        if self._feed is not None:
            self._feed.close()
        for view in views:
            view.end()
        self.events.end()

    def close(self, timeout: float = 2.0) -> bool:
        """Stop for good.

        Returns:
            Whether the reading ended within ``timeout`` seconds. If not, its thread is left behind and ends as soon as
            the camera lets go of it.
        """
        self.ask_to_stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            first, reason = None, None
            try:
                first, reason = self._read()
            except Exception:
                log.exception("camera failed", camera=self.name)
                reason = Why("the server failed on this camera; it was logged", "internal")
            if self._stop.is_set():
                return
            if reason is None:
                self._enter("ended", Why("the file was played once", "played"))
                return
            lived = 0.0 if first is None else self._alive - first
            failures = self._rules.retry.failures(failures, lived)
            delay = self._rules.retry.delay(failures, random.random())
            self._enter("waiting", reason, delay)
            self._clock.wait(self._stop, delay)

    def _read(self) -> tuple[float | None, Why | None]:
        """Open the camera and read until it ends; return when the first frame came, and why it failed."""
        self._alive, self._given_up = self._clock.now(), None
        self._enter("starting", WELL)
        first: float | None = None
        source: CameraSource | None = None
        try:
            source = self._opener(self.spec.address, self._rules.timeout, self.spec.loop)
            with self._lock:
                self._source = source
                self._opened += 1
            if self._stop.is_set():
                return None, None
            for frame in source:
                if self._stop.is_set():
                    return first, None
                self._take(frame)
                first = self._alive if first is None else first
        except SourceError as error:
            return first, Why(str(error), error.code)
        finally:
            with self._lock:
                self._source = None
            if source is not None:
                source.close()
        return first, self._given_up

    def _take(self, frame: Frame) -> None:
        now = self._clock.now()
        with self._lock:
            self._alive = now
            self._frames += 1
            self._size = (frame.width, frame.height)
            self._seen.append(now)
            if self._state.name != "live" and self._given_up is None:
                self._enter("live", WELL)
        assert self._feed is not None
        numbered = Frame(frame.image, self._frames - 1, frame.timestamp, frame.source)
        self._feed.put(Shot(numbered, now, self._clock.wall()))

    def _deliver(self, shot: Shot, outcome: Outcome) -> None:
        """Keep and spread a frame's result; on a thread of the engine's."""
        if not isinstance(outcome, Analysed):
            return  # counted by the session
        result = CameraResult(self.name, shot.at, outcome.server_ms, outcome.result)
        with self._lock:
            self._results.append(result)
            self._done.append(self._clock.now())
            taps = self._taps
            views = [(draw, view) for draw, view in self._views.items() if view.listeners]
        for tap in taps:
            tap(outcome.result, shot.frame.image)
        self.events.send(result)
        for draw, view in views:
            view.send(codec.encode_jpeg(draw(shot.frame.image, outcome.result), self._rules.quality))

    def _enter(self, name: StateName, why: Why, retry_in: float | None = None) -> None:
        """Go into a state and tell everybody; not out of ``stopped``."""
        with self._lock:
            if self._state.name == "stopped":
                return
            retry = None if retry_in is None else round(retry_in, 1)
            state = self._state = CameraState(name, why.text, self._clock.wall(), retry, why.code)
            self.events.send(state)
        log.info("camera", camera=self.name, state=name, reason=why.text, retry_in=retry)
