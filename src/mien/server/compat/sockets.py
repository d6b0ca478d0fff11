"""The Socket.IO server of the reference systems, at ``/socket.io/``: who may come in, and what goes out.

Clients need version 3 or newer of Socket.IO's JavaScript library (Engine.IO 4). The key is checked at the door, on
every request and WebSocket, as it is everywhere: shown as a header or by the login cookie. Events of one client are
handled one after another.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs

import socketio
import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from mien.core.codec import LIVE
from mien.server.errors import ApiError, error_response
from mien.server.guard import deny, origin_allowed
from mien.server.services import Services, services_of
from mien.server.settings import ServerSettings

log = structlog.get_logger()

PATH: Final = "/socket.io"
MAX_MESSAGE: Final = LIVE.max_bytes * 4 // 3 + 2**16
LONGEST: Final = 60.0
"""Seconds that a request may take; one that waits for news takes 45."""
BACKLOG: Final = 8
"""Answers that may wait for a client that does not read; what comes after them is dropped."""


class Sockets:
    """The Socket.IO server; an ASGI app.

    Args:
        settings: of the server.

    Attributes:
        server: to register handlers with.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.server = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins=[],  # its own headers would stand beside those of the app's CORS middleware
            max_http_buffer_size=MAX_MESSAGE,
            http_compression=False,
            async_handlers=False,
            logger=False,
            engineio_logger=False,
        )
        self._app = socketio.ASGIApp(self.server, socketio_path=None)
        self._origins = settings.allowed_origins
        self._most = settings.max_streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        refusal = self._refusal(HTTPConnection(scope))
        if refusal is None:
            try:
                # A session that broke the protocol is waited for until its client has fetched what was sent before.
                async with asyncio.timeout(LONGEST if is_http else None):
                    await self._app(scope, receive, send)
                return
            except TimeoutError:
                refusal = ApiError(408, "timeout", "the session did not end in time: connect again")
            except Exception:  # the library raises whatever its parsing stumbles over
                if not is_http:
                    raise
                log.warning("a Socket.IO message could not be read", exc_info=True)
                refusal = ApiError(400, "bad_message", "the message is not Socket.IO's: connect again")
        response = error_response(scope, refusal.status_code, refusal.code, refusal.detail, refusal.headers)
        if is_http:
            await response(scope, receive, send)
        else:
            await deny(response, scope, receive, send)

    async def emit(self, event: str, data: dict[str, Any], sid: str, namespace: str) -> None:
        """Send an event to one client, and to no other."""
        if self._waiting(sid, namespace) >= BACKLOG:
            log.debug("answer dropped: the client does not read", event_name=event, namespace=namespace)
            return
        await self.server.emit(event, data, to=sid, namespace=namespace)

    async def close(self) -> None:
        """Stop what runs in the background."""
        await self.server.shutdown()

    def _refusal(self, connection: HTTPConnection) -> ApiError | None:
        origin = connection.headers.get("origin")
        # `Guard` lets foreign pages read; here a GET opens a session.
        if origin is not None and not origin_allowed(origin, connection.headers.get("host", ""), self._origins):
            return ApiError(403, "origin_refused", "pages from elsewhere may not use this server")
        refusal = services_of(connection).keys.refusal(connection, "analyze")
        if refusal is not None:
            return refusal
        announced = connection.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > MAX_MESSAGE:
            return ApiError(413, "too_large", f"the message is larger than {MAX_MESSAGE} bytes: send a smaller picture")
        is_new = "sid" not in parse_qs(connection.scope.get("query_string", b"").decode("latin-1"))
        if is_new and len(self.server.eio.sockets) >= self._most:
            return ApiError(503, "busy", f"{self._most} Socket.IO clients are connected already: try again later")
        return None

    def _waiting(self, sid: str, namespace: str) -> int:
        session = self.server.manager.eio_sid_from_sid(sid, namespace)
        socket = self.server.eio.sockets.get(session)
        return 0 if socket is None else int(socket.queue.qsize())


def services_of_environ(environ: dict[str, Any]) -> Services:
    """Return the services of the app that a connecting client reaches."""
    return services_of(HTTPConnection(environ["asgi.scope"]))
