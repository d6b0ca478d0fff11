"""A real server and a real browser with a camera made of a portrait that moves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

import mien

CHROMIUM = Path(os.environ.get("MIEN_CHROMIUM", "/usr/bin/chromium"))
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CAMERA_SIZE = (640, 360)
START_TIMEOUT = 120
STOP_TIMEOUT = 60
ACTION_TIMEOUT_MS = 30_000

expect.set_options(timeout=ACTION_TIMEOUT_MS)


class Server:
    """``mien serve`` in a process of its own, on the same port each time it is started.

    Args:
        environment: variables beside those of this process.
        before: Python that the process runs first, for what cannot be had otherwise.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, before: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._before = before
        self._environment = {**os.environ, "MIEN_LOG_LEVEL": "warning", **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        program = f"{self._before}\nfrom mien.cli.main import main; main()"
        command = [sys.executable, "-c", program, "serve", "--port", str(self.port)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=self._environment)
        ready, said = threading.Event(), list[str]()

        def read() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                if "ready at" in line:
                    ready.set()
            ready.set()

        self._process, self._reader = process, threading.Thread(target=read, daemon=True)
        self._reader.start()
        ready.wait(START_TIMEOUT)
        if not any("ready at" in line for line in said):
            self.stop()
            pytest.fail(f"the server did not start; it said: {''.join(said)}")

    def stop(self) -> None:
        """End it and wait for its end."""
        if self._process is None or self._reader is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._reader.join()
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None


@pytest.fixture(scope="session")
def bundle() -> None:
    """The web app has been built."""
    if not (Path(mien.__file__).parent / "server" / "static" / "index.html").is_file():
        pytest.fail("the web app is not built: run `python scripts/web.py build`")


@pytest.fixture(scope="session")
def make_server(bundle: None) -> Iterator[Callable[..., Server]]:
    """Start a server with these environment variables; it is stopped at the end."""
    started: list[Server] = []

    def make(**environment: str) -> Server:
        server = Server(environment)
        server.start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server]) -> Server:
    """The server that most tests share; it knows itself by a second name that browsers do not trust."""
    return make_server(MIEN_ALLOWED_HOSTS="mien.test")


def camera_view(phase: float) -> tuple[float, float, float]:
    """Return left, top and width in pixels of what the camera sees of the portrait at ``phase`` (0–1) of its round."""
    turn = float(np.sin(2 * np.pi * phase))
    return 25 + 20 * turn, 5.0, 420 + 60 * turn


@pytest.fixture(scope="session")
def camera_file(portrait: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording for the browser's camera: five seconds of the portrait, panned and zoomed."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    width, height = CAMERA_SIZE
    with path.open("wb") as file:
        for i in range(150):
            left, top, span = (round(v) for v in camera_view(i / 150))
            view = portrait[top : top + round(span * height / width), left : left + span]
            jpeg = cv2.imencode(".jpg", cv2.resize(view, CAMERA_SIZE), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
            file.write(jpeg.tobytes())
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if os.environ.get("MIEN_SKIP_BROWSER") == "1":
        pytest.skip("MIEN_SKIP_BROWSER=1: THE WEB APP IS NOT TESTED IN A BROWSER")
    if not CHROMIUM.is_file():
        pytest.fail(
            f"{CHROMIUM} is missing: apt-get install -y chromium (or set MIEN_CHROMIUM, or MIEN_SKIP_BROWSER=1)"
        )
    with sync_playwright() as driver:
        yield driver


def launch(driver: Playwright, *flags: str) -> Browser:
    return driver.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def browser(playwright: Playwright, camera_file: Path) -> Iterator[Browser]:
    """A browser with a camera that anybody may use."""
    browser = launch(
        playwright,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera_file}",
        "--host-resolver-rules=MAP mien.test 127.0.0.1",
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def denying_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose user says no to every camera."""
    browser = launch(playwright, "--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def blind_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser without any camera."""
    browser = launch(playwright, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=0")
    yield browser
    browser.close()


class Visitor:
    """Opens pages, each with a clean slate, and notes what goes wrong in them."""

    def __init__(self) -> None:
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        self.expected: list[str] = []

    def open(self, browser: Browser, url: str, **options: Any) -> Page:
        """Open ``url``; ``options`` are those of the browser's context."""
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-US", **options})
        context.set_default_timeout(ACTION_TIMEOUT_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)
        return page

    def expect_errors(self, *parts: str) -> None:
        """Allow console errors that contain one of ``parts``, as when a test takes the server away."""
        self.expected += parts


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    visitor = Visitor()
    yield visitor
    for context in visitor.contexts:
        context.close()
    unexpected = [text for text in visitor.errors if not any(part in text for part in visitor.expected)]
    assert unexpected == [], "the page logged errors"
