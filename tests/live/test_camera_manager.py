from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scripted import WAIT, FakeClock, Recorder, Script
from structlog.testing import capture_logs

from mien.core.errors import SettingsError, SourceError
from mien.core.types import FrameResult, Image
from mien.live.camera import Camera
from mien.live.camera_values import CameraRules
from mien.live.cameras import CameraExistsError, Cameras, TooManyCamerasError, parse_specs
from mien.live.engine import EngineClosedError
from mien.live.fake import FakeEngine
from mien.live.retry import RetryRule
from mien.live.session import StreamOptions

RULES = CameraRules(retry=RetryRule(jitter=0))


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


def test_names_and_places() -> None:
    specs = parse_specs(["door=rtsp://u:p@10.0.0.7/s?x=1", "0", " yard=clip.mp4 ", "./a=b.mp4"])
    assert [(spec.name, spec.address.kind, spec.address.shown) for spec in specs] == [
        ("door", "rtsp", "rtsp://10.0.0.7/s?…"),
        ("2", "device", "device 0"),
        ("yard", "file", "clip.mp4"),
        ("4", "file", "a=b.mp4"),
    ]


def test_options_of_each() -> None:
    usual = StreamOptions(baseline=True)
    specs = parse_specs(["door+landmarks+signals=0", "yard+age=1", "2", "./a+b=c.mp4"], usual)
    assert [spec.options for spec in specs] == [
        StreamOptions(baseline=True, landmarks=True, signals=True),
        StreamOptions(baseline=True, attributes=("age",)),
        usual,
        usual,
    ]
    assert [spec.name for spec in specs] == ["door", "yard", "3", "4"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["door+wings=0"], "camera door: there is no option 'wings': there are landmarks, .*, signals, age, gender"),
        (["door+max_faces=0"], "camera door: there is no option 'max_faces'"),
        (["a=0", "a=1"], "two cameras are called a"),
        (["2=0", "1"], "two cameras are called 2"),
        (["door=http://u:secret@h/"], "camera door: cameras are not read by http"),
        (["rtsp://u:secret@:99999/"], "camera 1: .*no host"),
        (["door="], "camera door: .*empty"),
    ],
)
def test_senseless_cameras_are_named_and_secrets_are_not(texts: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as error:
        parse_specs(texts)
    assert "secret" not in str(error.value)


Make = Callable[..., Cameras]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def make(script: Script) -> Iterator[Make]:
    made: list[Cameras] = []

    def build(*texts: str, most: int = 3) -> Cameras:
        made.append(Cameras(parse_specs(texts), RULES, most, tick=0.01, opener=script, clock=FakeClock()))
        return made[-1]

    yield build
    for cameras in made:
        cameras.ask_to_stop()
        for _ in range(3):
            script.openings.put(SourceError("the test is over"))
        assert cameras.close()


def test_first_and_get(make: Make) -> None:
    assert make().first() is None
    cameras = make("b=0", "a=1")
    first = cameras.first()
    assert first is not None
    assert first.name == "b"
    assert [camera.name for camera in cameras.all()] == ["b", "a"]
    assert cameras.get("a") is cameras.all()[1]
    assert cameras.get("c") is None


def test_too_many_from_the_start(make: Make) -> None:
    with pytest.raises(SettingsError, match="MIEN_MAX_CAMERAS"):
        make("0", "1", most=1)


def test_adding_and_removing(make: Make, script: Script) -> None:
    cameras, engine = make("1=0"), FakeEngine()
    cameras.start(engine)
    added = cameras.add("7")
    assert (added.name, added.spec.address.shown) == ("2", "device 7")
    with pytest.raises(CameraExistsError):
        cameras.add("8", "2")
    named = cameras.add("clip.mp4", "yard", loop=False)
    assert (named.name, named.spec.loop) == ("yard", False)
    with pytest.raises(TooManyCamerasError):
        cameras.add("9")
    assert len(engine.sessions) == 3
    for _ in range(3):
        script.source()
    assert cameras.remove("2") is True
    assert added.state.name == "stopped"
    assert cameras.remove("2") is False
    assert [camera.name for camera in cameras.all()] == ["1", "yard"]
    assert cameras.add("9").name == "2"
    script.source()


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 33, "a=b"])
def test_senseless_names(make: Make, name: str) -> None:
    with pytest.raises(SourceError, match="name"):
        make().add("0", name)


def test_a_camera_added_before_the_models_are_there_starts_with_them(make: Make, script: Script) -> None:
    cameras, engine = make(), FakeEngine()
    cameras.add("0")
    assert engine.sessions == []
    cameras.start(engine)
    assert len(engine.sessions) == 1
    script.source()


def test_the_watchdog_looks_after_every_camera(make: Make, script: Script) -> None:
    cameras = make("0")
    camera, states = cameras.all()[0], Recorder()
    camera.events = states
    source = script.source()
    cameras.start(FakeEngine())
    source.frame()
    states.expect("starting", "live")
    clock = camera_clock(camera)
    clock.time += 60
    states.expect("stalled", "waiting")


def camera_clock(camera: Camera) -> FakeClock:
    clock = camera._clock
    assert isinstance(clock, FakeClock)
    return clock


def white(image: Image, result: FrameResult) -> Image:
    return np.full_like(image, 255)


def test_frames_for_viewers(make: Make, script: Script) -> None:
    cameras, engine = make("0"), FakeEngine()
    source = script.source()
    cameras.start(engine)

    async def scenario() -> list[bytes]:
        got = []

        async def watch() -> None:
            async for picture in cameras.frames("1", white):
                got.append(picture)
                if len(got) == 2:
                    cameras.ask_to_stop()

        watching = asyncio.create_task(watch())
        while not cameras.viewers:
            await asyncio.sleep(0.001)
        for _ in range(2):
            expected = len(got) + 1
            source.frame()
            await asyncio.to_thread(engine.wait_until, lambda: engine.waiting > 0)
            assert engine.step()
            while len(got) < expected:
                await asyncio.sleep(0.001)
        await asyncio.wait_for(watching, WAIT)
        assert cameras.viewers == 0
        return got

    pictures = asyncio.run(scenario())
    assert len(pictures) == 2
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)


def test_frames_of_no_camera_end_at_once(make: Make) -> None:
    async def scenario() -> int:
        return len([picture async for picture in make().frames("9")])

    assert asyncio.run(scenario()) == 0


def test_closing_before_starting_starts_nothing(make: Make) -> None:
    cameras, engine = make("0"), FakeEngine()
    assert cameras.close()
    cameras.start(engine)
    assert engine.sessions == []
    assert cameras.all()[0].state.name == "stopped"
    with pytest.raises(EngineClosedError):
        cameras.add("1")


def test_closing_names_those_that_hang(make: Make, script: Script) -> None:
    cameras = make("door=0")
    source = script.source(deaf=True)
    camera, states = cameras.all()[0], Recorder()
    camera.events = states
    cameras.start(FakeEngine())
    source.frame()
    states.expect("starting", "live")
    cameras._clock = FakeClock()  # so that no time is left
    with capture_logs() as lines:
        assert cameras.close(timeout=0) is False
    assert {"cameras": ["door"]}.items() <= lines[-1].items()
    source.end()
