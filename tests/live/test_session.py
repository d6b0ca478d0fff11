from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from mien.core.errors import InputError, SettingsError
from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult
from mien.live.fake import CountingStream
from mien.live.pace import MOST
from mien.live.session import Analysed, Failed, Outcome, Packet, Session, StreamOptions

IMAGE = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


def packet(seq: int, content: bytes | None = None) -> Packet:
    return Packet(seq, seq * 40.0, IMAGE if content is None else content, seq * 0.04)


class Recorder:
    """A session whose outcomes and wake-ups are kept."""

    def __init__(self, stream: object = None) -> None:
        self.outcomes: list[Outcome] = []
        self.woken = 0
        self.session = Session(stream or CountingStream(), self.outcomes.append, self.wake)  # type: ignore[arg-type]

    def wake(self, session: Session) -> None:
        assert session is self.session
        self.woken += 1

    @property
    def tracks(self) -> list[int]:
        return [
            int(o.result.faces.tracks[0])
            for o in self.outcomes
            if isinstance(o, Analysed) and o.result.faces.tracks is not None
        ]


def test_attributes_are_an_option() -> None:
    stream = CountingStream()
    box = Recorder(stream)
    as_json_has_it: Any = ["gender", "age"]
    box.session.options = StreamOptions(attributes=as_json_has_it)
    box.session.put(packet(1))
    box.session.run()
    assert stream.wants.attributes == ("age", "gender")
    with pytest.raises(SettingsError, match="no attribute 'race'"):
        StreamOptions(attributes=("race",))


def test_the_newest_frame_is_analysed() -> None:
    box = Recorder()
    for seq in (1, 2, 3):
        box.session.put(packet(seq))
    box.session.run()
    box.session.run()
    assert [o.seq for o in box.outcomes] == [3]
    assert (box.woken, box.session.received, box.session.dropped, box.session.analysed) == (3, 3, 2, 1)


def test_an_outcome_says_which_frame_and_when() -> None:
    box = Recorder()
    box.session.put(packet(25))
    box.session.run()
    (outcome,) = box.outcomes
    assert isinstance(outcome, Analysed)
    assert (outcome.captured_ms, outcome.result.index, outcome.result.timestamp) == (1000.0, 25, 1.0)
    assert outcome.server_ms > 0


def test_encoded_frames_are_decoded_as_they_are() -> None:
    box = Recorder()
    box.session.put(packet(1, cv2.imencode(".png", IMAGE)[1].tobytes()))
    box.session.run()
    (outcome,) = box.outcomes
    assert isinstance(outcome, Analysed)
    assert (outcome.result.width, outcome.result.height) == (64, 48)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"hello there", "unsupported_type"),
        (cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()[:-40], "truncated"),
        (cv2.imencode(".png", IMAGE)[1].tobytes()[:60], "truncated"),
    ],
)
def test_a_bad_frame_fails_by_name_and_the_stream_goes_on(content: bytes, code: str) -> None:
    box = Recorder()
    box.session.put(packet(1, content))
    box.session.run()
    box.session.put(packet(2))
    box.session.run()
    assert [type(o) for o in box.outcomes] == [Failed, Analysed]
    assert isinstance(box.outcomes[0], Failed)
    assert (box.outcomes[0].seq, box.outcomes[0].code) == (1, code)
    assert box.session.failed == 1


class Three(CountingStream):
    """Sees three faces."""

    def analyze(self, frame: Frame) -> FrameResult:
        return FrameResult(0, 0.0, 64, 48, Faces.from_boxes([[0, 0, 9, 9]] * 3, scores=[0.5, 0.9, 0.7]))


