"""Is it up, is it ready."""

from __future__ import annotations

from fastapi import APIRouter

from mien import __version__
from mien.server.base import BaseDep
from mien.server.schemas import ErrorEnvelope, Health, Status

router = APIRouter(tags=["health"])


@router.get("/ping")
async def ping() -> Health:
    """Answer that the server is up."""
    return Health(status="ok", version=__version__)


@router.get("/healthz")
async def healthz() -> Status:
    """Answer 200 as long as the process serves requests; for liveness probes."""
    return Status(status="ok")


@router.get(
    "/readyz", responses={503: {"model": ErrorEnvelope, "description": "The models are being loaded, or cannot be"}}
)
async def readyz(base: BaseDep) -> Status:
    """Answer 200 once the models are loaded; for readiness probes."""
    base.check_ready()
    return Status(status="ready")
