"""How much one address may ask for: requests a second, new sockets a second, sockets at once."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mien.server.auth import client_of
from mien.server.common_settings import CommonSettings, is_loopback
from mien.server.errors import ApiError, error_response
from mien.server.guard import deny
from mien.server.rates import BURST, RateLimiter, too_fast

SOCKET_BURST: Final = 10.0
"""Seconds' worth of sockets that may be opened at once after a pause."""

LOOPBACK: Final = 10.0
"""Programs on this computer may do so many times more: they could as well start a server of their own."""

FREE: Final = frozenset({"/ping", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Probes must not fail because somebody at the same address is busy."""


class Limits:
    """The limits of one server, by the address that asks.

    Args:
        settings: of the server.
        clock: seconds, growing.

    Attributes:
        sockets: open now, per address.
        refused: requests and sockets refused so far.
    """

    def __init__(self, settings: CommonSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.max_sockets = settings.max_client_sockets
        self.sockets: Counter[str] = Counter()
        self.refused = 0
        self._requests = RateLimiter(settings.request_rate, settings.request_rate * BURST, clock)
        self._openings = RateLimiter(settings.socket_rate, settings.socket_rate * SOCKET_BURST, clock)

    def request(self, host: str) -> ApiError | None:
        """Count a request from an address; return why it is refused."""
        client, scale = identity(host)
        return self._judge(self._requests.take(client, scale), "requests")

    def opening(self, host: str) -> ApiError | None:
        """Count a socket that an address wants to open; return why it is refused."""
        client, scale = identity(host)
        if self.sockets[client] >= self.max_sockets * scale:
            self.refused += 1
            message = f"{self.sockets[client]} sockets are open from this address already: close some"
            return ApiError(429, "too_many_sockets", message, {"retry-after": "5"})
        return self._judge(self._openings.take(client, scale), "new sockets")

    @contextmanager
    def open_socket(self, host: str) -> Iterator[None]:
        """Count a socket while it is open."""
        client, _ = identity(host)
        self.sockets[client] += 1
        try:
            yield
        finally:
            self.sockets[client] -= 1
            if not self.sockets[client]:
                del self.sockets[client]

    def _judge(self, wait: float, what: str) -> ApiError | None:
        if wait <= 0:
            return None
        self.refused += 1
        return too_fast(wait, f"too many {what} from this address")


def identity(host: str) -> tuple[str, float]:
    """Return who an address stands for, and how much more than others it may do.

    One IPv6 customer holds a whole /64, so its addresses count as one.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host, LOOPBACK if is_loopback(host) else 1.0
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if address.is_loopback:
        return "loopback", LOOPBACK
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), 64), strict=False)), 1.0
    return str(address), 1.0


def client_at(connection: HTTPConnection) -> str | None:
    """Return who asks, as far as an address tells; None for programs on this computer, which may ask for others."""
    client, scale = identity(client_of(connection))
    return client if scale == 1.0 else None


class Throttle:
    """Refuses requests and sockets of who asks for too much.

    Args:
        app: what is protected; its services hold the `Limits`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = client_of(HTTPConnection(scope))
            refusal = None if scope["path"] in FREE else limits_of(scope).request(host)
            await (self.app if refusal is None else _response(scope, refusal))(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, limits = client_of(HTTPConnection(scope)), limits_of(scope)
        refusal = limits.opening(host)
        if refusal is not None:
            await deny(_response(scope, refusal), scope, receive, send)
            return
        with limits.open_socket(host):
            await self.app(scope, receive, send)


def limits_of(scope: Scope) -> Limits:
    """Return the limits of the server that serves this connection."""
    limits = scope["app"].state.services.limits
    assert isinstance(limits, Limits)
    return limits


def _response(scope: Scope, refusal: ApiError) -> Response:
    return error_response(scope, refusal.status_code, refusal.code, refusal.detail, refusal.headers)
