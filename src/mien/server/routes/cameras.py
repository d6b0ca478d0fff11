"""The server's own cameras: what they are, their pictures, what is seen on them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import anyio
import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mien.core.errors import SettingsError
from mien.live.camera import Camera
from mien.live.camera_values import CameraEvent, CameraResult, CameraState
from mien.live.cameras import Cameras, parse_options
from mien.live.session import StreamOptions
from mien.outputs import overlay
from mien.server.attributes import allowed
from mien.server.camera_schemas import CameraList, CameraStatus, LiveResult, LiveResults, NewCamera
from mien.server.errors import ApiError
from mien.server.schemas import error_responses
from mien.server.services import Services, ServicesDep, require_admin, require_key
from mien.server.streaming import HEARTBEAT, SILENCE, LiveResponse, heard

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"], dependencies=[Depends(require_key)])

BOUNDARY: Final = "frame"


_MISSING: Final = "There is no such camera"
_STREAM: Final = error_responses(_401="A key is needed", _404=_MISSING, _429="Too many watch already")


@router.get("", responses=error_responses(_401="A key is needed"))
async def list_cameras(request: Request, services: ServicesDep) -> CameraList:
    """Return all cameras, the one that has been there longest first."""
    admin = services.keys.may(request, "admin")
    return CameraList(
        cameras=[_status(camera, services) for camera in services.cameras.all()],
        changeable=admin and services.settings.allow_camera_changes,
        recordable=admin,
    )


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(require_admin)],
    responses=error_responses(
        _400="The JSON is malformed",
        _401="A key is needed",
        _403="The server does not allow it",
        _409="There is one of that name, or there are too many",
        _422="Not an address, not a name, or not an option",
    ),
)
async def add_camera(new: NewCamera, services: ServicesDep) -> CameraStatus:
    """Add a camera and begin to watch it; whether it can be opened shows in its state."""
    _changeable(services)
    try:
        options = parse_options(new.options)
        allowed(options.attributes, services.settings)
    except SettingsError as error:
        raise ApiError(422, "bad_option", str(error)) from None
    return _status(services.cameras.add(new.address, new.id, new.loop, options), services)


@router.get("/{camera_id}", responses=error_responses(_401="A key is needed", _404=_MISSING))
async def get_camera(camera_id: str, services: ServicesDep) -> CameraStatus:
    """Return a camera's state and counters."""
    return _status(_find(services.cameras, camera_id), services)


@router.delete(
    "/{camera_id}",
    status_code=204,
    responses=error_responses(_401="A key is needed", _403="The server does not allow it", _404=_MISSING),
)
async def remove_camera(camera_id: str, services: ServicesDep) -> None:
    """Stop a camera and forget it and its results."""
    _changeable(services)
    _find(services.cameras, camera_id)
    await anyio.to_thread.run_sync(services.cameras.remove, camera_id)


@router.get(
    "/{camera_id}/latest",
    response_model=LiveResult,
    responses=error_responses(_401="A key is needed", _404=f"{_MISSING}, or it has no result yet"),
)
async def latest(camera_id: str, services: ServicesDep) -> Response:
    """Return what was seen on the newest frame."""
    result = _find(services.cameras, camera_id).latest
    if result is None:
        raise ApiError(404, "no_result", f"camera {camera_id} has no result yet: see its state")
    return Response(result.json, media_type="application/json")


@router.get(
    "/{camera_id}/results", response_model=LiveResults, responses=error_responses(_401="A key is needed", _404=_MISSING)
)
async def results(
    camera_id: str, services: ServicesDep, limit: Annotated[int, Query(ge=1, le=100_000)] = 100
) -> Response:
    """Return what was seen lately, also while nobody watched; the server keeps a limited number, in memory."""
    camera = _find(services.cameras, camera_id)
    found = [orjson.Fragment(result.json) for result in camera.results(limit)]
    return Response(orjson.dumps({"camera": camera.name, "results": found}), media_type="application/json")


@router.get(
    "/{camera_id}/mjpeg",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Annotated JPEG frames",
            "content": {f"multipart/x-mixed-replace; boundary={BOUNDARY}": {}},
        },
        **_STREAM,
    },
)
async def mjpeg(
    camera_id: str,
    services: ServicesDep,
    labels: Annotated[
        Literal["words", "numbers"], Query(description="`numbers` draws no words, for pages in other languages")
    ] = "words",
) -> Response:
    """Show the camera's annotated pictures, newest first and never late; put it into an `<img>`."""
    camera = _watchable(services, camera_id)
    draw = overlay.draw if labels == "words" else overlay.draw_without_words
    return LiveResponse(
        multipart(services.cameras.frames(camera.name, draw)), f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    )


@router.get(
    "/{camera_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"description": "`state` and `result` events with JSON data", "content": {"text/event-stream": {}}},
        **_STREAM,
    },
)
async def events(camera_id: str, services: ServicesDep) -> Response:
    """Follow the camera's states and results as server-sent events; the state it is in comes first."""
    return LiveResponse(event_stream(_watchable(services, camera_id)), "text/event-stream")


async def multipart(pictures: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield JPEG pictures as parts of ``multipart/x-mixed-replace``.

    The boundary comes right after a picture: browsers show it only then.
    """
    try:
        yield f"--{BOUNDARY}\r\n".encode()
        async for picture in pictures:
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            yield head.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()
    finally:
        await pictures.aclose()


async def event_stream(camera: Camera, heartbeat: float = HEARTBEAT) -> AsyncGenerator[bytes]:
    """Yield a camera's events in the form of server-sent events, the present state first."""
    with camera.events.listen() as inbox:
        yield _event(camera.state)
        async for event in heard(inbox, heartbeat):
            yield SILENCE if event is None else _event(event)


def _event(event: CameraEvent) -> bytes:
    if isinstance(event, CameraResult):
        return b"event: result\nid: %d\ndata: %s\n\n" % (event.result.index, event.json)
    return b"event: state\ndata: %s\n\n" % orjson.dumps(_state(event))


def _state(state: CameraState) -> dict[str, Any]:
    return {
        "state": state.name,
        "reason": state.reason,
        "code": state.code,
        "since": round(state.since, 3),
        "retry_in": state.retry_in,
    }


def _status(camera: Camera, services: Services) -> CameraStatus:
    address, options, usual = camera.spec.address, asdict(camera.spec.options), asdict(StreamOptions())
    return CameraStatus(
        id=camera.name,
        kind=address.kind,
        address=address.shown,
        # As lists: in JSON there are no tuples.
        options={
            name: list(value) if isinstance(value, tuple) else value
            for name, value in options.items()
            if value != usual[name]
        },
        recording=services.camera_recordings.of(camera.name),
        **_state(camera.state),
        **camera.counters(),
    )


def _find(cameras: Cameras, name: str) -> Camera:
    camera = cameras.get(name)
    if camera is None:
        raise ApiError(404, "not_found", f"there is no camera {name[:100]}: GET /api/v1/cameras lists those there are")
    return camera


def _watchable(services: Services, name: str) -> Camera:
    camera = _find(services.cameras, name)
    if services.cameras.viewers >= services.settings.max_viewers:
        message = f"{services.settings.max_viewers} watch already: try again later, or raise MIEN_MAX_VIEWERS"
        raise ApiError(429, "busy", message, {"retry-after": "5"})
    return camera


def _changeable(services: Services) -> None:
    if not services.settings.allow_camera_changes:
        message = "cameras are not changed from outside here: start the server with --allow-camera-changes to allow it"
        raise ApiError(403, "camera_changes_off", message)
