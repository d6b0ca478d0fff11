from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien.core.settings import AnalyzerSettings, TrackingSettings, Wants
from mien.core.types import BASELINE_STATES, REASONS, SIGNALS, Faces, Frame, Image
from mien.pipeline import Analyzer

HAPPY = mien.EMOTIONS.index("happiness")


class Scripted:
    """A detector that finds what the test says, call by call, and counts its calls."""

    name = "scripted"
    interval = 0.0
    min_score = 0.5

    def __init__(self, *answers: list[list[float]]) -> None:
        self.answers, self.calls = answers, 0

    def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        return Faces.from_boxes(answer)


FACE = [170.0, 60.0, 280.0, 180.0]


def scripted(*answers: list[list[float]], **tracking: Any) -> tuple[Analyzer, Scripted]:
    detector = Scripted(*answers)
    return Analyzer(AnalyzerSettings(tracking=TrackingSettings(**tracking)), detector), detector


def frames(portrait: NDArray[np.uint8], count: int, fps: float = 10) -> list[Frame]:
    return [Frame(portrait, index, index / fps) for index in range(count)]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def test_the_portrait_is_one_happy_face(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    result = analyzer.analyze(portrait)
    assert (result.width, result.height) == (512, 512)
    assert len(result.faces) == 1
    assert result.faces.label is not None
    assert result.faces.label.tolist() == [HAPPY]
    assert result.faces.tracks is None
    x1, y1, x2, y2 = result.faces.boxes[0]
    assert x1 < 224 < x2
    assert y1 < 115 < y2
    assert {"detect", "align", "emotion"} <= set(result.stages_ms)


def test_probabilities_are_probabilities(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    faces = analyzer.analyze(portrait).faces
    assert faces.emotion is not None
    assert faces.emotion.sum(1) == pytest.approx([1], abs=1e-5)
    assert (faces.emotion >= 0).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (40, 3, 3), (480, 640, 3)])
def test_a_picture_without_a_face_gives_none(analyzer: Analyzer, shape: tuple[int, ...]) -> None:
    result = analyzer.analyze(np.full(shape, 90, np.uint8))
    assert len(result.faces) == 0
    assert result.faces.emotion is not None
    assert result.faces.emotion.shape == (0, 8)


def test_an_analyser_serves_many_threads(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    alone = analyzer.analyze(portrait).faces
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: analyzer.analyze(portrait).faces, range(12)))
    for faces in results:
        assert np.array_equal(faces.boxes, alone.boxes)
        assert np.array_equal(faces.emotion, alone.emotion)  # type: ignore[arg-type]


def test_a_stream_keeps_the_identity_of_a_face(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    stream = analyzer.stream()
    results = [stream.analyze(frame) for frame in frames(portrait, 8)]
    assert [r.faces.tracks.tolist() for r in results] == [[1]] * 8  # type: ignore[union-attr]
    assert [r.index for r in results] == list(range(8))
    assert results[3].timestamp == pytest.approx(0.3)
    assert results[-1].faces.emotion_raw is not None


def test_missed_frames_do_not_change_the_identity(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE], [FACE], [], [], [FACE])
    stream = analyzer.stream()
    tracks = [stream.analyze(frame).faces.tracks for frame in frames(portrait, 5)]
    assert [t.tolist() for t in tracks if t is not None] == [[1], [1], [], [], [1]]


def test_the_detector_runs_on_its_interval_while_nobody_is_lost(portrait: NDArray[np.uint8]) -> None:
    analyzer, detector = scripted([FACE], detect_interval=0.3)
    stream = analyzer.stream()
    results = [stream.analyze(frame) for frame in frames(portrait, 10)]
    assert detector.calls == 4  # at 0, 0.3, 0.6 and 0.9 s
    assert all(len(r.faces) == 1 for r in results)
    assert ["detect" in r.stages_ms for r in results[:4]] == [True, False, False, True]


def test_the_detector_looks_again_at_once_when_somebody_is_lost(portrait: NDArray[np.uint8]) -> None:
    analyzer, detector = scripted([FACE], [], [], [FACE], detect_interval=0.2)
    stream = analyzer.stream()
    counts = [len(stream.analyze(frame).faces) for frame in frames(portrait, 6)]
    # Found at 0; followed at 0.1; missing at 0.2, so looked for at 0.3 and found at 0.4.
    assert counts == [1, 1, 0, 0, 1, 1]
    assert detector.calls == 4


def test_a_weak_sighting_continues_a_known_face_but_starts_none(portrait: NDArray[np.uint8]) -> None:
    class Fading(Scripted):
        def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
            faces = super().detect(image)
            score = 0.9 if self.calls == 2 else 0.3
            faces = faces.replace(scores=np.full(len(faces), score))
            return faces if streaming else faces[faces.scores >= self.min_score]

    analyzer = Analyzer(AnalyzerSettings(), Fading([FACE]))
    stream = analyzer.stream()
    tracks = [stream.analyze(frame).faces.tracks for frame in frames(portrait, 4)]
    assert [t.tolist() for t in tracks if t is not None] == [[], [1], [1], [1]]
    assert len(analyzer.analyze(portrait).faces) == 0


