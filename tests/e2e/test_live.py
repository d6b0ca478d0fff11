"""The live page in a real browser against the real server: camera, files, demo."""

from __future__ import annotations

import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import CAMERA_SIZE, Server, Visitor, camera_view
from live_page import LivePage
from numpy.typing import NDArray
from playwright.sync_api import Browser, expect

FACE = (177, 71, 271, 165)
"""About where OpenCV's or our detector sees the portrait's face: x1 y1 x2 y2."""


def face_range() -> tuple[float, float, float, float]:
    """Return the least and greatest x, then y, of the face's centre in the camera's picture, as fractions."""
    cx, cy = (FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2
    views = [camera_view(i / 150) for i in range(150)]
    xs = [(cx - left) / span for left, _, span in views]
    ys = [(cy - top) / (span * CAMERA_SIZE[1] / CAMERA_SIZE[0]) for _, top, span in views]
    return min(xs), max(xs), min(ys), max(ys)


def centres_in_picture(live: LivePage) -> list[tuple[float, float]]:
    """Return where the drawn boxes' centres lie in the shown picture, as fractions."""
    boxes = live.boxes()
    width, height = live.overlay_size()
    scale = min(width / CAMERA_SIZE[0], height / CAMERA_SIZE[1])
    shown = (CAMERA_SIZE[0] * scale, CAMERA_SIZE[1] * scale)
    return [
        (
            (left + box_width / 2 - (width - shown[0]) / 2) / shown[0],
            (top + box_height / 2 - (height - shown[1]) / 2) / shown[1],
        )
        for left, top, box_width, box_height in boxes
    ]


def assert_on_face(live: LivePage, mirrored: bool) -> None:
    """A box is where the face is. (A detector may now and then see another one in the portrait's background.)"""
    x_low, x_high, y_low, y_high = face_range()
    if mirrored:
        x_low, x_high = 1 - x_high, 1 - x_low
    centres = centres_in_picture(live)
    on_face = [x_low - 0.05 < x < x_high + 0.05 and y_low - 0.08 < y < y_high + 0.08 for x, y in centres]
    assert any(on_face), f"boxes at {centres}, the face is at {x_low:.2f}–{x_high:.2f}, {y_low:.2f}–{y_high:.2f}"


def test_camera_draws_box_label_people_and_chart(server: Server, browser: Browser, visitor: Visitor) -> None:
    live = LivePage(visitor.open(browser, server.url))
    expect(live.find("privacy")).to_contain_text("on this computer")
    live.start("camera")
    live.wait_for_face("happiness")
    live.wait_for_paint(500)
    expect(live.find("bars").first.locator("> span")).to_have_count(8)
    expect(live.find("people")).to_contain_text("Happiness")
    chart = live.find("chart")
    expect(chart).to_have_attribute("data-points", re.compile(r"^\d{2,}$"))
    before = chart.get_attribute("data-last") or ""
    expect(chart).not_to_have_attribute("data-last", before)
    expect(live.find("badge")).to_have_attribute("data-read", re.compile("[1-9]"))
    expect(live.find("announcer")).to_contain_text("happiness", ignore_case=True)
    expect(live.find("table")).to_contain_text("%")


def test_boxes_stay_on_the_face_mirrored_or_not_and_when_resized(
    server: Server, browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("camera")
    assert_on_face(live, mirrored=True)
    page.get_by_role("button", name="Mirror").click()
    for size in ((820, 1180), (390, 844), (844, 390)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        before = live.find("overlay").get_attribute("data-boxes") or ""
        expect(live.find("overlay")).not_to_have_attribute("data-boxes", before)
        assert_on_face(live, mirrored=False)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], "the page is wider than the screen"


def test_demo_is_marked_and_read(server: Server, browser: Browser, visitor: Visitor) -> None:
    live = LivePage(visitor.open(browser, server.url))
    live.start("demo")
    expect(live.find("mark")).to_contain_text("Demo")
    live.wait_for_face("happiness")


def test_space_pauses_and_keeps_the_boxes(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    page.keyboard.press("Space")
    live.wait_for_state("paused")
    live.wait_for_face()
    page.keyboard.press("Space")
    live.wait_until_live()
    live.find("reset").click()
    live.wait_for_face()
    live.find("stop").click()
    expect(live.find("welcome")).to_be_visible()


@pytest.fixture
def video(portrait: NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / "portrait.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 240, 240, "yuv420p"
        for i in range(30):
            view = np.asarray(cv2.resize(portrait[:340, i : i + 340], (240, 240)), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(view, np.uint8), format="bgr24")))
        container.mux(stream.encode())
    return path


def test_video_plays_pauses_at_its_end_and_winds(
    server: Server, browser: Browser, visitor: Visitor, video: Path
) -> None:
    live = LivePage(visitor.open(browser, server.url))
    live.open_file(str(video))
    live.wait_for_face("happiness")
    live.wait_for_state("paused")
    seek = live.find("seek")
    expect(seek).to_have_attribute("aria-valuetext", re.compile(r"^0:0[23]\."))
    seek.fill("0.5")
    expect(seek).to_have_attribute("aria-valuetext", "0:00.5")
    live.wait_for_face("happiness")
    live.find("pause").click()
    live.wait_until_live()


def test_unreadable_file_names_itself_and_the_way_out(
    server: Server, browser: Browser, visitor: Visitor, tmp_path: Path, video: Path
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"no video")
    live = LivePage(visitor.open(browser, server.url))
    live.open_file(str(path))
    expect(live.find("trouble-unreadable")).to_contain_text("broken.mp4")
    live.open_file(str(video))
    live.wait_for_face()


def test_leaving_the_page_switches_the_camera_off(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("camera")
    live.wait_for_face()
    video = page.locator("video")
    stream = video.evaluate_handle("video => video.srcObject")
    assert stream.evaluate("stream => stream.getTracks().map(track => track.readyState)") == ["live"]
    page.get_by_role("link", name="About").click()
    expect(live.find("about")).to_be_visible()
    assert stream.evaluate("stream => stream.getTracks().map(track => track.readyState)") == ["ended"]
    page.go_back()
    expect(live.find("welcome")).to_be_visible()
