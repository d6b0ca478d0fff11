"""Who may talk to the server: by which name it is called, and from which page a browser does so.

A page that some site serves can make a visitor's browser call a server on that visitor's own computer. Two checks stop
it. The Host header must be a name the server knows (against DNS rebinding; an IP address cannot be rebound). The Origin
header, which browsers send with WebSockets and with everything that changes something, must be the server itself or an
allowed one; CORS alone does not cover WebSockets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mien.server.errors import error_response

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Guard:
    """Refuses requests and sockets with a Host or Origin that should not be.

    Args:
        app: what is guarded.
        host_names: names by which the server may be called, ``*.example.org`` for all below; ``*`` for any.
        origins: pages of other hosts that may call, as in an Origin header; ``*`` for any.
    """

    def __init__(self, app: ASGIApp, host_names: Collection[str], origins: Collection[str]) -> None:
        self.app = app
        self.host_names = host_names
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await deny(refusal, scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not host_allowed(host, self.host_names):
            message = f"this server is not called {host[:100]!r}: add the name to MIEN_ALLOWED_HOSTS to allow it"
            return error_response(scope, 400, "host_refused", message)
        origin = headers.get("origin")
        crossing = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if crossing and origin is not None and not origin_allowed(origin, host, self.origins):
            message = f"pages from {origin[:100]!r} may not use this server: add it to MIEN_ALLOWED_ORIGINS to allow it"
            return error_response(scope, 403, "origin_refused", message)
        return None


async def deny(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket before it is accepted, with a response that says why where the server can send one."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})


def host_allowed(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names this server: one of ``names``, or an IP address."""
    split = _split(f"http://{host}")
    if split is None:
        return False
    name, _ = split
    if "*" in names or name in names:
        return True
    if any(pattern.startswith("*.") and name.endswith(pattern[1:]) for pattern in names):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def origin_allowed(origin: str, host: str, allowed: Collection[str]) -> bool:
    """Whether a page from ``origin`` may call the server that the request calls ``host``."""
    if "*" in allowed or origin in allowed:
        return True
    theirs = _split(origin)
    # Behind a proxy that ends TLS the page is https and the request http, so the scheme only fills in the port.
    return theirs is not None and theirs == _split(f"{urlsplit(origin).scheme}://{host}")


def _split(url: str) -> tuple[str, int] | None:
    """Return host name and port of an origin, None when it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        return None
    return parts.hostname.lower(), _PORTS[parts.scheme] if port is None else port
