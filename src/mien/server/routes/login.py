"""Exchanging the key for a cookie, so that the web app can be used where a key is required."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from mien.server.auth import COOKIE, LIFETIME, client_of
from mien.server.errors import ApiError
from mien.server.schemas import ErrorEnvelope, Login, Status
from mien.server.services import ServicesDep

router = APIRouter(tags=["login"])

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mien: log in</title><link rel="icon" href="/favicon.svg">
<style>
:root{{color-scheme:light dark}} p{{color:#D6403A;margin:0}}
body{{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0}}
form{{display:grid;gap:16px;width:min(320px,90vw)}}
input,button{{font:inherit;padding:8px 12px;border-radius:10px;border:1px solid #8A94A6}}
button{{background:#2F6FED;color:#fff;border-color:#2F6FED}}
</style>
<form method="post" action="/api/v1/login">
<h1>Mien</h1>
<label for="key">This server needs a key.</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
{note}
<button>Log in</button>
</form></html>"""


# What a form gets: the page once more, saying why.
_FORM_AGAIN: Final[dict[str, Any]] = {"text/html": {"schema": {"type": "string"}}}


@router.get("/login", include_in_schema=False)
async def page() -> HTMLResponse:
    """Show the form."""
    return HTMLResponse(_PAGE.format(note=""))


@router.post(
    "/api/v1/login",
    response_model=Status,
    responses={
        303: {"description": "Logged in by a form"},
        400: {"model": ErrorEnvelope, "description": "The form is malformed"},
        401: {"model": ErrorEnvelope, "description": "Not the key", "content": _FORM_AGAIN},
        422: {"model": ErrorEnvelope, "description": "No key where it should be"},
        429: {"model": ErrorEnvelope, "description": "Too many wrong keys", "content": _FORM_AGAIN},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Login.model_json_schema()},
                "application/x-www-form-urlencoded": {"schema": Login.model_json_schema()},
            },
        }
    },
)
async def login(request: Request, services: ServicesDep) -> Response:
    """Set a cookie that admits for 30 days, in exchange for the key. A form is answered with pages."""
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    key = await _key(request, is_form)
    found = services.keys.attempt(key, client_of(request)) if services.keys.required else None
    if isinstance(found, ApiError):
        if not is_form:
            raise found
        note = f"<p>{escape(found.detail)}</p>"
        return HTMLResponse(_PAGE.format(note=note), found.status_code, found.headers)
    response: Response = RedirectResponse("/", 303) if is_form else JSONResponse({"status": "ok"})
    if found is not None:
        secure = request.url.scheme == "https"
        cookie = services.keys.cookie(found)
        response.set_cookie(COOKIE, cookie, LIFETIME, httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/api/v1/logout")
async def logout(response: Response) -> Status:
    """Delete the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return Status(status="ok")


async def _key(request: Request, is_form: bool) -> str:
    if is_form:
        async with request.form(max_fields=4, max_files=0) as form:
            return str(form.get("key", ""))
    try:
        return Login.model_validate_json(await request.body()).key
    except ValidationError:
        raise ApiError(422, "invalid_request", 'send {"key": "…"}') from None
