from __future__ import annotations

import builtins
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from mien.core.errors import MienError, MissingDependencyError, SettingsError
from mien.core.labels import EMOTIONS
from mien.core.types import Faces, FrameResult
from mien.outputs import tables
from mien.outputs.files import part
from mien.outputs.json import result_to_json

KINDS = ("jsonl", "csv", "parquet")


def two_faces() -> Faces:
    return Faces.from_boxes([[1, 2, 30, 40], [5, 6, 7.25, 8]], [0.9, 0.8], np.arange(20).reshape(2, 5, 2)).replace(
        emotion=np.eye(8)[[1, 4]], label=[1, 4], uncertain=[False, True], tracks=[1, 2]
    )


RESULTS = [
    FrameResult(0, 0.0, 640, 360, two_faces(), "=a.mp4"),
    FrameResult(1, 0.0417083, 640, 360, Faces.empty(), "=a.mp4"),
    FrameResult(2, 0.0834167, 640, 360, two_faces()[:1].replace(pose=[[1, 2, 3]], age=[31], gender=[0.9]), "=a.mp4"),
]


def write(path: Path, kind: str, results: list[FrameResult] = RESULTS) -> Path:
    with tables.create(path, kind) as table:
        for result in results:
            table.write(result)
    return path


def break_off(path: Path, kind: str, error: BaseException) -> None:
    with tables.create(path, kind) as table:
        table.write(RESULTS[0])
        raise error


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_json_lines(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", "jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [result_to_json(result) for result in RESULTS]


def test_csv(tmp_path: Path) -> None:
    rows = read_csv(write(tmp_path / "a.csv", "csv"))
    assert list(rows[0]) == list(tables.COLUMNS)
    assert [(row["frame"], row["faces"], row["face"], row["track"]) for row in rows] == [
        ("0", "2", "0", "1"),
        ("0", "2", "1", "2"),
        ("1", "0", "", ""),
        ("2", "1", "0", "1"),
    ]
    assert [row["time"] for row in rows] == ["0.0", "0.0", "0.041708", "0.083417"]
    assert rows[1]["emotion"] == "anger"
    assert (rows[1]["uncertain"], rows[0]["uncertain"], rows[2]["uncertain"]) == ("true", "false", "")
    assert [rows[0][f"p_{name}"] for name in EMOTIONS] == ["0.0", "1.0"] + ["0.0"] * 6
    assert [rows[1][f"{name}"] for name in ("x1", "y1", "x2", "y2", "score")] == ["5.0", "6.0", "7.2", "8.0", "0.8"]
    assert (rows[0]["left_eye_x"], rows[0]["right_mouth_y"]) == ("0.0", "9.0")
    assert (rows[0]["yaw"], rows[3]["yaw"], rows[3]["age"], rows[3]["gender"]) == ("", "1.0", "31.0", "female")
    assert all(value == "" for name, value in rows[2].items() if list(tables.COLUMNS).index(name) > 5)


def test_age_and_gender(tmp_path: Path) -> None:
    ages = {"age": [31.24, 2], "age_low": [25.6, 0], "age_high": [38.4, 4], "age_uncertain": [False, True]}
    faces = two_faces().replace(**ages, gender=[0.9, 0.4], gender_uncertain=[False, True])
    rows = read_csv(write(tmp_path / "a.csv", "csv", [FrameResult(0, 0.0, 640, 360, faces)]))
    names = ("age", "age_low", "age_high", "age_uncertain", "gender", "gender_confidence")
    assert [[row[name] for name in names] for row in rows] == [
        ["31.2", "26", "38", "false", "female", "0.9"],
        ["2.0", "0", "4", "true", "uncertain", "0.6"],
    ]


def test_csv_formulas_are_text(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path / "a.csv", "csv"))[0]["source"] == "'=a.mp4"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_cells_that_begin_like_a_formula(text: str) -> None:
    assert tables.cell(text) == "'" + text


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (True, "true"), (-1.5, -1.5), ("a=b", "a=b"), ("", "")])
def test_other_cells(value: Any, shown: Any) -> None:
    assert tables.cell(value) == shown


