"""The library in three names: `analyze` a picture, `stream` a video, `Analyzer` for everything in between."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from mien.core.settings import AnalyzerSettings
from mien.core.types import Frame, FrameResult, Image
from mien.pipeline import Analyzer
from mien.sources import pictures, video


@lru_cache(maxsize=4)
def _analyzer(settings: AnalyzerSettings) -> Analyzer:
    return Analyzer(settings)


def analyze(picture: str | Path | Image | Frame, **options: Any) -> FrameResult:
    """Analyse one picture.

    Args:
        picture: a path, or BGR ``uint8 [H, W, 3]``, or a `Frame`.
        options: fields of `AnalyzerSettings`; the models stay loaded for the next call with the same ones.

    Returns:
        The faces with their emotions, largest face first.

    Raises:
        PictureError: not a picture, truncated, too large.
        SourceError: no such file.
    """
    frame = pictures.read(Path(picture)) if isinstance(picture, str | Path) else picture
    return _analyzer(AnalyzerSettings(**options)).analyze(frame)


def stream(path: str | Path, **options: Any) -> Iterator[FrameResult]:
    """Analyse a video frame by frame, with identities and smoothing.

    Args:
        path: of a video file.
        options: fields of `AnalyzerSettings`.

    Yields:
        A result for every frame, also where there is no face; ``timestamp`` is the presentation time.

    Raises:
        SourceError: no such file, or not a video.
    """
    analyzer = _analyzer(AnalyzerSettings(**options)).stream()
    with video.open_video(Path(path)) as frames:
        for frame in frames:
            yield analyzer.analyze(frame)
