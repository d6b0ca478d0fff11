"""What tests look at on the live page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

SOME_FACES = re.compile("[1-9]")


@dataclass(frozen=True)
class LivePage:
    """The live page of one browser."""

    page: Page

    def find(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def start(self, what: str) -> None:
        """Press one of the three first buttons: camera, file or demo."""
        self.find(f"start-{what}").click()

    def open_file(self, name: str) -> None:
        self.find("file-input").set_input_files(name)

    def wait_for_face(self, label: str | None = None) -> None:
        """Wait until a face, perhaps with a certain expression, is drawn over the picture."""
        expect(self.find("overlay")).to_have_attribute("data-faces", SOME_FACES)
        if label is not None:
            expect(self.find("overlay")).to_have_attribute("data-labels", re.compile(rf"\b{label}\b"))

    def wait_for_state(self, name: str) -> None:
        """Wait for what is said over the picture: none, no-face, paused, loading, reconnecting …"""
        expect(self.find("status")).to_have_attribute("data-state", name)

    def wait_until_live(self) -> None:
        """Wait until pictures are read: not paused, not waiting for the server. (It may be busy, or see no face.)"""
        expect(self.find("status")).to_have_attribute("data-state", re.compile("^(none|busy|no-face)$"))

    def with_faces(self) -> Locator:
        """The overlay, once it shows a face; on a busy machine faces may fade between two results."""
        return self.page.locator("[data-testid=overlay][data-faces]:not([data-faces='0'])")

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Left, top, width, height of the drawn boxes in CSS pixels of the stage."""
        text = self.with_faces().get_attribute("data-boxes") or ""
        sides = [[float(side) for side in box.split(",")] for box in text.split()]
        return [(left, top, width, height) for left, top, width, height in sides]

    def wait_for_paint(self, pixels: int) -> None:
        """Wait until so many pixels of the overlay are not transparent."""
        self.find("overlay").evaluate(
            """(canvas, pixels) => new Promise((done) => {
                const context = canvas.getContext("2d");
                const look = () => {
                    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
                    let count = 0;
                    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
                    if (count > pixels) done(); else requestAnimationFrame(look);
                };
                look();
            })""",
            pixels,
        )

    def overlay_size(self) -> tuple[float, float]:
        box = self.find("overlay").bounding_box()
        assert box is not None
        return box["width"], box["height"]


def begin(page: Page, name: str, pictures: bool = False) -> None:
    """Start a recording of the running stream with the key, and wait until something of it is on disk."""
    live = LivePage(page)
    expect(live.find("record-form")).to_have_count(0)
    expect(live.find("record")).to_be_enabled()
    page.keyboard.press("r")
    live.find("record-name").fill(name)
    live.find("record-purpose").select_option("self")
    live.find("record-consent").check()
    live.find("record-pictures").set_checked(pictures)
    live.find("record-begin").click()
    expect(live.find("recording")).to_have_attribute("data-phase", "recording")
    expect(live.find("recording")).to_have_attribute("data-saved", re.compile("[1-9]"))
