"""System S1: a picture in, the same picture with boxes and labels out; over a WebSocket, Socket.IO and HTTP.

``{"image": base64}`` is answered with ``{"image": base64 of a JPEG, "result": […]}``, a bad picture with
``{"error": "…"}``, after which the connection goes on. A client that sends faster than it is answered loses the frames
between: only its newest one waits.
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import anyio
import numpy as np
import orjson
import structlog
from fastapi import APIRouter, Depends, Request, WebSocket
from socketio.exceptions import ConnectionRefusedError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.websockets import WebSocketDisconnect

from mien.core import codec
from mien.core.errors import MienError
from mien.core.types import Faces, FloatArray, FrameResult, Image
from mien.server.compat import drawing
from mien.server.compat.common import (
    FAILED,
    Live,
    PlainErrorRoute,
    corners,
    look,
    message_of,
    parse_object,
    picture_bytes,
    seven,
)
from mien.server.compat.sockets import Sockets, services_of_environ
from mien.server.errors import error_response
from mien.server.guard import deny
from mien.server.services import Services, ServicesDep, require_key, services_of

log = structlog.get_logger()
router = APIRouter(route_class=PlainErrorRoute, include_in_schema=False)

EMOTIONS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The system's names in the order of `mien.core.labels.FER2013`."""
COLOURS: Final[dict[str, drawing.Colour]] = {
    "angry": (0, 0, 255),
    "sad": (255, 0, 0),
    "happy": (0, 255, 255),
    "surprise": (255, 255, 0),
}
"""BGR colour of a label with probability 1; all others are green."""
OTHERS: Final[drawing.Colour] = (0, 255, 0)
OFFSETS: Final = (20, 40)
"""By how many pixels the crop that the system reads is wider and higher than the box, on every side."""
WINDOW: Final = 10
TRY_LATER: Final = 1013
ML: Final = "/ml"


class Majority:
    """The most frequent of the last labels, for every person by themselves.

    Args:
        window: labels that count.
        most: persons remembered; those not seen for longest are forgotten first.
    """

    def __init__(self, window: int = WINDOW, most: int = 64) -> None:
        self._window, self._most = window, most
        self._seen: OrderedDict[int, deque[int]] = OrderedDict()

    def update(self, people: Sequence[int], labels: Sequence[int]) -> list[int]:
        """Take in one frame's labels; return those to show. Of equally frequent ones the later wins."""
        shown = []
        for person, label in zip(people, labels, strict=True):
            recent = self._seen.setdefault(person, deque(maxlen=self._window))
            self._seen.move_to_end(person)
            recent.append(label)
            shown.append(Counter(reversed(recent)).most_common(1)[0][0])
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return shown


def colour(name: str, probability: float) -> drawing.Colour:
    """Return the BGR colour of a label; the less probable it is, the darker."""
    blue, green, red = COLOURS.get(name, OTHERS)
    return int(blue * probability), int(green * probability), int(red * probability)


def annotate(image: Image, result: FrameResult, majority: Majority | None) -> dict[str, Any]:
    """Return the answer to a picture.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        result: what was seen on it.
        majority: of the stream it belongs to; None for a single picture, whose labels are its own.
    """
    faces, canvas = result.faces, image.copy()
    probabilities = _probabilities(faces)
    labels = probabilities.argmax(1).tolist()
    if majority is not None and faces.tracks is not None:
        labels = majority.update(faces.tracks.tolist(), labels)
    boxes = corners(faces.boxes, result.width, result.height)
    crops = corners(faces.boxes + np.array([-OFFSETS[0], -OFFSETS[1], *OFFSETS]), result.width, result.height)
    told = []
    for row in reversed(range(len(faces))):  # the largest last, on top
        name, probability = EMOTIONS[labels[row]], float(probabilities[row, labels[row]])
        drawing.box(canvas, boxes[row], colour(name, probability))
        drawing.text(canvas, name, boxes[row], colour(name, probability))
        x1, y1, x2, y2 = boxes[row].tolist()
        told.append(
            {
                "emotion": name,
                "probability": round(probability, 4),
                "probabilities": {e: round(float(p), 4) for e, p in zip(EMOTIONS, probabilities[row], strict=True)},
                "box": [x1, y1, x2 - x1, y2 - y1],
                "crop": crops[row].tolist(),
            }
        )
    return {"image": base64.b64encode(codec.encode_jpeg(canvas, 95)).decode(), "result": told[::-1]}