def test_parquet(tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(write(tmp_path / "a.parquet", "parquet"))
    assert table.column_names == list(tables.COLUMNS)
    rows = table.to_pylist()
    expected = [row for result in RESULTS for row in tables.rows(result)]
    assert rows == expected
    assert rows[0]["source"] == "=a.mp4"
    assert rows[2]["x1"] is None


def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_ROW_GROUP", 2)
    path = write(tmp_path / "a.parquet", "parquet", RESULTS * 5)
    assert pyarrow.parquet.ParquetFile(path).num_row_groups > 3
    assert pyarrow.parquet.read_table(path).num_rows == 20


@pytest.mark.parametrize("kind", KINDS)
def test_no_results_make_a_valid_table(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a", kind, [])
    if kind == "parquet":
        assert pyarrow.parquet.read_table(path).num_rows == 0
    else:
        assert path.read_text().splitlines() == ([] if kind == "jsonl" else [",".join(tables.COLUMNS)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_appears_when_the_table_is_finished(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    with tables.create(path, kind) as table:
        table.write(RESULTS[0])
        assert not path.exists()
        assert part(path).exists()
        if kind != "parquet":
            assert len(part(path).read_text().splitlines()) == {"jsonl": 1, "csv": 3}[kind]
    assert path.exists()
    assert not part(path).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_keeps_what_is_done(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    with pytest.raises(KeyboardInterrupt):
        break_off(path, kind, KeyboardInterrupt())
    if kind == "parquet":
        assert pyarrow.parquet.read_table(path).num_rows == 2
    else:
        assert path.read_text().count("=a.mp4") == {"jsonl": 1, "csv": 2}[kind]


def test_a_failure_leaves_the_unfinished_file_under_its_unfinished_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(RuntimeError):
        break_off(path, "jsonl", RuntimeError())
    assert not path.exists()
    assert part(path).read_text().count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_cannot_be_written(tmp_path: Path, kind: str) -> None:
    with pytest.raises(MienError, match="cannot be written"):
        tables.create(tmp_path / "missing" / "a", kind)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always-full device")
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_full_disk(tmp_path: Path, kind: str) -> None:
    part(tmp_path / "a").symlink_to("/dev/full")
    with pytest.raises(MienError, match="No space left"):
        write(tmp_path / "a", kind)


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="jsonl, csv, parquet"):
        tables.create(tmp_path / "a", "xls")


def test_parquet_without_pyarrow_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mien\[columnar\]'"):
        tables.create(tmp_path / "a.parquet", "parquet")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
@pytest.mark.parametrize("kind", KINDS)
def test_names_that_are_not_utf8(tmp_path: Path, kind: str) -> None:
    source = os.fsdecode(b"\xff.mp4")
    path = write(tmp_path / "a", kind, [FrameResult(0, 0.0, 4, 3, Faces.empty(), source)])
    if kind == "parquet":
        assert pyarrow.parquet.read_table(path).column("source").to_pylist() == ["�.mp4"]
    else:
        assert "�.mp4" in path.read_text(encoding="utf-8")


def test_baseline_and_signals_have_columns() -> None:
    faces = two_faces()[:1].replace(
        baseline=np.eye(8)[[0]], label=[0], baseline_state=[2], signals=[[50, 1, np.nan, 0.5]], dominant=[0]
    )
    [row] = tables.rows(FrameResult(0, 0.0, 640, 360, faces))
    assert (row["emotion"], row["p_neutral"], row["uncorrected_happiness"]) == ("neutral", 1.0, 1.0)
    assert row["baseline"] == "learned"
    assert [row[name] for name in ("satisfaction", "attention", "drowsiness", "expressiveness")] == [50, 1, None, 0.5]
    assert row["dominant"] == "neutral"
    [plain] = tables.rows(FrameResult(0, 0.0, 640, 360, two_faces()[:1]))
    assert plain["baseline"] is plain["uncorrected_happiness"] is plain["satisfaction"] is None
