"""System S5: where the face is, its emotion, its age and gender, each in a Socket.IO namespace of its own.

A request is ``{"data": data URL}``. Answers go to whoever asked, and are about the largest face. Where there is nothing
to say, ``data`` is null and ``error`` says why; the box of no face is all zeros, as in the original.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import structlog
from starlette.exceptions import HTTPException

from mien.core import codec
from mien.core.errors import MienError
from mien.core.settings import ATTRIBUTES, Wants
from mien.core.types import Faces, FrameResult
from mien.outputs.json import shown_gender
from mien.server.compat.common import FAILED, corners, look, message_of, picture_bytes, seven
from mien.server.compat.sockets import Sockets, services_of_environ
from mien.server.services import Services

log = structlog.get_logger()

EMOTIONS: Final = ("angry", "disgust", "scared", "happy", "sad", "surprised", "neutral")
"""The system's names in the order of `mien.core.labels.FER2013`."""
NO_FACE: Final = "no face was found on the picture"
OFF: Final = "age and gender are off on this server: start it with mien serve --attributes to allow them"

Answers: TypeAlias = dict[str, dict[str, Any]]
"""Events to send, with what they carry."""


def place(result: FrameResult | None, error: str | None) -> Answers:
    """Return ``bb_response``: the box of the largest face, as texts."""
    x1 = y1 = x2 = y2 = 0
    if result is not None and len(result.faces):
        x1, y1, x2, y2 = corners(result.faces.boxes, result.width, result.height)[0].tolist()
    values = {"bb_x": x1, "bb_y": y1, "bb_width": x2 - x1, "bb_height": y2 - y1}
    answer: dict[str, Any] = {name: str(value) for name, value in values.items()}
    return {"bb_response": answer if error is None else {**answer, "error": error}}


def emotion(result: FrameResult | None, error: str | None) -> Answers:
    """Return ``emotion_model_response``."""
    faces = _face(result)
    if faces is None:
        return {"emotion_model_response": _nothing(error or NO_FACE)}
    assert faces.emotion is not None
    return {"emotion_model_response": {"data": EMOTIONS[int(seven(faces.emotion)[0].argmax())]}}


def age_gender(result: FrameResult | None, error: str | None) -> Answers:
    """Return ``age_model_response`` and ``gender_model_response``.

    The gender may also be ``uncertain``; beside the age stands its ``range`` and, where it is so, ``uncertain``.
    """
    faces = _face(result)
    if faces is None:
        nothing = _nothing(error or NO_FACE)
        return {"age_model_response": nothing, "gender_model_response": nothing}
    gender = _nothing(OFF) if faces.gender is None else {"data": shown_gender(faces, 0)[0]}
    return {"age_model_response": _age(faces), "gender_model_response": gender}


def _age(faces: Faces) -> dict[str, Any]:
    if faces.age is None:
        return _nothing(OFF)
    answer: dict[str, Any] = {"data": round(float(faces.age[0]))}
    if faces.age_low is not None and faces.age_high is not None:
        answer["range"] = [round(float(faces.age_low[0])), round(float(faces.age_high[0]))]
    if faces.age_uncertain is not None and faces.age_uncertain[0]:
        answer["uncertain"] = True
    return answer


NAMESPACES: Final[dict[str, tuple[str, Callable[[FrameResult | None, str | None], Answers]]]] = {
    "/compute_bb": ("compute_bb_event", place),
    "/compute_emotion_route": ("analyze_emotion_request", emotion),
    "/compute_age_gender_route": ("analyze_age_gender_request", age_gender),
}
"""Every namespace with the event that it takes and what makes the answers."""


def register(sockets: Sockets) -> None:
    """Serve the namespaces."""
    for namespace, (event, answer) in NAMESPACES.items():
        server = sockets.server
        server.on("connect", _accept, namespace=namespace)
        server.on(event, _handler(sockets, namespace, answer), namespace=namespace)


async def _accept(sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
    """Let everybody in whom `Sockets` let through the door."""


def _handler(
    sockets: Sockets, namespace: str, answer: Callable[[FrameResult | None, str | None], Answers]
) -> Callable[..., Awaitable[None]]:
    async def handle(sid: str, *messages: Any) -> None:
        services = services_of_environ(sockets.server.get_environ(sid, namespace))
        result, error = await _look(services, messages[0] if messages else None, answer is age_gender)
        for event, data in answer(result, error).items():
            await sockets.emit(event, data, sid, namespace)

    return handle


async def _look(services: Services, message: Any, attributes: bool) -> tuple[FrameResult | None, str | None]:
    """Look at a picture; at age and gender too where they are asked for and the server allows them."""
    wants = Wants(attributes=ATTRIBUTES) if attributes and services.settings.attributes else None
    try:
        sent = message.get("data") if isinstance(message, dict) else None
        _, result = await look(services, picture_bytes(sent, "data", codec.LIVE), live=True, wants=wants)
    except (HTTPException, MienError) as error:
        return None, message_of(error)
    except Exception:
        log.exception("picture failed")
        return None, FAILED
    return result, None


def _face(result: FrameResult | None) -> Faces | None:
    """Return the largest face; None when there is none."""
    return result.faces[:1] if result is not None and len(result.faces) else None


def _nothing(error: str) -> dict[str, Any]:
    return {"data": None, "error": error}
