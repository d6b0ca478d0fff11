"""A large file out of a request, written to disk as it comes: the body itself, or a form's ``file``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO, Final

import anyio
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mien.server.errors import ApiError

_BLOCK: Final = 1 << 20
"""Bytes that are gathered before they are written, since each writing is a thread's work."""


class FileParser(MultiPartParser):
    """A form parser that writes the one file straight to where it shall lie.

    Args:
        headers: of the request.
        stream: its body.
        target: open for writing.
    """

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], target: BinaryIO) -> None:
        super().__init__(headers, stream, max_files=1, max_fields=20, max_part_size=2**16)
        self._target = target

    def on_headers_finished(self) -> None:
        """Put the target in the place of a temporary file."""
        super().on_headers_finished()
        part = self._current_part
        if part.file is not None:
            part.file.file.close()
            part.file = UploadFile(self._target, size=0, filename=part.file.filename, headers=part.file.headers)


async def save(request: Request, path: Path, idle: float) -> str | None:
    """Write the file that ``request`` sends to ``path``.

    Args:
        request: whose body is not read yet.
        path: of the new file.
        idle: seconds without a byte after which the sender is given up.

    Returns:
        What a form calls the file; None when the body was the file itself.

    Raises:
        ApiError: 400 for a malformed form, 408 when nothing comes any more, 413 when it is too large, 422 when a form
            has no file or the file is empty, 507 when the disk is full.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            name: str | None = await _form(request, path, idle)
        else:
            name = None
            await _body(request, path, idle)
    except OSError as error:
        raise ApiError(507, "disk_full", f"the video cannot be kept ({error.strerror}): free some space") from error
    if path.stat().st_size == 0:
        raise ApiError(422, "empty", "the file is empty: send a video")
    return name


async def _body(request: Request, path: Path, idle: float) -> None:
    with path.open("xb") as file:
        block = bytearray()
        async for chunk in _chunks(request, idle):
            block += chunk
            if len(block) >= _BLOCK:
                await anyio.to_thread.run_sync(file.write, bytes(block))
                block.clear()
        await anyio.to_thread.run_sync(file.write, bytes(block))


async def _form(request: Request, path: Path, idle: float) -> str:
    with path.open("xb") as target:
        parser = FileParser(request.headers, _chunks(request, idle), target)
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise ApiError(400, "bad_form", f"the form cannot be read: {error.message}") from None
        file = form.get("file")
        if not isinstance(file, UploadFile):
            await form.close()
            raise ApiError(422, "invalid_request", 'the form has no file in the field "file": send the video there')
        return file.filename or ""


async def _chunks(request: Request, idle: float) -> AsyncGenerator[bytes]:
    """Yield the body; give up a sender of whom nothing comes."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(idle):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = f"nothing came for {idle:.0f} s: send the video again"
            raise ApiError(408, "timeout", message) from None
        yield chunk
