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


def test_photos_and_cameras_are_asked_for_them_by_a_box_of_their_own(
    make_server: Callable[..., Server], browser: Browser, visitor: Visitor, tmp_path: Path
) -> None:
    server = make_server(MIEN_DATA_DIR=str(tmp_path), MIEN_ATTRIBUTES="true", MIEN_ALLOW_CAMERA_CHANGES="true")
    page = visitor.open(browser, f"{server.url}/photos")
    photos = LivePage(page)
    photos.find("photos-demo").click()
    expect(photos.find("photo")).to_have_attribute("data-state", "done")
    photos.find("photo-attributes").check()
    photos.find("photo").get_by_role("button").first.click()
    expect(photos.find("about")).to_have_text(re.compile(r"about \d+–\d+, (woman \d+%|.*uncertain)"))

    page.get_by_role("link", name="Cameras").click()
    add = photos.find("add-camera")
    add.get_by_role("textbox", name="Address").fill("/nowhere.mp4")
    photos.find("add-attributes").check()
    photos.find("add").click()
    expect(photos.find("camera")).to_contain_text("Age and gender")
    expect(photos.find("camera-reason")).to_contain_text("is not a file")


def test_without_the_servers_leave_there_is_no_box(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, f"{server.url}/photos")
    with page.expect_response(lambda answer: answer.request.method == "GET" and "analyze" in answer.url):
        page.reload()
    expect(LivePage(page).find("photos-kept")).to_be_visible()
    expect(LivePage(page).find("photo-attributes")).to_have_count(0)
