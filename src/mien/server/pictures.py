"""Getting the picture out of a request, however it was sent: a form, JSON, or as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mien.core import codec
from mien.core.errors import PictureError
from mien.core.types import Frame
from mien.server.decoding import Decoders
from mien.server.errors import ApiError

NAME: Final = "picture"


class MemoryParser(MultiPartParser):
    """A form parser that writes nothing to disk: pictures are never stored."""

    spool_max_size = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A picture as it was sent.

    Attributes:
        data: the encoded picture, or the JSON that holds it.
        name: what the sender calls it.
        is_json: which of the two ``data`` is.
    """

    data: bytes
    name: str
    is_json: bool

    def decode(self, decoders: Decoders) -> Frame:
        """Return the upright picture; takes long, call it in a thread.

        Raises:
            ApiError: the JSON is malformed or does not hold a picture.
            PictureError: the picture cannot or must not be decoded.
            DecoderError: decoding ended for another reason.
        """
        data = _json(self.data) if self.is_json else self.data
        return Frame(decoders.decode(data, self.name), source=self.name)


async def read(request: Request) -> Sent:
    """Read the body. What is neither a form nor JSON is taken as the picture itself, whatever it claims to be.

    Raises:
        ApiError: the form is malformed or has no file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request)
    return Sent(await request.body(), NAME, kind == "application/json")


async def _form(request: Request) -> Sent:
    parser = MemoryParser(request.headers, request.stream(), max_files=1, max_fields=20, max_part_size=2**16)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ApiError(400, "bad_form", f"the form cannot be read: {error.message}") from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(422, "invalid_request", 'the form has no file in the field "file": send the picture there')
        return Sent(await file.read(), (file.filename or NAME)[:255], False)
    finally:
        await form.close()


def _json(data: bytes) -> bytes:
    try:
        value: Any = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "bad_json", f"the body is not JSON: {error}") from None
    image = value.get("image") if isinstance(value, dict) else None
    if isinstance(image, str):
        return codec.from_text(image, name=NAME)
    if isinstance(image, list):
        try:
            return bytes(image)
        except (TypeError, ValueError):
            raise PictureError("image must hold whole numbers from 0 to 255, one per byte", "bad_encoding") from None
    message = 'send {"image": …} with base64 text, a data URL or an array of bytes'
    raise ApiError(422, "invalid_request", message)
