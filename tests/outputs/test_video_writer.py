from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mien.core.errors import MienError
from mien.core.types import Image
from mien.outputs.files import part
from mien.outputs.video import VideoWriter

RATE = 16_000


def picture(width: int = 64, height: int = 48, level: int = 0) -> Image:
    image = np.full((height, width, 3), (40, 60, 200), np.uint8)
    image[: height // 2, : width // 2] = level
    return image


def tone(
    path: Path, codec: str, layout: str = "stereo", seconds: float = 1.0, start: float = 0.0, rate: int = RATE
) -> Path:
    """Write a file that holds one second of a tone and nothing else."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        time = np.arange(int(seconds * rate)) / rate
        wave = np.tile((0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), (1 if layout == "mono" else 2, 1))
        frame = av.AudioFrame.from_ndarray(wave, "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write(path: Path, times: list[float], sound: Path | None = None, size: tuple[int, int] = (64, 48)) -> Path:
    source = None if sound is None else av.open(str(sound))
    with VideoWriter(path, *size, 10, Fraction(1, 1000), source) as writer:
        for time in times:
            writer.write(picture(*size), time)
    return path


def video_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def heard(path: Path) -> tuple[float, float, float]:
    """Return when sound starts and ends, and how loud it is."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    level = float(np.sqrt(np.mean(np.concatenate([frame.to_ndarray().ravel() for frame in frames]) ** 2)))
    first, last = frames[0].time, frames[-1].time
    assert first is not None
    assert last is not None
    return first, last + frames[-1].samples / frames[-1].sample_rate, level


def test_presentation_times_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.25, 0.26, 1.0]
    path = write(tmp_path / "a.mp4", times)
    assert video_times(path) == pytest.approx(times, abs=1e-6)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frame = next(container.decode(stream))
    seen = frame.to_ndarray(format="bgr24")[30:, 40:].reshape(-1, 3).mean(0)
    assert np.abs(seen - (40, 60, 200)).max() <= 6


def test_times_that_stand_still_are_moved_on(tmp_path: Path) -> None:
    assert video_times(write(tmp_path / "a.mp4", [0.0, 0.5, 0.5, 0.4])) == pytest.approx([0, 0.5, 0.501, 0.502])


@pytest.mark.parametrize(("size", "even"), [((63, 47), (64, 48)), ((64, 47), (64, 48)), ((1, 1), (2, 2))])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int], even: tuple[int, int]) -> None:
    with av.open(str(write(tmp_path / "a.mp4", [0.0, 0.1], size=size))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == even


def test_frames_of_another_size_are_scaled(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 48, 10) as writer:
        writer.write(picture(), 0.0)
        writer.write(picture(128, 96), 0.1)
    assert len(video_times(tmp_path / "a.mp4")) == 2


def test_the_index_comes_first_for_the_web(tmp_path: Path) -> None:
    data = write(tmp_path / "a.mp4", [0.0]).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(
    ("name", "codec", "kept"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.mp4", "libmp3lame", "mp3float"),
        ("a.mkv", "pcm_s16le", "aac"),
        ("a.mkv", "flac", "aac"),
    ],
)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_sound_goes_along(tmp_path: Path, name: str, codec: str, kept: str, layout: str) -> None:
    source = tone(tmp_path / name, codec, layout)
    path = write(tmp_path / "out.mp4", [0.0, 0.5, 0.9], source)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == kept
        assert container.streams.audio[0].rate == RATE
    first, last, level = heard(path)
    assert first == pytest.approx(0, abs=0.08)
    assert last == pytest.approx(1, abs=0.15)
    assert level == pytest.approx(0.3 / np.sqrt(2), rel=0.15)
    assert video_times(path) == pytest.approx([0.0, 0.5, 0.9])


def test_copied_sound_is_the_same_bytes(tmp_path: Path) -> None:
    source = tone(tmp_path / "a.mp4", "aac")
    path = write(tmp_path / "out.mp4", [0.0, 0.5], source)

    def packets(file: Path) -> list[tuple[int | None, bytes]]:
        with av.open(str(file)) as container:
            return [(packet.pts, bytes(packet)) for packet in container.demux(audio=0) if packet.size]

    assert packets(path) == packets(source)


def test_a_rate_that_aac_does_not_have_is_resampled(tmp_path: Path) -> None:
    path = write(tmp_path / "out.mp4", [0.0, 0.5], tone(tmp_path / "a.mkv", "pcm_s16le", rate=37_000))
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == 48_000
    assert heard(path)[1] == pytest.approx(1, abs=0.15)


def test_a_source_without_sound(tmp_path: Path) -> None:
    silent = write(tmp_path / "a.mp4", [0.0, 0.1])
    with av.open(str(write(tmp_path / "b.mp4", [0.0, 0.1], silent))) as container:
        assert not container.streams.audio


def test_an_interrupt_keeps_what_is_done(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    sound = av.open(str(tone(tmp_path / "tone.mp4", "aac", seconds=3)))

    def interrupted() -> None:
        with VideoWriter(path, 64, 48, 10, sound=sound) as writer:
            for k in range(5):
                writer.write(picture(), k / 10)
            assert not path.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(video_times(path)) == 5
    assert heard(path)[1] < 1


def test_a_failure_leaves_no_finished_name(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    def failing() -> None:
        with VideoWriter(path, 64, 48, 10) as writer:
            writer.write(picture(), 0.0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert not path.exists()
    assert part(path).exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MienError, match="cannot be written"):
        VideoWriter(tmp_path / "missing" / "a.mp4", 64, 48, 10)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always-full device")
@pytest.mark.parametrize("count", [1, 30])
def test_a_full_disk(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.mp4"
    part(path).symlink_to("/dev/full")
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)

    def fill(count: int) -> None:
        with VideoWriter(path, 640, 480, 10) as writer:
            for k in range(count):
                writer.write(noise, k / 10)

    with pytest.raises(MienError, match="No space left"):
        fill(count)
    assert not path.exists()
