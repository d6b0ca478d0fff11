"""What is made of a video's results for those who ask: lines, timelines, tables."""

from __future__ import annotations

import math
import secrets
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import anyio
import orjson

from mien.live.videos.folder import VideoFolder
from mien.live.videos.timeline import timeline
from mien.live.videos.values import VideoJob
from mien.outputs import tables
from mien.outputs.reading import result_from_json

MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_BLOCK: Final = 1 << 18


def span(folder: VideoFolder, start: float, end: float | None) -> tuple[int, int]:
    """Return the bytes of the results from ``start`` to ``end`` seconds, both included."""
    last = folder.whole_lines() if end is None else folder.offset(math.nextafter(end, math.inf))
    return folder.offset(start), last


async def blocks(path: Path, start: int, end: int) -> AsyncGenerator[bytes]:
    """Yield the bytes of a file from ``start`` to before ``end``."""
    if start >= end:
        return
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(start)
        while start < end and (block := await file.read(min(_BLOCK, end - start))):
            start += len(block)
            yield block


async def once(path: Path) -> AsyncGenerator[bytes]:
    """Yield a file and delete it."""
    try:
        async for block in blocks(path, 0, path.stat().st_size):
            yield block
    finally:
        path.unlink(missing_ok=True)


def course(folder: VideoFolder, job: VideoJob, start: float, end: float | None, points: int) -> dict[str, Any]:
    """Return the timeline from ``start`` to ``end`` seconds, by default the video's end; see `timeline`.

    There are never more stretches than frames.
    """
    until = max(job.time, job.duration or 0.0) if end is None else end
    until = max(until, start + 1e-3)
    most = math.ceil((until - start) * job.fps) if job.fps else points
    return timeline(folder.values(folder.offset(start)), start, until, max(1, min(points, most)))


def table(folder: VideoFolder, job: VideoJob, kind: str) -> Path:
    """Write the results so far as a table; the caller deletes the file.

    Raises:
        MissingDependencyError: the format needs a package that is not installed.
        MienError: the file cannot be written.
    """
    path = Path(tempfile.gettempdir()) / f"mien-{secrets.token_hex(8)}.{kind}"
    if kind == "json":
        with path.open("wb") as file:
            file.write(b'{"video":' + orjson.dumps(job.to_json()) + b',"frames":[')
            for number, value in enumerate(folder.values()):
                file.write((b",\n" if number else b"\n") + orjson.dumps(value))
            file.write(b"\n]}\n")
        return path
    with tables.create(path, kind) as written:
        for value in folder.values():
            written.write(result_from_json(value))
    return path


def attachment(name: str, ending: str) -> str:
    """Return a Content-Disposition that saves under the video's name with another ending (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(Path(name).stem, safe='')}.{ending}"
