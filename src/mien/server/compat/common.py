"""What the interfaces of the reference systems share: getting a picture, having it analysed, plain error messages.

Their clients know seven emotions and an error that is a text, ``{"error": "…"}``.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any, Final

import anyio
import numpy as np
import orjson
from numpy.typing import NDArray

from mien.core import codec
from mien.core.errors import PictureError
from mien.core.labels import FER2013_IN_EMOTIONS
from mien.core.settings import Wants
from mien.core.types import FloatArray, Frame, FrameResult, Image
from mien.live.session import Failed, Outcome, Packet
from mien.server.errors import STATUS, ApiError
from mien.server.gate import deadline
from mien.server.pictures import NAME, Sent
from mien.server.plain_errors import PlainErrorRoute as PlainErrorRoute
from mien.server.plain_errors import message_of as message_of
from mien.server.services import Services

FAILED: Final = "the server failed on this picture; it was logged"
TOO_LATE: Final = "the picture was not analysed in time: try again later"


def seven(emotion: FloatArray) -> FloatArray:
    """Return probabilities ``[…, 7]`` in the order of `FER2013` for ``[…, 8]`` in that of `EMOTIONS`.

    Contempt, which the seven do not have, is left out and the rest brought to the sum 1.
    """
    kept = emotion[..., FER2013_IN_EMOTIONS]
    return np.asarray(kept / np.maximum(kept.sum(-1, keepdims=True), 1e-9), np.float32)


def corners(boxes: FloatArray, width: int, height: int) -> NDArray[np.int64]:
    """Return boxes ``[n, 4]`` x1 y1 x2 y2 as whole pixels within the picture."""
    return np.clip(np.rint(boxes), 0, [width, height, width, height]).astype(np.int64)


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ApiError: it is none.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "bad_json", f"this is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ApiError(400, "bad_json", "send a JSON object")
    return value


def picture_bytes(value: Any, key: str, limits: codec.Limits) -> bytes:
    """Return the encoded picture that a JSON value stands for: base64, a data URL, or an array of bytes.

    Args:
        value: as it came.
        key: under which it came, for messages.
        limits: what the picture may cost.

    Raises:
        PictureError: it stands for none.
    """
    if isinstance(value, str):
        return codec.from_text(value, limits=limits, name=key)
    if isinstance(value, list):
        try:
            return bytes(value)
        except (TypeError, ValueError):
            raise PictureError(f"{key} must hold whole numbers from 0 to 255, one per byte", "bad_encoding") from None
    raise PictureError(f'send {{"{key}": …}} with base64 text, a data URL or an array of bytes', "bad_encoding")


async def decode(services: Services, data: bytes, live: bool = False) -> Image:
    """Decode a picture, off the event loop.

    An upload is decoded in a child process. A live frame has limits so tight that this process can do it, and is not
    turned by its EXIF orientation.

    Raises:
        PictureError: the picture cannot or must not be decoded.
    """
    if not live:
        return (await services.decode(Sent(data, NAME, False))).image
    job = partial(codec.decode, data, limits=codec.LIVE, rotate=False, name="frame")
    return await anyio.to_thread.run_sync(job, limiter=services.decoders, abandon_on_cancel=True)


async def look(
    services: Services, data: bytes, live: bool = False, wants: Wants | None = None
) -> tuple[Image, FrameResult]:
    """Decode and analyse a single picture when its turn comes.

    Raises:
        ApiError: the server is busy, being started or too slow.
        PictureError: the picture cannot or must not be decoded.
    """
    with services.gate.enter():
        async with deadline(services.settings.analyze_timeout, 503, TOO_LATE):
            engine = services.backend.engine
            image = await decode(services, data, live)
            return image, await asyncio.wrap_future(engine.analyze(Frame(image), wants))


class Live:
    """One client's stream of pictures with an identity for every face; one picture at a time.

    Args:
        services: of the server.
        source: what the pictures come from, for the log.

    Raises:
        ApiError: 503 when there are too many streams or nothing that computes yet.
    """

    def __init__(self, services: Services, source: str) -> None:
        if services.streams >= services.settings.max_streams:
            raise ApiError(503, "busy", f"{services.streams} streams are open already: try again later")
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._seq = 0
        self._answer: asyncio.Future[Outcome] | None = None
        self._session = services.backend.engine.open(self._deliver, source)
        services.streams += 1

    async def look(self, data: bytes) -> tuple[Image, FrameResult]:
        """Decode and analyse the next picture.

        Raises:
            ApiError: it cannot be analysed, or not in time.
            PictureError: the picture cannot or must not be decoded.
        """
        async with deadline(self._services.settings.analyze_timeout, 503, TOO_LATE):
            image = await decode(self._services, data, live=True)
            self._seq += 1
            self._answer = self._loop.create_future()
            now = time.monotonic()
            self._session.put(Packet(self._seq, now * 1000, image, now))
            outcome = await self._answer
        if isinstance(outcome, Failed):
            raise ApiError(STATUS.get(outcome.code, 500), outcome.code, outcome.message)
        return image, outcome.result

    def close(self) -> None:
        """End the stream."""
        self._session.close()
        self._services.streams -= 1

    def _deliver(self, outcome: Outcome) -> None:
        self._loop.call_soon_threadsafe(self._resolve, outcome)

    def _resolve(self, outcome: Outcome) -> None:
        if self._answer is not None and outcome.seq == self._seq and not self._answer.done():
            self._answer.set_result(outcome)
