"""Starts and torments a real RTSP server (GStreamer's), in a process of its own."""

from __future__ import annotations

import functools
import signal
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("gst_rtsp.py")
PYTHON = "/usr/bin/python3"
REMEDY = "apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good"
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@functools.cache
def available() -> bool:
    """Whether the system's Python has GStreamer's RTSP server."""
    if not Path(PYTHON).exists():
        return False
    return subprocess.run([PYTHON, "-c", _PROBE], capture_output=True, timeout=60, check=False).returncode == 0


class RtspPeer:
    """A network camera that can be unplugged and plugged in again.

    Args:
        login: user and password that it wants.
    """

    def __init__(self, *login: str) -> None:
        if not available():
            pytest.skip(f"NO RTSP SERVER, network cameras go untested: {REMEDY}")
        self._login = login
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self.plug()

    def url(self, path: str = "/h264", login: str = "") -> str:
        return f"rtsp://{login}127.0.0.1:{self.port}{path}"

    def plug(self) -> None:
        """Start it, on the same port as before."""
        command = [PYTHON, str(SCRIPT), str(self.port), *self._login]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def unplug(self) -> None:
        """Kill it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def freeze(self) -> None:
        """Let it fall silent while its connections stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
