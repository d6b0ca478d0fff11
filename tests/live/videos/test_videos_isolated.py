from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from clips import write_clip
from structlog.testing import capture_logs

from mien.core.errors import SourceError
from mien.live.videos import isolated
from mien.live.videos.isolated import Child, IsolatedVideo, StoppedError
from mien.live.videos.messages import DESCRIBED, FRAME, HEAD
from mien.sources.video import open_video

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals that Windows lacks")
WAIT = 60.0
PIXELS = 2**20
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
HANG = "import time; time.sleep(1000)"
SWELL = """
import sys
from pathlib import Path
from mien.live.videos import child
child.TASKS["frames"] = lambda path, start: (bytearray(2**33) for _ in range(1))
child.main(sys.argv[1], Path(sys.argv[2]), 0.0, int(sys.argv[4]))
"""


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", frames=50)


def never() -> bool:
    return False


def opened(path: Path, stopped: Callable[[], bool] = never, **options: Any) -> IsolatedVideo:
    return IsolatedVideo(path, "me.mp4", PIXELS, stopped, **options)


def test_the_same_frames_as_in_this_process(clip: Path) -> None:
    with open_video(clip) as source, opened(clip) as video:
        assert video.info == source.info
        for ours, theirs in zip(source, video, strict=True):
            assert (ours.index, ours.timestamp) == (theirs.index, theirs.timestamp)
            assert (ours.image == theirs.image).all()
            assert theirs.source == "me.mp4"
        assert video.warnings == source.warnings == ()


def test_frames_before_the_start_are_passed_over(clip: Path) -> None:
    with opened(clip, start=1.0) as video:
        assert [frame.index for frame in video] == list(range(25, 50))


def test_warnings_come_back(clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(clip.read_bytes())
    for pos, size in places[10:12]:
        assert pos is not None
        data[pos : pos + size] = bytes(size)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    with opened(damaged) as video:
        assert sum(1 for _ in video) == 48
        assert video.warnings == ("2 damaged frames skipped",)


def test_errors_come_back_as_they_are(tmp_path: Path) -> None:
    page = tmp_path / "page.mp4"
    page.write_text("#EXTM3U\nhttp://example.org/a.ts\n")
    with pytest.raises(SourceError, match="is not a readable video"):
        opened(page)


def test_a_frame_that_grows_is_refused(clip: Path) -> None:
    with (
        pytest.raises(SourceError, match=r"me\.mp4 has frames of 64×48"),
        IsolatedVideo(clip, "me.mp4", 99, never) as v,
    ):
        next(iter(v))


def test_a_crash_names_the_file(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", CRASH))
    with pytest.raises(SourceError, match=r"me\.mp4 made the decoder crash"):
        opened(clip)


def test_a_child_that_hangs_is_killed(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", HANG))
    with pytest.raises(SourceError, match=r"me\.mp4 takes more than 0\.2 s"):
        opened(clip, patience=0.2)


def test_who_wants_it_to_end_does_not_wait_for_a_child_that_hangs(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", HANG))
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(StoppedError):
        opened(clip, stop.is_set)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense, and more of it",
        HEAD.pack(9, 0),
        HEAD.pack(DESCRIBED, 2**40),
        HEAD.pack(DESCRIBED, 2) + b"{}",
        HEAD.pack(FRAME, 24) + bytes(24),
    ],
)
def test_a_child_that_lies_is_not_believed(clip: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", f"import sys; sys.stdout.buffer.write({answer!r})"))
    with pytest.raises(SourceError, match="the decoder"):
        opened(clip)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to RLIMIT_AS")
def test_memory_is_limited(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", SWELL))
    with pytest.raises(SourceError, match="takes more memory to decode than allowed"):
        opened(clip)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to RLIMIT_AS")
def test_a_real_decoder_that_gets_too_little_fails_by_name(tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.mp4", frames=2, size=(1280, 720))
    with Child("frames", large, "me.mp4", 2**23, never) as child, pytest.raises(SourceError, match=r"large\.mp4"):
        child.next()
    with opened(large) as video:
        assert sum(1 for _ in video) == 2


def test_a_child_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    long = write_clip(tmp_path / "long.mp4", frames=150, size=(640, 480))
    with Child("frames", long, "me.mp4", 2**30, never) as child:
        assert child.next()[0] == DESCRIBED
        assert child.process.stdin is not None
        child.process.stdin.close()
        assert child.process.wait(WAIT) == 1


def test_a_child_gives_way_to_live_streams(clip: Path) -> None:
    with Child("frames", clip, "me.mp4", 2**30, never) as child:
        child.next()
        assert os.getpriority(os.PRIO_PROCESS, child.process.pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_nothing_is_left_of_a_child(clip: Path) -> None:
    with opened(clip) as video:
        process = video._child.process
        next(iter(video))
        assert process.poll() is None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    until = time.monotonic() + WAIT
    while any(thread.name == "video-child" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.005)
