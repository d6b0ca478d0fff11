"""The web app: built files out of one folder, and its start page for every address that it knows itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from mien.server.errors import is_plain
from mien.server.services import services_of

_OWN: Final = ("api", "docs", "assets")
"""First parts of addresses that are never the web app's own pages."""

_TEXTS: Final = ("text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml")
"""What shrinks to a third when it is packed."""

_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mien: the web app is not built</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:10vh auto;padding:0 16px}
</style>
<h1>The web app is not built</h1>
<p>The server runs, but this copy of Mien was installed from source without its web app. Build it once:</p>
<pre>cd web
npm ci
npm run build</pre>
<p>then load this page again. The API works without it: <a href="/docs">/docs</a>.</p>
</html>"""


class WebApp:
    """Answers what no route does; put it in as a router's ``default``.

    Args:
        folder: of the built web app; it may appear while the server runs.
        router: asked for its "not found" when an address is nobody's.
    """

    def __init__(self, folder: Path, router: Router) -> None:
        self.folder = folder
        self.router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.router.not_found(scope, receive, send)
            return
        request = Request(scope)
        response = await self._response(request)
        if response is None:
            raise HTTPException(404)
        packed = response.media_type in _TEXTS and "range" not in request.headers
        answer = GZipMiddleware(response, minimum_size=1000, compresslevel=6) if packed else response
        await answer(scope, receive, send)

    async def _response(self, request: Request) -> Response | None:
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.scope["path"].strip("/")
        if not path:
            return await self._start(request)
        found = await anyio.to_thread.run_sync(_file, self.folder, path)
        if found is not None:
            # Names of built assets hold a hash of what is in them, so they never change.
            lasting = path.startswith("assets/")
            headers = {"cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
            return FileResponse(found[0], stat_result=found[1], headers=headers)
        ours = path.split("/")[0] in _OWN or is_plain(request.scope)
        if ours or "text/html" not in request.headers.get("accept", ""):
            return None
        return await self._start(request)

    async def _start(self, request: Request) -> Response:
        refusal = services_of(request).keys.refusal(request)
        if refusal is not None and refusal.status_code == 401:
            return RedirectResponse("/login", 303)
        if refusal is not None:
            raise refusal
        index = await anyio.to_thread.run_sync(_file, self.folder, "index.html")
        if index is None:
            return HTMLResponse(_MISSING, 503)
        return FileResponse(index[0], stat_result=index[1], headers={"cache-control": "no-cache"})


def _file(folder: Path, path: str) -> tuple[Path, os.stat_result] | None:
    """Return a regular file below ``folder``; None for whatever is not there or would lead out of it."""
    try:
        found = (folder / path).resolve()
        if not found.is_relative_to(folder.resolve()):
            return None
        status = found.stat()
    except (OSError, ValueError):
        return None
    return (found, status) if stat.S_ISREG(status.st_mode) else None
