"""The server put together: settings in, an ASGI app out. Nothing is loaded before its lifespan begins."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from mien.server import compat
from mien.server.assembly import assemble
from mien.server.routes import (
    analyze,
    cameras,
    docs,
    health,
    inference,
    login,
    metrics,
    predict,
    sessions,
    stream,
    videos,
)
from mien.server.routes.web import WebApp
from mien.server.services import Loader, Services, load_backend
from mien.server.settings import ServerSettings

FORM: Final = 2**16
"""Bytes that a form may need around a file."""

_DESCRIPTION = """Reads facial expressions in pictures, videos and live streams.

An *expression* is seen, never what someone feels. What is sent here is not kept, unless a stream is recorded: then
what was seen is, and pictures only where somebody asks for them. Videos are kept until their time is over or somebody
deletes them. Live frames go over the WebSocket `/api/v1/stream`, described in `docs/protocol.md`.
"""


def create_app(settings: ServerSettings | None = None, loader: Loader = load_backend) -> FastAPI:
    """Return the server's ASGI app.

    Args:
        settings: defaults to the environment's.
        loader: makes what computes; runs in a thread while the server already answers.
    """
    chosen = settings or ServerSettings()

    parts = (health, metrics, analyze, stream, cameras, sessions, videos, inference, login, docs)
    app = assemble(
        chosen,
        lambda: Services(chosen, loader),
        [part.router for part in parts],
        title="Mien",
        description=_DESCRIPTION,
        max_message=stream.MAX_MESSAGE,
        larger={videos.router.prefix: chosen.video_max_bytes + FORM},
    )
    compat.install(app, chosen)
    app.include_router(predict.router)  # later than system S5's, whose names are among those that it answers
    app.router.default = WebApp(chosen.static, app.router)
    return app
