from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any

import pytest
from serving import MakeClient

from mien.core.errors import SettingsError
from mien.server.auth import COOKIE, LIFETIME, Attempts, Keys

KEY = "open sesame"


@pytest.mark.parametrize("stored", [KEY, "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()])
def test_only_the_key_opens(stored: str) -> None:
    keys = Keys(stored)
    assert keys.required
    assert keys.verify(KEY)
    for wrong in ("", "open", KEY + " ", stored if stored != KEY else "x", "öpen"):
        assert not keys.verify(wrong)


def test_without_a_key_everybody_may_in() -> None:
    assert not Keys(None).required
    assert Keys(None).verify("anything")


def test_a_hash_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="64 hexadecimal"):
        Keys("sha256:abc")


def test_the_key_is_not_kept() -> None:
    keys = Keys(KEY)
    assert KEY not in repr(vars(keys))
    assert KEY not in keys.cookie()


def test_a_cookie_admits_until_it_expires_and_for_its_key_alone() -> None:
    keys = Keys(KEY)
    cookie = keys.cookie(now=1000.0)
    assert keys.verify_cookie(cookie, now=1000.0 + LIFETIME - 1)
    assert not keys.verify_cookie(cookie, now=1000.0 + LIFETIME + 1)
    assert Keys(KEY).verify_cookie(cookie, now=1000.0), "it must survive a restart"
    assert not Keys("another").verify_cookie(cookie, now=1000.0)


@pytest.mark.parametrize("forged", ["", ".", "9999999999", "9999999999.", "9999999999.0" * 3, "x.y", "9.é"])
def test_forged_cookies_do_not_admit(forged: str) -> None:
    assert not Keys(KEY).verify_cookie(forged, now=0.0)
    expires, _, signature = Keys(KEY).cookie(now=0.0).partition(".")
    assert not Keys(KEY).verify_cookie(f"{int(expires) + 1}.{signature}", now=0.0)


def test_attempts_are_counted_per_client_and_forgotten() -> None:
    attempts = Attempts(allowed=2, window=60)
    for now in (0.0, 10.0):
        assert attempts.wait("a", now) == 0
        attempts.wrong("a", now)
    assert attempts.wait("a", 20.0) == pytest.approx(40.0)
    assert attempts.wait("b", 20.0) == 0
    assert attempts.wait("a", 61.0) == 0
    attempts.wrong("b", 200.0)
    assert list(attempts._wrong) == ["b"], "what is over must not take memory"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "key_required"),
        ({"x-api-key": "no"}, "wrong_key"),
        ({"authorization": "Basic x"}, "key_required"),
        ({"authorization": "Bearer"}, "key_required"),
        ({"authorization": "Bearer no"}, "wrong_key"),
        ({"cookie": f"{COOKIE}=9.9"}, "key_required"),
    ],
)
def test_the_api_needs_the_key(make_client: MakeClient, jpeg: bytes, headers: dict[str, str], code: str) -> None:
    answer = make_client(api_key=KEY).post("/api/v1/analyze", content=jpeg, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_key_opens_the_api(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(api_key=KEY)
    for headers in ({"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}):
        assert client.post("/api/v1/analyze", content=jpeg, headers=headers).status_code == 200


def test_probes_and_the_description_need_no_key(make_client: MakeClient) -> None:
    client = make_client(api_key=KEY)
    for path in ("/ping", "/healthz", "/readyz", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_logging_in_and_out(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(api_key=KEY)
    answer = client.post("/api/v1/login", json={"key": KEY})
    assert answer.json() == {"status": "ok"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie, "over plain HTTP the browser would drop it"
    assert client.post("/api/v1/analyze", content=jpeg).status_code == 200
    with client.websocket_connect("ws://127.0.0.1:8000/api/v1/stream") as socket:
        assert socket.receive_json()["type"] == "ready"
    assert client.post("/api/v1/logout").status_code == 200
    assert client.post("/api/v1/analyze", content=jpeg).status_code == 401


def test_over_tls_the_cookie_is_for_tls_alone(make_client: MakeClient) -> None:
    client = make_client(api_key=KEY)
    answer = client.post("https://127.0.0.1/api/v1/login", json={"key": KEY})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "sent", [{"json": {"key": 3}}, {"json": {}}, {"content": b"{"}, {"json": {"key": "a", "b": 1}}]
)
def test_a_login_without_key_is_refused(make_client: MakeClient, sent: dict[str, Any]) -> None:
    answer = make_client(api_key=KEY).post("/api/v1/login", **sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_guessing_is_slowed_down_wherever_it_is_tried(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(api_key=KEY)
    client.post("/api/v1/login", json={"key": KEY})
    login = dict(client.cookies)
    client.cookies.clear()

    def analyze(**headers: str) -> tuple[int, str]:
        answer = client.post("/api/v1/analyze", content=jpeg, headers=headers)
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    answers = [client.post("/api/v1/login", json={"key": f"guess {i}"}).status_code for i in range(5)]
    answers += [analyze(**{"x-api-key": f"guess {i}"})[0] for i in range(5)]
    assert answers == [401] * 10
    refused = client.post("/api/v1/login", json={"key": KEY})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert analyze(authorization=f"Bearer {KEY}") == (429, "too_many_attempts"), "also the right one has to wait now"
    assert analyze() == (401, "key_required")
    client.cookies.update(login)
    assert analyze() == (200, ""), "who has logged in before is not kept out by somebody else's guesses"


def test_the_login_page_works_without_scripts(make_client: MakeClient) -> None:
    client = make_client(api_key=KEY)
    start = client.get("/", headers={"accept": "text/html"})
    assert (start.status_code, start.headers["location"]) == (303, "/login")
    page = client.get("/login")
    assert 'action="/api/v1/login"' in page.text
    assert "<script" not in page.text
    wrong = client.post("/api/v1/login", data={"key": "<b>"})
    assert wrong.status_code == 401
    assert "that is not the key" in wrong.text
    right = client.post("/api/v1/login", data={"key": KEY})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert COOKIE in client.cookies
    assert client.get("/", headers={"accept": "text/html"}).status_code != 303


def test_no_key_and_no_picture_in_the_logs(
    make_client: MakeClient, jpeg: bytes, log_lines: list[MutableMapping[str, Any]]
) -> None:
    client = make_client(api_key=KEY)
    client.post("/api/v1/login", json={"key": "wrong " + KEY})
    client.post("/api/v1/login", json={"key": KEY})
    client.post("/api/v1/analyze", content=jpeg, headers={"x-api-key": KEY})
    text = repr(log_lines)
    assert "wrong key" in text
    assert KEY not in text
    assert "\\xff\\xd8" not in text
    assert len(text) < 5000
