"""Make pictures of the web app's live page.

Usage: mien serve & python scripts/screenshots.py [--url http://127.0.0.1:8000]
       … --folder DIR [--file VIDEO_OR_PHOTO]

Without a folder it makes the README's picture, of the demo. With one it writes the page in every size, light and dark,
with each kind of chart, to be looked at.

Needs Debian's chromium (apt-get install -y chromium), or MIEN_CHROMIUM set to another.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images" / "live-light.png"
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


def main(url: str, folder: Path | None, file: Path | None) -> None:
    """Write the pictures; the server at ``url`` must be running."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"])
        if folder is None:
            readme_picture(browser, url)
        else:
            for size in SIZES:
                every_view(browser, url, size, folder, file)
        browser.close()


def readme_picture(browser: Browser, url: str) -> None:
    """Write the demo as the README shows it."""
    page = browser.new_page(viewport=SIZES["desktop"], color_scheme="light", locale="en-US")
    page.goto(url)
    page.get_by_test_id("start-demo").click()
    page.locator("[data-testid=overlay][data-labels=happiness]").wait_for()
    page.wait_for_timeout(COURSE_MS)
    page.locator("[data-testid=overlay][data-labels=happiness]").wait_for()
    save(page, TARGET)


def every_view(browser: Browser, url: str, size: str, folder: Path, file: Path | None) -> None:
    """Write one size of the page: its start, then what is measured, with each kind of chart, light and dark."""
    page = browser.new_page(viewport=SIZES[size], locale="en-US", has_touch=size == "phone")
    page.goto(url)
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
    """Write what the page shows, as a small PNG."""
    pixels = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SystemExit("The browser's picture cannot be read")
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server runs")
    parser.add_argument("--folder", type=Path, help="where to write the page in every size")
    parser.add_argument("--file", type=Path, help="a video or photo to show there instead of the demo")
    arguments = parser.parse_args()
    main(arguments.url, arguments.folder, arguments.file)
