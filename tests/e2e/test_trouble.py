"""What goes wrong, and what the app says then: cameras, the connection, the key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Server, Visitor
from live_page import LivePage
from playwright.sync_api import Browser, Route, expect


def test_denied_camera_shows_the_way_out(server: Server, denying_browser: Browser, visitor: Visitor) -> None:
    live = LivePage(visitor.open(denying_browser, server.url))
    live.start("camera")
    screen = live.find("trouble-denied")
    expect(screen).to_contain_text("blocked")
    expect(screen).to_contain_text("left of the address")
    live.find("retry").click()
    expect(screen).to_be_visible()
    screen.get_by_role("button", name="See the demo").click()
    live.wait_for_face()


def test_missing_camera_says_so_and_starts_when_one_appears(
    server: Server, blind_browser: Browser, visitor: Visitor
) -> None:
    page = visitor.open(blind_browser, server.url)
    live = LivePage(page)
    live.start("camera")
    expect(live.find("trouble-missing")).to_contain_text("No camera found")
    # There is no socket to plug a camera into, so the browser's own list is made to grow.
    page.evaluate(
        """() => {
            const canvas = document.createElement("canvas");
            canvas.getContext("2d").fillRect(0, 0, 10, 10);
            const camera = { kind: "videoinput", deviceId: "new", label: "New camera" };
            navigator.mediaDevices.enumerateDevices = async () => [camera];
            navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
            navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
        }"""
    )
    expect(live.find("stage")).to_have_attribute("data-phase", "running")
    expect(live.find("camera-picker")).to_contain_text("New camera")


@pytest.mark.parametrize(("error", "screen"), [("NotReadableError", "busy"), ("WeirdError", "other")])
def test_camera_that_fails_has_a_screen_of_its_own(
    server: Server, browser: Browser, visitor: Visitor, error: str, screen: str
) -> None:
    page = visitor.open(browser, server.url)
    page.evaluate(
        "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)) }", error
    )
    live = LivePage(page)
    live.start("camera")
    expect(live.find(f"trouble-{screen}")).to_be_visible()


def test_unplugged_camera_says_so(server: Server, browser: Browser, visitor: Visitor) -> None:
    page = visitor.open(browser, server.url)
    live = LivePage(page)
    live.start("camera")
    live.wait_for_face()
    page.locator("video").evaluate("video => video.srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(live.find("trouble-unplugged")).to_be_visible()
    live.find("retry").click()
    live.wait_for_face()


def test_insecure_page_names_the_server_and_the_way_out(server: Server, browser: Browser, visitor: Visitor) -> None:
    # Chromium itself remarks that it ignores the opener policy of a page that is not secure.
    visitor.expect_errors("Cross-Origin-Opener-Policy")
    live = LivePage(visitor.open(browser, f"http://mien.test:{server.port}"))
    expect(live.find("privacy")).to_contain_text("mien.test")
    live.start("camera")
    expect(live.find("trouble-insecure")).to_contain_text("https://")
    live.find("trouble-insecure").get_by_role("button", name="See the demo").click()
    live.wait_for_face()


def test_loading_models_are_waited_for(server: Server, browser: Browser, visitor: Visitor) -> None:
    visitor.expect_errors("503")
    page = visitor.open(browser, server.url)
    body = '{"error":{"code":"loading","message":"the models are being loaded","request_id":""}}'

    def answer(route: Route) -> None:
        route.fulfill(status=503, content_type="application/json", body=body)

    page.route("**/readyz", answer)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_state("loading")
    page.unroute("**/readyz", answer)
    live.wait_for_face()


def test_comes_back_after_the_server_restarts(
    make_server: Callable[..., Server], browser: Browser, visitor: Visitor
) -> None:
    visitor.expect_errors("WebSocket connection", "ERR_CONNECTION_REFUSED", "503")
    server = make_server()
    live = LivePage(visitor.open(browser, server.url))
    live.start("demo")
    live.wait_for_face()
    server.stop()
    live.wait_for_state("reconnecting")
    expect(live.find("overlay")).to_have_attribute("data-faces", "0")
    server.start()
    live.wait_for_face()
    live.wait_until_live()


def test_key_is_asked_for(make_server: Callable[..., Server], browser: Browser, visitor: Visitor) -> None:
    visitor.expect_errors("WebSocket connection")
    key = "a-key-for-this-test"
    server = make_server(MIEN_API_KEY=key)
    page = visitor.open(browser, server.url)
    expect(page.locator("input[name=key]")).to_be_visible()
    page.locator("input[name=key]").fill(key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Use my camera")).to_be_visible()
    page.goto(server.url)
    live = LivePage(page)
    live.start("demo")
    live.wait_for_face()
    live.find("stop").click()
    page.context.clear_cookies()
    live.start("demo")
    expect(live.find("locked")).to_contain_text("asks for a key")
    live.find("locked").get_by_role("button").click()
    expect(page.locator("input[name=key]")).to_be_visible()
