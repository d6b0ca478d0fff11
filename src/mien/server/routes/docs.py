"""The API's description at ``/docs``, by Swagger UI out of a package: no page here needs the internet."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from mien.server.errors import ApiError

router = APIRouter(prefix="/docs", include_in_schema=False)

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mien: API</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</html>"""
# A file of its own, since the content security policy allows no scripts inside a page.
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
_ASSETS: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@router.get("")
async def page() -> HTMLResponse:
    """Show the description."""
    return HTMLResponse(_PAGE)


@router.get("/start.js")
async def start() -> Response:
    """Start Swagger UI."""
    return Response(_START, media_type="text/javascript")


@router.get("/{name}")
def asset(name: str) -> Response:
    """Return one of Swagger UI's files."""
    if name not in _ASSETS:
        raise ApiError(404, "not_found", f"there is no {name[:100]} in the API's description: see /docs")
    data = (files("fastapi_offline") / "static" / name).read_bytes()
    return Response(data, media_type=_ASSETS[name], headers={"cache-control": "public, max-age=86400"})
