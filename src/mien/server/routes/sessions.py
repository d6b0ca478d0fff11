"""Recordings: what there is, what was seen when, exports, deleting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import anyio
from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import HTMLResponse, Response, StreamingResponse

from mien.core.labels import EMOTIONS
from mien.live import purposes
from mien.outputs.json import event_to_json
from mien.server import exports, lanes, report
from mien.server import session_schemas as shapes
from mien.server.errors import ApiError
from mien.server.recording import new_session
from mien.server.schemas import error_responses
from mien.server.services import Services, ServicesDep, require_admin, require_key
from mien.store.errors import StillRecordingError
from mien.store.repository import Repository
from mien.store.values import Marker, Overview, Person, PictureTotal, Session

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"], dependencies=[Depends(require_key)])

MOST_EVENTS: Final = 1000
LARGEST: Final = 2**53
MOST_SECONDS: Final = 1e9

Id = Annotated[str, Path(max_length=64, description="Of the recording")]
Number = Annotated[int, Path(ge=0, le=LARGEST)]


def _errors(**statuses: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of errors, those that every route here can have included."""
    return error_responses(_401="A key is needed", _500="The database cannot be used", **statuses)


_ONE: Final = _errors(_404="There is no such recording")
_CHANGE: Final = _errors(_403="The key does not allow it", _404="There is no such recording")
_WRITE: Final = _CHANGE | _errors(_400="The JSON is malformed")


@router.get("", responses=_errors())
def list_sessions(
    services: ServicesDep,
    search: Annotated[str, Query(max_length=200, description="In name, purpose and notes")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> shapes.SessionList:
    """Return recordings, the newest first."""
    repository = services.recorder.archive.present()
    if repository is None:
        return shapes.SessionList(sessions=[], total=0)
    found, total = repository.find(exports.plain(search), limit, offset)
    ids = [session.id for session, _ in found]
    sketches, totals = repository.sketches(ids), repository.picture_totals(ids)
    listed = [
        shapes.ListedSession(
            **_summary(session, overview, totals[session.id]), course=shapes.Sketch(**asdict(sketches[session.id]))
        )
        for session, overview in found
        if session.id in sketches  # one may have been deleted since
    ]
    return shapes.SessionList(sessions=listed, total=total)


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(require_admin)],
    responses=_errors(
        _400="The JSON is malformed",
        _403="The key does not allow it",
        _404="There is no such camera",
        _409="It is being recorded already",
        _422="No consent, a purpose that is refused, or pictures where none are kept",
        _503="The server is starting",
    ),
)
async def record_camera(new: shapes.NewCameraRecording, services: ServicesDep) -> shapes.SessionDetail:
    """Begin to record one of the server's cameras. (Live streams are recorded by a message on their socket.)"""
    camera = services.cameras.get(new.camera)
    if camera is None:
        raise ApiError(404, "not_found", f"there is no camera {new.camera!r}: see GET /api/v1/cameras")
    options = camera.spec.options
    asked = new_session(new, services, options, f"camera {camera.name}")
    session = await services.camera_recordings.start(camera, asked)
    return await anyio.to_thread.run_sync(lambda: _detail(_repository(services, session), session))


@router.post(
    "/{session_id}/stop",
    status_code=204,
    dependencies=[Depends(require_admin)],
    responses=_errors(_403="The key does not allow it", _404="No camera is being recorded under that id"),
)
async def stop_camera(session_id: Id, services: ServicesDep) -> None:
    """End the recording of a camera."""
    if not services.camera_recordings.stop(session_id):
        message = "no camera is being recorded under that id; the recording of a live stream ends on its socket"
        raise ApiError(404, "not_recording", message)


@router.get("/purposes", responses=_errors())
def list_purposes(services: ServicesDep) -> shapes.Purposes:
    """Return what a recording may be for and what it may not, and how it is kept."""
    rules = services.recorder.pictures
    return shapes.Purposes(
        purposes=[shapes.Purpose(id=key, text=text) for key, text in purposes.PURPOSES.items()],
        refused=[
            shapes.RefusedPurpose(id=key, text=refusal.title, reason=refusal.reason)
            for key, refusal in purposes.REFUSED.items()
        ],
        pictures=None
        if rules is None
        else shapes.PictureRules(per_second=1 / rules.every, side=rules.side, bytes=rules.most_bytes),
        days=services.settings.recording_days,
    )


@router.get("/{session_id}", responses=_ONE)
def get_session(session_id: Id, services: ServicesDep) -> shapes.SessionDetail:
    """Return a recording: who was seen and what they showed for how long, events, markers."""
    return _detail(_repository(services, session_id), session_id)


@router.patch("/{session_id}", responses=_WRITE)
def change_session(session_id: Id, change: shapes.SessionChange, services: ServicesDep) -> shapes.SessionDetail:
    """Change a recording's name or notes."""
    repository = _repository(services, session_id)
    repository.describe(session_id, change.name, change.notes)
    return _detail(repository, session_id)


