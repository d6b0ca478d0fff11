"""System S5's separate model server: TensorFlow Serving's REST for the emotion model alone.

An instance is a grey face of 48×48 pixels, a detector's crop, 0–1 as the original sends it or 0–255. It goes into the
network as it is. Errors are ``{"error": "…"}``, as TensorFlow Serving's are. Other names are answered by
`mien.server.routes.predict`.
https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import anyio
import numpy as np
from fastapi import APIRouter, Depends, Request
from numpy.typing import NDArray
from starlette.responses import JSONResponse

from mien.core.types import FloatArray, Image
from mien.server.compat.common import TOO_LATE, PlainErrorRoute, parse_object, seven
from mien.server.errors import ApiError
from mien.server.gate import deadline
from mien.server.services import Services, ServicesDep, require_key

router = APIRouter(
    prefix="/v1/models", route_class=PlainErrorRoute, include_in_schema=False, dependencies=[Depends(require_key)]
)

NAME: Final = "emotion_model"
VERSION: Final = "1"
SIGNATURE: Final = "serving_default"
SIDE: Final = 48
MOST: Final = 256
"""Instances of one request."""


@router.get(f"/{NAME}")
async def status(services: ServicesDep) -> JSONResponse:
    """Say that the model can be asked."""
    _model(services)
    fine = {"error_code": "OK", "error_message": ""}
    return JSONResponse({"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": fine}]})


@router.post(f"/{NAME}:predict")
@router.post(f"/{NAME}/versions/{{version}}:predict")
async def predict(request: Request, services: ServicesDep, version: str = VERSION) -> JSONResponse:
    """Return seven probabilities per instance: angry, disgust, scared, happy, sad, surprised, neutral."""
    if version != VERSION:
        raise ApiError(404, "not_found", f"Servable not found for request: Specific({NAME}, {version[:100]})")
    classify = _model(services)
    message = parse_object(await request.body())
    signature = message.get("signature_name") or SIGNATURE
    if signature != SIGNATURE:
        raise ApiError(400, "invalid_request", f'Serving signature key "{str(signature)[:100]}" not found.')
    with services.gate.enter():
        async with deadline(services.settings.analyze_timeout, 503, TOO_LATE):
            predictions = await anyio.to_thread.run_sync(
                lambda: seven(classify(crops(message.get("instances")))), limiter=services.decoders
            )
    return JSONResponse({"predictions": predictions.astype(float).round(6).tolist()})


def crops(instances: Any) -> Image:
    """Return uint8 ``[n, 48, 48]`` for nested lists ``[n, 48, 48]`` or ``[n, 48, 48, 1]``.

    Raises:
        ApiError: 400, they are something else.
    """
    values = numbers(instances, "48×48 grey faces")
    shape = list(values.shape)
    if shape[1:] == [SIDE, SIDE, 1]:
        values = values[..., 0]
    if shape[1:] not in ([SIDE, SIDE], [SIDE, SIDE, 1]):
        raise ApiError(400, "invalid_request", f"an instance must have shape [48, 48, 1] or [48, 48], got {shape[1:]}")
    return pixels(values)


def numbers(instances: Any, what: str) -> NDArray[np.float64]:
    """Return an array of nested lists of numbers, at most `MOST` of ``what`` it should hold.

    Raises:
        ApiError: 400, they are something else.
    """
    if not isinstance(instances, list) or not instances:
        raise ApiError(400, "invalid_request", f'Missing "instances": send a list of {what}')
    if len(instances) > MOST:
        raise ApiError(400, "invalid_request", f"{len(instances)} instances are more than {MOST}: send fewer at once")
    try:
        return np.asarray(instances, np.float64)
    except (TypeError, ValueError):
        raise ApiError(400, "invalid_request", "instances must be nested lists of numbers of equal lengths") from None


def pixels(values: NDArray[np.float64]) -> Image:
    """Return bytes for values 0–1 or 0–255, told apart by the largest.

    Raises:
        ApiError: 400, they are neither.
    """
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255:
        raise ApiError(400, "invalid_request", "values must be 0–1 or 0–255")
    return np.rint(values * 255 if values.max() <= 1 else values).astype(np.uint8)


def _model(services: Services) -> Callable[[Image], FloatArray]:
    classify = services.backend.classify
    if classify is None:
        raise ApiError(404, "not_found", f"Servable not found for request: Latest({NAME})")
    return classify
