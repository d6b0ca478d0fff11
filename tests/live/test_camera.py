from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg
from scripted import FakeClock, Recorder, Script, ScriptedSource
from structlog.testing import capture_logs

from mien.core.errors import SourceError
from mien.core.types import FrameResult, Image
from mien.live.camera import Camera
from mien.live.camera_values import CameraRules, CameraSpec
from mien.live.fake import FakeEngine
from mien.live.retry import RetryRule
from mien.sources.camera import parse_address

RULES = CameraRules(timeout=5.0, retry=RetryRule(jitter=0), history=3)


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


class Watched:
    """A camera with all around it."""

    def __init__(self) -> None:
        self.clock, self.script, self.engine, self.states = FakeClock(), Script(), FakeEngine(), Recorder()
        spec = CameraSpec("door", parse_address("rtsp://me:secret@127.0.0.1/x"))
        self.camera = Camera(spec, RULES, self.script, self.clock)
        self.camera.events = self.states

    def start(self) -> None:
        self.camera.start(self.engine)
        self.states.expect("starting")

    def live(self) -> ScriptedSource:
        """Start, and let the first frame come and be analysed."""
        source = self.script.source()
        self.start()
        source.frame()
        self.states.expect("live")
        self.analyse()
        return source

    def analyse(self) -> None:
        """Wait until a frame waits, and analyse it."""
        self.engine.wait_until(lambda: self.engine.waiting > 0)
        assert self.engine.step()


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.camera.ask_to_stop()
    made.script.openings.put(SourceError("the test is over"))
    assert made.camera.close()


def test_before_it_is_started_it_says_why(watched: Watched) -> None:
    assert (watched.camera.state.name, watched.camera.latest) == ("starting", None)
    assert "loaded" in watched.camera.state.reason
    watched.camera.check()
    assert watched.camera.state.name == "starting"


def test_results_come_though_nobody_watches_and_only_so_many_are_kept(watched: Watched) -> None:
    source = watched.live()
    for value in range(1, 5):
        source.frame(value)
        watched.analyse()
    results = watched.camera.results()
    assert [result.result.index for result in results] == [2, 3, 4]
    assert watched.camera.latest is results[-1]
    assert watched.camera.results(2) == results[1:]
    assert results[0].camera == results[0].result.source == "door"
    assert results[0].at == watched.clock.wall()
    counters = watched.camera.counters()
    assert (counters["width"], counters["height"], counters["opened"]) == (64, 48, 1)
    assert (counters["frames"], counters["analysed"], counters["dropped"], counters["viewers"]) == (5, 5, 0, 0)


def test_what_cannot_be_opened_is_tried_again_ever_more_rarely(watched: Watched) -> None:
    for _ in range(4):
        watched.script.openings.put(SourceError("it is not there"))
    watched.camera.start(watched.engine)
    for wait in (1.0, 2.0, 4.0, 8.0):
        state = watched.states.expect("starting", "waiting")
        assert (state.reason, state.retry_in) == ("it is not there", wait)
    source = watched.script.source()
    source.frame()
    state = watched.states.expect("starting", "live")
    assert (state.reason, state.retry_in) == ("", None)
    assert watched.clock.waited == [1.0, 2.0, 4.0, 8.0]


def test_a_camera_that_breaks_off_is_opened_again_and_its_frames_are_numbered_on(watched: Watched) -> None:
    source = watched.live()
    source.fail(SourceError("cut", "camera_ended"))
    state = watched.states.expect("waiting")
    assert (state.reason, state.code) == ("cut", "camera_ended")
    assert source.closed
    second = watched.script.source()
    second.frame()
    watched.states.expect("starting", "live")
    watched.analyse()
    assert [result.result.index for result in watched.camera.results()] == [0, 1]
    assert watched.camera.counters()["opened"] == 2


@pytest.mark.parametrize(("seconds", "wait"), [(3.0, 2.0), (11.0, 1.0)], ids=["briefly", "long"])
def test_failures_are_forgotten_when_it_was_well_for_long(watched: Watched, seconds: float, wait: float) -> None:
    watched.script.openings.put(SourceError("no"))
    source = watched.script.source()
    watched.camera.start(watched.engine)
    source.frame()
    watched.states.expect("starting", "waiting", "starting", "live")
    watched.analyse()
    watched.clock.time += seconds
    source.frame()
    watched.analyse()
    source.fail(SourceError("cut"))
    assert watched.states.expect("waiting").retry_in == wait


