"""The server's own cameras in a real browser: listed, opened with the live panels, recorded, added, removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from conftest import Server, Visitor
from live_page import LivePage
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def clip(portrait: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the portrait, panned to and fro."""
    path = tmp_path_factory.mktemp("watched") / "portrait.webm"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libvpx", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.bit_rate = 1_000_000
        for index in range(20):
            left = 20 + abs(10 - index)
            view = cv2.resize(portrait[5:275, left : left + 480], (320, 180), interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(view, np.uint8), "bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def watching(make_server: Callable[..., Server], clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return make_server(
        MIEN_CAMERAS=f"door+landmarks+signals={clip},gone={clip.parent / 'no-such.mp4'}",
        MIEN_ALLOW_CAMERA_CHANGES="1",
        MIEN_DATA_DIR=str(tmp_path_factory.mktemp("data")),
    )


def row(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=camera][data-id='{name}']")


def barriers(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate("axe.run().then(({ violations }) => violations.map(({ help }) => help))")
    return found


def test_states_are_listed_and_one_is_opened_with_the_live_panels(
    watching: Server, browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(browser, f"{watching.url}/cameras")
    expect(row(page, "door")).to_have_attribute("data-state", "live")
    expect(row(page, "door")).to_contain_text("Landmarks")
    expect(row(page, "gone")).to_contain_text(re.compile("Reconnecting|Being opened"))
    expect(row(page, "gone").get_by_test_id("camera-reason")).to_contain_text("is not a file")
    assert barriers(page) == []

    row(page, "door").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{watching.url}/cameras/door")
    live = LivePage(page)
    expect(live.find("people")).to_contain_text("Happiness")
    expect(live.find("signals")).to_contain_text("%")
    expect(live.find("chart")).to_have_attribute("data-points", re.compile(r"^\d{2,}$"))
    expect(live.find("badge")).to_have_attribute("data-read", re.compile("[1-9]"))
    expect(live.find("mark")).to_contain_text("door")
    picture = live.find("stage").locator("img")
    assert picture.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]") == [320, 180]
    assert barriers(page) == []

    # Another camera is one choice away, and the demo leaves the address of the server's.
    live.find("camera-picker").select_option("/cameras/gone")
    expect(live.find("status")).to_contain_text("is not a file")
    page.get_by_role("button", name="Demo", exact=True).click()
    expect(page).to_have_url(f"{watching.url}/live")
    live.wait_for_face()
    page.go_back()
    expect(live.find("mark")).to_contain_text("gone")


def test_one_that_is_not_there_says_so(watching: Server, browser: Browser, visitor: Visitor) -> None:
    visitor.expect_errors("404")
    page = visitor.open(browser, f"{watching.url}/cameras/nothing")
    expect(page.get_by_test_id("trouble-gone")).to_contain_text("no camera nothing")


def test_is_recorded_for_everybody(watching: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, f"{watching.url}/cameras/door")
    live = LivePage(page)
    expect(live.find("people")).to_contain_text("Happiness")
    live.find("record").click()
    live.find("record-purpose").select_option("demonstration")
    live.find("record-consent").check()
    live.find("record-begin").click()
    expect(live.find("recording")).to_contain_text("Being recorded")
    other = visitor.open(browser, f"{watching.url}/cameras")
    expect(row(other, "door")).to_contain_text("Being recorded")
    live.find("record-stop").click()
    live.find("recording-open").click()
    expect(page).to_have_url(re.compile("/sessions/"))


def test_added_and_removed(watching: Server, browser: Browser, visitor: Visitor, clip: Path) -> None:
    visitor.expect_errors("409")
    page = visitor.open(browser, f"{watching.url}/cameras")
    form = page.get_by_test_id("add-camera")
    form.get_by_label("Address").fill(str(clip))
    form.get_by_label("Name").fill("door")
    form.get_by_test_id("add").click()
    expect(page.get_by_test_id("add-refused")).to_be_visible()
    form.get_by_label("Name").fill("yard")
    form.get_by_test_id("add-signals").check()
    form.get_by_test_id("add").click()
    expect(row(page, "yard")).to_contain_text("Signals and events")
    row(page, "yard").get_by_test_id("camera-remove").click()
    row(page, "yard").get_by_test_id("camera-remove-sure").click()
    expect(row(page, "yard")).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_without_cameras_says_how_to_come_by_one(
    server: Server, browser: Browser, visitor: Visitor, colours: str
) -> None:
    phone = {"width": 390, "height": 844}
    page = visitor.open(browser, f"{server.url}/cameras", color_scheme=colours, viewport=phone)
    expect(page.get_by_test_id("no-cameras")).to_contain_text("mien serve --camera 0")
    expect(page.get_by_test_id("add-camera")).to_have_count(0)
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
