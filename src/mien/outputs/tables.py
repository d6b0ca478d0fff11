"""Results as tables: JSON lines (a line per frame), CSV and Parquet (a row per face).

In CSV and Parquet a frame without faces has one row as well, with empty face columns, so that no moment is missing.
The columns are always all of `COLUMNS`, in this order; what was not computed is empty.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from mien.core.errors import MissingDependencyError, SettingsError
from mien.core.labels import EMOTIONS
from mien.core.types import POINTS, SIGNALS, FrameResult
from mien.outputs import files
from mien.outputs.json import face_to_json, plain_text, result_to_json

COLUMNS: Final[dict[str, str]] = {
    "source": "text",
    "frame": "integer",
    "time": "number",
    "width": "integer",
    "height": "integer",
    "faces": "integer",
    "face": "integer",
    "track": "integer",
    **dict.fromkeys(("x1", "y1", "x2", "y2", "score"), "number"),
    **{f"{point}_{axis}": "number" for point in POINTS for axis in "xy"},
    "emotion": "text",
    "confidence": "number",
    "uncertain": "truth",
    **{f"p_{name}": "number" for name in EMOTIONS},
    **dict.fromkeys(("yaw", "pitch", "roll", "eyes_open", "mouth_open"), "number"),
    "blinks": "integer",
    **dict.fromkeys(("perclos", "age", "age_low", "age_high"), "number"),
    "age_uncertain": "truth",
    "gender": "text",
    "gender_confidence": "number",
    "quality": "number",
    "reason": "text",
    "baseline": "text",
    **{f"uncorrected_{name}": "number" for name in EMOTIONS},
    **dict.fromkeys(SIGNALS, "number"),
    "dominant": "text",
}
"""The columns and what they hold. ``time`` in seconds, boxes and points in pixels, angles in degrees, age in years,
``gender`` as ``female``, ``male`` or ``uncertain``, satisfaction 0–100, the rest 0–1; ``faces`` counts the frame's
faces, ``face`` numbers them from 0, largest first."""

PLAIN: Final = ("eyes_open", "mouth_open", "blinks", "perclos", "age", "quality", "reason", "baseline")
"""Columns that are in the JSON of a face under the same name."""

_ROW_GROUP: Final = 10_000


def rows(result: FrameResult) -> list[dict[str, Any]]:
    """Return the flat rows of a frame: one per face, or one alone when there is none."""
    frame = {
        "source": plain_text(result.source),
        "frame": result.index,
        "time": round(result.timestamp, 6),
        "width": result.width,
        "height": result.height,
        "faces": len(result.faces),
    }
    empty = dict.fromkeys(COLUMNS)
    if not len(result.faces):
        return [empty | frame]
    return [empty | frame | {"face": row} | _flat(face_to_json(result.faces, row)) for row in range(len(result.faces))]


def _flat(face: dict[str, Any]) -> dict[str, Any]:
    x1, y1, x2, y2 = face["box"]
    flat = {"track": face.get("track"), "x1": x1, "y1": y1, "x2": x2, "y2": y2, "score": face["score"]}
    for name, (x, y) in zip(POINTS, face["points"] or [], strict=False):
        flat |= {f"{name}_x": x, f"{name}_y": y}
    if "emotion" in face:
        emotion = face["emotion"]
        flat |= {"emotion": emotion["label"], "confidence": emotion["confidence"], "uncertain": emotion["uncertain"]}
        flat |= {f"p_{name}": p for name, p in emotion["probabilities"].items()}
        flat |= {f"uncorrected_{name}": p for name, p in emotion.get("uncorrected", {}).items()}
    flat |= face.get("pose", {}) | face.get("signals", {})
    flat |= {name: face[name] for name in PLAIN if name in face}
    if "age_range" in face:
        low, high = face["age_range"]
        flat |= {"age_low": low, "age_high": high, "age_uncertain": face.get("age_uncertain", False)}
    if "gender" in face:
        flat |= {"gender": face["gender"]["label"], "gender_confidence": face["gender"]["confidence"]}
    return flat


class Table(ABC):
    """A table that grows result by result; a context manager that finishes the file (see `files.finish`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with files.writing(self.path):
            self._close()
        files.finish(self.path, error)

    def write(self, result: FrameResult) -> None:
        """Add a frame's result.

        Raises:
            MienError: the file cannot be written.
        """
        with files.writing(self.path):
            self._write(result)

    @abstractmethod
    def _write(self, result: FrameResult) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...


class JsonLines(Table):
    """One JSON object per line and frame."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with files.writing(path):
            self._file = files.part(path).open("wb")

    def _write(self, result: FrameResult) -> None:
        self._file.write(line(result))
        self._file.flush()

    def _close(self) -> None:
        self._file.close()


class Csv(Table):
    """Comma-separated values, UTF-8, with a header line; text that a spreadsheet would run as a formula is quoted."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with files.writing(path), ExitStack() as closing:
            self._file = closing.enter_context(files.part(path).open("w", encoding="utf-8", newline=""))
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(COLUMNS)
            self._file.flush()
            closing.pop_all()

    def _write(self, result: FrameResult) -> None:
        self._writer.writerows([cell(value) for value in row.values()] for row in rows(result))
        self._file.flush()

    def _close(self) -> None:
        self._file.close()


class Parquet(Table):
    """Apache Parquet; needs pyarrow. Unlike the others it can be read only once it is finished.

    Args:
        path: of the file.
        partition: the file is part of a data set partitioned by ``source``, whose readers take that column from the
            names of folders: the column in the file is called ``path``.
    """

    def __init__(self, path: Path, partition: bool = False) -> None:
        super().__init__(path)
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise MissingDependencyError("Parquet needs pyarrow: pip install 'mien[columnar]'") from error
        types = {
            "text": pyarrow.string(),
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "truth": pyarrow.bool_(),
        }
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
        self._rows: list[dict[str, Any]] = []
        self._names = ["path" if partition and name == "source" else name for name in COLUMNS]
        written = self._schema.empty_table().rename_columns(self._names).schema
        with files.writing(path):
            self._writer = pyarrow.parquet.ParquetWriter(str(files.part(path)), written, compression="zstd")

    def _write(self, result: FrameResult) -> None:
        self._rows += rows(result)
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            table = self._arrow.Table.from_pylist(self._rows, self._schema)
            self._writer.write_table(table.rename_columns(self._names))
            self._rows = []

    def _close(self) -> None:
        self._flush()
        self._writer.close()


TABLES: Final[dict[str, type[JsonLines] | type[Csv] | type[Parquet]]] = {
    "jsonl": JsonLines,
    "csv": Csv,
    "parquet": Parquet,
}
"""The formats by name, which is the file's extension too."""


def create(path: Path, kind: str, partition: bool = False) -> Table:
    """Start a table.

    Args:
        path: of the file.
        kind: its format.
        partition: of Parquet, see `Parquet`.

    Raises:
        SettingsError: no format goes by that name.
        MissingDependencyError: the format needs a package that is not installed.
        MienError: the file cannot be written.
    """
    if kind not in TABLES:
        raise SettingsError(f"unknown table format {kind!r}: use one of {', '.join(TABLES)}")
    return Parquet(path, partition) if partition and kind == "parquet" else TABLES[kind](path)


def line(result: FrameResult) -> bytes:
    """Return a result as one line of JSON."""
    return orjson.dumps(result_to_json(result), option=orjson.OPT_APPEND_NEWLINE)


def cell(value: Any) -> Any:
    """Return a value as a CSV cell.

    Text that begins like a formula gets an apostrophe, which spreadsheets take as "this is text" (OWASP, "CSV
    injection"); numbers are left alone.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")):
        return f"'{value}"
    return value
