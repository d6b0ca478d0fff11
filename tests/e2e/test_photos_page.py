"""Photos in a real browser against the real server: dropped, read, looked at, taken away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Server, Visitor
from live_page import LivePage
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FACE = (177, 71, 271, 165)
"""About where the portrait's face is."""


def card(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=photo][data-name='{name}']")


def write(path: Path, picture: NDArray[np.uint8]) -> Path:
    assert cv2.imwrite(str(path), picture)
    return path


@pytest.fixture
def folder(portrait: NDArray[np.uint8], tmp_path: Path) -> Path:
    """A portrait, a group of twelve, a grey wall, a dark portrait, a file that is cut short."""
    write(tmp_path / "portrait.png", portrait)
    write(tmp_path / "grey.png", np.full((240, 320, 3), 127, np.uint8))
    write(tmp_path / "dark.png", np.asarray(portrait * 0.06, np.uint8))
    group = np.full((1600, 2400, 3), 128, np.uint8)
    small = cv2.resize(portrait, (230, 230), interpolation=cv2.INTER_AREA)
    for top in (80, 580, 1080):
        for left in (100, 680, 1260, 1840):
            group[top : top + 230, left : left + 230] = small
    write(tmp_path / "group.png", group)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return tmp_path


def test_many_are_read_a_broken_one_is_named_and_all_can_be_taken_away(
    server: Server, browser: Browser, visitor: Visitor, folder: Path
) -> None:
    visitor.expect_errors("422", "415")
    page = visitor.open(browser, f"{server.url}/photos")
    expect(page.get_by_test_id("photos-kept")).to_contain_text("not kept")
    names = ["portrait.png", "broken.jpg", "grey.png", "dark.png", "group.png"]
    page.get_by_test_id("photo-input").set_input_files([folder / name for name in names])
    expect(page.get_by_test_id("photos-read")).to_have_attribute("data-read", "5")
    expect(page.get_by_test_id("photos-read")).to_contain_text("not readable: 1")
    expect(card(page, "broken.jpg").get_by_test_id("photo-reason")).to_contain_text("damaged")
    expect(card(page, "portrait.png")).to_contain_text("Happiness")
    expect(card(page, "grey.png")).to_contain_text("No face found")
    expect(card(page, "dark.png")).to_contain_text("Uncertain (too dark)")
    # A single look at the whole picture finds none of the twelve.
    expect(card(page, "group.png")).to_contain_text(re.compile("Faces: ([89]|1[0-9])"))

    with page.expect_download() as csv:
        page.get_by_test_id("photos-csv").click()
    lines = csv.value.path().read_text().splitlines()
    assert lines[0].startswith("source,width,height,faces,number,x1")
    assert any(line.startswith("broken.jpg,") and "broken.jpg is" in line for line in lines)
    assert any(line.startswith("grey.png,320,240,0,") for line in lines)
    with page.expect_download() as everything:
        page.get_by_test_id("photos-json").click()
    pictures = {each["source"]: each for each in json.loads(everything.value.path().read_text())["pictures"]}
    assert list(pictures) == names
    x1, y1, x2, y2 = pictures["portrait.png"]["faces"][0]["box"]
    assert x1 < 224 < x2
    assert y1 < 118 < y2

    card(page, "broken.jpg").get_by_test_id("photo-remove").click()
    expect(card(page, "broken.jpg")).to_have_count(0)
    page.get_by_role("link", name="Videos").click()
    page.get_by_role("link", name="Photos").click()
    expect(card(page, "portrait.png")).to_contain_text("Happiness")
    page.get_by_test_id("photos-clear").click()
    expect(page.get_by_test_id("photos-demo")).to_be_visible()


def test_one_is_looked_at_closely_by_keys_with_heat_map_and_annotated_copy(
    server: Server, browser: Browser, visitor: Visitor, folder: Path
) -> None:
    page = visitor.open(browser, f"{server.url}/photos")
    page.get_by_test_id("photo-input").set_input_files([folder / "portrait.png", folder / "group.png"])
    expect(page.get_by_test_id("photos-read")).to_have_attribute("data-read", "2")
    page.get_by_role("button", name="Open portrait.png").focus()
    page.keyboard.press("Enter")
    view = page.get_by_test_id("photo-view")
    expect(view).to_have_attribute("data-name", "portrait.png")
    expect(view.get_by_test_id("photo-people")).to_contain_text("Happiness")
    expect(view.get_by_test_id("bars").locator("> span")).to_have_count(8)
    expect(view.locator("svg image")).to_have_count(0)
    view.get_by_test_id("heat").check()
    expect(view.locator("svg image").first).to_be_attached()
    with page.expect_download() as copy:
        view.get_by_test_id("photo-annotated").click()
    assert copy.value.suggested_filename == "portrait-mien.jpg"
    original, annotated = cv2.imread(str(folder / "portrait.png")), cv2.imread(str(copy.value.path()))
    assert original is not None
    assert annotated is not None
    assert annotated.shape == original.shape
    changed = np.abs(annotated.astype(int) - original.astype(int)).max(2) > 40
    x1, y1, x2, y2 = FACE
    assert changed[y1 - 40 : y2, x1:x2].mean() > 5 * changed[400:, :100].mean()
    page.keyboard.press("ArrowRight")
    expect(view).to_have_attribute("data-name", "group.png")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("photos")).to_be_visible()


def test_photos_opened_on_the_live_page_are_shown_here(
    server: Server, browser: Browser, visitor: Visitor, folder: Path
) -> None:
    page = visitor.open(browser, server.url)
    LivePage(page).open_file(str(folder / "portrait.png"))
    expect(page).to_have_url(f"{server.url}/photos")
    expect(card(page, "portrait.png")).to_contain_text("Happiness")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_axe_finds_no_barrier_among_photos(
    server: Server, browser: Browser, visitor: Visitor, folder: Path, size: tuple[int, int], colours: str
) -> None:
    visitor.expect_errors("422", "415")

    def barriers() -> list[str]:
        page.evaluate(AXE.read_text())
        found: list[str] = page.evaluate("axe.run().then(({ violations }) => violations.map(({ help }) => help))")
        return found

    viewport = {"width": size[0], "height": size[1]}
    page = visitor.open(browser, f"{server.url}/photos", color_scheme=colours, viewport=viewport)
    expect(page.get_by_test_id("photos-demo")).to_be_visible()
    assert barriers() == []
    names = ("portrait.png", "group.png", "broken.jpg")
    page.get_by_test_id("photo-input").set_input_files([folder / name for name in names])
    expect(page.get_by_test_id("photos-read")).to_have_attribute("data-read", "3")
    page.get_by_test_id("heat").check()
    assert barriers() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_role("button", name="Open group.png").click()
    expect(page.get_by_test_id("photo-view")).to_be_visible()
    assert barriers() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
