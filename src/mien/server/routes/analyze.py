"""Single pictures."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from mien import __version__
from mien.core.settings import ATTRIBUTES, Wants
from mien.outputs import heat
from mien.outputs.json import result_to_json
from mien.server import pictures
from mien.server.attributes import AttributesQuery, allowed
from mien.server.gate import deadline
from mien.server.limits import client_at
from mien.server.schemas import Analysis, AnalysisOptions, ErrorEnvelope, error_responses
from mien.server.services import ServicesDep, require_key

router = APIRouter(prefix="/api/v1", tags=["pictures"], dependencies=[Depends(require_key)])

_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP"}},
            }
        },
        "image/jpeg": _BINARY,
        "image/png": _BINARY,
        "image/webp": _BINARY,
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {
                    "image": {
                        "description": "Base64, a data URL, or the file's bytes as numbers",
                        "anyOf": [
                            {"type": "string"},
                            {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}},
                        ],
                    }
                },
            }
        },
    },
}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorEnvelope, "description": description}
    for status, description in {
        400: "The form or the JSON is malformed",
        401: "A key is needed",
        403: "Age and gender are off on this server",
        408: "Sending took too long",
        413: "Too many bytes or pixels",
        415: "Not a JPEG, PNG or WebP",
        422: "Empty, cut short, not base64, or no picture where it should be",
        429: "Too many pictures at once",
        503: "Being started, shutting down, or it took too long",
    }.items()
}


@router.get("/analyze", responses=error_responses(_401="A key is needed"))
def what_may_be_asked(services: ServicesDep) -> AnalysisOptions:
    """Return what may be asked for here, beside what is always read."""
    return AnalysisOptions(attributes=list(ATTRIBUTES) if services.settings.attributes else [])


@router.post(
    "/analyze",
    response_model=Analysis,
    responses=_ERRORS,
    openapi_extra={"requestBody": _BODY},
)
async def analyze(
    request: Request,
    services: ServicesDep,
    landmarks: bool = False,
    crop: bool = False,
    explain: bool = False,
    attributes: AttributesQuery = "",
) -> Response:
    """Analyse one picture, sent as a form's `file`, as the body itself, or as JSON.

    `landmarks` adds 68 landmarks, head pose, open eyes and open mouth. With `crop` the picture is one face that the
    sender has cut out, and nothing is looked for. `attributes` adds age, gender or both, where the server allows it:
    estimates by a model for non-commercial research use only, see `docs/attributes.md`. `explain` adds to each face a
    small picture of what spoke for its expression and what against it.

    A picture is turned upright as its EXIF orientation says. It is not kept.
    """
    backend, settings = services.backend, services.settings
    asked = allowed(attributes, settings)
    with services.gate.enter(client_at(request)):
        sent = await pictures.read(request)
        async with deadline(settings.analyze_timeout, 503, "the picture was not analysed in time: try again later"):
            frame = await services.decode(sent)
            wants = Wants(landmarks=landmarks, crop=crop, explain=explain, attributes=asked)
            result = await asyncio.wrap_future(backend.engine.analyze(frame, wants))
            value = {**result_to_json(result), "version": __version__, "models": backend.models}
            if result.heat is not None:
                maps = await asyncio.to_thread(heat.to_json, result.heat)
                for face, why in zip(value["faces"], maps, strict=True):
                    face["explain"] = why
    return Response(orjson.dumps(value), media_type="application/json")
