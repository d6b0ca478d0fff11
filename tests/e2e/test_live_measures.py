"""What the live page shows beside the expression: landmarks, head pose, reasons, signals, the resting face."""

from __future__ import annotations

import re

from conftest import Server, Visitor
from live_page import LivePage
from playwright.sync_api import Browser, Page, expect


def show_by_keys(page: Page, *names: str) -> None:
    """Open the menu and tick what is wanted, without a pointer."""
    live = LivePage(page)
    live.find("show").focus()
    page.keyboard.press("Enter")
    expect(live.find("show-menu")).to_be_visible()
    for name in names:
        while page.evaluate("document.activeElement.dataset.testid") != f"show-{name}":
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(live.find(f"show-{name}")).to_be_checked()
    page.keyboard.press("Escape")
    expect(live.find("show-menu")).to_be_hidden()


def assert_nose_in_box(live: LivePage) -> None:
    """The drawn tip of a nose lies in the middle of a drawn box. (Both are read at one moment.)"""
    overlay = live.page.locator("[data-testid=overlay][data-noses*=',']")
    boxes, noses = overlay.evaluate("canvas => [canvas.dataset.boxes, canvas.dataset.noses]")
    pairs = []
    for box, nose in zip(boxes.split(" "), noses.split(" "), strict=True):
        if nose:
            left, top, width, height = map(float, box.split(","))
            x, y = map(float, nose.split(","))
            pairs.append(((x - left) / width, (y - top) / height))
    assert any(0.3 < x < 0.7 and 0.35 < y < 0.85 for x, y in pairs), pairs


def test_landmarks_and_head_pose_lie_on_the_face_and_are_kept(
    server: Server, browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("camera")
    live.wait_for_face()
    expect(live.find("overlay")).to_have_attribute("data-poses", "0")
    show_by_keys(page, "landmarks", "pose")
    expect(live.find("overlay")).to_have_attribute("data-poses", re.compile("[1-9]"))
    assert_nose_in_box(live)
    page.get_by_role("button", name="Mirror").click()
    assert_nose_in_box(live)
    page.reload()
    live.start("demo")
    expect(live.find("overlay")).to_have_attribute("data-poses", re.compile("[1-9]"))
    assert_nose_in_box(live)
    # A new connection knows nothing of what the last one was asked for.
    live.find("stop").click()
    live.start("demo")
    assert_nose_in_box(live)


def test_signals_are_followed_and_the_resting_face_is_taken_off(
    server: Server, browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face("happiness")
    expect(live.find("signals")).to_have_count(0)
    live.find("signals-on").click()
    expect(live.find("signals-hint")).to_have_count(0)
    expect(live.find("signal-attention")).to_contain_text("%")
    expect(live.find("signal-blinks")).to_contain_text(re.compile(r"\d"))
    expect(live.find("signal-satisfaction")).to_contain_text(re.compile("[6-9][0-9]|100"))
    expect(live.find("notes")).to_contain_text("Smile")
    expect(live.find("raw")).to_have_count(0)
    live.find("calibrate").click()
    expect(live.find("resting")).to_have_attribute("data-phase", "running")
    expect(live.find("resting")).to_have_attribute("data-phase", "done")
    expect(live.find("baseline")).to_be_checked()
    expect(live.find("raw")).to_have_count(8)
    expect(live.find("table")).to_contain_text("Raw")
    live.find("baseline").uncheck()
    expect(live.find("raw")).to_have_count(0)


def test_charts_have_tabs_that_arrow_keys_turn(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face("happiness")
    live.find("view-course").focus()
    page.keyboard.press("ArrowRight")
    expect(live.find("view-lanes")).to_be_focused()
    expect(live.find("lanes")).to_have_attribute("data-lanes", re.compile("[1-9]"))
    page.keyboard.press("ArrowRight")
    expect(live.find("satisfaction")).to_have_attribute("data-tracks", re.compile("[1-9]"))
    expect(live.find("satisfaction-table")).to_contain_text(re.compile("Face [1-9]"))
    page.keyboard.press("ArrowRight")
    expect(live.find("shares")).to_contain_text(re.compile(r"Happiness\s*([5-9]\d|100)%"))
    page.keyboard.press("ArrowRight")
    expect(live.find("chart")).to_have_attribute("data-points", re.compile("[1-9]"))
