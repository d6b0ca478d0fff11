"""An app around its routers: the parts it works with, errors in one form, and who is let in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

from mien import __version__
from mien.server import errors
from mien.server.base import Base
from mien.server.common_settings import CommonSettings
from mien.server.guard import Guard
from mien.server.limits import Throttle
from mien.server.middleware import BodyLimit, RequestContext


def assemble(
    settings: CommonSettings,
    make: Callable[[], Base],
    routers: Iterable[APIRouter],
    title: str,
    description: str,
    larger: Mapping[str, int] | None = None,
    eager: bool = False,
    max_message: int = 2**16,
) -> FastAPI:
    """Return an app. Nothing is loaded before its lifespan begins.

    Args:
        settings: of the app.
        make: makes its parts, on its event loop; they are loaded while it already answers.
        routers: in the order in which they are asked.
        title: for the API's description.
        description: likewise.
        larger: addresses whose bodies may be larger than others, in bytes, and which look to the time themselves.
        max_message: bytes of a WebSocket message; a larger one closes the socket.
        eager: answer only once everything is loaded, and not at all when that failed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        base = make()
        app.state.services = base
        loading = asyncio.create_task(base.load())
        try:
            if eager:
                await loading
                if base.failure is not None:
                    raise base.failure
            yield
        finally:
            await loading
            await base.close()

    app = FastAPI(
        title=title,
        version=__version__,
        description=description,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
    )
    app.state.max_message = max_message
    errors.install(app)
    for router in routers:
        app.include_router(router)
    # The last added is the outermost.
    app.add_middleware(BodyLimit, max_body=settings.max_body, seconds=settings.upload_timeout, others=larger)
    app.add_middleware(Throttle)
    app.add_middleware(Guard, host_names=settings.host_names, origins=settings.allowed_origins)
    app.add_middleware(RequestContext)
    if settings.allowed_origins:  # around all that refuses or fails, or a page could not read why
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    return app
