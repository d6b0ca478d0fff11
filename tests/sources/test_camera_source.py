from __future__ import annotations

import itertools
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from mien.core.errors import SourceError
from mien.core.types import Image
from mien.sources.camera import DeviceCamera, FileCamera, open_camera, parse_address

SECRET = "geheim"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames at 0, 20 and 80 ms, each brighter than the one before."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time, value in ((0, 50), (20, 120), (80, 200)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), value, np.uint8), "bgr24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("text", "kind", "target", "shown"),
    [
        ("0", "device", "0", "device 0"),
        (" 07 ", "device", "7", "device 7"),
        ("/dev/video2", "device", "2", "device 2"),
        ("clip.mp4", "file", "clip.mp4", "clip.mp4"),
        ("C:/clips/a.mp4", "file", "C:/clips/a.mp4", "C:/clips/a.mp4"),
        ("rtsp://h/s", "rtsp", "rtsp://h/s", "rtsp://h/s"),
        ("RTSP://h:554/s", "rtsp", "RTSP://h:554/s", "rtsp://h:554/s"),
        ("rtsp://[::1]:554/s", "rtsp", "rtsp://[::1]:554/s", "rtsp://[::1]:554/s"),
    ],
)
def test_addresses(text: str, kind: str, target: str, shown: str) -> None:
    address = parse_address(text)
    assert (address.kind, address.target, address.shown) == (kind, target, shown)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"rtsp://me:{SECRET}@h/live", "rtsp://h/live"),
        (f"rtsp://{SECRET}@h/live", "rtsp://h/live"),
        (f"rtsp://me:a@{SECRET}@h:8554/live", "rtsp://h:8554/live"),
        (f"rtsp://h/live?user=me&password={SECRET}", "rtsp://h/live?…"),
        (f"rtsp://h/live#{SECRET}", "rtsp://h/live?…"),
        (f"rtsp://h/user=me_password={SECRET}_channel=1.sdp", "rtsp://h/…"),
        (f"rtsp://h:1/me:x@{SECRET}/", "rtsp://h:1/…"),
    ],
)
def test_secrets_are_never_shown(url: str, shown: str) -> None:
    address = parse_address(url)
    assert address.shown == shown
    assert SECRET not in repr(address) + str(address)
    assert address.target == url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "empty"),
        (f"http://me:{SECRET}@h/a.mjpg", "not read by http"),
        (f"file:///{SECRET}", "not read by file"),
        (f"rtsps://me:{SECRET}@h/", "not read by rtsps"),
        (f"concat:/{SECRET}", "not read by concat"),
        ("rtsp://", "no host"),
        (f"rtsp://me:{SECRET}@/x", "no host"),
        (f"rtsp://me:{SECRET}@h:port/x", "wrong port"),
        (f"rtsp://me:{SECRET}@[h/x", "no host"),
    ],
)
def test_what_is_no_camera_is_refused_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        parse_address(text)
    assert SECRET not in str(error.value)


class Now:
    """`time.monotonic` and the waiting of a stopped event, on a clock of the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, source: FileCamera) -> None:
        self.time, self.waits = 100.0, list[float]()
        monkeypatch.setattr("time.monotonic", lambda: self.time)
        monkeypatch.setattr(source, "_stopped", self)
        self.stopped = threading.Event()

    def is_set(self) -> bool:
        return self.stopped.is_set()

    def set(self) -> None:
        self.stopped.set()

    def wait(self, seconds: float) -> bool:
        self.waits.append(round(seconds, 3))
        self.time += seconds
        return self.stopped.is_set()


def test_a_file_plays_at_its_own_times_over_and_over(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FileCamera(clip)
    now = Now(monkeypatch, source)
    frames = list(itertools.islice(source, 6))
    source.close()
    assert [frame.index for frame in frames] == list(range(6))
    times = [frame.timestamp for frame in frames]
    assert times[:3] == pytest.approx([0.0, 0.02, 0.08])
    assert times[3] > times[2]
    assert [b - a for a, b in itertools.pairwise(times[3:])] == pytest.approx([0.02, 0.06])
    assert now.waits == pytest.approx([0.0, *(b - a for a, b in itertools.pairwise(times))], abs=2e-3)
    values = [int(frame.image.mean()) for frame in frames]
    assert values[:3] == sorted(values[:3])
    assert values[3:] == pytest.approx(values[:3], abs=2)
    assert frames[0].source == str(clip)


def test_a_file_that_fell_far_behind_goes_on_from_now(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FileCamera(clip)
    now = Now(monkeypatch, source)
    frames = iter(source)
    next(frames)
    now.time += 3600.0
    assert next(frames).timestamp == pytest.approx(0.02)
    now.waits.clear()
    assert next(frames).timestamp == pytest.approx(0.08)
    assert now.waits == [0.06]
    source.close()


def test_a_file_may_be_played_once(clip: Path) -> None:
    source = open_camera(parse_address(str(clip)), loop=False)
    assert [frame.index for frame in source] == [0, 1, 2]
    source.close()
    source.close()


def test_stopping_ends_a_file_in_the_middle_of_a_wait(clip: Path) -> None:
    source = FileCamera(clip)
    frames = iter(source)
    next(frames)
    source.stop()
    assert list(frames) == []
    source.close()


@pytest.mark.parametrize("name", ["missing.mp4", "text.mp4"])
def test_what_is_no_video_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(SourceError, match=name):
        open_camera(parse_address(str(tmp_path / name)))


class FakeCapture:
    """Stands in for OpenCV's: colour, grey, then nothing more."""

    def __init__(self, works: bool = True) -> None:
        self.works, self.released = works, False
        self.images: list[Image] = [np.full((4, 6, 3), 9, np.uint8), np.full((4, 6), 7, np.uint8)]

    def isOpened(self) -> bool:
        return self.works

    def set(self, option: int, value: float) -> bool:
        return True

    def read(self) -> tuple[bool, Image | None]:
        return (True, self.images.pop(0)) if self.images else (False, None)

    def release(self) -> None:
        self.released = True


def device(monkeypatch: pytest.MonkeyPatch, capture: FakeCapture) -> DeviceCamera:
    monkeypatch.setattr("mien.sources.camera.Path.exists", lambda path: True)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number, backend: capture)
    return DeviceCamera(3)


def test_a_device_gives_frames_until_it_is_pulled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture()
    source = device(monkeypatch, capture)
    frames = iter(source)
    for value in (9, 7):
        frame = next(frames)
        assert frame.image.shape == (4, 6, 3)
        assert frame.image.max() == frame.image.min() == value
    with pytest.raises(SourceError, match="device 3 gives no more pictures"):
        next(frames)
    source.close()
    assert capture.released


def test_a_device_that_is_busy_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture(works=False)
    with pytest.raises(SourceError, match="close other programs"):
        device(monkeypatch, capture)
    assert capture.released


@pytest.mark.skipif(sys.platform != "linux", reason="devices are files on Linux alone")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(SourceError, match="no camera /dev/video999"):
        open_camera(parse_address("999"))
