"""Videos in a real browser against the real server: sent, analysed, looked at, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from conftest import Server, Visitor
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

FPS = 10
SECONDS = 4
FACE = (177, 71, 271, 165)
"""About where the portrait's face is."""


@pytest.fixture(scope="module")
def clip(portrait: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds: the portrait, without it from 1.5 to 2.5 s."""
    path = tmp_path_factory.mktemp("clip") / "portrait.webm"
    view = np.asarray(cv2.resize(portrait[5:275, 25:505], (480, 270)), np.uint8)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libvpx", rate=FPS, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        stream.bit_rate = 2_000_000
        for index in range(FPS * SECONDS):
            away = 1.5 <= index / FPS < 2.5
            frame = av.VideoFrame.from_ndarray(np.full_like(view, 128) if away else view, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def keeping(make_server: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    return make_server(MIEN_DATA_DIR=str(tmp_path_factory.mktemp("data")))


def row(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=video][data-name='{name}']")


def click_at(page: Page, share: float) -> None:
    """Click so far along the timeline."""
    timeline = page.get_by_test_id("timeline")
    box = timeline.bounding_box()
    assert box is not None
    timeline.click(position={"x": 40 + share * (box["width"] - 40), "y": box["height"] / 2})


def test_sent_analysed_seen_and_deleted(
    keeping: Server, browser: Browser, visitor: Visitor, clip: Path, tmp_path: Path
) -> None:
    broken, text = tmp_path / "broken.mp4", tmp_path / "notes.mp4"
    broken.write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(400))
    text.write_text("not a video")
    visitor.expect_errors("415")
    page = visitor.open(browser, f"{keeping.url}/videos")
    expect(page.get_by_test_id("no-videos")).to_be_visible()
    page.get_by_test_id("video-input").set_input_files([broken, text, clip])
    expect(page.get_by_test_id("upload-failed")).to_contain_text("notes.mp4 was not taken: files of this kind")
    expect(row(page, "broken.mp4")).to_have_attribute("data-state", "failed")
    expect(row(page, "broken.mp4").get_by_test_id("video-reason")).to_contain_text("broken.mp4")
    expect(row(page, "portrait.webm")).to_have_attribute("data-state", "done", timeout=60_000)

    row(page, "portrait.webm").get_by_role("link").click()
    overlay, player = page.get_by_test_id("video-overlay"), page.get_by_test_id("player")
    expect(overlay).to_have_attribute("data-faces", "1")
    expect(page.get_by_test_id("timeline")).to_have_attribute("data-lanes", re.compile(r"^\d"))
    expect(page.get_by_test_id("video-people")).to_contain_text("Happiness")

    click_at(page, 0.5)
    expect(player).to_have_attribute("data-time", re.compile(r"^(1\.9|2\.0)"))
    expect(overlay).to_have_attribute("data-faces", "0")
    click_at(page, 0.8)
    expect(overlay).to_have_attribute("data-faces", "1")
    expect(page).to_have_url(re.compile(r"/videos/[0-9a-f]{16}\?t=3\.[12]"))

    page.keyboard.press("Shift+ArrowLeft")
    expect(player).to_have_attribute("data-time", "0.00")
    page.keyboard.press("ArrowRight")
    expect(player).to_have_attribute("data-time", "1.00")
    frame = overlay.get_attribute("data-frame")
    page.keyboard.press(".")
    expect(player).to_have_attribute("data-time", "1.10")
    expect(overlay).not_to_have_attribute("data-frame", frame or "")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play")).to_have_text("Pause")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play")).to_have_text("Play")

    page.get_by_test_id("zoom-in").click()
    expect(page.get_by_test_id("timeline")).not_to_have_attribute("data-span", "0.00 4.00")
    page.get_by_test_id("offset").fill("1")
    page.get_by_test_id("make-copy").click()
    expect(page.get_by_test_id("copy")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_test_id("table-csv").click()
    assert download.value.suggested_filename == "portrait.csv"

    page.get_by_role("button", name="Delete").click()
    page.get_by_test_id("delete-sure").click()
    expect(row(page, "broken.mp4")).to_be_visible()
    expect(row(page, "portrait.webm")).to_have_count(0)


def test_a_moment_is_shared_by_its_address(keeping: Server, browser: Browser, visitor: Visitor, clip: Path) -> None:
    page = visitor.open(browser, f"{keeping.url}/videos")
    page.get_by_test_id("video-input").set_input_files(clip)
    expect(row(page, "portrait.webm")).to_have_attribute("data-state", "done", timeout=60_000)
    address = row(page, "portrait.webm").get_by_role("link").get_attribute("href")
    page.goto(f"{keeping.url}{address}?t=2.05")
    expect(page.get_by_test_id("player")).to_have_attribute("data-time", "2.05")
    expect(page.get_by_test_id("video-overlay")).to_have_attribute("data-faces", "0")
    page.goto(f"{keeping.url}/videos/0123456789abcdef")
    expect(page.get_by_test_id("video-gone")).to_be_visible()