@router.delete("/{session_id}", status_code=204, responses=_CHANGE)
def delete_session(session_id: Id, services: ServicesDep) -> None:
    """Delete a recording with all that belongs to it; one that goes on is stopped first."""
    repository = _repository(services, session_id)
    services.recorder.discard(session_id)
    if not repository.delete(session_id):
        raise _missing(session_id)


@router.delete("", responses=_errors(_403="The key does not allow it"))
def delete_sessions(
    services: ServicesDep, confirm: Annotated[Literal["all"], Query(description="That all shall go")]
) -> shapes.Deleted:
    """Delete all recordings; those that go on are stopped first."""
    del confirm
    repository = services.recorder.archive.present()
    services.recorder.discard()
    return shapes.Deleted(deleted=0 if repository is None else repository.delete_all())


@router.get("/{session_id}/timeline", responses=_ONE)
def timeline(
    session_id: Id,
    services: ServicesDep,
    start: Annotated[float, Query(alias="from", ge=0, le=MOST_SECONDS, description="In seconds")] = 0.0,
    end: Annotated[float | None, Query(alias="to", ge=0, le=MOST_SECONDS, description="By default the end")] = None,
    points: Annotated[int, Query(ge=1, le=5000, description="Steps at most")] = 600,
    people: Annotated[int | None, Query(ge=1, le=LARGEST, description="Those seen most; by default all")] = None,
) -> shapes.Timeline:
    """Return what each person showed over time, in at most `points` equal steps.

    Steps of ten seconds and more begin at multiples of ten seconds.
    """
    repository = _repository(services, session_id)
    until = repository.get(session_id).duration if end is None else end
    if until < start:
        raise ApiError(422, "invalid_request", f"to ({until:g} s) lies before from ({start:g} s)")
    found = repository.timeline(session_id, start, until + 0.001 * (end is None), points, people)
    return shapes.Timeline(**lanes.to_json(found))


@router.get("/{session_id}/markers", responses=_ONE)
def list_markers(session_id: Id, services: ServicesDep) -> shapes.Markers:
    """Return the moments that somebody noted, in the order of time."""
    return shapes.Markers(markers=_markers(_repository(services, session_id).markers(session_id)))


@router.post("/{session_id}/markers", status_code=201, responses=_WRITE)
def add_marker(session_id: Id, new: shapes.NewMarker, services: ServicesDep) -> shapes.Marker:
    """Note a moment."""
    marker = _repository(services, session_id).add_marker(session_id, new.time, new.label)
    return shapes.Marker(id=marker.id, time=marker.time, label=marker.label)


@router.delete("/{session_id}/markers/{marker_id}", status_code=204, responses=_CHANGE)
def delete_marker(session_id: Id, marker_id: Number, services: ServicesDep) -> None:
    """Delete a marker."""
    if not _repository(services, session_id).delete_marker(session_id, marker_id):
        raise ApiError(404, "not_found", f"there is no marker {marker_id} in this recording")


@router.delete("/{session_id}/people/{person}", status_code=204, responses=_CHANGE | _errors(_409="It goes on"))
def delete_person(session_id: Id, person: Number, services: ServicesDep) -> None:
    """Delete all that one person showed in a recording.

    Pictures of the time in which the person was about go as well, whoever else is in them.
    """
    repository = _repository(services, session_id)
    _refuse_open(services, session_id)
    if not repository.delete_person(session_id, person):
        raise ApiError(404, "not_found", f"nobody has the number {person} in this recording")


@router.get("/{session_id}/pictures", responses=_ONE)
def list_pictures(
    session_id: Id,
    services: ServicesDep,
    start: Annotated[float, Query(alias="from", ge=0, le=MOST_SECONDS, description="In seconds")] = 0.0,
    end: Annotated[float, Query(alias="to", ge=0, le=MOST_SECONDS)] = MOST_SECONDS,
    points: Annotated[int, Query(ge=1, le=5000, description="Pictures at most")] = 1000,
) -> shapes.Pictures:
    """Return which pictures are kept of a stretch; of more than `points` one of each of as many equal steps."""
    repository = _repository(services, session_id)
    until = min(end, repository.get(session_id).duration) + 0.001
    found = repository.pictures(session_id, start, until, points)
    return shapes.Pictures(
        pictures=[shapes.Picture(id=round(picture.time * 1000), **asdict(picture)) for picture in found]
    )


@router.get(
    "/{session_id}/pictures/{picture_id}",
    response_class=Response,
    responses={
        200: {"description": "The picture", "content": {"image/jpeg": {}}},
        **_errors(_404="There is no such recording or picture"),
    },
)
def get_picture(session_id: Id, picture_id: Number, services: ServicesDep) -> Response:
    """Return a picture. No cache may keep it: it would outlive its being deleted."""
    data = _repository(services, session_id).picture(session_id, picture_id)
    if data is None:
        raise ApiError(404, "not_found", f"there is no picture {picture_id} in this recording")
    return Response(data, media_type="image/jpeg", headers={"cache-control": "no-store"})


