"""Make pictures of the web app, of its demo alone.

Usage: python scripts/screenshots.py               the README's three, into docs/images
       python scripts/screenshots.py --folder DIR [--file VIDEO]

It starts a server of its own. With a folder it writes the live page in every size, light and dark, with each kind of
chart, to be looked at. The demo's portrait is NASA's and in the public domain.

Needs Debian's chromium (apt-get install -y chromium), or MIEN_CHROMIUM set to another.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = os.environ.get("MIEN_CHROMIUM", "/usr/bin/chromium")
SIZES: Final[dict[str, ViewportSize]] = {
    "desktop": {"width": 1440, "height": 900},
    "tablet": {"width": 820, "height": 1180},
    "phone": {"width": 390, "height": 844},
}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
VIEWS: Final = ("course", "lanes", "satisfaction", "shares")
COURSE_MS = 20_000
"""How long the demo runs, so that the chart has something to show."""
SETTLE_MS = 3_000
PATIENCE_MS = 120_000
MOST_BYTES = 200_000
COLOURS = 256
HAPPY: Final = "[data-testid=overlay][data-labels=happiness]"


def main(folder: Path | None, file: Path | None) -> None:
    """Write the pictures."""
    with sync_playwright() as driver, serving() as url:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"])
        if folder is None:
            live_and_recording(browser, url)
            photo(browser, url)
        else:
            for size in SIZES:
                every_view(browser, url, size, folder, file)
        browser.close()


@contextmanager
def serving() -> Iterator[str]:
    """Run a server that keeps what it records in a folder that is deleted; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from mien.cli.main import main; main()", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "MIEN_DATA_DIR": data, "MIEN_LOG_LEVEL": "warning"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stderr is not None
            if not any("ready at" in line for line in process.stderr):
                raise SystemExit("The server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def open_page(browser: Browser, url: str, size: str, scheme: Literal["light", "dark"]) -> Page:
    """Open a page in English."""
    page = browser.new_page(viewport=SIZES[size], color_scheme=scheme, locale="en-US", has_touch=size == "phone")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    return page


def live_and_recording(browser: Browser, url: str) -> None:
    """Write the demo on the live page, and its recording."""
    page = open_page(browser, f"{url}/live", "desktop", "light")
    page.get_by_test_id("start-demo").click()
    page.locator(HAPPY).wait_for()
    page.get_by_test_id("signals-on").click()
    page.get_by_test_id("record").click()
    page.get_by_test_id("record-name").fill("The demo")
    page.get_by_test_id("record-purpose").select_option("demonstration")
    page.get_by_test_id("record-consent").check()
    page.get_by_test_id("record-begin").click()
    page.wait_for_timeout(COURSE_MS)
    page.locator(HAPPY).wait_for()
    save(page, TARGET / "live-light.png")
    page.get_by_test_id("record-stop").click()
    page.get_by_test_id("recording-open").click()
    page.wait_for_url("**/sessions/*")
    page.goto(f"{page.url}?t=8")
    page.wait_for_timeout(SETTLE_MS)
    save(page, TARGET / "session-light.png")
    page.close()


def photo(browser: Browser, url: str) -> None:
    """Write the demo's picture on the page Photos, with its heat map."""
    page = open_page(browser, f"{url}/photos", "desktop", "dark")
    page.get_by_test_id("photos-demo").click()
    page.locator("[data-testid=photo][data-state=done] button").first.click()
    page.get_by_test_id("heat").check()
    page.wait_for_timeout(SETTLE_MS)
    save(page, TARGET / "photos-dark.png")
    page.close()


def every_view(browser: Browser, url: str, size: str, folder: Path, file: Path | None) -> None:
    """Write one size of the page: its start, then what is measured, with each kind of chart, light and dark."""
    page = open_page(browser, url, size, "light")
    save(page, folder / f"{size}-welcome.png")
    if file is None:
        page.get_by_test_id("start-demo").click()
    else:
        page.get_by_test_id("file-input").set_input_files(file)
    page.locator("[data-testid=overlay][data-faces]:not([data-faces='0'])").wait_for()
    save(page, folder / f"{size}-plain.png")
    page.get_by_test_id("show").click()
    for name in ("landmarks", "pose", "signals"):
        page.get_by_test_id(f"show-{name}").check()
    save(page, folder / f"{size}-menu.png")
    page.keyboard.press("Escape")
    page.wait_for_timeout(COURSE_MS)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(SETTLE_MS)
        save(page, folder / f"{size}-{scheme}-people.png")
        if size == "phone":
            page.get_by_test_id("tab-chart").click()
        for view in VIEWS:
            page.get_by_test_id(f"view-{view}").click()
            page.wait_for_timeout(SETTLE_MS)
            save(page, folder / f"{size}-{scheme}-{view}.png")
        if size == "phone":
            page.get_by_test_id("tab-people").click()
    page.close()


def save(page: Page, path: Path) -> None:
    """Write what the page shows, as a PNG of no more than `MOST_BYTES`: with few colours, smaller if need be."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    for scale in (1.0, 0.8, 0.65, 0.5):
        small = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
        small.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path}: {small.width}×{small.height}, {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to write the page in every size")
    parser.add_argument("--file", type=Path, help="a video to show there instead of the demo")
    arguments = parser.parse_args()
    main(arguments.folder, arguments.file)
