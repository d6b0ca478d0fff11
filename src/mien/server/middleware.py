"""What surrounds every request: an id, a log line, security headers, limits on the body, an answer to any fault."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.errors import ApiError, error_response

log = structlog.get_logger()

CSP: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self' ws: wss:",
        "style-src 'self' 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS: Final[dict[str, str]] = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}
_PROBES: Final = frozenset({"/ping", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Gives every request an id (``X-Request-ID``, taken over when sensible), logs it, answers 500 at any fault."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            elif message["type"] == "websocket.accept":
                status = 101
                message.setdefault("headers", [])  # optional in ASGI
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
            except ClientDisconnect:
                log.debug("client left before it had sent everything", path=scope["path"])
            except Exception:
                log.exception("request failed", method=scope.get("method"), path=scope["path"])
                if scope["type"] == "websocket" or status:
                    raise
                message = "the server failed on this request; it was logged under the request id"
                await error_response(scope, 500, "internal", message)(scope, receive, send_with_headers)
            finally:
                seconds = time.perf_counter() - started
                scope["app"].state.services.metrics.request(scope, status, seconds)
                level = logging.DEBUG if scope["path"] in _PROBES else logging.INFO
                log.log(
                    level,
                    "request",
                    method=scope.get("method", "WS"),
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )


class BodyLimit:
    """Refuses bodies of more than ``max_body`` bytes, by their announced length and while they are read, and late ones.

    Args:
        app: what is protected.
        max_body: in bytes.
        seconds: from the first time that the body is asked for to its end.
        others: addresses that have another limit in bytes, and look to the time themselves.
    """

    def __init__(self, app: ASGIApp, max_body: int, seconds: float, others: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.max_body = max_body
        self.seconds = seconds
        self.others = others or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.others.get(scope["path"], self.max_body)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > most:
            error = _too_large(most)
            await error_response(scope, error.status_code, error.code, error.detail)(scope, receive, send)
            return
        if scope["path"] not in self.others:
            receive = _in_time(receive, self.seconds)
        read = 0

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _too_large(most)
            return message

        await self.app(scope, receive_within_limit, send)


def _in_time(receive: Receive, seconds: float) -> Receive:
    """Return ``receive`` with a limit on the time until the body is whole. (After that it waits for the disconnect.)"""
    until: float | None = None
    whole = False

    async def receive_in_time() -> Message:
        nonlocal until, whole
        if whole:
            return await receive()
        until = asyncio.get_running_loop().time() + seconds if until is None else until
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            text = f"the request did not arrive within {seconds:g} s: send less, or over a faster line"
            raise ApiError(408, "timeout", text) from None
        whole = not message.get("more_body", False)
        return message

    return receive_in_time


def _too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", f"the request is larger than {most} bytes: send a smaller file")