@router.delete("/{session_id}/pictures", responses=_CHANGE | _errors(_409="It goes on"))
def delete_pictures(session_id: Id, services: ServicesDep) -> shapes.Deleted:
    """Delete all pictures of a recording; what was seen on them stays."""
    repository = _repository(services, session_id)
    _refuse_open(services, session_id)
    return shapes.Deleted(deleted=repository.delete_pictures(session_id))


@router.get(
    "/{session_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A file; its columns are described in docs/recordings.md",
            "content": {kind: {} for kind in exports.MEDIA.values()},
        },
        **_errors(_404="There is no such recording", _501="Parquet is not installed"),
    },
)
def export(
    session_id: Id,
    services: ServicesDep,
    form: Annotated[exports.Form, Query(alias="format")] = "csv",
    table: Annotated[exports.Table, Query(description="JSON and ZIP hold all of them")] = "faces",
) -> StreamingResponse:
    """Return a recording as a file: a row per face and frame, or the events, or the markers.

    Only `format=zip` holds pictures, beside all tables.
    """
    repository = _repository(services, session_id)
    session = repository.get(session_id)
    content = exports.export(repository, session, form, table)
    name = f"mien-{session.id}.{form}" if form in exports.WHOLE else f"mien-{session.id}-{table}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=exports.MEDIA[form], headers=headers)


@router.get(
    "/{session_id}/report",
    response_class=Response,  # one with a type of its own would be taken for the errors' type as well
    responses={200: {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}, **_ONE},
)
def show_report(session_id: Id, services: ServicesDep) -> Response:
    """Return a page to print: the summary, charts, events and markers. It holds no script."""
    repository = _repository(services, session_id)
    page = report.page(repository, repository.get(session_id))
    return HTMLResponse(page, headers={"content-security-policy": report.CSP})


def _repository(services: Services, session_id: str) -> Repository:
    """Return the recordings, where there is such a one.

    Raises:
        ApiError: 404 where there is not.
        StoreError: they cannot be read.
    """
    repository = services.recorder.archive.present()
    if repository is None or exports.plain(session_id) != session_id:
        raise _missing(session_id)
    repository.get(session_id)
    return repository


def _refuse_open(services: Services, session_id: str) -> None:
    """Refuse to take a part out of what was stopped a moment ago: more of it may not be on disk yet."""
    if session_id in services.recorder.open:
        raise StillRecordingError("this is being recorded: stop the recording first")


def _missing(session_id: str) -> ApiError:
    message = f"there is no recording {session_id[:100]!r}: GET /api/v1/sessions lists those there are"
    return ApiError(404, "not_found", message)


def _detail(repository: Repository, session_id: str) -> shapes.SessionDetail:
    session, people = repository.get(session_id), repository.people(session_id)
    counts: Counter[str] = Counter()
    for person in people:
        counts.update(person.events)
    events = repository.events(session_id, MOST_EVENTS)
    return shapes.SessionDetail(
        **_summary(session, lanes.overview(people), repository.picture_totals([session_id])[session_id]),
        models=session.models,
        settings=session.settings,
        version=session.version,
        persons=[shapes.SessionPerson(**_person(person)) for person in people],
        events=[
            shapes.SessionEvent(**{"person" if key == "track" else key: v for key, v in event_to_json(event).items()})
            for event in events
        ],
        event_counts=dict(counts),
        markers=_markers(repository.markers(session_id)),
    )


def _summary(session: Session, overview: Overview, pictures: PictureTotal) -> dict[str, Any]:
    names = [name for name in shapes.Session.model_fields if hasattr(session, name)]
    return {name: getattr(session, name) for name in names} | {
        "picture_count": pictures.count,
        "picture_bytes": pictures.bytes,
        "people": overview.people,
        "face_seconds": overview.seconds,
        "dominant": overview.dominant,
        "dominant_seconds": overview.dominant_seconds,
    }


def _person(person: Person) -> dict[str, Any]:
    total = sum(person.shown) + person.uncertain
    shares = [0.0 if total == 0 else round(value / total, 4) for value in (*person.shown, person.uncertain)]
    return {
        "person": person.person,
        "first": person.first,
        "last": person.last,
        "seconds": person.seconds,
        "dominant": person.dominant,
        "shares": dict(zip((*EMOTIONS, "uncertain"), shares, strict=True)),
        "events": person.events,
        "followed": person.followed,
    }


def _markers(markers: Iterable[Marker]) -> list[shapes.Marker]:
    return [shapes.Marker(id=marker.id, time=marker.time, label=marker.label) for marker in markers]
