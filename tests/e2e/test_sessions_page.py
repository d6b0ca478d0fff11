"""Recording in a real browser against the real server: begun, marked, taken up again, looked at, deleted."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Server, Visitor
from live_page import LivePage, begin
from playwright.sync_api import Browser, Page, expect

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def barriers(page: Page) -> list[str]:
    """What axe finds in the way of people who use the page otherwise than by mouse and eye."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: run `python scripts/web.py check`")
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate("axe.run().then(({ violations }) => violations.map(({ help }) => help))")
    return found


@pytest.fixture(scope="module")
def keeping(make_server: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    return make_server(MIEN_DATA_DIR=str(tmp_path_factory.mktemp("recordings")))


def test_recorded_marked_looked_at_and_deleted(keeping: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, f"{keeping.url}/sessions")
    live = LivePage(page)
    expect(live.find("no-sessions")).to_contain_text("Nothing recorded yet")
    page.get_by_role("link", name="Live").click()
    live.start("demo")
    live.wait_for_face("happiness")
    begin(page, "Monday")
    assert barriers(page) == []
    page.keyboard.press("m")
    live.find("mark-label").fill("laughs")
    live.find("mark-save").click()
    expect(live.find("recording-notice")).to_contain_text("Marker at 0:")
    live.find("record-stop").click()
    live.find("recording-open").click()

    expect(page).to_have_url(re.compile(r"/sessions/\w+$"))
    expect(live.find("session-name")).to_have_value("Monday")
    expect(live.find("session-summary")).to_contain_text("Happiness")
    expect(live.find("session-markers")).to_contain_text("laughs")
    expect(live.find("session-timeline")).to_have_attribute("data-lanes", re.compile(r"^\d"))
    assert barriers(page) == []
    live.find("session-timeline").click(position={"x": 120, "y": 40})
    expect(page).to_have_url(re.compile(r"\?t=\d"))
    live.find("session-position").press("Home")
    expect(page).to_have_url(re.compile(r"\?t=0$"))
    live.find("session-notes").fill("in good light")
    live.find("session-name").fill("Tuesday")
    live.find("session-name").press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_have_count(2)
    page.reload()
    expect(live.find("session-name")).to_have_value("Tuesday")
    expect(live.find("session-notes")).to_have_value("in good light")
    with page.expect_download() as download:
        live.find("export-csv").click()
    assert Path(download.value.path()).read_text().startswith("session,time,")
    with page.expect_popup() as popup:
        live.find("report").click()
    expect(popup.value.get_by_text("Tuesday").first).to_be_visible()

    live.find("delete-person").click()
    live.find("delete-person-sure").click()
    expect(live.find("session-people").get_by_role("listitem")).to_have_count(0)
    expect(live.find("session-timeline")).to_have_attribute("data-lanes", "")

    page.get_by_role("button", name="All sessions").click()
    live.find("session-search").fill("tues")
    expect(live.find("session")).to_have_count(1)
    assert barriers(page) == []
    live.find("session").get_by_test_id("delete-session").click()
    live.find("delete-session-sure").click()
    expect(live.find("session")).to_have_count(0)


def test_pictures_are_kept_where_somebody_asks_for_them(keeping: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, keeping.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    page.keyboard.press("r")
    expect(live.find("record-pictures")).not_to_be_checked()
    expect(live.find("record-form")).to_contain_text("They are stored on this computer")
    assert barriers(page) == []
    page.keyboard.press("Escape")
    begin(page, "With pictures", pictures=True)
    expect(live.find("recording-pictures")).to_have_attribute("title", re.compile("Pictures kept: ([4-9]|1.)"))
    live.find("record-stop").click()
    live.find("recording-open").click()

    picture = live.find("session-picture")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.naturalWidth") > 100
    thumbnails = live.find("session-thumbnail")
    thumbnails.last.click()
    last = thumbnails.last.inner_text()
    expect(picture).to_have_accessible_name(f"Picture at {last}")
    live.find("session-timeline").hover(position={"x": 40, "y": 40})
    expect(picture).not_to_have_accessible_name(f"Picture at {last}")
    assert barriers(page) == []
    with page.expect_download() as download:
        live.find("export-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sum(name.startswith("pictures/") for name in archive.namelist()) >= 2
    live.find("delete-pictures").click()
    live.find("delete-pictures-sure").click()
    expect(live.find("session-pictures")).to_have_count(0)
    expect(live.find("export-zip")).to_have_count(0)
    expect(live.find("session-timeline")).to_have_attribute("data-lanes", re.compile(r"^\d"))


def test_goes_on_after_a_reload_and_says_what_is_refused(keeping: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, keeping.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    live.find("record").click()
    live.find("record-purpose").select_option("own")
    live.find("record-words").fill("productivity of employees")
    live.find("record-consent").check()
    live.find("record-begin").click()
    expect(live.find("record-refused")).to_contain_text("Monitoring workers")
    page.keyboard.press("Escape")
    begin(page, "Twice")
    page.reload()
    expect(live.find("recording-notice")).to_have_attribute("data-phase", "waiting")
    live.start("demo")
    expect(live.find("recording")).to_have_attribute("data-phase", "recording")
    live.find("record-stop").click()
    expect(live.find("recording-notice")).to_contain_text("Recording saved")


def test_paused_and_gone_on_with(keeping: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, keeping.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    begin(page, "With a pause")
    page.keyboard.press("p")
    expect(live.find("recording")).to_have_attribute("data-phase", "paused")
    expect(live.find("recording-notice")).to_contain_text("nothing is recorded until it goes on")
    # What was seen holds for a second: a shorter pause is none.
    since = page.evaluate("Date.now()")
    page.wait_for_function("since => Date.now() - since > 2500", arg=since)
    live.wait_for_face()
    saved = float(live.find("recording").get_attribute("data-saved") or 0)
    live.find("record-pause").click()
    expect(live.find("recording")).to_have_attribute("data-phase", "recording")
    page.wait_for_function(
        "saved => Number(document.querySelector('[data-testid=recording]').dataset.saved) > saved + 2.5", arg=saved
    )
    live.find("record-stop").click()
    live.find("recording-open").click()
    expect(live.find("session-timeline")).to_have_attribute("data-gaps", re.compile("[1-9]"))


def test_two_are_compared(keeping: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, keeping.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face("happiness")
    for name in ("First design", "Second design"):
        begin(page, name)
        live.find("record-stop").click()
        expect(live.find("recording-notice")).to_contain_text("Recording saved")
    page.get_by_role("link", name="Sessions").click()
    live.find("session-search").fill("design")
    expect(live.find("session")).to_have_count(2)
    expect(live.find("sparkline")).to_have_count(2)
    expect(live.find("sparkline").first).to_have_accessible_name(re.compile("Happiness"))
    page.get_by_label("Choose Second design to compare").check()
    expect(live.find("compare-two")).to_be_disabled()
    page.get_by_label("Choose First design to compare").check()
    live.find("compare-two").click()

    expect(page).to_have_url(re.compile(r"/sessions/compare\?a=\w+&b=\w+$"))
    expect(live.find("compare-happiness")).to_contain_text("%")
    expect(live.find("compare-a").get_by_role("combobox").first).to_contain_text("Second design")
    expect(live.find("compare-cautions").locator("[data-caution=short]")).to_be_visible()
    expect(live.find("compare-smile")).to_have_count(0)
    live.find("compare-position").press("End")
    live.find("compare-stretched").click()
    expect(live.find("compare-stretched")).to_have_attribute("aria-pressed", "true")
    assert barriers(page) == []
    live.find("compare-values").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/sessions/\w+\?t=\d"))
    live.find("compare-this").click()
    expect(live.find("compare-b").get_by_role("combobox")).to_have_value("")
    live.find("compare-b").get_by_role("combobox").select_option(index=1)
    expect(live.find("compare-table")).to_be_visible()
