"""Videos: sent, analysed one after the other, looked at, deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, Literal

import anyio
import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import FileResponse, Response, StreamingResponse

from mien.core.settings import ATTRIBUTES
from mien.live.videos.values import VideoJob
from mien.live.videos.videos import VideoEvent
from mien.server import uploads, video_files
from mien.server.attributes import AttributesQuery, allowed
from mien.server.errors import ApiError
from mien.server.schemas import error_responses
from mien.server.services import Services, ServicesDep, require_key
from mien.server.streaming import HEARTBEAT, SILENCE, LiveResponse, heard
from mien.server.video_schemas import VideoList, VideoStatus, VideoTimeline

router = APIRouter(prefix="/api/v1/videos", tags=["videos"], dependencies=[Depends(require_key)])

_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_FORM: Final[dict[str, Any]] = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary", "description": "The video"}},
    }
}


def _errors(**statuses: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of errors, a missing key's included."""
    return error_responses(**{"_401": "A key is needed", **statuses})


_MISSING: Final = "There is no such video"
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file; ranges of it on request", "content": {"video/mp4": _BINARY}},
    206: {"description": "The range that was asked for"},
}
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "`video` and `removed` events with JSON data", "content": {"text/event-stream": {}}}
}


@router.post(
    "",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": _FORM, "application/octet-stream": _BINARY, "video/*": _BINARY},
        }
    },
    responses=_errors(
        _400="The form is malformed",
        _403="Age and gender are off on this server",
        _408="Nothing came any more",
        _413="Larger than a video may be",
        _415="Not a video of a known container",
        _422="Empty, or a form without a file",
        _429="Too many are being sent at once",
        _507="No room",
    ),
)
async def add_video(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Query(max_length=1000, description="Its name, when the body is the file itself")] = "",
    landmarks: bool = False,
    signals: bool = False,
    baseline: bool = False,
    attributes: AttributesQuery = "",
    annotate: bool = False,
) -> VideoStatus:
    """Send a video, as a form's `file` or as the body itself; it is kept, and analysed when its turn comes.

    `landmarks`, `signals` and `baseline` say what the results hold beside the expressions, as for live streams;
    `attributes` adds age, gender or both, where the server allows it (for non-commercial research use only, see
    `docs/attributes.md`); `annotate` asks for an annotated copy as well. The video and all that was made of it are
    deleted after the days that the list of videos names, or by DELETE.
    """
    asked = allowed(attributes, services.settings)
    videos = services.videos
    announced = request.headers.get("content-length", "")
    folder = await anyio.to_thread.run_sync(videos.receive, int(announced) if announced.isdecimal() else None)
    try:
        called = await uploads.save(request, folder.upload, services.settings.upload_timeout)
        options = {"landmarks": landmarks, "signals": signals, "baseline": baseline, "attributes": list(asked)}
        job = await anyio.to_thread.run_sync(videos.add, folder, name or called or "", options, annotate)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(videos.discard, folder)
    return _status(job)


@router.get("", responses=_errors())
async def list_videos(services: ServicesDep) -> VideoList:
    """Return all videos, the newest first, and what room there is."""
    videos, rules = services.videos, services.videos.rules
    used = await anyio.to_thread.run_sync(videos.used)
    return VideoList(
        videos=[_status(job) for job in videos.all()],
        used=used,
        quota=rules.quota,
        max_bytes=rules.max_bytes,
        keep_days=rules.keep_days,
        attributes=list(ATTRIBUTES) if services.settings.attributes else [],
    )


@router.get(
    "/events", response_class=StreamingResponse, responses={**_EVENTS, **_errors(_429="Too many follow already")}
)
async def all_video_events(services: ServicesDep) -> Response:
    """Follow all videos as server-sent events: how each is, then every change, and who was deleted."""
    return _following(services, None)


@router.get("/{video_id}", responses=_errors(_404=_MISSING))
async def get_video(video_id: str, services: ServicesDep) -> VideoStatus:
    """Return a video and how far it is."""
    return _status(_find(services, video_id))


@router.delete("/{video_id}", status_code=204, responses=_errors(_403="The key does not allow it", _404=_MISSING))
async def delete_video(video_id: str, services: ServicesDep) -> None:
    """Stop the work on a video and delete it, its results and its copy from the disk."""
    _find(services, video_id)
    await anyio.to_thread.run_sync(services.videos.remove, video_id)


@router.post("/{video_id}/cancel", responses=_errors(_404=_MISSING))
async def cancel_video(video_id: str, services: ServicesDep) -> VideoStatus:
    """End the work on a video; the results so far stay. It ends after the frame it is at: see the events."""
    _find(services, video_id)
    await anyio.to_thread.run_sync(services.videos.cancel, video_id)
    return _status(_find(services, video_id))


@router.post("/{video_id}/annotated", responses=_errors(_404=_MISSING, _409="There are no results to draw"))
async def annotate_video(video_id: str, services: ServicesDep) -> VideoStatus:
    """Have an annotated copy made, H.264 in MP4 with the original sound; harmless when there is one."""
    _find(services, video_id)
    await anyio.to_thread.run_sync(services.videos.annotate, video_id)
    return _status(_find(services, video_id))


@router.get(
    "/{video_id}/events",
    response_class=StreamingResponse,
    responses={**_EVENTS, **_errors(_404=_MISSING, _429="Too many follow already")},
)
async def video_events(video_id: str, services: ServicesDep) -> Response:
    """Follow one video as server-sent events: its state and progress, until there is no more work on it."""
    _find(services, video_id)
    return _following(services, video_id)


@router.get(
    "/{video_id}/results",
    response_model=VideoTimeline,
    responses={
        200: {"description": "With `points` the timeline, else JSON lines", "content": {"application/x-ndjson": {}}},
        **_errors(_404=_MISSING),
    },
)
async def video_results(
    video_id: str,
    services: ServicesDep,
    start: Annotated[float, Query(alias="from", ge=0, description="In seconds")] = 0.0,
    end: Annotated[float | None, Query(alias="to", gt=0, description="In seconds; by default the end")] = None,
    points: Annotated[int | None, Query(ge=1, le=5000, description="Stretches into which the time is cut")] = None,
) -> Response:
    """Return what was seen so far: one JSON line per frame, or with `points` a timeline of so many stretches."""
    job = _find(services, video_id)
    folder = services.videos.folder(job.id)
    if end is not None and end <= start:
        raise ApiError(422, "invalid_request", f"to ({end}) must be later than from ({start})")
    if points is None:
        lines = await anyio.to_thread.run_sync(video_files.span, folder, start, end)
        return LiveResponse(video_files.blocks(folder.results, *lines), "application/x-ndjson")
    course = await anyio.to_thread.run_sync(video_files.course, folder, job, start, end, points)
    return Response(orjson.dumps(course), media_type="application/json")


@router.get(
    "/{video_id}/table",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The table as a file", "content": {"text/csv": {}, "application/json": {}}},
        **_errors(_404=_MISSING, _501="Parquet needs a package that is not installed"),
    },
)
async def video_table(
    video_id: str, services: ServicesDep, format: Literal["csv", "json", "parquet"] = "csv"
) -> Response:
    """Download what was seen so far: a row per face and frame (CSV, Parquet), or JSON with one entry per frame."""
    job = _find(services, video_id)
    folder = services.videos.folder(job.id)
    path = await anyio.to_thread.run_sync(video_files.table, folder, job, format, abandon_on_cancel=False)
    response = LiveResponse(video_files.once(path), video_files.MEDIA_TYPES[format])
    response.headers["content-disposition"] = video_files.attachment(job.name, format)
    return response


@router.get("/{video_id}/video", response_class=FileResponse, responses={**_FILE, **_errors(_404=_MISSING)})
async def video_file(video_id: str, services: ServicesDep) -> Response:
    """Return the video as it was sent; players may ask for ranges of it."""
    job = _find(services, video_id)
    return FileResponse(services.videos.folder(job.id).upload, media_type=job.media_type)


@router.get(
    "/{video_id}/annotated",
    response_class=FileResponse,
    responses={**_FILE, **_errors(_404=f"{_MISSING}, or its copy is not made yet")},
)
async def annotated_file(video_id: str, services: ServicesDep, download: bool = False) -> Response:
    """Return the annotated copy; players may ask for ranges of it."""
    job = _find(services, video_id)
    if job.annotated != "ready":
        raise ApiError(404, "not_ready", f"there is no annotated copy of {job.name} yet: POST to the same address")
    headers = {"content-disposition": video_files.attachment(job.name, "annotated.mp4")} if download else None
    return FileResponse(services.videos.folder(job.id).annotated, media_type="video/mp4", headers=headers)


def _status(job: VideoJob) -> VideoStatus:
    return VideoStatus.model_validate(job.to_json())


def _find(services: Services, video_id: str) -> VideoJob:
    job = services.videos.get(video_id)
    if job is None:
        raise ApiError(
            404, "not_found", f"there is no video {video_id[:100]}: GET /api/v1/videos lists those there are"
        )
    return job


def _following(services: Services, video_id: str | None) -> Response:
    if services.videos.events.listeners >= services.settings.max_viewers:
        message = f"{services.settings.max_viewers} follow already: try again later, or raise MIEN_MAX_VIEWERS"
        raise ApiError(429, "busy", message, {"retry-after": "5"})
    return LiveResponse(event_stream(services, video_id), "text/event-stream")


async def event_stream(services: Services, video_id: str | None, heartbeat: float = HEARTBEAT) -> AsyncGenerator[bytes]:
    """Yield the state of one video (None for all) and its changes; of one, until nothing is to be done on it."""
    with services.videos.events.listen() as inbox:
        for job in reversed(services.videos.all()):
            if video_id in (None, job.id):
                yield _event(VideoEvent(job.id, job))
                if video_id is not None and not job.busy:
                    return
        async for event in heard(inbox, heartbeat):
            if event is None:
                yield SILENCE
            elif video_id in (None, event.id):
                yield _event(event)
                if video_id is not None and (event.job is None or not event.job.busy):
                    return


def _event(event: VideoEvent) -> bytes:
    if event.job is None:
        return b"event: removed\ndata: %s\n\n" % orjson.dumps({"id": event.id})
    return b"event: video\ndata: %s\n\n" % orjson.dumps(event.job.to_json())
