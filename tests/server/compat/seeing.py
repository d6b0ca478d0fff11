"""What the tests of the reference systems' interfaces share: an analyzer that sees what a test paints."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from serving import MakeServer, Running, start

from mien.core.labels import EMOTIONS
from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult, Image
from mien.live.fake import CountingStream, FakeEngine
from mien.live.local import LocalEngine
from mien.live.session import FrameStream
from mien.server.services import Backend

WIDTH, HEIGHT = 320, 240
SURE = 0.8
"""Probability of the emotion that is seen; the other seven share the rest."""
BOXES = ((40.0, 60.0, 120.0, 180.0), (200.0, 60.0, 280.0, 180.0))
"""Of the face on the left half and of that on the right."""


def paint(*emotions: str | None) -> Image:
    """Return a picture, 320 by 240, whose left and right half hold a face each with an emotion, or none."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for half, emotion in enumerate(emotions):
        shade = 0 if emotion is None else 30 + 28 * EMOTIONS.index(emotion)
        image[:, half * WIDTH // 2 : (half + 1) * WIDTH // 2] = shade
    return image


def jpeg(*emotions: str | None) -> bytes:
    return bytes(cv2.imencode(".jpg", paint(*emotions))[1])


def base64_of(*emotions: str | None) -> str:
    return base64.b64encode(jpeg(*emotions)).decode()


def data_url(*emotions: str | None) -> str:
    return "data:image/jpeg;base64," + base64_of(*emotions)


def picture_of(text: str) -> Image:
    """Decode a base64 JPEG that a server sent."""
    data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def probabilities(emotions: Sequence[str]) -> Any:
    rows = np.full((len(emotions), 8), (1 - SURE) / 7, np.float32)
    for row, emotion in enumerate(emotions):
        rows[row, EMOTIONS.index(emotion)] = SURE
    return rows


class SeeingAnalyzer:
    """Sees on each half of a picture what `paint` put there."""

    def __init__(self, age: float | None = None, female: float | None = None) -> None:
        self.age, self.female = age, female

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        halves, emotions = [], []
        for half in range(2):
            shade = float(image.image[:, half * WIDTH // 2 + 40 : half * WIDTH // 2 + 120].mean())
            if shade > 15:
                halves.append(half)
                emotions.append(EMOTIONS[round((shade - 30) / 28)])
        emotion = probabilities(emotions)
        n = len(halves)
        faces = Faces.from_boxes(np.array([BOXES[half] for half in halves])).replace(
            emotion=emotion,
            emotion_raw=emotion,
            label=emotion.argmax(1),
            uncertain=np.zeros(n, bool),
            tracks=np.array(halves, np.int64) + 1,
            age=None if self.age is None else np.full(n, self.age),
            gender=None if self.female is None else np.full(n, self.female),
        )
        return FrameResult(image.index, image.timestamp, image.width, image.height, faces, image.source)

    def stream(self) -> FrameStream:
        return SeeingStream(self)


class SeeingStream(CountingStream):
    """Sees the same as the analyzer that it belongs to."""

    def __init__(self, analyzer: SeeingAnalyzer) -> None:
        super().__init__()
        self._analyzer = analyzer

    def analyze(self, frame: Frame) -> FrameResult:
        return self._analyzer.analyze(frame)


def seeing_server(make_server: MakeServer, analyzer: SeeingAnalyzer | None = None, **settings: Any) -> Running:
    """Start a server that sees what is painted."""
    backend = Backend(LocalEngine(analyzer or SeeingAnalyzer(), 1), {})
    return make_server(loader=lambda _: backend, **settings)


@contextmanager
def started(analyzer: SeeingAnalyzer | None = None, **settings: Any) -> Iterator[Running]:
    """Run such a server for tests that share it."""
    backend = Backend(LocalEngine(analyzer or SeeingAnalyzer(), 1), {})
    running = start(FakeEngine(), lambda _: backend, True, settings)
    try:
        yield running
    finally:
        running.stop()
