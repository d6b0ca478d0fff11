"""The networks by themselves, over the Open Inference Protocol v2 (REST, with binary tensors).

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final

import anyio
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from mien import __version__
from mien.models import oip, zoo
from mien.server import inference
from mien.server.base import Base, BaseDep, require_key
from mien.server.errors import ApiError
from mien.server.gate import deadline
from mien.server.inference_schemas import (
    ERRORS,
    INFER_BODY,
    InferenceAnswer,
    Live,
    ModelMetadata,
    ModelNames,
    ModelReady,
    Ready,
    ServerMetadata,
)
from mien.server.limits import client_at

router = APIRouter(prefix="/v2", tags=["models"])
KEYED: Final = [Depends(require_key)]
SLOW: Final = "the network did not answer in time: send less at once or try again later"


@router.get("", dependencies=KEYED, responses={401: ERRORS[401], 403: ERRORS[403]})
async def server_metadata() -> ServerMetadata:
    """Tell what serves."""
    return ServerMetadata(version=__version__, extensions=["binary_tensor_data"])


@router.get("/health/live")
async def server_live() -> Live:
    """Answer as long as the process serves requests."""
    return Live(live=True)


@router.get("/health/ready", responses={503: ERRORS[503]})
async def server_ready(base: BaseDep) -> Ready:
    """Answer 200 once the models are loaded."""
    base.check_ready()
    return Ready(ready=True)


@router.get("/models", dependencies=KEYED, responses={code: ERRORS[code] for code in (401, 403, 404, 503)})
async def list_models(base: BaseDep) -> ModelNames:
    """Tell which models can be asked."""
    return ModelNames(models=list(base.networks.names()))


@router.get("/models/{name}", dependencies=KEYED, responses=ERRORS, name="model_metadata")
@router.get("/models/{name}/versions/{version}", dependencies=KEYED, responses=ERRORS, name="version_metadata")
async def model_metadata(base: BaseDep, name: str, version: str | None = None) -> ModelMetadata:
    """Tell a model's inputs and outputs, and which file it is."""
    return ModelMetadata.model_validate(inference.metadata(await find(base, name, version)))


@router.get("/models/{name}/ready", dependencies=KEYED, responses=ERRORS, name="model_ready")
@router.get("/models/{name}/versions/{version}/ready", dependencies=KEYED, responses=ERRORS, name="version_ready")
async def model_ready(base: BaseDep, name: str, version: str | None = None) -> ModelReady:
    """Answer 200 when a model can be asked."""
    return ModelReady(name=(await find(base, name, version)).spec.name, ready=True)


@router.post(
    "/models/{name}/infer",
    dependencies=KEYED,
    responses=ERRORS,
    response_model=InferenceAnswer,
    openapi_extra={"requestBody": INFER_BODY},
    name="model_infer",
)
@router.post(
    "/models/{name}/versions/{version}/infer",
    dependencies=KEYED,
    responses=ERRORS,
    response_model=InferenceAnswer,
    openapi_extra={"requestBody": INFER_BODY},
    name="version_infer",
)
async def model_infer(request: Request, base: BaseDep, name: str, version: str | None = None) -> Response:
    """Compute a network on a tensor, as it is: nothing is cut out, scaled or calibrated.

    Tensors are JSON, or bytes behind the JSON (the extension for binary tensors), in both directions.
    """
    model = await find(base, name, version)
    with base.gate.enter(client_at(request)):
        body = await request.body()
        started = time.perf_counter()
        async with deadline(base.settings.analyze_timeout, 503, SLOW):
            job = partial(_infer, model, body, request.headers.get(oip.HEADER))
            response = await anyio.to_thread.run_sync(job, limiter=base.decoders, abandon_on_cancel=True)
        base.metrics.inference(model.spec.name, time.perf_counter() - started)
    return response


async def find(base: Base, name: str, version: str | None) -> zoo.Model:
    """Return a network that may be asked.

    Raises:
        ApiError: 404 when there is none by that name or version, 503 while nothing is loaded.
    """
    networks = base.networks
    if name not in networks.names():
        raise ApiError(404, "not_found", f"there is no model {name[:100]!r}: there are {', '.join(networks.names())}")
    known = zoo.find(name).version
    if version is not None and version != known:
        raise ApiError(404, "not_found", f"there is no version {version[:100]!r} of {name}: there is {known}")
    return await anyio.to_thread.run_sync(networks.get, name)


def _infer(model: zoo.Model, body: bytes, length: str | None) -> Response:
    """Answer one request; takes as long as the network does."""
    asked = inference.read(body, length, model)
    answer, head = inference.answer(model, asked, model.run(asked.tensor, asked.outputs))
    if head is None:
        return Response(answer, media_type="application/json")
    return Response(answer, media_type=oip.BINARY, headers={oip.HEADER: str(head)})