def test_reset_forgets_everybody(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    stream = analyzer.stream()
    first = stream.analyze(frames(portrait, 1)[0])
    stream.reset()
    second = stream.analyze(frames(portrait, 1)[0])
    assert first.faces.tracks is not None
    assert second.faces.tracks is not None
    assert first.faces.tracks.tolist() == [1]
    assert second.faces.tracks.tolist() == [2]


def test_streams_share_models_and_nothing_else(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    a, b = analyzer.stream(), analyzer.stream()
    for frame in frames(portrait, 3):
        a.analyze(frame)
    tracks = b.analyze(frames(portrait, 1)[0]).faces.tracks
    assert tracks is not None
    assert tracks.tolist() == [1]


def test_only_the_largest_faces_are_read(portrait: NDArray[np.uint8]) -> None:
    detector = Scripted([[0.0, 0.0, 90.0, 90.0], [100.0, 100.0, 150.0, 150.0], [200.0, 200.0, 220.0, 220.0]])
    analyzer = Analyzer(AnalyzerSettings(max_faces=2), detector)
    assert analyzer.analyze(portrait).faces.sizes.tolist() == [90, 50]


def test_the_library_in_two_lines(portrait: NDArray[np.uint8]) -> None:
    result = mien.analyze(portrait)
    assert result.faces.label is not None
    assert mien.EMOTIONS[result.faces.label[0]] == "happiness"


def test_public_names() -> None:
    assert set(mien.__all__) >= {"analyze", "stream", "Analyzer", "Faces", "Frame", "FrameResult", "EMOTIONS"}
    for name in mien.__all__:
        assert getattr(mien, name) is not None
    with pytest.raises(AttributeError, match="telepathy"):
        _ = mien.telepathy


def test_importing_mien_is_light() -> None:
    """The runtime, the video library and the server load on first use only."""
    import subprocess
    import sys

    code = "import mien, sys; print([m for m in ('onnxruntime', 'av', 'fastapi', 'torch') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_every_face_has_a_quality_and_poor_ones_a_reason(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    good = analyzer.analyze(portrait).faces
    dark = analyzer.analyze((portrait * 0.05).astype(np.uint8)).faces
    assert good.quality is not None
    assert good.reason is not None
    assert good.quality[0] > 0.8
    assert good.reason[0] == -1
    assert dark.quality is not None
    assert dark.reason is not None
    assert dark.uncertain is not None
    assert dark.quality[0] < 0.25
    assert REASONS[dark.reason[0]] == "too dark"
    assert dark.uncertain[0], "however sure the network is"


def test_landmarks_come_and_go_with_what_a_stream_wants(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    stream = analyzer.stream()
    seen = []
    for index, wanted in enumerate([False, True, True, False]):
        stream.wants = Wants(landmarks=wanted)
        faces = stream.analyze(Frame(portrait, index, index / 10)).faces
        seen.append(faces.landmarks is not None)
        assert (faces.blinks is not None) == (faces.perclos is not None) == (faces.pose is not None) == wanted
    assert seen == [False, True, True, False]


def test_a_crop_is_one_face_and_nothing_is_looked_for(portrait: NDArray[np.uint8]) -> None:
    analyzer, detector = scripted([FACE])
    crop = np.ascontiguousarray(portrait[40:240, 150:330])
    faces = analyzer.analyze(crop, Wants(crop=True)).faces
    assert faces.boxes.tolist() == [[0, 0, 180, 200]]
    assert faces.label is not None
    stream = analyzer.stream()
    stream.wants = Wants(crop=True)
    tracks = [stream.analyze(Frame(crop, index, index / 10)).faces.tracks for index in range(3)]
    assert [t.tolist() for t in tracks if t is not None][1:] == [[1], [1]]
    assert detector.calls == 0


def test_a_stream_learns_resting_faces_and_follows_signals_and_events(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted(*[[FACE]] * 12, *[[]] * 6, [FACE])
    stream = analyzer.stream()
    stream.wants = Wants(landmarks=True, baseline=True, signals=True)
    stream.calibrate()
    results = [stream.analyze(frame) for frame in frames(portrait, 42)]
    columns = [result.faces.baseline_state for result in results if len(result.faces)]
    states = [BASELINE_STATES[int(column[0])] for column in columns if column is not None]
    assert states[0] == "calibrating"
    assert states[-1] == "calibrated"
    last = results[-1].faces
    assert last.signals is not None
    assert last.signals[0, SIGNALS.index("satisfaction")] > 80
    assert last.dominant is not None
    assert last.dominant.tolist() == [HAPPY]
    told = [(event.kind, event.end is None) for result in results for event in result.events]
    assert told == [("smile", True), ("face lost", True), ("face lost", False)]
    stream.reset()
    again = stream.analyze(frames(portrait, 1)[0]).faces
    assert again.baseline_state is not None
    assert BASELINE_STATES[int(again.baseline_state[0])] == "none"


def test_a_stream_is_calibrated_at_the_time_that_was_said(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted(*[[FACE]] * 60, calibration=(1.0, 4.0))
    stream = analyzer.stream()
    stream.wants = Wants(baseline=True)
    states = {}
    for frame in frames(portrait, 42):
        column = stream.analyze(frame).faces.baseline_state
        assert column is not None
        states[frame.timestamp] = BASELINE_STATES[int(column[0])]
    first = min(time for time, state in states.items() if state == "calibrating")
    done = min(time for time, state in states.items() if state == "calibrated")
    assert first == pytest.approx(1.0, abs=0.11)
    assert done - first == pytest.approx(2.0, abs=0.11)


def test_streams_without_wishes_have_neither_baseline_nor_signals(portrait: NDArray[np.uint8]) -> None:
    analyzer, _ = scripted([FACE])
    result = analyzer.stream().analyze(frames(portrait, 1)[0])
    assert result.faces.baseline is result.faces.signals is None
    assert result.events == ()
