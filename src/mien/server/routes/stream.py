"""Live frames over a WebSocket; the protocol is described in ``docs/protocol.md``."""

from __future__ import annotations

import asyncio
import struct
import time
import uuid
from collections import deque
from dataclasses import replace
from typing import Any, Final

import orjson
import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from mien import __version__
from mien.core.codec import LIVE
from mien.core.errors import MienError, SettingsError
from mien.core.labels import EMOTIONS
from mien.core.settings import ATTRIBUTES
from mien.live.session import Analysed, Outcome, Packet, Session, StreamOptions
from mien.outputs.json import event_to_json, face_to_json
from mien.server.attributes import allowed
from mien.server.errors import ApiError, error_response, request_id
from mien.server.guard import deny
from mien.server.rates import RateLimiter
from mien.server.recording import SocketRecording
from mien.server.services import Services, services_of

router = APIRouter()
log = structlog.get_logger()

PROTOCOL: Final = "mien.v1"
HEADER: Final = struct.Struct("<Id")
MAX_MESSAGE: Final = LIVE.max_bytes + HEADER.size + 2**16
"""The largest message the socket takes; a frame a little too large is refused by name, more closes the socket."""
MAX_TEXT: Final = 2**16
MAX_EVENTS: Final = 256
"""Events that wait for a client that does not read; the oldest of more are dropped."""
TRY_LATER: Final = 1013
COMMAND_RATE: Final = 20.0
"""Text messages a second that one socket may send, after a burst. (Frames replace each other and need no limit.)"""
COMMAND_BURST: Final = 100.0


class Outbox:
    """What waits to be sent to one client: the newest result and a few errors, however slowly it reads.

    Events of a result that was replaced go with the one that replaced it, so that none is missed.

    Attributes:
        replaced: results that a newer one replaced before they were sent.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._result: dict[str, Any] | None = None
        self._notices: deque[dict[str, Any]] = deque(maxlen=16)
        self._something = asyncio.Event()

    def result(self, message: dict[str, Any]) -> None:
        """Put the newest result."""
        if self._result is not None:
            self.replaced += 1
            events = [*self._result.get("events", ()), *message.get("events", ())]
            if events:
                message["events"] = events[-MAX_EVENTS:]
        self._result = message
        self._something.set()

    def error(self, code: str, message: str, seq: int | None = None) -> None:
        """Put an error; the oldest of too many is dropped."""
        self.notice({"type": "error", "code": code, "message": message, "seq": seq})

    def notice(self, message: dict[str, Any]) -> None:
        """Put what must not be replaced by something newer; the oldest of too many is dropped."""
        self._notices.append(message)
        self._something.set()

    async def next(self) -> dict[str, Any]:
        """Wait for something and return it, errors and other notices first."""
        while True:
            if self._notices:
                return self._notices.popleft()
            if self._result is not None:
                message, self._result = self._result, None
                return message
            self._something.clear()
            await self._something.wait()


class Stream:
    """One client's live stream.

    Args:
        websocket: accepted.
        services: of the server.
    """

    def __init__(self, websocket: WebSocket, services: Services) -> None:
        self.websocket = websocket
        self.outbox = Outbox()
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._commands = RateLimiter(COMMAND_RATE, COMMAND_BURST)
        self._tasks = asyncio.TaskGroup()
        self.recording = SocketRecording(services, self.outbox.notice, lambda: self.session.options)
        # The id stands in the log lines about this stream's frames, as it does in those about its request.
        self.session: Session = services.backend.engine.open(self._deliver, f"stream {request_id(websocket.scope)}")

    async def run(self) -> None:
        """Serve until the client leaves."""
        ready = {
            "type": "ready",
            "version": __version__,
            "protocol": PROTOCOL,
            "stream": uuid.uuid4().hex,
            "emotions": EMOTIONS,
            "max_frame_bytes": LIVE.max_bytes,
            "attributes": ATTRIBUTES if self._services.settings.attributes else (),
        }
        try:
            await self._send(ready)
            async with self._tasks as tasks:
                sender = tasks.create_task(self._pump())
                await self._receive()
                sender.cancel()
        finally:
            self.session.close()
            self.recording.leave()

    async def _receive(self) -> None:
        while (message := await self.websocket.receive())["type"] != "websocket.disconnect":
            data, text = message.get("bytes"), message.get("text")
            if data is not None:
                self._frame(data)
            elif text is not None:
                self._command(text)

    def _deliver(self, outcome: Outcome) -> None:
        """Take an outcome on a worker's thread; the faces become text there, off the event loop."""
        if isinstance(outcome, Analysed):
            self.recording.add(outcome.result, outcome.content)
            self._loop.call_soon_threadsafe(self.outbox.result, _result(outcome))
        else:
            self._loop.call_soon_threadsafe(self.outbox.error, outcome.code, outcome.message, outcome.seq)

    async def _pump(self) -> None:
        while True:
            message = await self.outbox.next()
            if message["type"] == "result":
                message["dropped"] = self.session.dropped + self.outbox.replaced
            await self._send(message)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.websocket.send_text(orjson.dumps(message).decode())

    def _frame(self, data: bytes) -> None:
        if len(data) < HEADER.size:
            text = f"a frame is {HEADER.size} bytes of header and a picture, this message has {len(data)} bytes"
            self.outbox.error("bad_message", text)
            return
        seq, captured_ms = HEADER.unpack_from(data)
        if len(data) - HEADER.size > LIVE.max_bytes:
            text = f"the frame is larger than {LIVE.max_bytes} bytes: send a smaller picture"
            self.outbox.error("too_large", text, seq)
            return
        self.session.put(Packet(seq, captured_ms, data[HEADER.size :], time.monotonic()))

    def _command(self, text: str) -> None:
        if self._commands.take("") > 0:
            self.outbox.error("rate_limited", f"more than {COMMAND_RATE:g} messages a second: this one was not read")
            return
        try:
            command = orjson.loads(text) if len(text) <= MAX_TEXT else None
        except orjson.JSONDecodeError:
            command = None
        if not isinstance(command, dict) or not isinstance(command.get("type"), str):
            self.outbox.error("bad_message", 'text must be a JSON object with a "type", frames are binary')
            return
        kind = command.pop("type")
        if kind == "reset":
            self.session.reset()
        elif kind == "calibrate":
            self.session.calibrate()
        elif kind == "options":
            self._configure(command)
        elif kind in ("record", "marker"):
            self._tasks.create_task(self.recording.command(kind, command))
        else:
            known = '"options", "calibrate", "reset", "record" or "marker"'
            self.outbox.error("unknown_message", f"there is no message of type {kind[:100]!r}: send {known}")

    def _configure(self, changes: dict[str, Any]) -> None:
        known = StreamOptions.__dataclass_fields__
        unknown = sorted(set(changes) - set(known))
        if unknown:
            self.outbox.error(
                "unknown_option", f"there is no option {unknown[0][:100]!r}: there are {', '.join(known)}"
            )
            return
        try:
            options = replace(self.session.options, **changes)
            allowed(options.attributes, self._services.settings)
        except SettingsError as error:
            self.outbox.error("bad_option", str(error))
        except ApiError as error:
            self.outbox.error(error.code, error.detail)
        else:
            self.session.options = options


