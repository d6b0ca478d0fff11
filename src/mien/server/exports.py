"""Recordings as files, made while they are sent: CSV, Parquet, JSON, ZIP; their columns are in docs/recordings.md."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, Final, Literal, TypeAlias, cast, get_args

import orjson

from mien.core.errors import MissingDependencyError
from mien.core.labels import EMOTIONS
from mien.core.types import BASELINE_STATES, REASONS, Event
from mien.outputs.tables import cell
from mien.store.packing import FACE, UNKNOWN, Rows
from mien.store.repository import Repository
from mien.store.values import Person, Sample, Session

Form: TypeAlias = Literal["csv", "json", "parquet", "zip"]
Table: TypeAlias = Literal["faces", "events", "markers"]

MEDIA: Final[dict[str, str]] = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}
WHOLE: Final = ("json", "zip")
"""Forms that hold all of a recording."""
CHUNK: Final = 2000
"""Rows that are made at once."""
ROW_GROUP: Final = 10_000

_TRUTH: Final = ("uncertain",)
_WHOLE: Final = ("blinks",)
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "emotion": EMOTIONS,
    "reason": REASONS,
    "baseline": BASELINE_STATES,
    "dominant": EMOTIONS,
}


def _kind(name: str) -> str:
    return "text" if name in _WORDS else "truth" if name in _TRUTH else "integer" if name in _WHOLE else "number"


COLUMNS: Final[dict[str, dict[str, str]]] = {
    "faces": {
        "session": "text",
        "time": "number",
        **dict.fromkeys(("width", "height", "faces", "person"), "integer"),
        **{name: _kind(name) for name in FACE if name not in ("time",)},
    },
    "events": {"session": "text", "event": "text", "person": "integer", "start": "number", "end": "number"},
    "markers": {"session": "text", "marker": "integer", "time": "number", "label": "text"},
}
"""The columns of each table and what they hold."""

_FACE: Final = tuple(FACE)[1:]
Row: TypeAlias = dict[str, Any]


def export(repository: Repository, session: Session, form: Form, table: Table = "faces") -> Iterator[bytes]:
    """Return a recording as the pieces of a file.

    Args:
        repository: where it is.
        session: the recording.
        form: of the file.
        table: which part of it; JSON holds all, ZIP all with the pictures.

    Raises:
        MissingDependencyError: Parquet without pyarrow.
    """
    if form == "json":
        return _json(repository, session)
    if form == "zip":
        return _zip(repository, session)
    rows = _rows(repository, session.id, table)
    return _csv(rows, table) if form == "csv" else _parquet(_pyarrow(), rows, table)


def plain(text: str) -> str:
    """Return text without what no database takes: zeroes and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def event_row(session: str, event: Event) -> Row:
    """Return an event as a row of its table."""
    return {"session": session, "event": event.kind, "person": event.track, "start": event.start, "end": event.end}


def person_value(person: Person) -> dict[str, Any]:
    """Return a person as in the JSON: seconds in view, and per expression."""
    shown = dict(zip(EMOTIONS, person.shown, strict=True))
    value = {"person": person.person, "first": person.first, "last": person.last, "seconds": person.seconds}
    return value | {"shown": shown, "uncertain": person.uncertain, "dominant": person.dominant, "events": person.events}


def _rows(repository: Repository, session: str, table: Table) -> Iterator[Row]:
    if table == "events":
        yield from (event_row(session, event) for event in repository.events(session))
    elif table == "markers":
        for marker in repository.markers(session):
            yield {"session": session, "marker": marker.id, "time": marker.time, "label": marker.label}
    else:
        for sample in repository.samples(session):
            yield from _faces(session, sample)


def _faces(session: str, sample: Sample) -> Iterator[Row]:
    """Yield a frame's rows: one per face, or one alone when there is none, so that no moment is missing."""
    frame = {
        "session": session,
        "time": sample.time,
        "width": sample.width,
        "height": sample.height,
        "faces": sample.faces,
    }
    if not len(sample.rows):
        yield frame | dict.fromkeys(("person", *_FACE))
    for person, row in zip(sample.people.tolist(), sample.rows, strict=True):
        yield frame | {"person": person} | face_values(row)


def face_values(row: Rows) -> Row:
    """Return what a row ``[len(FACE)]`` stands for, by column; None where it is not known."""
    values: Row = {}
    for (name, scale), value in zip(FACE.items(), row.tolist(), strict=True):
        if name == "time":
            continue
        if value == UNKNOWN:
            values[name] = None
        elif name in _WORDS:
            values[name] = _WORDS[name][value]
        elif name in _TRUTH:
            values[name] = bool(value)
        else:
            values[name] = value / 1000 if name == "shown_for" else value if scale == 1 else value / scale
    return values


def _csv(rows: Iterator[Row], table: Table) -> Iterator[bytes]:
    columns = COLUMNS[table]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for part in _parts(rows, CHUNK):
        writer.writerows([cell(row[name]) for name in columns] for row in part)
        yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return data


def _json(repository: Repository, session: Session) -> Iterator[bytes]:
    about = ("id", "name", "purpose", "notes", "source", "state", "consented", "started", "ended", "duration")
    names = (*about, "frames", "most_faces", "models", "settings", "version")
    head = {
        "session": {name: getattr(session, name) for name in names},
        "people": [person_value(person) for person in repository.people(session.id)],
        "events": [event_row(session.id, event) for event in repository.events(session.id)],
        "markers": list(_rows(repository, session.id, "markers")),
    }
    yield orjson.dumps(head)[:-1] + b',"frames":['
    first = True
    for part in _parts(repository.samples(session.id), CHUNK):
        texts = [orjson.dumps(_frame(sample)) for sample in part]
        yield (b"" if first else b",\n") + b",\n".join(texts)
        first = False
    yield b"]}\n"


def _frame(sample: Sample) -> Row:
    faces = [
        {"person": person} | {name: value for name, value in face_values(row).items() if value is not None}
        for person, row in zip(sample.people.tolist(), sample.rows, strict=True)
    ]
    return {"time": sample.time, "width": sample.width, "height": sample.height, "faces": faces}


def _zip(repository: Repository, session: Session) -> Iterator[bytes]:
    """Yield an archive of everything; pictures are named by their time, `pictures/000012.400.jpg` at 12.4 s."""
    sink = _Sink()
    began = time.localtime(session.started)[:6]
    with zipfile.ZipFile(cast(IO[bytes], sink), "w") as archive:
        texts = {f"{table}.csv": _csv(_rows(repository, session.id, table), table) for table in get_args(Table)}
        for name, parts in {**texts, "recording.json": _json(repository, session)}.items():
            info = zipfile.ZipInfo(name, began)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)
                    yield sink.taken()
        for at, data in repository.every_picture(session.id):
            archive.writestr(zipfile.ZipInfo(f"pictures/{at // 1000:06}.{at % 1000:03}.jpg", began), data)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what Parquet and ZIP write, to be sent on."""

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


def _parquet(arrow: Any, rows: Iterator[Row], table: Table) -> Iterator[bytes]:
    types = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "truth": arrow.bool_(),
    }
    schema = arrow.schema([(name, types[kind]) for name, kind in COLUMNS[table].items()])
    sink = _Sink()
    with arrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for part in _parts(rows, ROW_GROUP):
            writer.write_table(arrow.Table.from_pylist(part, schema))
            yield sink.taken()
    yield sink.taken()


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependencyError("Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    return pyarrow


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while part := list(islice(left, size)):
        yield part
