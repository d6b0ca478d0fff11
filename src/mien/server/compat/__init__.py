"""The interfaces of five older systems, as thin adapters: their clients work with this server as they are.

Which address belongs to which system, and the test that shows it, is listed in ``docs/compatibility.md``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import APIRouter, FastAPI

from mien.server.compat import s1_annotated, s2_dashboard, s3_mobile, s5_age_gender, s5_model_server, s5_panels
from mien.server.compat.sockets import PATH, Sockets
from mien.server.settings import ServerSettings


def install(app: FastAPI, settings: ServerSettings) -> None:
    """Add the interfaces to ``app``."""
    sockets = Sockets(settings)
    for part in (s1_annotated, s5_panels):
        part.register(sockets)
    dashboards = s2_dashboard.install(app, settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await sockets.close()
        await anyio.to_thread.run_sync(dashboards.close)

    app.include_router(APIRouter(lifespan=lifespan))
    app.state.video_feeds = {}
    for router in (s1_annotated.router, s3_mobile.router, s5_model_server.router, s5_age_gender.router):
        app.include_router(router)
    app.mount(PATH, sockets)
