"""Numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from mien.server.base import BaseDep, require_key
from mien.server.schemas import ErrorEnvelope

router = APIRouter(tags=["health"], dependencies=[Depends(require_key)])


@router.get(
    "/metrics",
    response_class=Response,  # one with a type of its own would be taken for the errors' type as well
    responses={
        200: {"description": "The numbers", "content": {"text/plain": {"schema": {"type": "string"}}}},
        401: {"model": ErrorEnvelope, "description": "A key is needed"},
    },
)
async def metrics(request: Request, base: BaseDep) -> Response:
    """Return the server's numbers in Prometheus' text format."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(base.metrics.registry), media_type=content_type)
