"""System S5's model server: the model of age and gender, where the server was started with ``--attributes``.

An instance is a face of 64×64 pixels in colour, a detector's crop, 0–1 or 0–255. It is taken for blue first, as OpenCV
cuts it out: the original does not say. A prediction has the names of the original's outputs: ``dense``, the
probabilities of female and male, and ``dense_1``, those of the years 0 to 100.
"""

from __future__ import annotations

from typing import Any, Final

import anyio
import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from mien.core.types import Image
from mien.models.attributes import OFF, AttributeModel
from mien.server.compat.common import TOO_LATE, PlainErrorRoute, parse_object
from mien.server.compat.s5_model_server import SIGNATURE, VERSION, numbers, pixels
from mien.server.errors import ApiError
from mien.server.gate import deadline
from mien.server.services import Services, ServicesDep, require_key

router = APIRouter(
    prefix="/v1/models", route_class=PlainErrorRoute, include_in_schema=False, dependencies=[Depends(require_key)]
)

NAME: Final = "age_gender_model"
SIDE: Final = 64


@router.get(f"/{NAME}")
async def status(services: ServicesDep) -> JSONResponse:
    """Say that the model can be asked."""
    _model(services)
    fine = {"error_code": "OK", "error_message": ""}
    return JSONResponse({"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": fine}]})


@router.post(f"/{NAME}:predict")
@router.post(f"/{NAME}/versions/{{version}}:predict")
async def predict(request: Request, services: ServicesDep, version: str = VERSION) -> JSONResponse:
    """Return ``dense``, female and male, and ``dense_1``, the years 0–100, per instance."""
    if version != VERSION:
        raise ApiError(404, "not_found", f"Servable not found for request: Specific({NAME}, {version[:100]})")
    model = _model(services)
    message = parse_object(await request.body())
    signature = message.get("signature_name") or SIGNATURE
    if signature != SIGNATURE:
        raise ApiError(400, "invalid_request", f'Serving signature key "{str(signature)[:100]}" not found.')
    with services.gate.enter():
        async with deadline(services.settings.analyze_timeout, 503, TOO_LATE):
            predictions = await anyio.to_thread.run_sync(
                lambda: _predict(model, faces(message.get("instances"))), limiter=services.decoders
            )
    return JSONResponse({"predictions": predictions})


def faces(instances: Any) -> Image:
    """Return BGR uint8 ``[n, 64, 64, 3]`` for nested lists of that shape.

    Raises:
        ApiError: 400, they are something else.
    """
    values = numbers(instances, "64×64×3 faces")
    if values.shape[1:] != (SIDE, SIDE, 3):
        raise ApiError(400, "invalid_request", f"an instance must have shape [64, 64, 3], got {list(values.shape[1:])}")
    return pixels(values)


def _predict(model: AttributeModel, images: Image) -> list[dict[str, list[float]]]:
    years, female = model.read_crops(images)
    genders = np.stack([female, 1 - female], axis=1)
    return [
        {"dense": gender.astype(float).round(6).tolist(), "dense_1": ages.astype(float).round(6).tolist()}
        for gender, ages in zip(genders, years, strict=True)
    ]


def _model(services: Services) -> AttributeModel:
    model = services.backend.attributes
    if model is None:
        raise ApiError(404, "not_found", f"Servable not found for request: Latest({NAME}): {OFF}")
    return model
