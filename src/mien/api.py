"""The library in three names: `analyze` a picture, `stream` a video or camera, `Analyzer` for what lies between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any, Unpack, cast

from numpy.typing import NDArray

from mien.core.errors import PictureError, SettingsError, SourceError
from mien.core.settings import AnalyzerOptions, AnalyzerSettings
from mien.core.types import Frame, FrameResult
from mien.live.newest import newest
from mien.pipeline import Analyzer
from mien.sources import camera, inputs, pictures, video
from mien.sources.pictures import Picture


@lru_cache(maxsize=4)
def _analyzer(settings: AnalyzerSettings) -> Analyzer:
    return Analyzer(settings)


def _ready(options: AnalyzerOptions) -> Analyzer:
    return _analyzer(AnalyzerSettings(**cast("dict[str, Any]", options)))


def analyze(picture: Picture, **options: Unpack[AnalyzerOptions]) -> FrameResult:
    """Analyse one picture.

    Args:
        picture: a path; the bytes of a JPEG, PNG or WebP file, or an open file with them; an array ``uint8`` with
            colours as OpenCV has them, BGR ``[H, W, 3]``, BGRA ``[H, W, 4]`` or grey ``[H, W]``; a picture of Pillow's;
            or a `Frame`.
        options: fields of `AnalyzerSettings`; the models stay loaded for the next call with the same ones.

    Returns:
        The faces with their emotions, largest face first.

    Raises:
        PictureError: not a picture but, say, a video; truncated, too large; an array of another kind.
        SettingsError: an option with a value that makes no sense.
        SourceError: no such file, or an address.
    """
    if isinstance(picture, str | Path):
        _expect("picture", picture)
    return _ready(options).analyze(pictures.take(picture))


def stream(
    source: str | Path | int | Iterable[Frame | NDArray[Any]],
    fps: float | None = None,
    **options: Unpack[AnalyzerOptions],
) -> Iterator[FrameResult]:
    """Analyse a video, a camera or frames of your own, with identities and smoothing.

    Of a camera the newest frame is taken each time: those that come while one is being worked on are left out.

    Args:
        source: the path of a video file; the number of a camera (0 is the first) or its ``rtsp://…`` address; or
            frames in their order, as `Frame` with its time, or as arrays such as `analyze` takes.
        fps: how many arrays come per second; `Frame` and files know their times.
        options: fields of `AnalyzerSettings`.

    Returns:
        A result for every frame, as they come, also where there is no face; ``timestamp`` is the presentation time.

    Raises:
        PictureError: an array of another kind than `analyze` takes.
        SettingsError: an option with a value that makes no sense; arrays without ``fps``.
        SourceError: no such file, not a video, a camera that cannot be opened or gives no more pictures.
    """
    analyzer = _ready(options)
    if fps is not None and not fps > 0:
        raise SettingsError(f"fps must be above 0, got {fps}")
    if isinstance(source, bytes | bytearray | memoryview):
        raise SourceError("a video is read from a file: write these bytes to one and give its path")
    if not isinstance(source, str | Path | int | Iterable):
        what = type(source).__name__
        raise SourceError(f"a {what} cannot be streamed: give a video's path, a camera's number, or frames")
    if not isinstance(source, str | Path | int):
        return map(analyzer.stream().analyze, _timed(source, fps))
    address = _camera(source)
    if address is not None:
        return _watched(analyzer, camera.open_camera(address))
    _expect("video", cast("str | Path", source))
    opened = video.open_video(Path(cast("str | Path", source)))  # here, so that what is wrong with it shows at once
    return _played(analyzer, opened)


def _played(analyzer: Analyzer, opened: video.VideoSource) -> Iterator[FrameResult]:
    with opened as frames:
        yield from map(analyzer.stream().analyze, frames)


def _watched(analyzer: Analyzer, opened: camera.CameraSource) -> Iterator[FrameResult]:
    with closing(newest(opened)) as frames:
        yield from map(analyzer.stream().analyze, frames)


def _timed(source: Iterable[Frame | NDArray[Any]], fps: float | None) -> Iterator[Frame]:
    """Yield frames; arrays are numbered and timed by ``fps``."""
    for index, item in enumerate(source):
        if isinstance(item, Frame):
            yield item
        elif fps is None:
            raise SettingsError("arrays have no times: say how many come per second, fps=30, or give mien.Frame")
        else:
            yield pictures.take(item, index, index / fps)


def _camera(source: str | Path | int) -> camera.CameraAddress | None:
    """Return the camera that ``source`` names; None for a file."""
    if isinstance(source, Path) or (isinstance(source, str) and Path(source).is_file()):
        return None
    address = camera.parse_address(str(source))
    if isinstance(source, int) and address.kind != "device":
        raise SourceError(f"there is no camera {source}: the first one is 0")
    return None if address.kind == "file" else address


def _expect(kind: inputs.Kind, path: str | Path) -> None:
    """Refuse addresses, and a picture where a video is expected and the other way round.

    Raises:
        SourceError: says what to do instead.
    """
    scheme, found, _ = str(path).partition("://")
    if found:  # the rest is not shown: it may hold a password
        raise SourceError(f"{scheme}://… is an address, and Mien opens none: fetch it, and give the file or its bytes")
    if Path(path).is_file() and inputs.sniff(Path(path)) not in (kind, None):
        other, call = ("video", "mien.stream") if kind == "picture" else ("picture", "mien.analyze")
        error = PictureError if kind == "picture" else SourceError
        raise error(f"{path} is a {other}: use {call}")
