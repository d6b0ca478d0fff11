"""One of several like processes behind a distributor of requests: the server, less what lives in one process alone."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI

from mien.core.errors import SettingsError
from mien.server.assembly import assemble
from mien.server.base import require_key
from mien.server.errors import ApiError
from mien.server.routes import analyze, docs, health, inference, login, predict, sessions, stream
from mien.server.routes.web import WebApp
from mien.server.scratch import Scratch
from mien.server.services import Loader, Services, load_backend
from mien.server.settings import ServerSettings
from mien.store.archive import Archive
from mien.store.repository import Repository

PREFIX: Final = "mien-replica-"
"""Of the names of replicas' folders."""
_DESCRIPTION: Final = """Reads facial expressions in pictures and live streams, on as many machines as there are.

Cameras, videos and the interfaces of other systems are not here: they live in one process.
"""
_ABSENT: Final = "cameras and videos live in one process, and this server is several: run them with mien serve"

absent = APIRouter(include_in_schema=False, dependencies=[Depends(require_key)])


@absent.api_route("/api/v1/{part}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@absent.api_route("/api/v1/{part}/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def not_here(part: str) -> None:
    """Say what is missing, and where it is.

    Raises:
        ApiError: always.
    """
    if part in ("cameras", "videos"):
        raise ApiError(501, "not_in_cluster", _ABSENT)
    raise ApiError(404, "not_found", "there is nothing here: see /docs for what there is")


class NoArchive(Archive):
    """Stands for recordings where there is no database that all replicas share."""

    def open(self) -> Repository:
        """Refuse.

        Raises:
            SettingsError: always; says what to set.
        """
        raise SettingsError("recordings need a database that all replicas share: set MIEN_DATABASE_URL (PostgreSQL)")

    def present(self) -> Repository | None:
        """Return None: there are none."""
        return None


class ReplicaSettings(ServerSettings):
    """The server's settings, for a process that may be lost at any time and shares its computer with others like it."""

    @property
    def archive(self) -> Archive:
        """Where recordings are kept: only in a database that every replica reaches."""
        return super().archive if self.database_url is not None else NoArchive(self.data_dir)


class ReplicaServices(Services):
    """A server's parts, with a folder of their own that goes when they do, or with the next replica if they are killed.

    Args:
        settings: of the replica.
        loader: makes what computes.
    """

    def __init__(self, settings: ReplicaSettings, loader: Loader) -> None:
        self._scratch = Scratch(PREFIX)
        super().__init__(settings.model_copy(update={"data_dir": self._scratch.path}), loader)

    async def close(self) -> None:
        """Stop everything; see `Services.close`."""
        await super().close()
        await asyncio.to_thread(self._scratch.close)


def replica_settings(chosen: dict[str, Any]) -> ReplicaSettings:
    """Return a replica's settings: those that were ``chosen``, this computer's defaults for others, no cameras."""
    return ReplicaSettings(**{**chosen, "cameras": ()})


def create_replica_app(settings: ReplicaSettings, loader: Loader = load_backend) -> FastAPI:
    """Return a replica's ASGI app; it answers only once the models are loaded.

    Args:
        settings: as from `replica_settings`.
        loader: makes what computes.
    """
    parts = (health, analyze, stream, sessions, inference, predict, login, docs)
    app = assemble(
        settings,
        lambda: ReplicaServices(settings, loader),
        [*(part.router for part in parts), absent],
        title="Mien",
        description=_DESCRIPTION,
        eager=True,
        max_message=stream.MAX_MESSAGE,
    )
    app.router.default = WebApp(settings.static, app.router)
    return app
