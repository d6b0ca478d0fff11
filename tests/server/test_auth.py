from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any

import pytest
from serving import MakeClient
from starlette.requests import HTTPConnection

from mien.core.errors import SettingsError
from mien.server.auth import COOKIE, LIFETIME, ROLES, Attempts, Key, Keys, Role, digest, parse

KEY = "open sesame"


@pytest.mark.parametrize("stored", [KEY, "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()])
def test_only_the_key_opens(stored: str) -> None:
    keys = Keys(stored)
    assert keys.required
    assert keys.find(KEY) is keys.keys[0]
    for wrong in ("", "open", KEY + " ", stored if stored != KEY else "x", "öpen"):
        assert keys.find(wrong) is None


def test_without_a_key_everybody_may_in() -> None:
    assert not Keys(None).required
    assert Keys(None).refusal(HTTPConnection({"type": "websocket", "headers": []})) is None


def test_a_hash_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="64 hexadecimal"):
        Keys("sha256:abc")


def test_the_key_is_not_kept() -> None:
    keys = Keys(KEY)
    assert KEY not in repr(vars(keys))
    assert KEY not in keys.cookie(keys.keys[0])


def test_a_cookie_admits_until_it_expires_and_for_its_key_alone() -> None:
    keys = Keys(KEY)
    cookie = keys.cookie(keys.keys[0], now=1000.0)
    assert keys.find_cookie(cookie, now=1000.0 + LIFETIME - 1) is keys.keys[0]
    assert keys.find_cookie(cookie, now=1000.0 + LIFETIME + 1) is None
    assert Keys(KEY).find_cookie(cookie, now=1000.0), "it must survive a restart"
    assert Keys("another").find_cookie(cookie, now=1000.0) is None


def test_who_reads_the_hash_cannot_make_a_cookie() -> None:
    hashed = "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()
    one, two = Keys(hashed), Keys(hashed)
    cookie = one.cookie(one.keys[0])
    assert one.find_cookie(cookie) is one.keys[0]
    assert two.find_cookie(cookie) is None, "all that the configuration tells does not admit"


@pytest.mark.parametrize("forged", ["", ".", "9999999999", "9999999999.", "9999999999.0" * 3, "x.y", "9.é"])
def test_forged_cookies_do_not_admit(forged: str) -> None:
    keys = Keys(KEY)
    assert keys.find_cookie(forged, now=0.0) is None
    expires, _, signature = keys.cookie(keys.keys[0], now=0.0).partition(".")
    assert keys.find_cookie(f"{int(expires) + 1}.{signature}", now=0.0) is None


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


def entry(name: str, role: str, key: str) -> str:
    return f"{name}={role}:sha256:{digest(key).hex()}"


def test_keys_are_read_from_their_entries() -> None:
    keys = parse(["# for the desk", "", entry("desk", "read", "a"), " " + entry("ops.2", "admin", "b") + " "])
    assert [(key.name, key.role) for key in keys] == [("desk", "read"), ("ops.2", "admin")]
    assert Keys(None, keys).find("b") is keys[1]
    assert Keys(None, keys).find("c") is None


@pytest.mark.parametrize(
    "bad",
    [KEY, f"desk=read:{KEY}", "desk=read:sha256:abc", entry("desk", "king", "a"), entry("a b", "read", "a"), "=read:"],
)
def test_entries_that_are_none_are_refused_without_showing_them(bad: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse([entry("one", "read", "a"), bad])
    assert KEY not in str(refused.value)


def test_names_of_keys_are_unique() -> None:
    with pytest.raises(SettingsError, match="two API keys called desk"):
        parse([entry("desk", "read", "a"), entry("desk", "admin", "b")])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("method", "needed"), [("GET", "read"), ("POST", "analyze"), (None, "analyze"), ("DELETE", "admin")]
)
def test_what_a_role_may(role: Role, method: str | None, needed: Role) -> None:
    keys = Keys(None, [Key.of(KEY, "desk", role)])
    scope = {"type": "http" if method else "websocket", "headers": [(b"x-api-key", KEY.encode())]}
    if method:
        scope["method"] = method
    refusal = keys.refusal(HTTPConnection(scope))
    if ROLES.index(role) >= ROLES.index(needed):
        assert refusal is None
    else:
        assert refusal is not None
        assert (refusal.status_code, refusal.code) == (403, "forbidden")
        assert needed in refusal.detail


def test_a_key_that_may_only_look(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(api_keys=",".join([entry("desk", "read", "a" * 20), entry("robot", "analyze", "b" * 20)]))
    looking, robot = {"x-api-key": "a" * 20}, {"x-api-key": "b" * 20}
    refused = client.post("/api/v1/analyze", content=jpeg, headers=looking)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert client.post("/api/v1/analyze", content=jpeg, headers=robot).status_code == 200
    assert client.post("/api/v1/analyze", content=jpeg).status_code == 401
    client.post("/api/v1/login", json={"key": "a" * 20})
    assert client.get("/", headers={"accept": "text/html"}).status_code != 303
    assert client.post("/api/v1/analyze", content=jpeg).status_code == 403, "the cookie stands for its key alone"


def test_one_key_is_limited_from_wherever_it_is_used(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(api_key=KEY, key_rate=0.001)  # one, and the next after a quarter of an hour
    first, second = (client.post("/api/v1/analyze", content=jpeg, headers={"x-api-key": KEY}) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]["code"]) == (429, "rate_limited")
    assert 900 <= int(second.headers["retry-after"]) <= 1000
