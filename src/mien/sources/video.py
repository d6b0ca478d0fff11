"""Frames of a video file, with their true presentation times.

Only existing local files are opened, by containers on an allow-list and without any network protocol: a playlist
that points elsewhere is not followed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from mien.core.errors import SourceError
from mien.core.types import Frame, Image

CONTAINERS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "gif", "flv", "asf")
"""Names of the FFmpeg demuxers that may be used; ``mov`` is MP4 too, ``matroska`` is WebM too."""

MAX_PIXELS: Final = 2**26
"""Largest frame that is decoded."""

_UNSPECIFIED: Final = 2


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a container says about its picture stream.

    Attributes:
        width: of the frames as shown, in pixels: after rotation, pixels square.
        height: of the frames as shown.
        fps: mean frames per second; 0 when unknown.
        frames: how many frames to expect; None when the container does not say. An estimate for some containers.
        duration: seconds; None when unknown.
        has_audio: whether there is sound.
        time_base: the unit of the presentation times, in seconds.
    """

    width: int
    height: int
    fps: float
    frames: int | None
    duration: float | None
    has_audio: bool
    time_base: Fraction


class VideoSource:
    """Reads a video file's frames in order of presentation; a context manager, to be iterated once.

    A frame that cannot be decoded is skipped but keeps its number, so that numbers stay those of the file.

    Args:
        path: of the file.
        threads: of the decoder; 0 for as many as it sees fit.

    Attributes:
        path: of the file.
        info: what the container says.
        skipped: frames that could not be decoded so far.
        decoded: frames handed out so far.

    Raises:
        SourceError: the file is missing, of an unknown kind, has no pictures, or its frames are too large; while
            iterating, when not a single frame can be decoded.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self.skipped = 0
        self.decoded = 0
        self._ended = False
        self._container = open_container(path)
        try:
            self._stream = _picture_stream(self._container, path)
            self._stream.codec_context.thread_count = threads
            self._aspect = pixel_aspect(self._stream)
            self._start = max(0, self._container.start_time or 0) / av.time_base
            self._first: tuple[VideoFrame, int] | None = None
            self._packets = self._decode()
            # The first frame is decoded here: rotation is known only then, and a broken file fails on opening.
            self._first = next(self._packets, None)
            if self._first is None:
                raise SourceError(f"{path} holds no frame that can be decoded: the file is damaged or unfinished")
            self.info = self._describe(self._first[0])
            self._step = 1 / self.info.fps if self.info.fps else 1 / 25
            self._clock = _Clock(self._step)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        self._packets.close()
        self._container.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong so far, in plain words."""
        found = []
        if self.skipped:
            found.append(f"{self.skipped} damaged frames skipped")
        if self._ended and self.info.duration is not None and self._clock.last is not None:
            missing = self.info.duration - self._clock.last - self._step
            if missing > 1.0:
                found.append(f"the file breaks off: the last {missing:.1f} s of {self.info.duration:.1f} s are missing")
        return tuple(found)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame with its number and its presentation time in seconds from the start of the file."""
        reformatter = VideoReformatter()
        if self._first is None:
            raise SourceError(f"{self.path} was read already: open it again")
        decoded: tuple[VideoFrame, int] | None = self._first
        self._first = None
        while decoded is not None:
            frame, index = decoded
            self.decoded += 1
            seconds = None if frame.time is None else frame.time - self._start
            yield Frame(pixels(frame, reformatter, self._aspect), index, self._clock.next(seconds), str(self.path))
            decoded = next(self._packets, None)

    def _decode(self) -> Generator[tuple[VideoFrame, int]]:
        """Yield decoded frames with their numbers, over damaged places."""
        index = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                packet = None  # cut short: `warnings` says how much is missing
            if packet is None:
                self._ended = True
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                self.skipped += 1
                index += 1
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self.skipped += 1
                else:
                    yield frame, index
                index += 1

    def _describe(self, first: VideoFrame) -> VideoInfo:
        stream, container = self._stream, self._container
        height, width = pixels(first, VideoReformatter(), self._aspect).shape[:2]
        rate = stream.average_rate or stream.guessed_rate
        fps = float(rate) if rate else 0.0
        duration = None if container.duration is None else container.duration / av.time_base
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        frames = stream.frames or (round(duration * fps) if duration and fps else 0)
        return VideoInfo(
            width,
            height,
            fps,
            frames or None,
            duration,
            bool(container.streams.audio),
            stream.time_base or Fraction(1, 90_000),
        )


def open_video(path: Path, threads: int = 0) -> VideoSource:
    """Open a video file; see `VideoSource`."""
    return VideoSource(Path(path), threads)


def open_container(path: Path) -> InputContainer:
    """Open a local file with FFmpeg's demuxers, those of `CONTAINERS` alone.

    Raises:
        SourceError: the file is missing, not a file, or not one of these containers.
    """
    if not path.is_file():
        raise SourceError(f"{path} is not a file: give the path of an existing video")
    options = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", mode="r", options=options, metadata_errors="replace")
    except FFmpegError as error:
        raise SourceError(
            f"{path} is not a readable video ({error.strerror}): use a whole MP4, MOV, MKV, WebM, AVI, MPEG or GIF file"
        ) from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): check the path and your rights") from error


def _picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the main picture stream, ready to decode; a cover picture of a sound file is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise SourceError(f"{path} has no moving pictures: give a video file")
    stream = max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))
    if stream.codec_context is None:
        raise SourceError(f"{path} uses a codec that this build of FFmpeg does not know: convert it to H.264")
    if stream.width * stream.height > MAX_PIXELS:
        raise SourceError(f"{path} has frames of {stream.width}×{stream.height} pixels: scale it down")
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def pixel_aspect(stream: VideoStream) -> float:
    """Return the width of a stored pixel over its height; 1 when not stated or senseless."""
    stated = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return float(stated) if stated is not None and 0.25 <= stated <= 4 else 1.0


def pixels(frame: VideoFrame, reformatter: VideoReformatter, aspect: float) -> Image:
    """Return a decoded frame as shown: BGR, square pixels, turned as the display matrix says.

    ``aspect`` is the width of a stored pixel over its height.
    """
    # Untagged video of HD size follows BT.709, smaller video BT.601 (the rule of players).
    hd = frame.colorspace == _UNSPECIFIED and frame.height >= 720
    bgr = reformatter.reformat(
        frame,
        width=round(frame.width * aspect),
        format="bgr24",
        src_colorspace=Colorspace.ITU709 if hd else None,
        threads=1,
    )
    image = np.asarray(bgr.to_ndarray(), dtype=np.uint8)
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return image if matrix is None else turn(image, np.frombuffer(bytes(matrix), np.int32))


def turn(image: Image, matrix: Any) -> Image:
    """Turn and mirror ``image`` as a display matrix (ISO/IEC 14496-12 §8.3.2, nine integers) says.

    Only the eight ways that keep pixels on the grid exist here: a matrix in between is rounded to the nearest.
    """
    a, b, _, c, d = (int(v) for v in matrix[:5])
    swapped = abs(b) > abs(a)
    if swapped:
        image = image.transpose(1, 0, 2)
    if (c if swapped else a) < 0:
        image = image[:, ::-1]
    if (b if swapped else d) < 0:
        image = image[::-1]
    return np.ascontiguousarray(image)


class _Clock:
    """Presentation times from 0 that always advance: gaps in a damaged or spliced file's own times are bridged."""

    def __init__(self, step: float) -> None:
        self._step, self._shift = step, 0.0
        self.last: float | None = None

    def next(self, seconds: float | None) -> float:
        """Return the time of the next frame; None stands for a frame without one."""
        if self.last is None:
            self.last = max(0.0, seconds or 0.0)
            return self.last
        time = self.last + self._step if seconds is None else seconds + self._shift
        if time < self.last - 1.0:  # the file's clock was set back, as where two recordings were joined
            self._shift += self.last + self._step - time
            time = self.last + self._step
        elif time <= self.last:
            time = self.last + 1e-3
        self.last = time
        return time
