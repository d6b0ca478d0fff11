"""Errors as other systems' clients expect them: ``{"error": "…"}``, a text."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mien.core.errors import InputError, MienError
from mien.server.errors import STATUS


def message_of(error: Exception) -> str:
    """Return an error's text for people."""
    return str(error.detail) if isinstance(error, HTTPException) else str(error)


class PlainErrorRoute(APIRoute):
    """A route whose errors are ``{"error": "…"}``, as the reference systems' clients expect them."""

    bad_input: ClassVar[int] = 400
    """Status of the answer to a picture or a body that cannot be used."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler with its errors caught."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except HTTPException as error:
                bad = error.status_code in (400, 413, 415, 422)
                status = self.bad_input if bad else error.status_code
                return JSONResponse({"error": message_of(error)}, status, error.headers)
            except MienError as error:
                status = self.bad_input if isinstance(error, InputError) else STATUS.get(error.code, 500)
                return JSONResponse({"error": message_of(error)}, status)

        return handle
