from __future__ import annotations

from pathlib import Path

import pytest
from serving import MakeClient
from starlette.testclient import TestClient

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>the app</title>")
    (static / "demo.jpg").write_bytes(b"picture")
    (static / "assets" / "app-1a2b.js").write_text("let it = 'be'")
    (tmp_path / "secret.txt").write_text("hidden words")
    (static / "link.txt").symlink_to(tmp_path / "secret.txt")
    return static


@pytest.fixture
def app(make_client: MakeClient, folder: Path) -> TestClient:
    return make_client(static=folder)


@pytest.mark.parametrize("path", ["/", "/live", "/videos/3?t=12.4", "/sessions/a/b"])
def test_addresses_of_the_app_get_its_start_page(app: TestClient, path: str) -> None:
    answer = app.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "the app" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


def test_files(app: TestClient) -> None:
    script = app.get("/assets/app-1a2b.js")
    assert script.text == "let it = 'be'"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert app.get("/demo.jpg").headers["cache-control"] == "no-cache"
    assert app.head("/demo.jpg").headers["content-length"] == "7"


def test_texts_are_packed_for_who_takes_it_so(app: TestClient, folder: Path) -> None:
    (folder / "assets" / "long-3c4d.js").write_text("let it = 'be'\n" * 200)
    path = "/assets/long-3c4d.js"
    packed = app.get(path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 200
    plain = app.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text
    part = app.get(path, headers={"accept-encoding": "gzip", "range": "bytes=0-9"})
    assert (part.status_code, part.text) == (206, "let it = '")
    assert "content-encoding" not in app.get("/demo.jpg", headers={"accept-encoding": "gzip"}).headers


def test_start_page_also_for_who_takes_anything(app: TestClient) -> None:
    assert app.get("/", headers={"accept": "*/*"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/link.txt",
        "//etc/passwd",
        "/%00",
        "/assets",
        "/nothing.png",
    ],
)
def test_nothing_outside_the_folder_is_served(app: TestClient, path: str) -> None:
    answer = app.get(path, headers={"accept": "image/png"})
    assert answer.status_code == 404
    assert "hidden" not in answer.text
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/docs/nothing", "/assets/old-hash.js"])
def test_what_is_not_the_app_is_not_its_start_page(app: TestClient, path: str) -> None:
    answer = app.get(path, headers=HTML)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/", 404, "not_found"),
        ("DELETE", "/live", 404, "not_found"),
        ("DELETE", "/api/v1/analyze", 405, "method_not_allowed"),
        ("POST", "/ping", 405, "method_not_allowed"),
    ],
)
def test_unknown_ways_get_the_one_form(app: TestClient, method: str, path: str, status: int, code: str) -> None:
    answer = app.request(method, path, headers=HTML)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_missing_bundle_says_how_to_build_it(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(static=tmp_path / "nothing")
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 503
    assert "npm run build" in answer.text
    assert client.get("/ping").status_code == 200


def test_a_bundle_that_is_built_while_the_server_runs_is_served(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(static=tmp_path)
    assert client.get("/", headers=HTML).status_code == 503
    (tmp_path / "index.html").write_text("now")
    assert client.get("/", headers=HTML).text == "now"


def test_the_description_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "//" not in page.replace("<!doctype", "")
    for path in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/start.js"):
        assert path in page
        assert client.get(path).status_code == 200
    assert "<script>" not in page, "the content security policy allows no scripts inside a page"


@pytest.mark.parametrize("path", ["/", "/ping", "/docs", "/api/v1/nothing"])
def test_security_headers_everywhere(app: TestClient, path: str) -> None:
    headers = app.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "'unsafe-eval'" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-request-id"]


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_request_ids(client: TestClient, given: str, kept: bool) -> None:
    answer = client.get("/nothing", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
