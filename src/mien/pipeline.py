"""From a picture to what is seen on it: detect → track → align → emotion → smooth → result.

`Analyzer` holds the models and no state; `StreamAnalyzer` holds one stream's state and no models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from mien.core.errors import SettingsError
from mien.core.heat import Heat
from mien.core.settings import AnalyzerSettings, Wants
from mien.core.types import Event, Faces, FloatArray, Frame, FrameResult, Image
from mien.models import attributes, pose, zoo
from mien.models import detector as detectors
from mien.models.attributes import AttributeModel
from mien.models.detector import Detector
from mien.models.emotion import EmotionModel
from mien.models.landmarks import COUNT, LandmarkModel
from mien.models.networks import Networks
from mien.models.quality import quality
from mien.tracking.attributes import AttributeMemory
from mien.tracking.filters import OneEuro
from mien.tracking.people import People
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

    Attributes:
        networks: those that it computes with.

    Raises:
        DeviceError: the device cannot be used; says why and what to install.
        ModelError: a model file is missing, altered or computes wrongly.
        SettingsError: the settings name something that does not exist.
    """

    def __init__(self, settings: AnalyzerSettings | None = None, detector: Detector | None = None) -> None:
        self.settings = settings or AnalyzerSettings()
        self.networks = Networks(self.settings)
        self.detector = detector or detectors.create(self.settings, self.networks)
        self.emotion = EmotionModel(self._load(self.settings.emotion))
        if self.settings.landmarks:
            _ = self.landmarks
        if self.settings.attributes:
            _ = self.attributes

    @cached_property
    def landmarks(self) -> LandmarkModel:
        """The landmark model; loaded when it is first asked for."""
        return LandmarkModel(self._load("face-landmarks"))

    @cached_property
    def attributes(self) -> AttributeModel:
        """The model of age and gender; loaded when it is first asked for, if the settings allow it.

        Raises:
            SettingsError: they do not.
            MissingDependencyError: this copy of Mien comes without it.
            ModelError: it cannot be used.
        """
        if not self.settings.attributes_allowed:
            raise SettingsError(attributes.OFF)
        return attributes.load(self._load)

    def analyze(self, image: Image | Frame, wants: Wants | None = None) -> FrameResult:
        """Analyse one picture, BGR ``uint8 [H, W, 3]`` or a `Frame`.

        Args:
            image: the picture.
            wants: what to read beside the expressions; None for what the settings say.

        Returns:
            The faces, largest first, with ``emotion``, ``label``, ``uncertain``, ``quality`` and ``reason``; no tracks.
            ``heat`` where ``explain`` is wanted, the columns of age and gender where these are.
        """
        frame = image if isinstance(image, Frame) else Frame(image)
        wants = wants or self.settings.wants
        watch = Stopwatch()
        closer = wants.small_faces is not False
        faces = self.find(frame.image, watch, replace(wants, small_faces=closer))
        faces = self.read_emotions(frame.image, faces, watch)
        if wants.landmarks:
            faces = self.read_landmarks(frame.image, faces, watch)
        faces = self.judge(frame.image, faces, watch)
        if wants.attributes:
            faces = self.read_attributes(frame.image, faces, watch, wants)
        assert faces.emotion_raw is not None
        label = faces.emotion_raw.argmax(1)
        uncertain = self.emotion.uncertain(faces.emotion_raw, label, faces.quality)
        faces = faces.replace(emotion=faces.emotion_raw, label=label, uncertain=uncertain)
        return _result(frame, faces, watch, self.heat(frame, faces, wants, watch))

    def stream(self) -> StreamAnalyzer:
        """Return a fresh stream that shares this analyser's models."""
        return StreamAnalyzer(self)

    def find(self, image: Image, watch: Stopwatch, wants: Wants, streaming: bool = False) -> Faces:
        """Find faces; the largest ``max_faces`` of them."""
        if wants.crop:
            return Faces.from_boxes([[0, 0, image.shape[1], image.shape[0]]])
        with watch("detect"):
            return self.detector.detect(image, streaming, bool(wants.small_faces))[: self.settings.max_faces]

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
        """Fill ``landmarks``, ``pose``, ``eyes_open`` and ``mouth_open``.

        ``steady`` smooths the landmarks of a stream over time.
        """
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

    def explain(self, image: Image, faces: Faces) -> Heat:
        """Tell where on each face of ``image`` its shown expression was read from.

        Args:
            image: BGR ``uint8 [H, W, 3]``, the picture on which the faces were found.
            faces: as `analyze` returns them; where they have a ``label`` it is explained, else what is most probable.

        Raises:
            ModelError: the emotion network was exported without maps.
            ValueError: the faces have no emotions.
        """
        if faces.emotion is None:
            raise ValueError("these faces have no emotions: explain what analyze returned")
        label = faces.emotion.argmax(1) if faces.label is None else faces.label
        spec = self.emotion.spec.input
        transforms = spec.transforms(faces)
        evidence = self.emotion.evidence(spec.cut(image, transforms), label)
        return Heat(label, evidence, spec.fractions(transforms))

    def judge(self, image: Image, faces: Faces, watch: Stopwatch) -> Faces:
        """Fill ``quality`` and ``reason``; without landmarks the five points tell how far a face is turned away."""
        with watch("quality"):
            turned = pose.coarse_pose(faces.points) if faces.pose is None else faces.pose
            share, reason = quality(image, faces, turned)
            return faces.replace(quality=share, reason=reason)

    def read_attributes(self, image: Image, faces: Faces, watch: Stopwatch, wants: Wants) -> Faces:
        """Fill the columns of the attributes that are wanted; ``reason`` is known."""
        with watch("attributes"):
            model = self.attributes
            years, female = model.predict(model.align(image, faces))
            return model.fill(faces, years, female, model.unfit(faces), wants.attributes)

    def heat(self, frame: Frame, faces: Faces, wants: Wants, watch: Stopwatch) -> Heat | None:
        """Return `explain`'s heat maps where they are wanted."""
        if not wants.explain:
            return None
        with watch("explain"):
            return self.explain(frame.image, faces)

    def _load(self, name: str) -> zoo.Model:
        return self.networks.get(name)


