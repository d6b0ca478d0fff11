"""Network cameras: RTSP (RFC 2326), the pictures inside the same TCP connection, by FFmpeg.

No other protocol can be reached, whatever the camera answers. FFmpeg's own messages hold the whole address with its
password, so none of them is passed on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import av
from av.container import InputContainer
from av.error import (
    ConnectionRefusedError,
    ExitError,
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    TimeoutError,
)
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mien.core.errors import SourceError
from mien.core.types import Frame
from mien.sources.video import pixel_aspect, pixels

MAX_PIXELS: Final = 2**24
"""Largest frame that is decoded; twice a 4K picture."""

_REASONS: Final[tuple[tuple[type[FFmpegError], str, str], ...]] = (
    (HTTPUnauthorizedError, "refuses the user name or password: check them in the address", "camera_refused"),
    (HTTPForbiddenError, "refuses the user: check its rights in the camera's settings", "camera_refused"),
    (HTTPNotFoundError, "has nothing at this path: check the address in the camera's manual", "camera_missing"),
    (
        ConnectionRefusedError,
        "refuses the connection: check host and port, and that it is switched on",
        "camera_unreachable",
    ),
    (ExitError, "does not answer in time: check host, port and network", "camera_silent"),
    (TimeoutError, "does not answer in time: check host, port and network", "camera_silent"),
)


class RtspCamera:
    """A network camera's video; see `mien.sources.camera.CameraSource`.

    Args:
        url: ``rtsp://user:password@host:554/path``.
        shown: the address as errors may show it.
        timeout: seconds that opening, and then each frame, may take.

    Raises:
        SourceError: it cannot be reached, refuses, or sends no video.
    """

    def __init__(self, url: str, shown: str, timeout: float = 5.0) -> None:
        self.shown = shown
        self._stopped = threading.Event()
        options = {
            "rtsp_transport": "tcp",
            "allowed_media_types": "video",
            "protocol_whitelist": "rtsp,tcp",
            "timeout": str(round(timeout * 1e6)),  # of every wait on the socket, in µs
            "analyzeduration": "1000000",
            "fpsprobesize": "0",  # the frame rate is not needed, and waiting for it takes a second
            "fflags": "nobuffer",
            "max_pixels": str(MAX_PIXELS),
        }
        failure = None
        try:
            self._container: InputContainer = av.open(
                url, mode="r", format="rtsp", options=options, timeout=timeout, metadata_errors="replace"
            )
        except Exception as error:  # noqa: BLE001  whatever it is, it may hold the address
            failure = _explain(shown, error)
        # Raised out here, so that not even the chain of errors holds FFmpeg's message.
        if failure is not None:
            raise failure
        try:
            self._stream = self._prepare()
        except BaseException:
            self._container.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as they arrive, timed by the camera's clock."""
        reformatter, aspect = VideoReformatter(), pixel_aspect(self._stream)
        first: float | None = None
        index = 0
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except FFmpegError:
                continue  # a damaged frame; the next key frame mends it
            for frame in decoded:
                if frame.is_corrupt:
                    continue
                seconds = frame.time
                first = seconds if first is None else first
                timestamp = 0.0 if seconds is None or first is None else seconds - first
                yield Frame(pixels(frame, reformatter, aspect), index, timestamp, self.shown)
                index += 1

    def stop(self) -> None:
        """End the iterating with the next packet, or when waiting for it takes too long."""
        self._stopped.set()

    def close(self) -> None:
        self._container.close()

    def _packets(self) -> Iterator[Any]:
        """Yield what is to be decoded: all of it, or a key frame now and then while what comes is old."""
        packets: Any = self._container.demux(self._stream)
        backlog = Backlog()
        skipping, decoded = False, 0.0
        while not self._stopped.is_set():
            failure = None
            try:
                packet = next(packets, None)
            except (FFmpegError, OSError) as error:
                packet, failure = None, _explain(self.shown, error)
            if failure is not None:
                raise failure
            if packet is None:
                raise SourceError(f"{self.shown} ended the video", "camera_ended")
            now = time.monotonic()
            if packet.pts is not None and backlog.behind(now, float(packet.pts * packet.time_base)):
                skipping = True
            elif packet.is_keyframe:
                skipping = False
            if skipping and not (packet.is_keyframe and now - decoded > 0.5):
                continue
            decoded = now
            yield packet

    def _prepare(self) -> VideoStream:
        streams = self._container.streams.video
        if not streams or streams[0].codec_context is None:
            message = f"{self.shown} sends no video that can be decoded: choose H.264, H.265 or MJPEG in it"
            raise SourceError(message, "camera_unsupported")
        stream = streams[0]
        if stream.width * stream.height > MAX_PIXELS:
            raise SourceError(
                f"{self.shown} has frames of {stream.width}×{stream.height} pixels: choose a smaller size",
                "camera_unsupported",
            )
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        # Frame threads would hold back a frame per thread.
        stream.codec_context.thread_count = 1
        return stream


class Backlog:
    """Tells when a stream is read later than it could be: old pictures wait in the network's buffers.

    The camera's clock and ours cannot be compared, but how far they are apart can be with the least seen so far.

    Args:
        most: seconds of delay above the least at which what is read is old.
        least: seconds at which it is new again.
        jump: seconds by which the two clocks may differ from one picture to the next; more is a clock that was set.
        drift: seconds per second by which the clocks may run apart.
    """

    def __init__(self, most: float = 1.5, least: float = 0.3, jump: float = 2.0, drift: float = 1e-4) -> None:
        self._most, self._least, self._jump, self._drift = most, least, jump, drift
        self._last: tuple[float, float] | None = None
        self._base = 0.0
        self._behind = False

    def behind(self, now: float, pts: float) -> bool:
        """Whether a picture that the camera timed ``pts``, read ``now``, is old; both in seconds."""
        delay = now - pts
        if self._last is None or abs(delay - (self._last[0] - self._last[1])) > self._jump:
            self._base = delay
        else:
            self._base = min(self._base + self._drift * (now - self._last[0]), delay)
        self._last = (now, pts)
        self._behind = delay - self._base > (self._least if self._behind else self._most)
        return self._behind


def _explain(shown: str, error: Exception) -> SourceError:
    """Say what went wrong without FFmpeg's words, which hold the address."""
    for kind, reason, code in _REASONS:
        if isinstance(error, kind):
            return SourceError(f"{shown} {reason}", code)
    why = getattr(error, "strerror", None) or type(error).__name__
    return SourceError(f"{shown} cannot be read ({why}): check the address and the network", "camera_unreachable")
