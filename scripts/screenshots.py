"""Make the README's picture of the web app: the live page with the demo.

Usage: mien serve & python scripts/screenshots.py [--url http://127.0.0.1:8000]

Needs Debian's chromium (apt-get install -y chromium), or MIEN_CHROMIUM set to another.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import ViewportSize, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images" / "live-light.png"
CHROMIUM = os.environ.get("MIEN_CHROMIUM", "/usr/bin/chromium")
SIZE: ViewportSize = {"width": 1440, "height": 900}
COURSE_MS = 20_000
"""How long the demo runs, so that the chart has something to show."""


def main(url: str) -> None:
    """Write the picture; the server at ``url`` must be running."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-US")
        page.goto(url)
        page.get_by_test_id("start-demo").click()
        page.locator("[data-testid=overlay][data-labels=happiness]").wait_for()
        page.wait_for_timeout(COURSE_MS)
        page.locator("[data-testid=overlay][data-labels=happiness]").wait_for()
        picture = page.screenshot()
        browser.close()
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SystemExit("The browser's picture cannot be read")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(TARGET), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server runs")
    main(parser.parse_args().url)
