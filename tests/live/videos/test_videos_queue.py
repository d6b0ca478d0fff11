from __future__ import annotations

import shutil
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

from mien.core.types import Frame, FrameResult
from mien.live.fake import CountingAnalyzer, CountingStream
from mien.live.local import LocalEngine
from mien.live.session import FrameStream
from mien.live.videos import isolated
from mien.live.videos.values import NoVideoError, QuotaError, VideoBusyError, VideoJob, VideoRules
from mien.live.videos.videos import Videos

WAIT = 60.0


@pytest.fixture(autouse=True)
def _keep_logs_to_ourselves() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4")


class GatedStream(CountingStream):
    """Analyses so many frames, then waits for leave."""

    def __init__(self, owner: GatedAnalyzer) -> None:
        super().__init__()
        self.owner = owner

    def analyze(self, frame: Frame) -> FrameResult:
        if frame.index >= self.owner.free:
            self.owner.reached.set()
            assert self.owner.leave.wait(WAIT)
        return super().analyze(frame)


class GatedAnalyzer(CountingAnalyzer):
    def __init__(self, free: int) -> None:
        self.free = free
        self.reached, self.leave = threading.Event(), threading.Event()

    def stream(self) -> FrameStream:
        return GatedStream(self)


MakeVideos = Callable[..., Videos]


@pytest.fixture
def make_videos(tmp_path: Path) -> Iterator[MakeVideos]:
    """Return a maker of working queues over one folder."""
    engines: list[LocalEngine] = []
    made: list[Videos] = []

    def make(analyzer: CountingAnalyzer | None = None, clock: Callable[[], float] = time.time, **rules: Any) -> Videos:
        engines.append(LocalEngine(analyzer or CountingAnalyzer(), 1))
        videos = Videos(tmp_path / "videos", VideoRules(**rules), clock)
        videos.start(engines[-1])
        made.append(videos)
        return videos

    yield make
    for videos in made:
        assert videos.close(WAIT)
    for engine in engines:
        engine.close()


def send(videos: Videos, file: Path, name: str | None = None, **options: Any) -> VideoJob:
    folder = videos.receive(file.stat().st_size)
    shutil.copy(file, folder.upload)
    return videos.add(folder, name or file.name, **options)


def wait_for(videos: Videos, id: str, reached: Callable[[VideoJob], bool]) -> VideoJob:
    until = time.monotonic() + WAIT
    while True:
        job = videos.get(id)
        assert job is not None
        if reached(job):
            return job
        assert time.monotonic() < until, job
        time.sleep(0.005)


def ended(job: VideoJob) -> bool:
    return not job.busy


def lines(videos: Videos, job: VideoJob) -> list[dict[str, Any]]:
    return list(videos.folder(job.id).values())


def test_every_frame_gets_a_line_at_its_own_time(make_videos: MakeVideos, clip: Path) -> None:
    videos = make_videos()
    job = wait_for(videos, send(videos, clip).id, ended)
    assert (job.state, job.analysed, job.width, job.height, job.media_type) == ("done", 25, 64, 48, "video/mp4")
    assert [value["frame"] for value in lines(videos, job)] == list(range(25))
    assert [value["time"] for value in lines(videos, job)] == [round(i / 25, 6) for i in range(25)]
    assert {value["source"] for value in lines(videos, job)} == {"a.mp4"}


def test_a_damaged_file_is_named_and_the_next_goes_on(make_videos: MakeVideos, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:200])
    videos = make_videos()
    first, second = send(videos, broken), send(videos, clip)
    failed = wait_for(videos, first.id, ended)
    assert failed.state == "failed"
    assert failed.reason.startswith("broken.mp4 ")
    assert str(tmp_path) not in failed.reason
    assert wait_for(videos, second.id, ended).state == "done"


def test_what_is_no_video_is_refused_by_its_content(make_videos: MakeVideos, tmp_path: Path) -> None:
    page = tmp_path / "page.mp4"
    page.write_text("#EXTM3U\nhttp://example.org/a.ts\n")
    with pytest.raises(NoVideoError, match=r"page\.mp4 is not a video"):
        send(make_videos(), page)


@pytest.mark.parametrize(("rule", "said"), [({"max_seconds": 0.5}, "lasts longer"), ({"max_pixels": 3000}, "64×48")])
def test_what_is_too_long_or_too_large_fails(
    make_videos: MakeVideos, clip: Path, rule: dict[str, Any], said: str
) -> None:
    videos = make_videos(**rule)
    job = wait_for(videos, send(videos, clip).id, ended)
    assert job.state == "failed"
    assert said in job.reason


def test_no_room_is_said_before_anything_is_written(make_videos: MakeVideos, clip: Path) -> None:
    videos = make_videos(quota=clip.stat().st_size - 1)
    with pytest.raises(QuotaError, match="MIEN_VIDEO_QUOTA"):
        videos.receive(clip.stat().st_size)
    assert videos.used() == 0


def test_cancelling_keeps_what_is_done(make_videos: MakeVideos, clip: Path) -> None:
    analyzer = GatedAnalyzer(10)
    videos = make_videos(analyzer)
    job, waiting = send(videos, clip), send(videos, clip)
    assert analyzer.reached.wait(WAIT)
    videos.cancel(job.id)
    videos.cancel(waiting.id)
    assert wait_for(videos, waiting.id, ended).state == "cancelled"
    assert wait_for(videos, job.id, ended).state == "cancelled"
    assert len(lines(videos, job)) == 10
    analyzer.leave.set()


