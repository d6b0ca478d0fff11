"""System S2: the frames of a dashboard, answered with the annotated frame, everybody's emotion and who is missing.

The server remembers people per client (see `clients`). What the original answers with status 200 and ``{"error": …}``,
a frame it cannot read or a session it cannot save, is answered so here.
"""

from __future__ import annotations

import base64
import threading
import time
from typing import Annotated, Any, ClassVar, Final

import anyio
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from mien.core import codec
from mien.core.errors import StoreError
from mien.core.labels import FER2013
from mien.core.types import FrameResult, Image
from mien.outputs.overlay import COLOURS
from mien.server.auth import client_of
from mien.server.compat import drawing
from mien.server.compat.clients import Clients
from mien.server.compat.common import PlainErrorRoute, corners, look, parse_object, picture_bytes
from mien.server.compat.s2_people import People, Person
from mien.server.errors import ApiError
from mien.server.services import ServicesDep, require_key
from mien.server.settings import ServerSettings
from mien.store.summaries import Summaries, Summary


class AlwaysFine(PlainErrorRoute):
    """Answers bad input as the original does."""

    bad_input: ClassVar[int] = 200


router = APIRouter(prefix="/api", route_class=AlwaysFine, include_in_schema=False, dependencies=[Depends(require_key)])

EMOTIONS: Final = ("angry", "disgust", "fear", "happy", "sad", "suprised", "neutral")
"""The system's names, its spelling included: its page looks them up. In the order of `mien.core.labels.FER2013`."""
COOKIE: Final = "mien_dashboard"

Count = Annotated[int, Field(ge=0, le=2**53)]


class MostDetected(BaseModel):
    """The emotion that was seen most in a session."""

    emotion: str = Field(max_length=100)
    counter: Count


class SessionData(BaseModel):
    """A finished session, in the original's words and spelling."""

    sessionStartTimestamp: str = Field(max_length=100, coerce_numbers_to_str=True)
    duration: Annotated[float, Field(ge=0, le=1e9)]
    maxDetectedFace: Count
    mostDetecedEmotion: MostDetected


class Dashboards:
    """What this system keeps: the people of every client in memory, finished sessions on disk once there is one."""

    def __init__(self, settings: ServerSettings) -> None:
        self.clients = Clients(People)
        self._folder = settings.data_dir
        self._opening = threading.Lock()
        self._summaries: Summaries | None = None

    def summaries(self) -> Summaries:
        """Return the kept sessions; takes long at first, call it in a thread.

        Raises:
            StoreError: they cannot be opened.
        """
        with self._opening:
            if self._summaries is None:
                self._summaries = Summaries(self._folder)
            return self._summaries

    def close(self) -> None:
        """Let go of the file."""
        if self._summaries is not None:
            self._summaries.close()


def install(app: FastAPI, settings: ServerSettings) -> Dashboards:
    """Add the routes to ``app``; return what they keep, to be closed."""
    dashboards = app.state.dashboards = Dashboards(settings)
    app.include_router(router)
    return dashboards


def dashboards_of(connection: HTTPConnection) -> Dashboards:
    """Return what is kept for the dashboards of this app's clients."""
    dashboards = connection.app.state.dashboards
    assert isinstance(dashboards, Dashboards)
    return dashboards


@router.post("/emotion-detection")
async def emotion_detection(request: Request, services: ServicesDep) -> JSONResponse:
    """Take in the next frame of a client's dashboard."""
    agent, origin = request.headers.get("user-agent", ""), request.headers.get("origin", "")
    address = f"{client_of(request)} {agent[:200]} {origin[:200]}"
    people, cookie = dashboards_of(request).clients.find(request.cookies.get(COOKIE), address, time.monotonic())
    message = parse_object(await request.body())
    async with people.in_turn():
        if message.get("clearGlobals"):
            people.clear()
        data = picture_bytes(message.get("capturedFrame"), "capturedFrame", codec.LIVE)
        image, result = await look(services, data, live=True)
        seen = people.update(result.faces, time.monotonic())
        told = sorted((person.id, EMOTIONS[person.emotion]) for person in seen)
        emotions = [{"id": number, "emotion": emotion} for number, emotion in told]
        counters = [{"id": number, "counter": misses} for number, misses in people.counters()]
        frame = await anyio.to_thread.run_sync(annotate, image, result, seen)
    answer = JSONResponse({"frame": frame, "detectedEmotionsOnFaces": emotions, "dissapearedFaces": counters})
    answer.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", path="/api", secure=request.url.scheme == "https")
    return answer


@router.post("/save-session-data")
async def save_session_data(request: Request) -> JSONResponse:
    """Keep the summary of a finished session."""
    data = _session(await request.body())
    most = data.mostDetecedEmotion
    start, duration = data.sessionStartTimestamp, round(data.duration)
    summary = Summary(start, duration, data.maxDetectedFace, most.emotion, most.counter)
    dashboards = dashboards_of(request)
    try:
        await anyio.to_thread.run_sync(lambda: dashboards.summaries().add(summary))
    except StoreError as error:
        return JSONResponse({"error": f"Session cannot saved: {error}"})
    return JSONResponse({"success": "Session saved successfully"})


@router.get("/get-session-results")
async def get_session_results(request: Request) -> JSONResponse:
    """Return all summaries: number, start, duration, most faces, most seen emotion, how often."""
    dashboards = dashboards_of(request)
    rows = await anyio.to_thread.run_sync(lambda: dashboards.summaries().all())
    results = [[key, s.start, s.duration, s.most_faces, s.emotion, s.emotion_count] for key, s in rows]
    return JSONResponse({"results": results})


def annotate(image: Image, result: FrameResult, seen: list[Person]) -> str:
    """Return the frame with coloured boxes, labels, numbers and centre dots, as base64 of a JPEG."""
    canvas = image.copy()
    boxes = corners(result.faces.boxes, result.width, result.height)
    for box, person in reversed(list(zip(boxes, seen, strict=True))):
        colour = COLOURS[FER2013[person.emotion]]
        drawing.box(canvas, box, colour)
        drawing.dot(canvas, box, colour)
        drawing.text(canvas, f"ID {person.id} {EMOTIONS[person.emotion]}", box, colour)
    return base64.b64encode(codec.encode_jpeg(canvas)).decode()


def _session(body: bytes) -> SessionData:
    value: dict[str, Any] = parse_object(body)
    try:
        return SessionData.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ApiError(422, "invalid_request", f"Session cannot saved: {where}: {first['msg']}") from None
