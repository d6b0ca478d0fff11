"""Running the app: one socket, one process, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
from asyncio.transports import BaseTransport
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, TypeVar

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mien.core.errors import MienError, SettingsError
from mien.server.base import Base, keys_of
from mien.server.common_settings import CommonSettings

log = structlog.get_logger()

SEND_BUFFER: Final = 64 * 1024
"""Bytes of results that the kernel may hold for a client that does not read; by default it holds seconds of them."""


SHORT_KEY: Final = 16

S = TypeVar("S", bound=CommonSettings)


class StreamProtocol(WebSocketsSansIOProtocol):
    """Holds nothing in user space for a client that does not read: ``send`` waits, newer results replace older."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)


class Server(uvicorn.Server):
    """uvicorn, and word when it is ready.

    Args:
        config: of uvicorn.
        services: gives the app's services once its lifespan has begun.
        announce: called when the server listens and the models are loaded.
    """

    def __init__(self, config: uvicorn.Config, services: Callable[[], Base], announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.failure: MienError | None = None
        self._services = services
        self._announce = announce
        self._watch: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; the models may still be on their way."""
        await super().startup(sockets)
        if self.started:
            self._watch = asyncio.create_task(self._when_ready())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all connections; those of clients that do not even read the end are cut."""
        self._services().ask_to_stop()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the event loop take notice before it is closed itself

    async def _when_ready(self) -> None:
        services = self._services()
        await services.ready.wait()
        self.failure = services.failure
        if self.failure is None:
            self._announce()
        else:
            self.should_exit = True


def serve(settings: S, make: Callable[[S], FastAPI]) -> None:
    """Serve until a signal says otherwise; the address goes to stderr when everything is ready.

    Args:
        settings: of the app.
        make: makes it.

    Raises:
        SettingsError: the address cannot be listened on, or needs a key.
        ModelError: the models cannot be loaded.
    """
    settings.check()
    keys_of(settings)  # complains about what cannot be read before anything is started
    if settings.api_key is not None and len(settings.api_key.get_secret_value()) < SHORT_KEY:
        log.warning("the key is short and can be guessed", advice="use 16 random characters or more")
    listening = bind(settings.host, settings.port)
    app = make(settings)
    server = Server(config(app), lambda: app.state.services, lambda: _say(address(settings)))
    with _quiet_end(server), contextlib.closing(listening):
        server.run(sockets=[listening])
    # Python would look for garbage among all modules once more before it ends: a third of a second for nothing, and
    # seconds where the processor is busy.
    gc.freeze()
    if server.failure is not None:
        raise server.failure


def config(app: FastAPI) -> uvicorn.Config:
    """Return how uvicorn runs an assembled app; tests use it too."""
    return uvicorn.Config(
        app,
        http="h11",  # uvicorn would take another parser where one happens to be installed
        ws=StreamProtocol,
        ws_max_size=app.state.max_message,
        ws_per_message_deflate=False,  # it costs nine tenths of the frame rate, and JPEG does not shrink
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        SettingsError: the port is taken or the address is not this computer's; says what to do.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise SettingsError(f"{host} is not an address to listen on ({error.strerror}): check --host") from None
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. The kernel doubles what is asked for.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER // 2)
        listening.bind(where)
        listening.listen(1024)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} is in use: stop the program that uses it or choose another with --port"
        else:
            message = f"cannot listen on {host} port {port} ({error.strerror}): choose others with --host and --port"
        raise SettingsError(message) from None
    return listening


def address(settings: CommonSettings) -> str:
    """Return the address to open in a browser."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _say(where: str) -> None:
    print(f"mien: ready at {where} (Ctrl-C stops)", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _quiet_end(server: Server) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end in a normal return: uvicorn shuts down at them and then raises them once more."""

    def ended(_number: int, _frame: FrameType | None) -> None:
        if not server.should_exit:
            raise SystemExit(0)

    before = {number: signal.signal(number, ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
