from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from mien.core.errors import SettingsError
from mien.core.types import Event, Faces, FrameResult
from mien.outputs.events import COLUMNS, EventTable, rows
from mien.outputs.files import part

SMILE, SMILED = Event("smile", 1, 0.5), Event("smile", 1, 0.5, 2.25)
LOST = Event("face lost", 1, 3.0)
BLINK = Event("blink", 2, 0.4, 0.6)


def write(path: Path, kind: str, *frames: tuple[Event, ...], source: str = "=a.mp4") -> Path:
    with EventTable(path, kind) as table:
        for index, events in enumerate(frames):
            table.write(FrameResult(index, index / 10, 64, 48, Faces.empty(), source, events=events))
    return path


FRAMES = ((SMILE,), (), (BLINK,), (SMILED, LOST))
WANTED = [
    {"source": "=a.mp4", "event": "blink", "track": 2, "start": 0.4, "end": 0.6, "seconds": 0.2},
    {"source": "=a.mp4", "event": "smile", "track": 1, "start": 0.5, "end": 2.25, "seconds": 1.75},
    {"source": "=a.mp4", "event": "face lost", "track": 1, "start": 3.0, "end": None, "seconds": None},
]


def test_json_lines(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", "jsonl", *FRAMES).read_text().splitlines()
    assert [json.loads(line) for line in lines] == WANTED


def test_csv(tmp_path: Path) -> None:
    text = write(tmp_path / "a.csv", "csv", *FRAMES).read_text()
    table = list(csv.DictReader(io.StringIO(text)))
    assert list(table[0]) == list(COLUMNS)
    assert [row["event"] for row in table] == ["blink", "smile", "face lost"]
    assert table[1] == {
        "source": "'=a.mp4", "event": "smile", "track": "1", "start": "0.5", "end": "2.25", "seconds": "1.75"
    }  # fmt: skip
    assert table[2]["end"] == ""


def test_parquet(tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(write(tmp_path / "a.parquet", "parquet", *FRAMES))
    assert table.to_pylist() == WANTED


@pytest.mark.parametrize(("kind", "content"), [("jsonl", ""), ("csv", ",".join(COLUMNS) + "\n")])
def test_a_stream_without_events(tmp_path: Path, kind: str, content: str) -> None:
    assert write(tmp_path / f"a.{kind}", kind, (), ()).read_text() == content


def test_parquet_without_events(tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(write(tmp_path / "a.parquet", "parquet"))
    assert table.column_names == list(COLUMNS)
    assert len(table) == 0


def test_after_an_error_the_file_keeps_its_unfinished_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(RuntimeError), EventTable(path, "csv"):
        raise RuntimeError
    assert not path.exists()
    assert part(path).exists()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="xlsx"):
        EventTable(tmp_path / "a", "xlsx")


def test_an_event_told_twice_is_one_row() -> None:
    assert [row["end"] for row in rows([SMILE, SMILED], "a")] == [2.25]
    assert [row["end"] for row in rows([SMILE], "a")] == [None]
