from __future__ import annotations

import inspect
import io
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

import mien
from mien.core import codec
from mien.core.settings import AnalyzerOptions, AnalyzerSettings
from mien.core.types import Frame
from mien.live.newest import newest

HAPPY = mien.EMOTIONS.index("happiness")


def jpeg(portrait: NDArray[np.uint8]) -> bytes:
    return codec.encode_jpeg(portrait, 95)


def turned(portrait: NDArray[np.uint8]) -> Pillow.Image:
    """The portrait lying on its side, with the EXIF orientation that says so."""
    file = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(np.rot90(portrait)[:, :, ::-1].copy()).save(file, "PNG", exif=exif)
    return Pillow.open(file)


PICTURES = {
    "array": lambda p: p,
    "mirrored view": lambda p: p[:, ::-1],
    "with alpha": lambda p: np.dstack([p, np.full(p.shape[:2], 255, np.uint8)]),
    "grey": lambda p: p.mean(2).astype(np.uint8),
    "grey with an axis": lambda p: p.mean(2).astype(np.uint8)[:, :, None],
    "frame": lambda p: Frame(p),
    "bytes": jpeg,
    "memoryview": lambda p: memoryview(jpeg(p)),
    "open file": lambda p: io.BytesIO(jpeg(p)),
    "pillow": lambda p: Pillow.fromarray(p[:, :, ::-1].copy()),
    "pillow grey": lambda p: Pillow.fromarray(p[:, :, ::-1].copy()).convert("L"),
    "pillow palette": lambda p: Pillow.fromarray(p[:, :, ::-1].copy()).convert("P"),
    "pillow 16 bits": lambda p: Pillow.fromarray(p.mean(2).astype(np.uint16) * 257),
    "pillow on its side": turned,
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_is_taken(kind: str, portrait: NDArray[np.uint8]) -> None:
    result = mien.analyze(PICTURES[kind](portrait))
    assert (result.width, result.height) == (512, 512)
    assert result.faces.label is not None
    assert result.faces.label.tolist() == [HAPPY]


def test_colours_of_pillow_are_turned_round() -> None:
    red = Pillow.new("RGBA", (4, 3), (255, 0, 0, 255))
    from mien.sources.pictures import take

    assert take(red).image[0, 0].tolist() == [0, 0, 255]
    assert take(Pillow.new("RGBA", (4, 3), (0, 0, 0, 0))).image[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (None, "cv2.imread gives that"),
        ([1, 2], "a list is no picture"),
        (np.zeros((4, 4, 3), np.float32), "astype"),
        (np.zeros((4, 4, 3), np.int64), "astype"),
        (np.zeros((3, 8, 9), np.uint8), "moveaxis"),
        (np.zeros((2, 4, 4, 3), np.uint8), "one picture at a time"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
        (b"", "empty"),
        (b"text", "no picture that Mien knows"),
        (Pillow.new("F", (4, 4)), "mode F"),
    ],
)
def test_what_is_no_picture_is_refused(picture: Any, says: str) -> None:
    with pytest.raises(mien.PictureError, match=says):
        mien.analyze(picture)


def write_video(path: Path, portrait: NDArray[np.uint8], frames: int = 3) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (512, 512))
    for _ in range(frames):
        writer.write(portrait)
    writer.release()
    return path


def test_a_picture_for_a_video_and_the_other_way_round(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    clip = write_video(tmp_path / "clip.avi", portrait)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(portrait))
    with pytest.raises(mien.PictureError, match=r"clip\.avi is a video: use mien\.stream"):
        mien.analyze(clip)
    with pytest.raises(mien.SourceError, match=r"photo\.jpg is a picture: use mien\.analyze"):
        mien.stream(photo)
    assert [result.index for result in mien.stream(clip)] == [0, 1, 2]


@pytest.mark.parametrize("call", [mien.analyze, mien.stream])
def test_addresses_are_not_opened(call: Any) -> None:
    with pytest.raises(mien.SourceError, match="give") as caught:
        call("https://me:secret@example.org/a.jpg")
    assert "secret" not in str(caught.value)


def test_what_is_wrong_with_a_source_shows_at_once(tmp_path: Path) -> None:
    with pytest.raises(mien.SourceError, match="is not a file"):
        mien.stream(tmp_path / "missing.mp4")
    with pytest.raises(mien.SourceError, match="camera"):
        mien.stream(99)
    with pytest.raises(mien.SourceError, match="the first one is 0"):
        mien.stream(-1)
    with pytest.raises(mien.SourceError, match="a float cannot be streamed"):
        mien.stream(0.5)  # type: ignore[arg-type]
    with pytest.raises(mien.SourceError, match="bytes"):
        mien.stream(b"abc")  # type: ignore[arg-type]
    with pytest.raises(mien.SettingsError, match="fps"):
        mien.stream([], fps=0)


def test_frames_of_ones_own(portrait: NDArray[np.uint8]) -> None:
    own = (Frame(portrait, index, index / 10, "mine") for index in range(2))
    assert [(r.index, r.timestamp, r.source) for r in mien.stream(own)] == [(0, 0.0, "mine"), (1, 0.1, "mine")]
    arrays = np.stack([portrait, portrait, portrait])
    results = list(mien.stream(arrays, fps=4))
    assert [(r.index, r.timestamp) for r in results] == [(0, 0.0), (1, 0.25), (2, 0.5)]
    assert all(r.faces.tracks is not None and r.faces.tracks.tolist() == [1] for r in results)
    with pytest.raises(mien.SettingsError, match="fps=30"):
        next(mien.stream([portrait]))


class Camera:
    """Gives a frame whenever it is told to; ends or fails at the last."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.go = threading.Semaphore(0)
        self.given = threading.Semaphore(0)
        self.stopped = False
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        for index in range(5):
            self.go.acquire()
            if self.stopped:
                return
            yield Frame(np.zeros((2, 2, 3), np.uint8), index)
            self.given.release()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        self.stopped = True
        self.go.release()

    def close(self) -> None:
        self.closed = True


def test_the_newest_frame_of_a_camera_is_taken() -> None:
    camera = Camera()
    frames = newest(camera)
    camera.go.release()
    assert next(frames).index == 0
    camera.go.release(4)
    for _ in range(5):
        camera.given.acquire()  # the reader has put down all five
    assert [frame.index for frame in frames] == [4]
    assert camera.closed


def test_who_stops_looking_stops_the_camera() -> None:
    camera = Camera()
    frames = newest(camera)
    camera.go.release()
    assert next(frames).index == 0
    frames.close()
    assert camera.stopped
    assert camera.closed


def test_a_camera_that_fails_is_told() -> None:
    camera = Camera(mien.SourceError("device 0 gives no more pictures"))
    camera.go.release(5)
    with pytest.raises(mien.SourceError, match="no more pictures"):
        list(newest(camera))
    assert camera.closed


def test_options_for_editors_are_the_settings() -> None:
    assert set(AnalyzerOptions.__annotations__) == {field.name for field in fields(AnalyzerSettings)}
    assert "options" in inspect.signature(mien.analyze).parameters


def test_what_is_loaded_later_is_offered() -> None:
    assert {"analyze", "stream", "Analyzer"} <= set(dir(mien))


def test_faces_tell_themselves_in_a_line(portrait: NDArray[np.uint8]) -> None:
    assert repr(mien.Faces.empty()) == "Faces(0; boxes, scores, points)"
    assert repr(mien.analyze(portrait).faces).startswith("Faces(1, happiness; ")
