"""A camera that does what a test says, step by step, on a clock of the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeAlias

import numpy as np

from mien.core.types import Frame
from mien.live.broadcast import Broadcast
from mien.live.camera_values import CameraEvent, CameraState, StateName
from mien.sources.camera import CameraAddress

WAIT = 20.0


class FakeClock:
    """Stands still until told; waiting takes no time."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waited: list[float] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time + 1e9

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waited.append(seconds)
        return event.is_set()


class ScriptedSource:
    """Gives a frame, raises or ends when told to; hangs in between."""

    def __init__(self, deaf: bool = False) -> None:
        self.deaf = deaf
        self.stopped = self.closed = False
        self._steps: SimpleQueue[Frame | Exception | None] = SimpleQueue()

    def frame(self, value: int = 0) -> None:
        """Let it give a grey frame."""
        self._steps.put(Frame(np.full((48, 64, 3), value, np.uint8)))

    def fail(self, error: Exception) -> None:
        self._steps.put(error)

    def end(self) -> None:
        self._steps.put(None)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            step = self._steps.get(timeout=WAIT)
            if step is None:
                return
            if isinstance(step, Exception):
                raise step
            yield step

    def stop(self) -> None:
        self.stopped = True
        if not self.deaf:
            self.end()

    def close(self) -> None:
        self.closed = True


Opening: TypeAlias = ScriptedSource | Exception


class Script:
    """What opening the camera leads to, time after time; waits for the test when it knows no more."""

    def __init__(self) -> None:
        self.openings: SimpleQueue[Opening] = SimpleQueue()
        self.opened: list[CameraAddress] = []

    def source(self, deaf: bool = False) -> ScriptedSource:
        """Let the next opening succeed."""
        source = ScriptedSource(deaf)
        self.openings.put(source)
        return source

    def __call__(self, address: CameraAddress, timeout: float, loop: bool) -> ScriptedSource:
        opening = self.openings.get(timeout=WAIT)
        if isinstance(opening, Exception):
            raise opening
        self.opened.append(address)
        return opening


class Recorder(Broadcast[CameraEvent]):
    """Keeps the states for the test, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.states: SimpleQueue[CameraState] = SimpleQueue()

    def send(self, item: CameraEvent) -> None:
        if isinstance(item, CameraState):
            self.states.put(item)
        super().send(item)

    def expect(self, *names: StateName) -> CameraState:
        """Wait for these states, and no others; return the last."""
        for name in names:
            state = self.states.get(timeout=WAIT)
            assert state.name == name, state
        return state
