"""The server put together: settings in, an ASGI app out. Nothing is loaded before its lifespan begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from mien import __version__
from mien.server import compat, errors
from mien.server.guard import Guard
from mien.server.limits import Throttle
from mien.server.middleware import BodyLimit, RequestContext
from mien.server.routes import analyze, cameras, docs, health, login, metrics, sessions, stream, videos
from mien.server.routes.web import WebApp
from mien.server.services import Loader, Services, load_backend
from mien.server.settings import ServerSettings

FORM: Final = 2**16
"""Bytes that a form may need around a file."""

_DESCRIPTION = """Reads facial expressions in pictures, videos and live streams.

An *expression* is seen, never what someone feels. What is sent here is not kept, unless a stream is recorded: then what
was seen is, and no pictures. Videos are kept until their time is over or somebody deletes them. Live frames go over the
WebSocket `/api/v1/stream`, described in `docs/protocol.md`.
"""


def create_app(settings: ServerSettings | None = None, loader: Loader = load_backend) -> FastAPI:
    """Return the server's ASGI app.

    Args:
        settings: defaults to the environment's.
        loader: makes what computes; runs in a thread while the server already answers.
    """
    chosen = settings or ServerSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = Services(chosen, loader)
        app.state.services = services
        loading = asyncio.create_task(services.load())
        try:
            yield
        finally:
            await loading
            await services.close()

    app = FastAPI(
        title="Mien",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    for part in (health, metrics, analyze, stream, cameras, sessions, videos, login, docs):
        app.include_router(part.router)
    compat.install(app, chosen)
    app.router.default = WebApp(chosen.static, app.router)
    # The last added is the outermost.
    if chosen.allowed_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=chosen.allowed_origins, allow_methods=["*"], allow_headers=["*"]
        )
    larger = {videos.router.prefix: chosen.video_max_bytes + FORM}
    app.add_middleware(BodyLimit, max_body=chosen.max_body, others=larger)
    app.add_middleware(Throttle)
    app.add_middleware(Guard, host_names=chosen.host_names, origins=chosen.allowed_origins)
    app.add_middleware(RequestContext)
    return app
