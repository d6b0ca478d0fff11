"""The model server: the networks alone, for other servers, without pages, streams or anything that is kept."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import FastAPI

from mien.models.networks import Networks
from mien.server.assembly import assemble
from mien.server.base import Base
from mien.server.common_settings import ModelServerSettings
from mien.server.metrics import PresentBase
from mien.server.routes import docs, health, inference, metrics, predict

_DESCRIPTION: Final = """Computes Mien's networks, as they are, for servers that do not want to hold them.

Tensors go in and tensors come out. They are not kept.
"""


class ModelServices(Base):
    """The running model server's parts.

    Args:
        settings: of the server.
    """

    def __init__(self, settings: ModelServerSettings) -> None:
        super().__init__(settings)
        self._networks = Networks(settings.analyzer)
        self.metrics.registry.register(PresentBase(self))

    @property
    def networks(self) -> Networks:
        """All networks; see `Base.networks`."""
        self.check_ready()
        return self._networks

    async def _load(self) -> dict[str, str]:
        models = [await asyncio.to_thread(self._networks.get, name) for name in self._networks.names()]
        return {model.spec.name: f"{model.spec.version} {model.precision}" for model in models}

    async def close(self) -> None:
        """Nothing runs by itself here."""

    def ask_to_stop(self) -> None:
        """Every answer has an end of its own here."""


def create_model_app(settings: ModelServerSettings | None = None) -> FastAPI:
    """Return the model server's ASGI app.

    Args:
        settings: defaults to the environment's.
    """
    chosen = settings or ModelServerSettings()
    parts = (health, metrics, inference, predict, docs)
    return assemble(
        chosen,
        lambda: ModelServices(chosen),
        [part.router for part in parts],
        title="Mien model server",
        description=_DESCRIPTION,
    )
