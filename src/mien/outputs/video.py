"""Annotated videos: H.264 in MP4 that every browser plays, at the original times and with the original sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.reformatter import Colorspace

from mien.core.types import Image
from mien.outputs import files

COPIED: Final = frozenset({"aac", "mp3", "mp3float"})
"""Sound codecs that browsers play in MP4 and that are copied as they are; others are encoded anew as AAC."""

_AAC_RATES: Final = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
_BT709, _BT601, _TV_RANGE = 1, 6, 1


class VideoWriter:
    """Writes frames into an MP4 file; a context manager that finishes the file (see `files.finish`).

    Args:
        path: of the MP4 file.
        width: of the frames; odd sizes are widened by one pixel, since H.264 4:2:0 needs even ones.
        height: of the frames.
        fps: mean frame rate, which guides the encoder; times are those given to `write`.
        time_base: unit of the presentation times, in seconds.
        sound: a container, opened for this writer and closed by it, whose sound goes along.
        threads: of the encoder; 0 for as many as it sees fit.

    Raises:
        MienError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        time_base: Fraction = Fraction(1, 90_000),
        sound: InputContainer | None = None,
        threads: int = 0,
    ) -> None:
        self.path = path
        self.size = (width, height)
        self._unit = time_base
        self._last = -1
        self._failed = False
        rate = Fraction(fps or 25).limit_denominator(1001)
        with ExitStack() as closing, files.writing(path, FFmpegError):
            if sound is not None:
                closing.callback(sound.close)
            options = {"movflags": "+faststart"}
            self._container = av.open(str(files.part(path)), "w", format="mp4", options=options)
            closing.callback(self._container.close)
            self._stream = self._container.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            context = self._stream.codec_context
            context.time_base, context.thread_count = time_base, threads
            context.colorspace, context.color_range = (_BT709 if height >= 720 else _BT601), _TV_RANGE
            self._sound = None if sound is None or not sound.streams.audio else _Sound(sound, self._container)
            self._container.start_encoding()  # writes the header: a place that cannot be written shows at once
            self._closing = closing.pop_all()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with files.writing(self.path, FFmpegError), self._closing:
            if not self._failed:
                self._container.mux(self._stream.encode())
                if self._sound is not None:
                    self._sound.advance(None if error is None else self._last * float(self._unit))
        files.finish(self.path, error)

    def write(self, image: Image, timestamp: float) -> None:
        """Add a frame, BGR uint8 ``[H, W, 3]``, shown from ``timestamp`` (s) on; scaled when its size differs.

        Raises:
            MienError: the file cannot be written.
        """
        if (image.shape[1], image.shape[0]) != self.size:
            image = np.asarray(cv2.resize(image, self.size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        odd_h, odd_w = image.shape[0] % 2, image.shape[1] % 2
        if odd_h or odd_w:
            padded = cv2.copyMakeBorder(image, 0, odd_h, 0, odd_w, cv2.BORDER_REPLICATE)
            image = np.asarray(padded, dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "bgr24")
        space = Colorspace.ITU709 if self.size[1] >= 720 else Colorspace.ITU601
        frame = frame.reformat(format="yuv420p", dst_colorspace=space, dst_color_range=_TV_RANGE)
        self._last = max(self._last + 1, round(timestamp / self._unit))
        frame.pts, frame.time_base = self._last, self._unit
        self._failed = True  # until it went well: FFmpeg crashes when more is muxed after a failure
        with files.writing(self.path, FFmpegError):
            self._container.mux(self._stream.encode(frame))
            if self._sound is not None:
                self._sound.advance(timestamp)
        self._failed = False


class _Sound:
    """The sound of a video, brought along packet by packet, so that the writer never has to hold it all."""

    def __init__(self, source: InputContainer, target: OutputContainer) -> None:
        self._source, self._target = source, target
        self._input = source.streams.audio[0]
        self._copied = self._input.codec_context.name in COPIED
        self._output: Any
        if self._copied:
            self._output = target.add_stream_from_template(self._input)
        else:
            rate = self._input.rate if self._input.rate in _AAC_RATES else 48_000
            layout = "mono" if self._input.channels == 1 else "stereo"
            self._output = target.add_stream("aac", rate=rate, layout=layout)
        start = max(0, source.start_time or 0) / av.time_base
        self._shift = round(start / self._input.time_base) if self._input.time_base else 0
        self._packets = self._read()
        self._next = next(self._packets, None)

    def advance(self, until: float | None) -> None:
        """Bring along what is heard up to ``until`` seconds; None brings the rest."""
        while self._next is not None and (until is None or self._time(self._next) <= until):
            self._add(self._next)
            self._next = next(self._packets, None)
        if until is None and not self._copied:
            self._target.mux(self._output.encode(None))

    def _time(self, packet: Any) -> float:
        return float((packet.pts - self._shift) * packet.time_base)

    def _read(self) -> Iterator[Any]:
        packets = self._source.demux(self._input)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # a file that breaks off: the pictures end there too
                return
            if packet is None:
                return
            if packet.pts is not None and packet.dts is not None:
                yield packet

    def _add(self, packet: Any) -> None:
        if self._copied:
            packet.pts, packet.dts = packet.pts - self._shift, packet.dts - self._shift
            packet.stream = self._output
            self._target.mux(packet)
            return
        try:
            frames = packet.decode()
        except FFmpegError:  # a damaged packet is a moment of silence
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= self._shift
            self._target.mux(self._output.encode(frame))
