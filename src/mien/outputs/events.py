"""The events of a stream as a table beside that of its frames: one row per event, in the order in which they began."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from mien.core.errors import MissingDependencyError, SettingsError
from mien.core.types import Event, FrameResult
from mien.outputs import files
from mien.outputs.json import event_to_json, plain_text
from mien.outputs.tables import TABLES, cell

COLUMNS: Final[dict[str, str]] = {
    "source": "text",
    "event": "text",
    "track": "integer",
    "start": "number",
    "end": "number",
    "seconds": "number",
}
"""The columns and what they hold; times in seconds. What still went on when the stream ended, and a face that was lost
for good, have no ``end`` and no ``seconds``."""


def rows(events: list[Event], source: str) -> list[dict[str, Any]]:
    """Return a row per event; of one that was told twice, when it began and when it ended, the latter."""
    last = {(event.kind, event.track, event.start): event for event in events}
    ordered = sorted(last.values(), key=lambda event: (event.start, event.track, event.kind))
    return [_row(event, source) for event in ordered]


def _row(event: Event, source: str) -> dict[str, Any]:
    seconds = None if event.end is None else round(event.end - event.start, 6)
    return {"source": plain_text(source), **event_to_json(event), "seconds": seconds}


class EventTable:
    """Gathers a stream's events; a context manager that writes them when it ends (see `files.finish`).

    Args:
        path: of the file.
        kind: ``jsonl``, ``csv`` or ``parquet``.

    Raises:
        SettingsError: no format goes by that name.
        MissingDependencyError: Parquet without pyarrow.
    """

    def __init__(self, path: Path, kind: str) -> None:
        if kind not in TABLES:
            raise SettingsError(f"unknown table format {kind!r}: use one of {', '.join(TABLES)}")
        if kind == "parquet":
            _pyarrow()
        self.path, self._kind = path, kind
        self._events: list[Event] = []
        self._source = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        found = rows(self._events, self._source)
        with files.writing(self.path):
            files.part(self.path).write_bytes({"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}[self._kind](found))
        files.finish(self.path, error)

    def write(self, result: FrameResult) -> None:
        """Add a frame's events."""
        self._source = result.source
        self._events += result.events


def _jsonl(found: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found)


def _csv(found: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(row[name]) for name in COLUMNS] for row in found)
    return text.getvalue().encode()


def _parquet(found: list[dict[str, Any]]) -> bytes:
    arrow = _pyarrow()
    types = {"text": arrow.string(), "integer": arrow.int64(), "number": arrow.float64()}
    schema = arrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    data = io.BytesIO()
    arrow.parquet.write_table(arrow.Table.from_pylist(found, schema), data, compression="zstd")
    return data.getvalue()


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependencyError("Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    return pyarrow
