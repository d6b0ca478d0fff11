"""From a picture to what is seen on it: detect → track → align → emotion → smooth → result.

`Analyzer` holds the models and no state; `StreamAnalyzer` holds one stream's state and no models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, FloatArray, Frame, FrameResult, Image
from mien.models import detector as detectors
from mien.models import pose, zoo
from mien.models.detector import Detector
from mien.models.emotion import EmotionModel
from mien.models.landmarks import COUNT, LandmarkModel
from mien.tracking.filters import OneEuro, ProbabilitySmoother
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
        self.emotion = EmotionModel(self._load("emotion"))
        self.landmarks = LandmarkModel(self._load("face-landmarks")) if self.settings.landmarks else None

    def analyze(self, image: Image | Frame) -> FrameResult:
        """Analyse one picture, BGR ``uint8 [H, W, 3]`` or a `Frame`.

        Returns:
            The faces, largest first, with ``emotion``, ``label`` and ``uncertain``; no tracks.
        """
        frame = image if isinstance(image, Frame) else Frame(image)
        watch = Stopwatch()
        faces = self.read_emotions(frame.image, self.detect(frame.image, watch), watch)
        faces = self.read_landmarks(frame.image, faces, watch)
        assert faces.emotion_raw is not None
        label = faces.emotion_raw.argmax(1)
        faces = faces.replace(
            emotion=faces.emotion_raw, label=label, uncertain=self.emotion.uncertain(faces.emotion_raw, label)
        )
        return _result(frame, faces, watch)

    def stream(self) -> StreamAnalyzer:
        """Return a fresh stream that shares this analyser's models."""
        return StreamAnalyzer(self)

    def detect(self, image: Image, watch: Stopwatch, streaming: bool = False) -> Faces:
        """Find faces; the largest ``max_faces`` of them."""
        with watch("detect"):
            return self.detector.detect(image, streaming)[: self.settings.max_faces]

    def read_emotions(self, image: Image, faces: Faces, watch: Stopwatch) -> Faces:
        """Fill ``emotion_raw``."""
        with watch("align"):
            crops = self.emotion.align(image, faces)
        with watch("emotion"):
            return faces.replace(emotion_raw=self.emotion.probabilities(crops))

    def read_landmarks(
        self,
        image: Image,
        faces: Faces,
        watch: Stopwatch,
        steady: Callable[[Faces, FloatArray], FloatArray] | None = None,
    ) -> Faces:
        """Fill ``landmarks``, ``pose``, ``eyes_open`` and ``mouth_open`` where the settings ask for them.

        ``steady`` smooths the landmarks of a stream over time.
        """
        if self.landmarks is None:
            return faces
        with watch("landmarks"):
            found = self.landmarks.read(image, faces)
            shown = found if steady is None else steady(faces, found)
            turned = pose.head_pose(shown, image.shape[1], image.shape[0])
            # Eyes and mouth are read off unsmoothed: a blink is as short and as small as what the filter takes away.
            return faces.replace(
                landmarks=shown,
                pose=turned,
                eyes_open=pose.eyes_open(found, turned),
                mouth_open=pose.mouth_open(found, turned),
            )

    def _load(self, name: str) -> zoo.Model:
        return zoo.load(name, self.settings.precision, self.settings.threads)


class StreamAnalyzer:
    """Analyses the frames of one stream in order; keeps identities and smooths. One thread at a time."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        tracking = analyzer.settings.tracking
        interval = tracking.detect_interval
        self.interval = analyzer.detector.interval if interval is None else interval
        self.tracker = Tracker(tracking)
        self.smoother = ProbabilitySmoother(tracking)
        self.steady_landmarks = OneEuro(COUNT)
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
        faces = self.analyzer.read_landmarks(frame.image, faces, watch, partial(self._steady, now))
        assert faces.tracks is not None
        assert faces.emotion_raw is not None
        with watch("smooth"):
            emotion, label = self.smoother.update(faces.tracks, faces.emotion_raw, now)
            self.smoother.forget(self.tracker.active)
            self.steady_landmarks.forget(self.tracker.active)
            uncertain = self.analyzer.emotion.uncertain(emotion, label)
        return _result(frame, faces.replace(emotion=emotion, label=label, uncertain=uncertain), watch)

    def reset(self) -> None:
        """Forget everybody; identities start anew but numbers are not used again."""
        self.tracker.reset()
        self.smoother.reset()
        self.steady_landmarks.reset()
        self._detected = None

    def _find(self, frame: Frame, watch: Stopwatch) -> Faces:
        """Detect when it is time or somebody was lost, else move the known faces on."""
        now = frame.timestamp
        if not self._due(now):
            with watch("track"):
                return self.tracker.predict(now)
        self._detected = now
        faces = self.analyzer.detect(frame.image, watch, streaming=True)
        with watch("track"):
            faces = self.tracker.update(faces, now, min_new=self.analyzer.detector.min_score)
            return faces[np.asarray(faces.tracks) > 0]

    def _steady(self, now: float, faces: Faces, points: FloatArray) -> FloatArray:
        assert faces.tracks is not None
        return self.steady_landmarks.update(faces.tracks, points, faces.sizes, now)

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