class Annotator:
    """Answers one client's pictures, whatever they come by; `put` takes them, `run` answers them.

    Args:
        services: of the server.
        send: sends an answer to this client.

    Raises:
        ApiError: 503 when there are too many streams or nothing that computes yet.
    """

    def __init__(self, services: Services, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._live = Live(services, "ml")
        self._majority = Majority()
        self._waiting: Any = None
        self._something = asyncio.Event()

    def put(self, message: Any) -> None:
        """Take a message, ``{"image": …}`` or its JSON; one that still waits is dropped."""
        self._waiting = message
        self._something.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            await self._send(await self._answer(self._waiting))

    def close(self) -> None:
        """End the stream."""
        self._live.close()

    async def _answer(self, message: Any) -> dict[str, Any]:
        try:
            value = parse_object(message) if isinstance(message, str | bytes) else message
            sent = value.get("image") if isinstance(value, dict) else None
            image, result = await self._live.look(picture_bytes(sent, "image", codec.LIVE))
            return await anyio.to_thread.run_sync(annotate, image, result, self._majority)
        except (HTTPException, MienError) as error:
            return {"error": message_of(error)}
        except Exception:
            log.exception("picture failed")
            return {"error": FAILED}


@router.get("/hello")
async def hello() -> PlainTextResponse:
    """Show that the server is up, in the words of the original."""
    return PlainTextResponse("Hello World!")


@router.post("/detect-emotion", dependencies=[Depends(require_key)])
async def detect_emotion(request: Request, services: ServicesDep) -> JSONResponse:
    """Annotate a single picture."""
    data = picture_bytes(parse_object(await request.body()).get("image"), "image", codec.UPLOAD)
    image, result = await look(services, data)
    return JSONResponse(await anyio.to_thread.run_sync(annotate, image, result, None))


@router.websocket(ML)
async def ml(websocket: WebSocket) -> None:
    """Annotate a client's pictures as they come."""
    services = services_of(websocket)
    refusal = services.keys.refusal(websocket)
    if refusal is not None:
        response = error_response(websocket.scope, refusal.status_code, refusal.code, refusal.detail, refusal.headers)
        await deny(response, websocket.scope, websocket.receive, websocket.send)
        return
    await websocket.accept()

    async def send(answer: dict[str, Any]) -> None:
        await websocket.send_text(orjson.dumps(answer).decode())

    try:
        annotator = Annotator(services, send)
    except (HTTPException, MienError) as error:
        await send({"error": message_of(error)})
        await websocket.close(TRY_LATER)
        return
    try:
        await _converse(websocket, annotator)
    except* WebSocketDisconnect:
        log.debug("client left while something was being sent")
    finally:
        annotator.close()


async def _converse(websocket: WebSocket, annotator: Annotator) -> None:
    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(annotator.run())
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            annotator.put(message.get("text") if message.get("text") is not None else message.get("bytes"))
        answering.cancel()


def register(sockets: Sockets) -> None:
    """Serve the Socket.IO namespace ``/ml``: event ``json`` in, event ``message`` out."""
    server, clients = sockets.server, dict[str, tuple[Annotator, asyncio.Task[None]]]()

    async def connect(sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
        try:
            annotator = Annotator(services_of_environ(environ), partial(sockets.emit, "message", sid=sid, namespace=ML))
        except (HTTPException, MienError) as error:
            raise ConnectionRefusedError(message_of(error)) from None
        clients[sid] = annotator, asyncio.create_task(annotator.run())

    async def take(sid: str, *messages: Any) -> None:
        annotator, _ = clients[sid]
        annotator.put(messages[0] if messages else None)

    async def disconnect(sid: str, _reason: Any = None) -> None:
        if sid in clients:
            annotator, answering = clients.pop(sid)
            answering.cancel()
            annotator.close()

    server.on("connect", connect, namespace=ML)
    server.on("json", take, namespace=ML)
    server.on("disconnect", disconnect, namespace=ML)


def _probabilities(faces: Faces) -> FloatArray:
    """Return ``[n, 7]`` of this frame alone: the window does the smoothing."""
    emotion = faces.emotion if faces.emotion_raw is None else faces.emotion_raw
    assert emotion is not None
    return seven(emotion)
