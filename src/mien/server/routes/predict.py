"""The networks by themselves, over TensorFlow Serving's REST. https://www.tensorflow.org/tfx/serving/api_rest

An instance is what the network reads, as nested lists ``[channels, height, width]``. The names of system S5 are
`mien.server.compat.s5_model_server`'s.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import anyio
import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from mien.core.types import FloatArray
from mien.models import oip, zoo
from mien.models.oip import TensorError
from mien.server import inference
from mien.server.base import Base, BaseDep, require_key
from mien.server.errors import ApiError
from mien.server.gate import deadline
from mien.server.inference_schemas import ERRORS, PREDICT_BODY
from mien.server.limits import client_at
from mien.server.routes.inference import SLOW, find

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(require_key)])
VERSION: Final = "1"
"""Versions are numbers here; there is one of each model."""
SIGNATURE: Final = "serving_default"


@router.get("/{name}", responses=ERRORS, response_model=dict[str, Any])
async def model_status(base: BaseDep, name: str) -> JSONResponse:
    """Say that a model can be asked."""
    await _find(base, name)
    return available()


@router.get("/{name}/metadata", responses=ERRORS, response_model=dict[str, Any])
async def model_signature(base: BaseDep, name: str) -> JSONResponse:
    """Tell a model's inputs and outputs."""
    model = await _find(base, name)
    network = model.session
    signature = {
        "inputs": {network.input: _tensor(network.input, network.shape)},
        "outputs": {output: _tensor(output, network.output_shapes[output]) for output in network.outputs},
        "method_name": "tensorflow/serving/predict",
    }
    about = {"name": name, "signature_name": "", "version": VERSION}
    return JSONResponse({"model_spec": about, "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}}})


@router.post(
    "/{name}:predict",
    responses=ERRORS,
    response_model=dict[str, Any],
    openapi_extra={"requestBody": PREDICT_BODY},
    name="predict",
)
@router.post(
    "/{name}/versions/{version}:predict",
    responses=ERRORS,
    response_model=dict[str, Any],
    openapi_extra={"requestBody": PREDICT_BODY},
    name="predict_version",
)
async def predict(request: Request, base: BaseDep, name: str, version: str = VERSION) -> JSONResponse:
    """Compute a network on `instances` (a list, a row each) or on `inputs` (all rows in one)."""
    model = await _find(base, name, version)
    with base.gate.enter(client_at(request)):
        body = await request.body()
        started = time.perf_counter()
        async with deadline(base.settings.analyze_timeout, 503, SLOW):
            job = partial(_predict, model, body)
            answer = await anyio.to_thread.run_sync(job, limiter=base.decoders, abandon_on_cancel=True)
        base.metrics.inference(name, time.perf_counter() - started)
    return JSONResponse(answer)


def available() -> JSONResponse:
    """Return the state of a model that can be asked."""
    fine = {"error_code": "OK", "error_message": ""}
    return JSONResponse({"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": fine}]})


def not_there(name: str, version: str | None = None, why: str | None = None) -> ApiError:
    """Return the refusal of a model, or of a version, that is not there, in TensorFlow Serving's words."""
    asked = f"Latest({name[:100]})" if version is None else f"Specific({name[:100]}, {version[:100]})"
    return ApiError(404, "not_found", f"Servable not found for request: {asked}{f': {why}' if why else ''}")


def check_signature(message: Mapping[str, Any]) -> None:
    """Raise unless a request names the signature that there is, or none.

    Raises:
        TensorError: it names another one.
    """
    signature = message.get("signature_name") or SIGNATURE
    if signature != SIGNATURE:
        raise TensorError(f'Serving signature key "{str(signature)[:100]}" not found.')


async def _find(base: Base, name: str, version: str = VERSION) -> zoo.Model:
    if version != VERSION:
        raise not_there(name, version)
    try:
        return await find(base, name, None)
    except ApiError as error:
        if error.status_code != 404:
            raise
        raise not_there(name) from None


def _predict(model: zoo.Model, body: bytes) -> dict[str, Any]:
    """Answer one request; takes as long as the network does."""
    message, _ = oip.split(body, None)
    check_signature(message)
    rows = "instances" in message
    if rows == ("inputs" in message):
        raise TensorError('send either "instances", a list with a row each, or "inputs", all rows in one')
    results = model.run(_read(message["instances" if rows else "inputs"], model, rows))
    return _rows(results) if rows else {"outputs": _alone({name: v.tolist() for name, v in results.items()})}


def _read(value: Any, model: zoo.Model, rows: bool) -> FloatArray:
    """Return the input tensor; it may be given under the input's name."""
    name = model.session.input
    if rows and isinstance(value, list):
        value = [row.get(name) if isinstance(row, dict) else row for row in value]
    elif isinstance(value, dict):
        value = value.get(name)
    if not isinstance(value, list) or not value:
        raise TensorError(f"{model.spec.name} needs a list of rows (or rows under the name {name!r})")
    if len(value) > inference.MAX_BATCH:
        raise TensorError(f"{len(value)} at once are more than {inference.MAX_BATCH}: send fewer")
    try:
        with np.errstate(over="ignore"):
            tensor = np.asarray(value, np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError):
        raise TensorError("rows must be nested lists of numbers of equal lengths") from None
    if tensor.size > inference.MAX_VALUES:
        raise TensorError(f"{tensor.size} values are more than {inference.MAX_VALUES}: send fewer at once")
    inference.check(tensor, model)
    return tensor


def _rows(results: Mapping[str, FloatArray]) -> dict[str, Any]:
    count = len(next(iter(results.values())))
    values = {name: value.tolist() for name, value in results.items()}
    return {"predictions": [_alone({name: value[row] for name, value in values.items()}) for row in range(count)]}


def _alone(values: dict[str, Any]) -> Any:
    """Return the only value without its name, as TensorFlow Serving does."""
    return next(iter(values.values())) if len(values) == 1 else values


def _tensor(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    dim = [{"size": str(side), "name": ""} for side in shape]
    return {"dtype": "DT_FLOAT", "tensor_shape": {"dim": dim, "unknown_rank": False}, "name": name}
