"""Age and gender on the live page: only where the server allows them, and only for who asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from conftest import Server, Visitor
from live_page import LivePage
from playwright.sync_api import Browser, expect


def test_they_cannot_be_had_where_the_server_was_not_started_for_them(
    server: Server, browser: Browser, visitor: Visitor
) -> None:
    live = LivePage(visitor.open(browser, server.url))
    live.start("demo")
    live.wait_for_face()
    live.find("show").click()
    expect(live.find("show-attributes")).to_be_disabled()
    expect(live.find("show-menu")).to_contain_text("--attributes")


def test_they_are_shown_as_a_range_and_not_before_somebody_asks(
    make_server: Callable[..., Server], browser: Browser, visitor: Visitor, tmp_path: Path
) -> None:
    server = make_server(MIEN_DATA_DIR=str(tmp_path), MIEN_ATTRIBUTES="true")
    live = LivePage(visitor.open(browser, server.url))
    live.start("demo")
    live.wait_for_face()
    expect(live.find("about")).to_have_count(0)
    live.find("show").click()
    live.find("show-attributes").check()
    expect(live.find("about")).to_have_text(re.compile(r"about \d+–\d+, (woman \d+%|.*uncertain)"))
    live.find("show-attributes").uncheck()
    expect(live.find("about")).to_have_count(0)