@router.websocket("/api/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Analyse a client's live frames."""
    services = services_of(websocket)
    refusal = _refusal(websocket, services)
    if refusal is not None:
        response = error_response(websocket.scope, refusal.status_code, refusal.code, refusal.detail, refusal.headers)
        await deny(response, websocket.scope, websocket.receive, websocket.send)
        return
    await websocket.accept(PROTOCOL if PROTOCOL in websocket.scope["subprotocols"] else None)
    try:
        await _serve(websocket, services)
    except* WebSocketDisconnect:
        log.debug("client left while something was being sent")


async def _serve(websocket: WebSocket, services: Services) -> None:
    try:
        if services.streams >= services.settings.max_streams:
            raise ApiError(503, "busy", f"{services.streams} streams are open already: try again later")
        connection = Stream(websocket, services)
    except (ApiError, MienError) as error:
        message = error.detail if isinstance(error, ApiError) else str(error)
        text = orjson.dumps({"type": "error", "code": error.code, "message": message, "seq": None})
        await websocket.send_text(text.decode())
        await websocket.close(TRY_LATER, error.code)
        return
    services.streams += 1
    try:
        await connection.run()
    finally:
        services.streams -= 1
        session = connection.session
        log.info(
            "stream ended",
            received=session.received,
            analysed=session.analysed,
            failed=session.failed,
            dropped=session.dropped + connection.outbox.replaced,
        )


def _refusal(websocket: WebSocket, services: Services) -> ApiError | None:
    """Why a socket may not be opened, None when it may. (Host and Origin are `guard.Guard`'s.)"""
    refusal = services.keys.refusal(websocket)
    if refusal is not None:
        return refusal
    offered = websocket.scope["subprotocols"]
    if offered and PROTOCOL not in offered:
        return ApiError(400, "unsupported_protocol", f"this server speaks {PROTOCOL}: ask for that subprotocol")
    return None


def _result(outcome: Analysed) -> dict[str, Any]:
    result = outcome.result
    faces = [face_to_json(result.faces, row) for row in range(len(result.faces))]
    message = {
        "type": "result",
        "seq": outcome.seq,
        "captured_ms": outcome.captured_ms,
        "server_ms": round(outcome.server_ms, 1),
        "dropped": 0,
        "width": result.width,
        "height": result.height,
        "faces": orjson.Fragment(orjson.dumps(faces)),
    }
    if result.warnings:
        message["warnings"] = result.warnings
    if result.events:
        message["events"] = [event_to_json(event) for event in result.events]
    return message
