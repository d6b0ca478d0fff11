"""One form for every error that leaves the server: ``{"error": {"code", "message", "request_id"}}``.

``code`` is stable and what a client may branch on; ``message`` is for people. Where a public protocol has a form of its
own (`PLAIN`), errors are ``{"error": message}``, whoever refuses: also a request that no route has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mien.core.errors import InputError, MienError

STATUS: Final[dict[str, int]] = {
    "too_large": 413,
    "unsupported_type": 415,
    "shutting_down": 503,
    "loading": 503,
    "models_unavailable": 503,
    "camera_exists": 409,
    "too_many_cameras": 409,
    "decoder_died": 503,
    "quota_exceeded": 507,
    "not_now": 409,
    "still_recording": 409,
    "too_many_uploads": 429,
    "missing_dependency": 501,
    "not_found": 404,
}
"""Status of errors whose code says more than their class; other bad input is 422, all else 500."""

_CODES: Final[dict[int, str]] = {
    400: "bad_request",
    401: "key_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid_request",
    429: "busy",
    503: "unavailable",
}


PLAIN: Final = ("/v2", "/v1/models")
"""Addresses of the Open Inference Protocol and of TensorFlow Serving, and all below them."""


class ApiError(HTTPException):
    """An answer that is an error.

    Args:
        status: of the response.
        code: stable, for clients.
        message: what happened and what to do, for people.
        headers: to send along.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, headers)
        self.code = code


def envelope(code: str, message: str, request_id: str) -> bytes:
    """Return the JSON of an error."""
    return orjson.dumps({"error": {"code": code, "message": message, "request_id": request_id}})


def plain(message: str) -> bytes:
    """Return the JSON of an error for other systems' clients."""
    return orjson.dumps({"error": message})


def is_plain(scope: Mapping[str, Any]) -> bool:
    """Whether a connection's address is one of a protocol whose errors are texts."""
    path = str(scope.get("path", ""))
    return any(path == start or path.startswith(f"{start}/") for start in PLAIN)


def error_response(
    scope: Mapping[str, Any], status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response that tells of an error; ``scope`` is the connection's, with its request id."""
    body = plain(message) if is_plain(scope) else envelope(code, message, request_id(scope))
    return Response(body, status, dict(headers or {}), media_type="application/json")


def request_id(scope: Mapping[str, Any]) -> str:
    """Return the id that this connection's log lines carry."""
    return str(scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error in the one form. (What nobody expected is `middleware.RequestContext`'s.)"""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(MienError, _mien_error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = error.code if isinstance(error, ApiError) else _CODES.get(error.status_code, "error")
    message = str(error.detail)
    if not isinstance(error, ApiError):
        message = _explained(request, error.status_code) or message
    return error_response(request.scope, error.status_code, code, message, error.headers)


def _explained(request: Request, status: int) -> str | None:
    if status == 404:
        return f"there is nothing at {request.url.path[:200]}: see /docs for what there is"
    if status == 405:
        return f"{request.method} is not possible at {request.url.path[:200]}: see /docs for what is"
    return None


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parts = [f"{'.'.join(str(place) for place in item['loc'])}: {item['msg']}" for item in error.errors()]
    return error_response(request.scope, 422, "invalid_request", "; ".join(parts))


async def _mien_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MienError)
    if isinstance(error, InputError) and is_plain(request.scope):
        status = 400  # what those protocols say of everything that does not fit a model
    else:
        status = STATUS.get(error.code, 422 if isinstance(error, InputError) else 500)
    return error_response(request.scope, status, error.code, str(error))
