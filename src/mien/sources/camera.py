"""Cameras: a device of this computer, a video file that plays in real time, a network camera (RTSP).

An address says which: a number or ``/dev/video0`` is a device, ``rtsp://…`` a network camera, anything else a file.
What an address may hide (a password) is never shown: see `CameraAddress.shown`.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import cv2
import numpy as np

from mien.core.errors import SourceError
from mien.core.types import Frame

if TYPE_CHECKING:
    from mien.sources.video import VideoSource

CameraKind: TypeAlias = Literal["device", "file", "rtsp"]

_DEVICE: Final = re.compile(r"(?:/dev/video)?(\d{1,3})")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_LATE: Final = 1.0
"""Seconds that a file's frames may be late before its clock is set anew."""


class CameraSource(Protocol):
    """A camera that was opened; iterate and close it in one thread."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as they come, each with its number and time from 0; ends only where the camera has an end.

        Raises:
            SourceError: the camera gives no more frames; says why.
        """
        ...

    def stop(self) -> None:
        """End the iterating as soon as possible; from any thread."""
        ...

    def close(self) -> None:
        """Give the camera back; harmless when done twice."""
        ...


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """Which camera.

    Attributes:
        kind: ``device``, ``file`` or ``rtsp``.
        target: number of the device, path of the file, or the whole ``rtsp://`` address with its password.
        shown: how people and logs see it: never with a user, a password or a query, which may hold one.
    """

    kind: CameraKind
    target: str = field(repr=False)
    shown: str


def parse_address(text: str) -> CameraAddress:
    """Tell what kind of camera ``text`` names; nothing is opened.

    Raises:
        SourceError: empty, an address of another kind than ``rtsp://``, or one without a host.
    """
    text = text.strip()
    device = _DEVICE.fullmatch(text)
    if device is not None:
        return CameraAddress("device", str(int(device[1])), f"device {int(device[1])}")
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() == "rtsp":
        return CameraAddress("rtsp", text, shown_url(text))
    if scheme is not None and len(scheme[1]) > 1:  # a single letter is a drive of Windows
        raise SourceError(f"cameras are not read by {scheme[1]}: give rtsp://…, a device's number or a video file")
    if not text or "\0" in text:
        raise SourceError("a camera's address is empty: give rtsp://…, a device's number or a video file")
    path = str(Path(text).expanduser())
    return CameraAddress("file", path, path)


def shown_url(url: str) -> str:
    """Return an address without what may be secret: user, password, query, a path that looks like a query.

    Raises:
        SourceError: it has no host, or a port that is none; the message does not repeat the address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise SourceError("a camera's address has no host or a wrong port: write rtsp://user:password@host:554/path")
    host = f"[{host}]" if ":" in host else host
    # Some cameras take user and password in the path: /user=admin_password=secret_channel=1
    path = "/…" if re.search("[=@&;]", parts.path) else parts.path
    return f"rtsp://{host}{'' if port is None else f':{port}'}{path}{'?…' if parts.query or parts.fragment else ''}"


def open_camera(address: CameraAddress, timeout: float = 5.0, loop: bool = True) -> CameraSource:
    """Open a camera.

    Args:
        address: see `parse_address`.
        timeout: seconds that opening a network camera, and then waiting for each frame of it, may take.
        loop: play a file over and over; else it ends.

    Raises:
        SourceError: it cannot be opened; says why and what to do.
    """
    if address.kind == "device":
        return DeviceCamera(int(address.target))
    if address.kind == "rtsp":
        from mien.sources.rtsp import RtspCamera  # here for the reason that `_opened` gives

        return RtspCamera(address.target, address.shown, timeout)
    return FileCamera(Path(address.target), loop)


def _opened(path: Path) -> VideoSource:
    from mien.sources.video import open_video  # FFmpeg takes 15 MB, which a server without cameras does without

    return open_video(path)


class FileCamera:
    """A video file as if it were live: each frame comes at its presentation time.

    Args:
        path: of the file.
        loop: begin again at the end.
    """

    def __init__(self, path: Path, loop: bool = True) -> None:
        self.path = path
        self.loop = loop
        self._video = _opened(path)
        self._stopped = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames in real time; numbers and times go on over the file's end."""
        start, played, index = time.monotonic(), 0.0, 0
        while not self._stopped.is_set():
            shift, step = played, 1 / self._video.info.fps if self._video.info.fps else 1 / 25
            for frame in self._video:
                timestamp = shift + frame.timestamp
                late = time.monotonic() - start - timestamp
                if late > _LATE:
                    start += late  # the computer slept or cannot keep up: nobody catches up on what is old
                elif self._stopped.wait(max(0.0, -late)):
                    return
                yield Frame(frame.image, index, timestamp, frame.source)
                played, index = timestamp + step, index + 1
            self._video.close()
            if not self.loop:
                return
            self._video = _opened(self.path)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._video.close()


class DeviceCamera:
    """A camera of this computer, by OpenCV (V4L2 on Linux).

    Args:
        number: of the device, from 0; ``/dev/video0`` on Linux.

    Raises:
        SourceError: it is not there, is in use, or may not be opened.
    """

    def __init__(self, number: int) -> None:
        self.name = f"device {number}"
        linux = sys.platform == "linux"
        if linux and not Path(f"/dev/video{number}").exists():
            message = f"there is no camera /dev/video{number}: plug it in; mien doctor lists what is there"
            raise SourceError(message, "camera_missing")
        self._capture: Any = cv2.VideoCapture(number, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
        self._stopped = threading.Event()
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"{self.name} cannot be opened: close other programs that use it, and see mien doctor for your rights",
                "camera_in_use",
            )
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as the device gives them, timed by their arrival."""
        start, index = time.monotonic(), 0
        while not self._stopped.is_set():
            good, image = self._capture.read()
            if not good or image is None:
                raise SourceError(f"{self.name} gives no more pictures: check that it is plugged in", "camera_missing")
            pixels = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
            yield Frame(np.asarray(pixels, np.uint8), index, time.monotonic() - start, self.name)
            index += 1

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._capture.release()
