from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from queue import SimpleQueue

import numpy as np
import pytest
from structlog.testing import capture_logs

from mien.core.errors import SettingsError
from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.engine import AnalysisError, Engine, EngineClosedError
from mien.live.fake import CountingAnalyzer, CountingStream, FakeEngine
from mien.live.local import LocalEngine
from mien.live.session import Analysed, Failed, FrameStream, Outcome, Packet, Session

IMAGE = np.zeros((48, 64, 3), np.uint8)
WAIT = 20.0


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


def packet(seq: int) -> Packet:
    return Packet(seq, seq * 40.0, IMAGE, 0.0)


class GatedStream(CountingStream):
    """Says when it begins on a frame and waits for leave to end it."""

    def __init__(self, owner: GatedAnalyzer) -> None:
        super().__init__()
        self.owner = owner
        self.inside = 0

    def analyze(self, frame: Frame) -> FrameResult:
        self.inside += 1
        self.owner.most_inside = max(self.owner.most_inside, self.inside)
        self.owner.begun.put(frame.index)
        assert self.owner.leave.acquire(timeout=WAIT)
        self.inside -= 1
        if frame.index < 0:
            raise RuntimeError("a stage raised")
        return super().analyze(frame)


class GatedAnalyzer(CountingAnalyzer):
    def __init__(self) -> None:
        self.begun: SimpleQueue[int] = SimpleQueue()
        self.leave = threading.Semaphore(0)
        self.most_inside = 0

    def stream(self) -> FrameStream:
        return GatedStream(self)


