"""From a picture to what is seen on it: detect → track → align → emotion → smooth → result.

`Analyzer` holds the models and no state; `StreamAnalyzer` holds one stream's state and no models.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, Frame, FrameResult, Image
from mien.models import detector as detectors
from mien.models import zoo
from mien.models.detector import Detector
from mien.models.emotion import EmotionModel
from mien.tracking.filters import ProbabilitySmoother
from mien.tracking.tracker import Tracker


class Stopwatch:
    """Milliseconds per stage of one frame."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.ms[stage] = self.ms.get(stage, 0.0) + (time.perf_counter() - start) * 1000


class Analyzer:
    """Analyses pictures, each by itself; safe to use from several threads at once.

    Args:
        settings: what to look for and how.
        detector: used in place of the one that ``settings`` names.

    Raises:
        ModelError: a model file is missing, altered or computes wrongly.
        SettingsError: the settings name something that does not exist.
    """

    def __init__(self, settings: AnalyzerSettings | None = None, detector: Detector | None = None) -> None:
        self.settings = settings or AnalyzerSettings()
        self.detector = detector or detectors.create(self.settings)
        self.emotion = EmotionModel(zoo.load("emotion", self.settings.precision, self.settings.threads))

    def analyze(self, image: Image | Frame) -> FrameResult:
        """Analyse one picture, BGR ``uint8 [H, W, 3]`` or a `Frame`.

        Returns:
            The faces, largest first, with ``emotion``, ``label`` and ``uncertain``; no tracks.
        """
        frame = image if isinstance(image, Frame) else Frame(image)
        watch = Stopwatch()
        faces = self.read_emotions(frame.image, self.detect(frame.image, watch), watch)
        assert faces.emotion_raw is not None
        label = faces.emotion_raw.argmax(1)
        faces = faces.replace(
            emotion=faces.emotion_raw, label=label, uncertain=self.emotion.uncertain(faces.emotion_raw, label)
        )
        return _result(frame, faces, watch)

    def stream(self) -> StreamAnalyzer:
        """Return a fresh stream that shares this analyser's models."""
        return StreamAnalyzer(self)

    def detect(self, image: Image, watch: Stopwatch) -> Faces:
        """Find faces; the largest ``max_faces`` of them."""
        with watch("detect"):
            return self.detector.detect(image)[: self.settings.max_faces]

    def read_emotions(self, image: Image, faces: Faces, watch: Stopwatch) -> Faces:
        """Fill ``emotion_raw``."""
        with watch("align"):
            crops = self.emotion.align(image, faces)
        with watch("emotion"):
            return faces.replace(emotion_raw=self.emotion.probabilities(crops))


class StreamAnalyzer:
    """Analyses the frames of one stream in order; keeps identities and smooths. One thread at a time."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        tracking = analyzer.settings.tracking
        interval = tracking.detect_interval
        self.interval = analyzer.detector.interval if interval is None else interval
        self.tracker = Tracker(tracking)
        self.smoother = ProbabilitySmoother(tracking)
        self._detected: float | None = None

    def analyze(self, frame: Frame) -> FrameResult:
        """Analyse the next frame.

        Returns:
            The faces, largest first, with ``tracks``, smoothed ``emotion``, ``emotion_raw``, ``label`` (with
            hysteresis) and ``uncertain``.
        """
        watch, now = Stopwatch(), frame.timestamp
        faces = self._find(frame, watch)
        faces = self.analyzer.read_emotions(frame.image, faces, watch)
        assert faces.tracks is not None
        assert faces.emotion_raw is not None
        with watch("smooth"):
            emotion, label = self.smoother.update(faces.tracks, faces.emotion_raw, now)
            self.smoother.forget(self.tracker.active)
            uncertain = self.analyzer.emotion.uncertain(emotion, label)
        return _result(frame, faces.replace(emotion=emotion, label=label, uncertain=uncertain), watch)

    def reset(self) -> None:
        """Forget everybody; identities start anew but numbers are not used again."""
        self.tracker.reset()
        self.smoother.reset()
        self._detected = None

    def _find(self, frame: Frame, watch: Stopwatch) -> Faces:
        """Detect when it is time or somebody was lost, else move the known faces on."""
        now = frame.timestamp
        if not self._due(now):
            with watch("track"):
                return self.tracker.predict(now)
        self._detected = now
        faces = self.analyzer.detect(frame.image, watch)
        with watch("track"):
            return self.tracker.update(faces, now)

    def _due(self, now: float) -> bool:
        since = np.inf if self._detected is None else now - self._detected
        # Half a millisecond of grace: presentation times are rounded.
        return bool(since < 0 or since >= self.interval - 5e-4 or self.tracker.lost)


def _result(frame: Frame, faces: Faces, watch: Stopwatch) -> FrameResult:
    return FrameResult(
        index=frame.index,
        timestamp=frame.timestamp,
        width=frame.width,
        height=frame.height,
        faces=faces,
        source=frame.source,
        stages_ms=watch.ms,
    )
