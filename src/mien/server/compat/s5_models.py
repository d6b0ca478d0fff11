"""System S5's separate model server: what its two models share, TensorFlow Serving's REST under their own names.

Instances are a detector's crops, 0–1 as the original sends them or 0–255. Other names are answered by
`mien.server.routes.predict`. https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import anyio
import numpy as np
from fastapi import APIRouter, Depends, Request
from numpy.typing import NDArray
from starlette.responses import JSONResponse

from mien.core.types import Image
from mien.server.compat.common import TOO_LATE, parse_object
from mien.server.errors import ApiError
from mien.server.gate import deadline
from mien.server.routes.predict import VERSION, available, check_signature, not_there
from mien.server.services import Backend, ServicesDep, require_key

MOST: Final = 256
"""Instances of one request."""

Predict: TypeAlias = Callable[[Any], list[Any]]
"""Makes predictions of the instances of a request, one of each."""


def routes(name: str, find: Callable[[Backend], Predict]) -> APIRouter:
    """Return the routes of a model.

    Args:
        name: of the model.
        find: gives the model of what computes here; raises `ApiError` where there is none.
    """
    router = APIRouter(prefix=f"/v1/models/{name}", include_in_schema=False, dependencies=[Depends(require_key)])

    @router.get("")
    async def status(services: ServicesDep) -> JSONResponse:
        """Say that the model can be asked."""
        find(services.backend)
        return available()

    # Starlette matches a prefix and a path as one: `…/NAME:predict`.
    @router.post(":predict")
    @router.post("/versions/{version}:predict")
    async def predict(request: Request, services: ServicesDep, version: str = VERSION) -> JSONResponse:
        """Return a prediction per instance."""
        if version != VERSION:
            raise not_there(name, version)
        model = find(services.backend)
        message = parse_object(await request.body())
        check_signature(message)
        with services.gate.enter():
            async with deadline(services.settings.analyze_timeout, 503, TOO_LATE):
                predictions = await anyio.to_thread.run_sync(model, message.get("instances"), limiter=services.decoders)
        return JSONResponse({"predictions": predictions})

    return router


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