class Broken(CountingStream):
    """Raises what no stage should, once."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    def analyze(self, frame: Frame) -> FrameResult:
        result = super().analyze(frame)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return result


def test_a_fault_of_ours_is_told_as_such_and_the_state_starts_anew() -> None:
    box = Recorder(Broken(RuntimeError("secret detail")))
    for seq in (1, 2):
        box.session.put(packet(seq))
        box.session.run()
    assert isinstance(box.outcomes[0], Failed)
    assert box.outcomes[0].code == "internal"
    assert "secret" not in box.outcomes[0].message
    assert box.tracks == [1], "the half-changed state must not go on"


def test_an_expected_error_keeps_the_state() -> None:
    box = Recorder(Broken(InputError("too dark")))
    for seq in (1, 2):
        box.session.put(packet(seq))
        box.session.run()
    assert isinstance(box.outcomes[0], Failed)
    assert box.outcomes[0].code == "bad_input"
    assert box.tracks == [2]


def test_reset_forgets_and_drops_what_waits() -> None:
    box = Recorder()
    for seq in (1, 2):
        box.session.put(packet(seq))
        box.session.run()
    box.session.put(packet(3))
    box.session.reset()
    box.session.run()
    box.session.put(packet(4))
    box.session.run()
    assert [o.seq for o in box.outcomes] == [1, 2, 4]
    assert box.tracks == [1, 2, 1]
    assert box.session.dropped == 1


def test_a_closed_session_takes_and_delivers_nothing() -> None:
    box = Recorder()
    box.session.put(packet(1))
    box.session.close()
    box.session.run()
    box.session.put(packet(2))
    box.session.run()
    assert box.outcomes == []
    assert box.woken == 1


def test_options_choose_among_the_faces() -> None:
    faces = Faces.from_boxes([[0, 0, 9, 9], [0, 0, 8, 8], [0, 0, 7, 7]], scores=[0.5, 0.9, 0.7])
    result = FrameResult(0, 0.0, 64, 48, faces)
    assert StreamOptions().apply(result).faces.scores.tolist() == pytest.approx([0.5, 0.9, 0.7])
    assert StreamOptions(min_score=0.6).apply(result).faces.scores.tolist() == pytest.approx([0.9, 0.7])
    assert StreamOptions(min_score=0.6, max_faces=1).apply(result).faces.scores.tolist() == pytest.approx([0.9])


@pytest.mark.parametrize(
    "options",
    [{"min_score": 2}, {"min_score": "a"}, {"min_score": True}, {"max_faces": 0}, {"max_faces": 1.5}, {"landmarks": 1}],
)
def test_senseless_options_are_refused_by_name(options: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(options))):
        StreamOptions(**options)  # type: ignore[arg-type]


def test_options_hold_for_the_frames_after_them() -> None:
    box = Recorder(Three())
    for seq, options in enumerate([StreamOptions(), StreamOptions(max_faces=2), StreamOptions(min_score=1.0)]):
        box.session.options = options
        box.session.put(packet(seq))
        box.session.run()
    assert [len(o.result.faces) for o in box.outcomes if isinstance(o, Analysed)] == [3, 2, 0]


def test_what_is_wanted_reaches_the_stream_with_the_next_frame() -> None:
    stream = CountingStream()
    box = Recorder(stream)
    box.session.options = StreamOptions(landmarks=True, crop=True)
    assert stream.wants == Wants()
    box.session.put(packet(1))
    box.session.run()
    assert stream.wants == Wants(landmarks=True, small_faces=False, crop=True)


def test_calibration_reaches_the_stream_once_and_turns_the_baseline_on() -> None:
    stream = CountingStream()
    box = Recorder(stream)
    box.session.options = StreamOptions(landmarks=True, signals=True)
    box.session.calibrate()
    assert stream.calibrations == 0, "streams are touched by the thread that runs them alone"
    for seq in (1, 2):
        box.session.put(packet(seq))
        box.session.run()
    assert stream.calibrations == 1
    assert stream.wants == Wants(landmarks=True, small_faces=False, baseline=True, signals=True)


def test_a_reset_forgets_a_calibration_that_waits() -> None:
    stream = CountingStream()
    box = Recorder(stream)
    box.session.calibrate()
    box.session.reset()
    box.session.put(packet(1))
    box.session.run()
    assert stream.calibrations == 0


def test_frames_that_wait_let_the_stream_detect_less_often_and_back() -> None:
    stream = CountingStream()
    stream.interval = 0.05
    box = Recorder(stream)

    def analyse(waited: float) -> float:
        box.session.put(Packet(1, 0.0, IMAGE, time.monotonic() - waited))
        box.session.run()
        return stream.interval

    slower = [analyse(0.2) for _ in range(40)]
    assert slower[0] > 0.05
    assert slower[-1] == MOST
    quicker = [analyse(0.0) for _ in range(80)]
    assert quicker[-1] == 0.05
