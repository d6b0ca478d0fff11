"""Recording while the disk is full and while the server is away: what the page says, and what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from conftest import Server, Visitor
from live_page import LivePage, begin
from playwright.sync_api import Browser, Page, expect

FULL_WHILE_THERE_IS = """
import sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine

def limit(connection, *_):
    # SQLite takes the number of pages there are when the limit is lower: it has no room to grow.
    connection.execute(f"PRAGMA max_page_count={{1 if Path({path!r}).exists() else 1_000_000}}")

event.listen(Engine, "checkout", limit)
"""


class FullableServer(Server):
    """A server whose disk is full while a file exists."""

    def __init__(self, folder: Path) -> None:
        self.full = folder / "full"
        before = FULL_WHILE_THERE_IS.format(path=str(self.full))
        super().__init__({"MIEN_DATA_DIR": str(folder / "data")}, before)


@pytest.fixture
def fullable(bundle: None, tmp_path: Path) -> Iterator[FullableServer]:
    server = FullableServer(tmp_path)
    server.start()
    yield server
    server.stop()


def saved(page: Page) -> float:
    return float(LivePage(page).find("recording").get_attribute("data-saved") or 0)


def wait_until_saved(page: Page, seconds: float) -> None:
    page.wait_for_function(
        "seconds => Number(document.querySelector('[data-testid=recording]').dataset.saved) > seconds", arg=seconds
    )


def session_of(page: Page, server: Server) -> dict[str, object]:
    """Open the recording that has just ended, and return what the server has of it."""
    link = LivePage(page).find("recording-open")
    path = link.get_attribute("href") or ""
    link.click()
    expect(LivePage(page).find("session-timeline")).to_have_attribute("data-lanes", re.compile(r"^\d"))
    found: dict[str, object] = httpx2.get(f"{server.url}/api/v1{path}").json()
    return found


def test_a_full_disk_is_said_and_the_live_view_goes_on(
    fullable: FullableServer, browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(browser, fullable.url, locale="de-DE")
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    begin(page, "Volle Platte")
    fullable.full.touch()
    expect(live.find("recording")).to_have_attribute("data-phase", "failed")
    notice = live.find("recording-notice")
    expect(notice).to_contain_text("Der Datenträger des Servers ist voll")
    expect(notice).to_contain_text(re.compile(r"Live geht weiter; [1-9]\d* Ergebnisse warten"))
    before = saved(page)
    live.wait_until_live()
    live.wait_for_face()  # a face that no result renews fades
    fullable.full.unlink()
    expect(live.find("recording")).to_have_attribute("data-phase", "recording", timeout=90_000)
    expect(notice).not_to_contain_text("voll")
    wait_until_saved(page, before + 1)
    live.find("record-stop").click()
    session = session_of(page, fullable)
    assert session["state"] == "stopped"
    assert float(str(session["duration"])) > before, "what waited is written"


def test_goes_on_after_the_server_restarts_and_stays_paused_if_it_was(
    make_server: Callable[..., Server], browser: Browser, visitor: Visitor, tmp_path: Path
) -> None:
    visitor.expect_errors("WebSocket connection", "ERR_CONNECTION_REFUSED", "503")
    server = make_server(MIEN_DATA_DIR=str(tmp_path), MIEN_RECORDING_GRACE="600")
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    begin(page, "Restarted")
    server.stop()
    live.wait_for_state("reconnecting")
    expect(live.find("recording-notice")).to_contain_text("waits for the connection")
    before = saved(page)
    server.start()
    expect(live.find("recording")).to_have_attribute("data-phase", "recording")
    wait_until_saved(page, before + 1)
    page.keyboard.press("p")
    expect(live.find("recording")).to_have_attribute("data-phase", "paused")
    server.stop()
    live.wait_for_state("reconnecting")
    server.start()
    live.wait_for_face()
    expect(live.find("recording")).to_have_attribute("data-phase", "paused")
    live.find("record-stop").click()
    session = session_of(page, server)
    assert (session["state"], session["name"]) == ("stopped", "Restarted")
    assert session["people"] == 2, "whoever is seen after the restart is another person"
    expect(live.find("session-timeline")).to_have_attribute("data-gaps", re.compile("[1-9]"))


def test_says_so_when_the_server_was_away_too_long(
    make_server: Callable[..., Server], browser: Browser, visitor: Visitor, tmp_path: Path
) -> None:
    visitor.expect_errors("WebSocket connection", "ERR_CONNECTION_REFUSED", "503")
    server = make_server(MIEN_DATA_DIR=str(tmp_path), MIEN_RECORDING_GRACE="0")
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    begin(page, "Away for too long")
    server.stop()
    live.wait_for_state("reconnecting")
    server.start()
    notice = live.find("recording-notice")
    expect(notice).to_contain_text("the interruption was too long")
    expect(notice).to_contain_text("Recording saved")
    live.wait_for_face()
    expect(live.find("record")).to_be_enabled()
    assert session_of(page, server)["state"] == "interrupted"
    expect(live.find("session-summary")).to_contain_text("Broken off")