def test_a_restart_takes_it_up_and_keeps_numbers(make_videos: MakeVideos, clip: Path) -> None:
    analyzer = GatedAnalyzer(10)
    videos = make_videos(analyzer)
    job = send(videos, clip)
    assert analyzer.reached.wait(WAIT)
    assert videos.close(WAIT)
    analyzer.leave.set()
    with videos.folder(job.id).results.open("ab") as file:
        file.write(b'{"source":"a.mp4","frame":10,"ti')
    later = make_videos()
    done = wait_for(later, job.id, ended)
    values = lines(later, done)
    assert (done.state, done.analysed) == ("done", 25)
    assert done.resumed == pytest.approx((9 / 25,))
    assert [value["frame"] for value in values] == list(range(25))
    # The fake sees a new person on every frame. The first ten are seen once more and keep their numbers.
    assert [value["faces"][0]["track"] for value in values] == [*range(1, 11), *range(21, 36)]


def test_an_annotated_copy_has_every_frame(make_videos: MakeVideos, clip: Path) -> None:
    videos = make_videos()
    job = wait_for(videos, send(videos, clip).id, ended)
    assert job.annotated == "none"
    videos.annotate(job.id)
    assert wait_for(videos, job.id, ended).annotated == "ready"
    with av.open(str(videos.folder(job.id).annotated)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 25


def test_a_copy_of_nothing_is_refused(make_videos: MakeVideos, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:200])
    videos = make_videos()
    job = wait_for(videos, send(videos, broken).id, ended)
    with pytest.raises(VideoBusyError, match="no results"):
        videos.annotate(job.id)


def test_deleting_leaves_nothing_even_while_it_is_worked_on(make_videos: MakeVideos, clip: Path) -> None:
    analyzer = GatedAnalyzer(3)
    videos = make_videos(analyzer)
    job = send(videos, clip)
    assert analyzer.reached.wait(WAIT)
    assert videos.remove(job.id)
    assert not videos.folder(job.id).path.exists()
    assert videos.get(job.id) is None
    assert not videos.remove(job.id)
    analyzer.leave.set()


def test_time_over_deletes(make_videos: MakeVideos, clip: Path) -> None:
    now = [1_000_000.0]
    videos = make_videos(clock=lambda: now[0], keep_days=7)
    job = wait_for(videos, send(videos, clip).id, ended)
    now[0] += 6.9 * 86400
    videos.sweep()
    assert videos.get(job.id) is not None
    now[0] += 0.2 * 86400
    until = time.monotonic() + WAIT
    while videos.all() and time.monotonic() < until:  # its worker may not have let go of it yet
        videos.sweep()
        time.sleep(0.005)
    assert videos.all() == []
    assert not videos.folder(job.id).path.exists()


def test_half_received_videos_of_an_earlier_process_are_gone(make_videos: MakeVideos, clip: Path) -> None:
    folder = make_videos().receive(10)
    folder.upload.write_bytes(b"half")
    assert make_videos().all() == []
    assert not folder.path.exists()


def test_names_lose_folders(make_videos: MakeVideos, clip: Path) -> None:
    videos = make_videos()
    assert send(videos, clip, "C:\\films\\../a\nb.mp4").name == "ab.mp4"
    assert send(videos, clip, "..//").name in ("..", "video")


CRASHING = """
import os, signal, sys
from pathlib import Path
from mien.live.videos import child
task, path = sys.argv[1], Path(sys.argv[2])
if Path(path, "upload" if path.is_dir() else "").read_bytes().endswith(WHEN):
    os.kill(os.getpid(), signal.SIGNAL)
child.main(task, path, float(sys.argv[3]), int(sys.argv[4]))
"""


def marked(clip: Path, folder: Path, mark: bytes) -> Path:
    """Return a copy of a video with ``mark`` behind it, which does not disturb MP4."""
    file = folder / "marked.mp4"
    file.write_bytes(clip.read_bytes() + mark)
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals that Windows lacks")
def test_a_video_that_crashes_the_decoder_is_named_and_the_next_goes_on(
    make_videos: MakeVideos, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = CRASHING.replace("WHEN", "b'bad'").replace("SIGNAL", "SIGSEGV")
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", program))
    videos = make_videos()
    first, second = send(videos, marked(clip, tmp_path, b"bad"), "bad.mp4"), send(videos, clip)
    failed = wait_for(videos, first.id, ended)
    assert (failed.state, failed.reason.split(":")[0]) == ("failed", "bad.mp4 made the decoder crash")
    assert wait_for(videos, second.id, ended).state == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals that Windows lacks")
def test_a_video_at_which_the_decoder_hangs_can_be_cancelled(
    make_videos: MakeVideos, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = CRASHING.replace("WHEN", "b'bad'").replace("SIGNAL", "SIGSTOP")
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", program))
    videos = make_videos()
    first, second = send(videos, marked(clip, tmp_path, b"bad")), send(videos, clip)
    wait_for(videos, first.id, lambda job: job.state == "running")
    videos.cancel(first.id)
    assert wait_for(videos, first.id, ended).state == "cancelled"
    assert wait_for(videos, second.id, ended).state == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals that Windows lacks")
def test_a_copy_that_crashes_fails_alone(make_videos: MakeVideos, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    videos = make_videos()
    job = wait_for(videos, send(videos, clip).id, ended)
    monkeypatch.setattr(isolated, "PROGRAM", ("-c", CRASHING.replace("WHEN", "b''").replace("SIGNAL", "SIGSEGV")))
    videos.annotate(job.id)
    failed = wait_for(videos, job.id, ended)
    assert (failed.state, failed.annotated) == ("done", "failed")
    assert failed.reason.startswith("a.mp4 made the decoder crash")
    assert not list(videos.folder(job.id).path.glob("annotated*"))
