"""Who sends without end does not keep a connection: every address that reads a body gives up after a while."""

from __future__ import annotations

import asyncio
import http.client
import json

import pytest
from serving import MakeServer
from starlette.types import Message, Receive, Scope, Send

from mien.server.middleware import BodyLimit

ADDRESSES = (
    "/api/v1/analyze",
    "/api/v1/cameras",
    "/api/v1/sessions",
    "/api/v1/login",
    "/api/emotion-detection",
    "/api/save-session-data",
    "/detect-emotion",
    "/detect_emotion",
)


def test_a_body_that_never_ends_is_given_up_everywhere(make_server: MakeServer) -> None:
    running = make_server(upload_timeout=0.2)
    for address in ADDRESSES:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.putrequest("POST", address)
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", "100")
        connection.endheaders(b'{"image":')
        answer = connection.getresponse()
        said = json.load(answer)["error"]
        assert answer.status == 408, (address, said)
        assert "within 0.2 s" in (said if isinstance(said, str) else said["message"]), address
        connection.close()


@pytest.mark.parametrize("address", ["/api/v1/analyze", "/detect_emotion"])
def test_a_form_that_never_ends_is_given_up(make_server: MakeServer, address: str) -> None:
    running = make_server(upload_timeout=0.2)
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.putrequest("POST", address)
    connection.putheader("content-type", "multipart/form-data; boundary=x")
    connection.putheader("content-length", "1000")
    connection.endheaders(b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nabc')
    assert connection.getresponse().status == 408
    connection.close()


def test_who_has_sent_everything_may_listen_for_as_long_as_it_likes() -> None:
    heard: list[str] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    async def lead() -> None:
        loop = asyncio.get_running_loop()
        left: asyncio.Future[Message] = loop.create_future()
        loop.call_later(0.02, left.set_result, {"type": "http.disconnect"})
        messages = iter([asyncio.sleep(0, {"type": "http.request", "body": b"all", "more_body": False}), left])

        async def receive() -> Message:
            return await next(messages)

        async def send(message: Message) -> None:
            raise AssertionError(message)

        scope = {"type": "http", "path": "/", "headers": []}
        await BodyLimit(app, 100, 0.001)(scope, receive, send)

    asyncio.run(lead())
    assert heard == ["http.request", "http.disconnect"]