def test_a_camera_gone_quiet_is_opened_anew(watched: Watched) -> None:
    source = watched.live()
    watched.clock.time += 5.0
    watched.camera.check()
    assert watched.camera.state.name == "live"
    watched.clock.time += 0.1
    watched.camera.check()
    assert source.stopped
    stalled, waiting = watched.states.expect("stalled"), watched.states.expect("waiting")
    assert ("no frame for 5 s" in stalled.reason, stalled.code) == (True, "camera_silent")
    assert (waiting.reason, waiting.code, waiting.retry_in) == (stalled.reason, "camera_silent", 1.0)
    watched.script.source().frame()
    watched.states.expect("starting", "live")


def test_a_frame_that_still_comes_from_a_stalled_camera_does_not_make_it_live(watched: Watched) -> None:
    source = watched.script.source(deaf=True)
    watched.start()
    source.frame()
    watched.states.expect("live")
    watched.clock.time += 6.0
    watched.camera.check()
    source.frame()
    source.end()
    watched.states.expect("stalled", "waiting")


def test_slow_opening_is_told_and_may_still_succeed(watched: Watched) -> None:
    watched.start()
    watched.clock.time += 14.0
    watched.camera.check()
    assert watched.camera.state.name == "starting"
    watched.clock.time += 2.0
    watched.camera.check()
    watched.states.expect("stalled")
    watched.script.source().frame()
    watched.states.expect("live")


def test_a_file_that_was_played_once_has_ended(watched: Watched) -> None:
    source = watched.live()
    source.end()
    assert watched.states.expect("ended").retry_in is None
    watched.clock.time += 100
    watched.camera.check()
    assert watched.camera.state.name == "ended"
    assert watched.camera.latest is not None


def test_a_fault_of_ours_is_told_without_details_and_the_camera_comes_back(watched: Watched) -> None:
    source = watched.live()
    source.fail(RuntimeError("rtsp://me:secret@127.0.0.1/x"))
    assert "secret" not in watched.states.expect("waiting").reason
    watched.script.source().frame()
    watched.states.expect("starting", "live")


def test_closing_ends_reading_and_delivers_nothing_more(watched: Watched) -> None:
    source = watched.live()
    source.frame()
    watched.engine.wait_until(lambda: watched.engine.waiting > 0)
    assert watched.camera.close()
    watched.states.expect("stopped")
    assert source.closed
    watched.engine.step()
    assert len(watched.camera.results()) == 1


def test_closing_does_not_wait_for_a_camera_that_hangs(watched: Watched) -> None:
    source = watched.script.source(deaf=True)
    watched.start()
    source.frame()
    watched.states.expect("live")
    assert watched.camera.close(timeout=0.05) is False
    watched.states.expect("stopped")
    source.frame()  # it lets go
    assert watched.camera.close()
    assert watched.camera.state.name == "stopped"
    assert source.closed


class Drawing:
    """Counts how often a picture is drawn, and marks it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, image: Image, result: FrameResult) -> Image:
        self.count += 1
        assert result.index == image[0, 0, 0] // 50
        return np.full_like(image, 255)


def test_pictures_are_made_once_per_frame_and_only_while_somebody_watches(watched: Watched) -> None:
    draw = Drawing()
    source = watched.live()

    async def scenario() -> None:
        view = watched.camera.view(draw)
        source.frame(50)
        watched.analyse()
        assert draw.count == 0
        with view.listen() as one, view.listen() as two:
            assert watched.camera.counters()["viewers"] == 2
            source.frame(100)
            watched.analyse()
            pictures = [await one.next(), await two.next()]
        assert pictures[0] is pictures[1]
        assert pictures[0] is not None
        decoded = simplejpeg.decode_jpeg(pictures[0])
        assert decoded.shape == (48, 64, 3)
        assert decoded.min() > 250
        assert draw.count == 1
        source.frame(150)
        watched.analyse()
        assert draw.count == 1

    asyncio.run(scenario())


def test_watching_ends_with_the_camera(watched: Watched) -> None:
    watched.live()

    async def scenario() -> None:
        with watched.camera.view(Drawing()).listen() as pictures:
            watched.camera.ask_to_stop()
            assert await pictures.next() is None
        with watched.camera.view(Drawing()).listen() as later:
            assert await later.next() is None

    asyncio.run(scenario())


def test_json_of_a_result(watched: Watched) -> None:
    watched.live()
    latest = watched.camera.latest
    assert latest is not None
    text = latest.json.decode()
    assert text.startswith('{"camera":"door","at":1000001000.0,"server_ms":')
    assert '"faces":[{"track":1,' in text
    assert latest.json is latest.json
