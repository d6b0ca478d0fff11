from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mien.core.errors import SourceError
from mien.core.types import Image
from mien.sources import video
from mien.sources.video import open_video, turn

MILLI = Fraction(1, 1000)


def corner(width: int = 64, height: int = 48) -> Image:
    """Return a grey picture whose upper left quarter is blue, and whose lower left quarter is red."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    return image


def make(
    path: Path,
    times: Sequence[int] = (0, 100, 200),
    image: Image | None = None,
    codec: str = "libx264",
    sound: bool = False,
    display: dict[str, Any] | None = None,
    aspect: Fraction | None = None,
    time_base: Fraction = MILLI,
) -> Path:
    """Write a video whose frames are shown at ``times`` (in time bases); frame i is a little brighter than i - 1."""
    base = corner() if image is None else image
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width = base.shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = 1
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if display is not None:
            stream.set_display_rotation(**display)
        speaker = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for time in times:
            frame = av.VideoFrame.from_ndarray(base, "bgr24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if speaker is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            container.mux(speaker.encode(silence))
            container.mux(speaker.encode())
    return path


def damage(path: Path, numbers: Sequence[int]) -> Path:
    """Overwrite these frames of a video with zeros."""
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        pos, size = places[number]
        assert pos is not None
        data[pos : pos + size] = bytes(size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "ünï code %20#?.mp4"])
def test_variable_presentation_times(tmp_path: Path, name: str) -> None:
    times = (0, 40, 250, 260, 1000)
    with open_video(make(tmp_path / name, times)) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.timestamp for frame in frames] == pytest.approx([t / 1000 for t in times], abs=1e-6)
    assert {frame.source for frame in frames} == {str(tmp_path / name)}
    assert all(np.abs(frame.image.astype(int) - corner()).mean() < 6 for frame in frames)
    assert source.warnings == ()


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx"), ("a.avi", "mjpeg"), ("a.mpg", "mpeg2video")])
def test_containers(tmp_path: Path, name: str, codec: str) -> None:
    times, base = tuple(range(10)), Fraction(1, 25)
    with open_video(make(tmp_path / name, times, codec=codec, time_base=base)) as source:
        assert [frame.timestamp for frame in source] == pytest.approx([t / 25 for t in times], abs=1e-3)


def test_times_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", (1400, 1500, 1650))
    with av.open(str(path)) as container:
        assert container.start_time is not None
        assert container.start_time > 0.5 * av.time_base
    with open_video(path) as source:
        assert [frame.timestamp for frame in source] == pytest.approx([0, 0.1, 0.25], abs=1e-3)


def test_info(tmp_path: Path) -> None:
    with open_video(make(tmp_path / "a.mp4", tuple(range(0, 1000, 100)), sound=True)) as source:
        assert (source.info.width, source.info.height) == (64, 48)
        assert source.info.frames == 10
        assert source.info.has_audio
        assert source.info.fps == pytest.approx(10, rel=0.15)
        assert source.info.duration == pytest.approx(1.0, abs=0.11)
    with open_video(make(tmp_path / "b.mkv", tuple(range(0, 1000, 100)))) as source:
        assert source.info.frames == pytest.approx(10, abs=1)
        assert not source.info.has_audio


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_and_mirroring(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    with open_video(make(tmp_path / "a.mp4", display={"degrees": degrees, "hflip": mirrored})) as source:
        image = next(iter(source)).image
        assert image.shape[:2] == (source.info.height, source.info.width)
    expected = np.rot90(corner(), degrees // 90)
    expected = expected[:, ::-1] if mirrored else expected
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 6


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([1, 0, 0, 0, 1], [[1, 2], [3, 4], [5, 6]]),
        ([0, 1, 0, -1, 0], [[5, 3, 1], [6, 4, 2]]),
        ([-1, 0, 0, 0, -1], [[6, 5], [4, 3], [2, 1]]),
        ([0, -1, 0, 1, 0], [[2, 4, 6], [1, 3, 5]]),
        ([-1, 0, 0, 0, 1], [[2, 1], [4, 3], [6, 5]]),
        ([1, 0, 0, 0, -1], [[5, 6], [3, 4], [1, 2]]),
        ([0, 1, 0, 1, 0], [[1, 3, 5], [2, 4, 6]]),
        ([0, -1, 0, -1, 0], [[6, 4, 2], [5, 3, 1]]),
    ],
)
def test_turn(matrix: list[int], expected: list[list[int]]) -> None:
    image = np.repeat(np.array([[1, 2], [3, 4], [5, 6]], np.uint8)[..., None], 3, axis=2)
    assert turn(image, [v << 16 for v in matrix])[..., 0].tolist() == expected


def test_pixels_are_made_square(tmp_path: Path) -> None:
    with open_video(make(tmp_path / "a.mp4", aspect=Fraction(2, 1))) as source:
        assert (source.info.width, source.info.height) == (128, 48)
        assert next(iter(source)).image.shape == (48, 128, 3)


def test_damaged_frames_are_skipped_and_counted(tmp_path: Path) -> None:
    path = damage(make(tmp_path / "a.mp4", tuple(range(0, 1000, 100))), (3, 4, 7))
    with open_video(path) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 5, 6, 8, 9]
    assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.5, 0.6, 0.8, 0.9])
    assert (source.decoded, source.skipped) == (7, 3)
    assert source.warnings == ("3 damaged frames skipped",)


def test_no_frame_can_be_decoded(tmp_path: Path) -> None:
    path = damage(make(tmp_path / "a.mp4"), (0, 1, 2))
    with pytest.raises(SourceError, match=r"a\.mp4 holds no frame that can be decoded"):
        open_video(path)


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    path = make(tmp_path / "a.mkv", tuple(range(0, 4000, 100)), noise)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_video(path) as source:
        count = len(list(source))
    assert 10 <= count <= 25
    assert any("breaks off: the last" in warning for warning in source.warnings)


@pytest.mark.parametrize("keep", [0, 20, 500])
def test_unfinished_file(tmp_path: Path, keep: int) -> None:
    path = make(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SourceError, match=r"a\.mp4 is not a readable video"):
        open_video(path)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{video}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_playlists_and_other_text_are_not_followed(tmp_path: Path, text: str) -> None:
    target = make(tmp_path / "target.mp4")
    path = tmp_path / "list.mp4"
    path.write_text(text.format(video=target))
    with pytest.raises(SourceError, match=r"list\.mp4 is not a readable video"):
        open_video(path)


@pytest.mark.parametrize("name", ["missing.mp4", "http://127.0.0.1:9/a.mp4", "concat:a.mp4|b.mp4", "pipe:0", "."])
def test_only_existing_files_are_opened(name: str) -> None:
    with pytest.raises(SourceError, match="is not a file"):
        open_video(Path(name))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.float32), "fltp", "mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match="has no moving pictures"):
        open_video(path)


def test_frames_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a.mp4")
    monkeypatch.setattr(video, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(SourceError, match="frames of 64×48 pixels"):
        open_video(path)


def test_a_source_is_read_once(tmp_path: Path) -> None:
    with open_video(make(tmp_path / "a.mp4")) as source:
        assert len(list(source)) == 3
        with pytest.raises(SourceError, match="read already"):
            next(iter(source))


def test_closing_early(tmp_path: Path) -> None:
    with open_video(make(tmp_path / "a.mp4")) as source:
        next(iter(source))
    source.close()
    assert source.warnings == ()


@pytest.mark.parametrize(("height", "matrix"), [(720, 1), (480, 5)])
@pytest.mark.parametrize("tagged", [False, True])
def test_colours(tmp_path: Path, height: int, matrix: int, tagged: bool) -> None:
    colour = (40, 60, 200)  # BGR; BT.601 and BT.709 differ by about ten steps here
    image = np.full((height, 64, 3), colour, np.uint8)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, height, "yuv420p"
        if tagged:
            stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(image, "bgr24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709" if matrix == 1 else "ITU601")
        if not tagged:
            frame.colorspace = 2
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with open_video(path) as source:
        seen = next(iter(source)).image.reshape(-1, 3).mean(0)
    assert np.abs(seen - colour).max() <= 5


def test_times_of_a_spliced_file_go_on() -> None:
    clock = video._Clock(0.1)
    given = [-0.02, 0.1, 0.1, None, 50.0, 0.0, 0.1, 0.2]
    times = [clock.next(seconds) for seconds in given]
    assert times == pytest.approx([0, 0.1, 0.101, 0.201, 50.0, 50.1, 50.2, 50.3])