@pytest.fixture(params=["local", "fake"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Both engines keep the same promises."""
    built: Engine = LocalEngine(CountingAnalyzer(), 2) if request.param == "local" else FakeEngine()
    yield built
    assert built.close()


def drive(engine: Engine) -> None:
    """Let a fake do what the local one does by itself."""
    while isinstance(engine, FakeEngine) and engine.step():
        pass


def test_streams_have_their_own_state(engine: Engine) -> None:
    got: list[SimpleQueue[Outcome]] = [SimpleQueue(), SimpleQueue()]
    sessions = [engine.open(queue.put) for queue in got]
    for seq, which in ((1, 0), (2, 0), (1, 1), (3, 0)):
        sessions[which].put(packet(seq))
        drive(engine)
        outcome = got[which].get(timeout=WAIT)
        assert isinstance(outcome, Analysed)
        assert outcome.result.faces.tracks is not None
        assert outcome.result.faces.tracks.tolist() == [seq]


def test_single_pictures(engine: Engine) -> None:
    result = engine.analyze(Frame(IMAGE, source="a.jpg")).result(WAIT)
    assert (result.source, len(result.faces)) == ("a.jpg", 1)


def test_a_closed_engine_says_so(engine: Engine) -> None:
    assert engine.close() is True
    with pytest.raises(EngineClosedError):
        engine.open(lambda outcome: None)
    with pytest.raises(EngineClosedError):
        engine.analyze(Frame(IMAGE))


def test_newest_wins_while_a_frame_is_being_analysed() -> None:
    analyzer = GatedAnalyzer()
    engine = LocalEngine(analyzer, 2)
    got: SimpleQueue[Outcome] = SimpleQueue()
    session = engine.open(got.put)
    session.put(packet(1))
    assert analyzer.begun.get(timeout=WAIT) == 1
    for seq in range(2, 7):
        session.put(packet(seq))
    analyzer.leave.release(2)
    assert [got.get(timeout=WAIT).seq, got.get(timeout=WAIT).seq] == [1, 6]
    assert session.dropped == 4
    assert engine.close()


def test_a_session_is_never_served_by_two_workers_at_once() -> None:
    analyzer = GatedAnalyzer()
    engine = LocalEngine(analyzer, 4)
    got: SimpleQueue[Outcome] = SimpleQueue()
    session, other = engine.open(got.put), engine.open(got.put)
    session.put(packet(1))
    assert analyzer.begun.get(timeout=WAIT) == 1
    session.put(packet(2))
    other.put(packet(3))
    assert analyzer.begun.get(timeout=WAIT) == 3, "only the other stream may be begun on"
    analyzer.leave.release(3)
    assert sorted(got.get(timeout=WAIT).seq for _ in range(3)) == [1, 2, 3]
    assert analyzer.most_inside == 1
    assert engine.close()


def test_a_greedy_stream_does_not_starve_ten_others() -> None:
    engine = LocalEngine(CountingAnalyzer(), 1)
    served: Counter[int] = Counter()
    started, finished = threading.Event(), threading.Event()
    sessions: list[Session] = []

    def receiver(me: int, outcome: Outcome) -> None:
        """Hand in the next frame at once; number 0 hands in five."""
        assert started.wait(WAIT)
        served[me] += 1
        if served.total() >= 1000:
            finished.set()
        for _ in range(1 if me else 5):
            sessions[me].put(packet(1))

    for me in range(10):
        sessions.append(engine.open(partial(receiver, me)))
    for session in sessions:
        session.put(packet(1))
    started.set()
    assert finished.wait(WAIT)
    assert engine.close()
    assert max(served.values()) - min(served.values()) <= 2, served


def test_an_error_stays_with_its_stream_and_the_pool_lives_on() -> None:
    analyzer = GatedAnalyzer()
    engine = LocalEngine(analyzer, 1)
    got: SimpleQueue[Outcome] = SimpleQueue()
    bad, good = engine.open(got.put), engine.open(got.put)
    analyzer.leave.release(3)
    bad.put(packet(-1))
    first = got.get(timeout=WAIT)
    assert isinstance(first, Failed)
    assert first.code == "internal"
    good.put(packet(5))
    assert isinstance(got.get(timeout=WAIT), Analysed)
    bad.put(packet(6))
    assert isinstance(got.get(timeout=WAIT), Analysed)
    assert engine.close()


def test_a_receiver_that_raises_does_not_stop_the_pool() -> None:
    engine = LocalEngine(CountingAnalyzer(), 1)
    got: SimpleQueue[Outcome] = SimpleQueue()

    def gone(outcome: Outcome) -> None:
        raise RuntimeError("the client has gone")

    engine.open(gone).put(packet(1))
    engine.open(got.put).put(packet(2))
    assert got.get(timeout=WAIT).seq == 2
    assert engine.close()


class BrokenAnalyzer(CountingAnalyzer):
    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        raise ValueError("no")


def test_a_picture_that_fails_fails_its_own_future() -> None:
    engine = LocalEngine(BrokenAnalyzer(), 1)
    with pytest.raises(ValueError, match="no"):
        engine.analyze(Frame(IMAGE)).result(WAIT)
    assert engine.close()


class Quitter(CountingAnalyzer):
    """Wants to end the thread that it runs on, by whatever comes next in the list."""

    def __init__(self, *ends: BaseException) -> None:
        self.ends = list(ends)

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        if self.ends:
            raise self.ends.pop()
        return super().analyze(image, wants)

    def stream(self) -> FrameStream:
        return QuittingStream(self)


class QuittingStream(CountingStream):
    def __init__(self, owner: Quitter) -> None:
        super().__init__()
        self.owner = owner

    def analyze(self, frame: Frame) -> FrameResult:
        return self.owner.analyze(frame)


ENDS = (SystemExit(3), KeyboardInterrupt(), GeneratorExit(), BaseException("odd"))


def test_no_picture_can_end_a_worker() -> None:
    engine = LocalEngine(Quitter(*ENDS), 1)
    for _ in ENDS:
        with pytest.raises(AnalysisError, match="logged"):
            engine.analyze(Frame(IMAGE)).result(WAIT)
    assert len(engine.analyze(Frame(IMAGE)).result(WAIT).faces) == 1
    assert engine.close()


def test_no_frame_can_end_a_worker() -> None:
    engine = LocalEngine(Quitter(*ENDS), 1)
    got: SimpleQueue[Outcome] = SimpleQueue()
    session = engine.open(got.put)
    for seq in range(len(ENDS)):
        session.put(packet(seq))
        failed = got.get(timeout=WAIT)
        assert isinstance(failed, Failed)
        assert (failed.seq, failed.code) == (seq, "internal")
    session.put(packet(9))
    assert isinstance(got.get(timeout=WAIT), Analysed)
    assert engine.close()


def test_no_receiver_can_end_a_worker() -> None:
    engine = LocalEngine(CountingAnalyzer(), 1)
    got: SimpleQueue[Outcome] = SimpleQueue()

    def quit_here(outcome: Outcome) -> None:
        raise SystemExit

    engine.open(quit_here).put(packet(1))
    engine.open(got.put).put(packet(2))
    assert got.get(timeout=WAIT).seq == 2
    assert engine.close()


def test_shutdown_in_the_middle_of_a_stage_that_raises_does_not_hang() -> None:
    analyzer = GatedAnalyzer()
    engine = LocalEngine(analyzer, 1)
    got: SimpleQueue[Outcome] = SimpleQueue()
    session = engine.open(got.put)
    session.put(packet(-1))
    assert analyzer.begun.get(timeout=WAIT) == -1
    waiting = engine.analyze(Frame(IMAGE))
    closing = threading.Thread(target=engine.close)
    closing.start()
    analyzer.leave.release()
    closing.join(WAIT)
    assert not closing.is_alive()
    assert waiting.cancelled()


def test_a_stage_that_never_returns_is_reported_not_waited_for() -> None:
    analyzer = GatedAnalyzer()
    engine = LocalEngine(analyzer, 1)
    engine.open(lambda outcome: None).put(packet(1))
    analyzer.begun.get(timeout=WAIT)
    assert engine.close(timeout=0.05) is False
    analyzer.leave.release()
    assert engine.close() is True


def test_no_workers_is_refused() -> None:
    with pytest.raises(SettingsError, match="workers"):
        LocalEngine(CountingAnalyzer(), 0)
