"""The app around the live page: addresses, settings, help, phones, accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Server, Visitor
from live_page import LivePage
from playwright.sync_api import Browser, expect


def test_addresses_can_be_shared(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, f"{server.url}/about")
    expect(page.get_by_test_id("about")).to_contain_text("never what someone feels")
    expect(page).to_have_title("About · Mien")
    page.get_by_role("link", name="Live").click()
    expect(page).to_have_url(f"{server.url}/live")
    page.go_back()
    expect(page.get_by_test_id("about")).to_be_visible()


def test_language_and_colours_are_kept(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url, color_scheme="light")
    page.get_by_role("button", name="Settings").click()
    page.get_by_test_id("language").select_option("de")
    page.get_by_test_id("theme").select_option("dark")
    page.reload()
    expect(page.get_by_test_id("start-camera")).to_have_text("Meine Kamera nutzen")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(15, 18, 22)"


def test_speaks_the_browsers_language(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url, locale="de-AT")
    expect(page.get_by_test_id("start-demo")).to_have_text("Demo ansehen")


def test_question_mark_shows_the_keys(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    expect(page.get_by_test_id("welcome")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_contain_text("Full screen")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("help")).to_have_count(0)


def test_phone_shows_people_and_chart_in_turn(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url, viewport={"width": 390, "height": 844}, has_touch=True)
    live = LivePage(page)
    for name in ("camera", "file", "demo"):
        expect(live.find(f"start-{name}")).to_be_in_viewport(ratio=1)
    live.start("demo")
    live.wait_for_face()
    expect(live.find("people")).to_be_visible()
    expect(live.find("chart")).to_be_hidden()
    live.find("tab-chart").click()
    expect(live.find("chart")).to_be_visible()
    expect(live.find("people")).to_be_hidden()


AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_axe_finds_no_barrier(
    server: Server, browser: Browser, visitor: Visitor, size: tuple[int, int], colours: str
) -> None:
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: run `python scripts/web.py check`")

    def barriers() -> list[str]:
        page.evaluate(AXE.read_text())
        found: list[str] = page.evaluate("axe.run().then(({ violations }) => violations.map(({ help }) => help))")
        return found

    viewport = {"width": size[0], "height": size[1]}
    page = visitor.open(browser, server.url, color_scheme=colours, viewport=viewport)
    live = LivePage(page)
    expect(live.find("welcome")).to_be_visible()
    assert barriers() == []
    live.start("camera")
    live.wait_for_face()
    expect(live.find("people")).to_contain_text("Happiness")
    assert barriers() == []
    page.keyboard.press("?")
    expect(live.find("help")).to_be_visible()
    assert barriers() == []
    page.goto(f"{server.url}/about")
    expect(live.find("about")).to_be_visible()
    assert barriers() == []


def test_everything_is_reached_by_tab(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    expect(page.get_by_test_id("welcome")).to_be_visible()
    reached: list[str] = []
    for _ in range(14):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.textContent || document.activeElement.ariaLabel")
        reached.append(str(name).strip())
    wanted = [
        "Skip to the page",
        "Live",
        "Cameras",
        "Videos",
        "Photos",
        "Sessions",
        "About",
        "Settings",
        "Help",
        "Use my camera",
        "Open a video or photo",
    ]
    assert reached[: len(wanted)] == wanted
    assert "See the demo" in reached
