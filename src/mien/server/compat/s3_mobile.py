"""System S3: single pictures for a mobile app, and the first camera of the server as pictures and as data.

Camera pictures and data are the same for everybody and go on with nobody watching. What is told of a person is the
most frequent label of the last ten frames, and only while the probability of it is worth telling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, Response

from mien.core import codec
from mien.core.labels import FER2013
from mien.core.types import Faces, FloatArray, FrameResult, Image
from mien.live.camera import Camera
from mien.live.cameras import Cameras
from mien.outputs.overlay import COLOURS
from mien.server.compat import drawing
from mien.server.compat.common import PlainErrorRoute, corners, look, parse_object, picture_bytes, seven
from mien.server.errors import ApiError
from mien.server.pictures import MemoryParser
from mien.server.routes.cameras import BOUNDARY, multipart
from mien.server.services import Services, ServicesDep, require_key
from mien.server.streaming import LiveResponse

router = APIRouter(route_class=PlainErrorRoute, include_in_schema=False, dependencies=[Depends(require_key)])

EMOTIONS: Final = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
"""The system's names in the order of `mien.core.labels.FER2013`."""
WINDOW: Final = 10
LEAST: Final = 0.4
"""Least probability that is told of somebody before a camera; by chance alone it would be one in seven."""
FIELDS: Final = ("image", "file")
"""Fields of a form in which the picture is looked for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is told of one face.

    Attributes:
        emotion: an index into `EMOTIONS`.
        confidence: its probability.
        box: x y width height in pixels.
    """

    emotion: int
    confidence: float
    box: tuple[int, int, int, int]

    @property
    def words(self) -> str:
        """As it is drawn: ``Happy (0.93)``."""
        return f"{EMOTIONS[self.emotion]} ({self.confidence:.2f})"

    def json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"emotion": EMOTIONS[self.emotion], "confidence": round(self.confidence, 2), "box": list(self.box)}


def read_single(result: FrameResult) -> list[Reading]:
    """Return every face of a single picture, the largest first."""
    probabilities = _probabilities(result.faces)
    return _readings(result, probabilities.argmax(1).tolist(), probabilities)


def read_steady(result: FrameResult, before: Sequence[FrameResult]) -> list[Reading]:
    """Return the faces of a camera's frame of which something is worth telling.

    Args:
        result: of the frame.
        before: of the frames just before it.
    """
    votes: dict[int, Counter[int]] = {}
    for frame in (result, *reversed(before)):  # of equally frequent labels the newest wins
        if frame.faces.tracks is not None:
            for track, label in zip(frame.faces.tracks.tolist(), _probabilities(frame.faces).argmax(1), strict=True):
                votes.setdefault(track, Counter())[int(label)] += 1
    probabilities = _probabilities(result.faces)
    tracks = [] if result.faces.tracks is None else result.faces.tracks.tolist()
    labels = [votes[track].most_common(1)[0][0] for track in tracks]
    return [reading for reading in _readings(result, labels, probabilities) if reading.confidence >= LEAST]


def annotate(cameras: Cameras, name: str, image: Image, result: FrameResult) -> Image:
    """Return a camera's frame with a box and words for everybody of whom something is told."""
    camera, canvas = cameras.get(name), image.copy()
    before = [] if camera is None else _before(camera, result)
    for reading in reversed(read_steady(result, before)):
        x, y, width, height = reading.box
        place = np.array([x, y, x + width, y + height])
        drawing.box(canvas, place, COLOURS[FER2013[reading.emotion]])
        drawing.text(canvas, reading.words, place, COLOURS[FER2013[reading.emotion]])
    return canvas


@router.post("/detect_emotion")
async def detect_emotion(request: Request, services: ServicesDep) -> JSONResponse:
    """Read a single picture: base64, a data URL, an array of bytes, or a form's file."""
    _, result = await look(services, await _picture(request))
    found = read_single(result)
    first = found[0].json() if found else {"emotion": None, "confidence": 0.0}
    emotions = [reading.json() for reading in found]
    return JSONResponse(
        {
            "status": "success",
            "emotion": first["emotion"],
            "confidence": first["confidence"],
            "emotions": emotions,
        }
    )


@router.get("/video_feed")
async def video_feed(request: Request, services: ServicesDep) -> Response:
    """Show the first camera with boxes and words; put it into an ``<img>``."""
    camera = _first(services)
    if services.cameras.viewers >= services.settings.max_viewers:
        message = f"{services.settings.max_viewers} watch already: try again later"
        raise ApiError(429, "busy", message, {"retry-after": "5"})
    # A camera has a view for each drawing function, so it must be the same one every time.
    draw = request.app.state.video_feeds.setdefault(camera.name, partial(annotate, services.cameras, camera.name))
    pictures = services.cameras.frames(camera.name, draw)
    return LiveResponse(multipart(pictures), f"multipart/x-mixed-replace; boundary={BOUNDARY}")


@router.get("/emotion_data")
async def emotion_data(services: ServicesDep) -> JSONResponse:
    """Return what is seen by the first camera now; nothing while it gives no pictures."""
    camera = _first(services)
    latest = camera.latest
    if latest is None or camera.state.name != "live":
        return JSONResponse([])
    return JSONResponse([reading.json() for reading in read_steady(latest.result, _before(camera, latest.result))])


def _first(services: Services) -> Camera:
    camera = services.cameras.first()
    if camera is None:
        message = "this server has no camera: start it with mien serve --camera 0 (or a file, or rtsp://…)"
        raise ApiError(404, "not_found", message)
    return camera


def _before(camera: Camera, result: FrameResult) -> list[FrameResult]:
    recent = [kept.result for kept in camera.results(WINDOW)]
    return [frame for frame in recent if frame.index < result.index]


def _readings(result: FrameResult, labels: Sequence[int], probabilities: FloatArray) -> list[Reading]:
    boxes = corners(result.faces.boxes, result.width, result.height).tolist()
    return [
        Reading(label, float(probabilities[row, label]), (x1, y1, x2 - x1, y2 - y1))
        for row, (label, (x1, y1, x2, y2)) in enumerate(zip(labels, boxes, strict=True))
    ]


def _probabilities(faces: Faces) -> FloatArray:
    assert faces.emotion is not None
    return seven(faces.emotion)


async def _picture(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("image/"):
        return await request.body()
    if kind != "multipart/form-data":
        return picture_bytes(parse_object(await request.body()).get("image"), "image", codec.UPLOAD)
    parser = MemoryParser(request.headers, request.stream(), max_files=1, max_fields=20, max_part_size=2**26)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ApiError(400, "bad_form", f"the form cannot be read: {error.message}") from None
    try:
        value = next((form[name] for name in FIELDS if name in form), None)
        return await value.read() if isinstance(value, UploadFile) else picture_bytes(value, "image", codec.UPLOAD)
    finally:
        await form.close()