class StreamAnalyzer:
    """Analyses the frames of one stream in order; keeps identities and smooths. One thread at a time.

    Attributes:
        wants: what to read beside the expressions; may be changed between two frames.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.wants = analyzer.settings.wants
        tracking = analyzer.settings.tracking
        interval = tracking.detect_interval
        self.interval = analyzer.detector.interval if interval is None else interval
        self.tracker = Tracker(tracking)
        self.people = People(tracking, analyzer.emotion.spec.resting)
        self.steady_landmarks = OneEuro(COUNT)
        self.attributes = AttributeMemory()
        self._detected: float | None = None
        self._calibration = tracking.calibration

    def analyze(self, frame: Frame) -> FrameResult:
        """Analyse the next frame.

        Returns:
            The faces, largest first, with ``tracks``, smoothed ``emotion``, ``emotion_raw``, ``label`` (with
            hysteresis), ``uncertain``, ``quality``, ``reason``, and what else is wanted.
        """
        watch, now = Stopwatch(), frame.timestamp
        if self._calibration is not None and now >= self._calibration[0]:
            self.people.calibrate(self._calibration[1])
            self._calibration = None
        faces = self._find(frame, watch)
        faces = self.analyzer.read_emotions(frame.image, faces, watch)
        if self.wants.landmarks:
            faces = self.analyzer.read_landmarks(frame.image, faces, watch, partial(self._steady, now))
        faces = self.analyzer.judge(frame.image, faces, watch)
        faces = self._read_attributes(frame, faces, watch)
        with watch("smooth"):
            faces, events = self.people.update(faces, self.tracker.active, now, self.wants)
            self.steady_landmarks.forget(self.tracker.active)
            self.attributes.forget(self.tracker.active)
            assert faces.shown is not None
            assert faces.label is not None
            uncertain = self.analyzer.emotion.uncertain(faces.shown, faces.label, faces.quality)
        faces = faces.replace(uncertain=uncertain)
        return _result(frame, faces, watch, self.analyzer.heat(frame, faces, self.wants, watch), events)

    def calibrate(self) -> None:
        """Take the next two seconds of everybody in view as their resting faces; of use with ``wants.baseline``."""
        self.people.calibrate()

    def reset(self) -> None:
        """Forget everybody; identities start anew but numbers are not used again."""
        for memory in (self.tracker, self.people, self.steady_landmarks, self.attributes):
            memory.reset()
        self._detected = None

    def _find(self, frame: Frame, watch: Stopwatch) -> Faces:
        """Detect when it is time or somebody was lost, else move the known faces on."""
        now = frame.timestamp
        if not self._due(now):
            with watch("track"):
                return self.tracker.predict(now)
        self._detected = now
        faces = self.analyzer.find(frame.image, watch, self.wants, streaming=True)
        with watch("track"):
            faces = self.tracker.update(faces, now, min_new=self.analyzer.detector.min_score)
            return faces[np.asarray(faces.tracks) > 0]

    def _read_attributes(self, frame: Frame, faces: Faces, watch: Stopwatch) -> Faces:
        """Fill the wanted attributes: what was learned of each track, after a look at those that are due for one."""
        if not self.wants.attributes:
            self.attributes.reset()  # who switches them off wants them forgotten
            return faces
        assert faces.tracks is not None
        assert faces.quality is not None
        with watch("attributes"):
            model = self.analyzer.attributes
            unfit = model.unfit(faces)
            due = self.attributes.due(faces.tracks, unfit, frame.timestamp)
            seen = model.predict(model.align(frame.image, faces[due]))
            self.attributes.update(faces.tracks[due], *seen, faces.quality[due], unfit[due], frame.timestamp)
            return model.fill(faces, *self.attributes.means(faces.tracks), self.wants.attributes)

    def _steady(self, now: float, faces: Faces, points: FloatArray) -> FloatArray:
        assert faces.tracks is not None
        return self.steady_landmarks.update(faces.tracks, points, faces.sizes, now)

    def _due(self, now: float) -> bool:
        since = np.inf if self._detected is None else now - self._detected
        # Half a millisecond of grace: presentation times are rounded.
        return bool(since < 0 or since >= self.interval - 5e-4 or self.tracker.lost)


def _result(
    frame: Frame, faces: Faces, watch: Stopwatch, heat: Heat | None = None, events: tuple[Event, ...] = ()
) -> FrameResult:
    return FrameResult(
        index=frame.index,
        timestamp=frame.timestamp,
        width=frame.width,
        height=frame.height,
        faces=faces,
        source=frame.source,
        stages_ms=watch.ms,
        heat=heat,
        events=events,
    )
