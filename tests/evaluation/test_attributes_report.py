from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.core.errors import InputError
from mien.evaluation.attribute_data import AttributeSet, read
from mien.evaluation.attributes import by_group


def png(side: int = 96) -> bytes:
    return bytes(cv2.imencode(".png", np.full((side, side, 3), 99, np.uint8))[1].tobytes())


def write(path: Path, **changes: Any) -> Path:
    columns = {"image": [png(), png()], "age": [4, 60], "gender": [0, 1], "group": [0, 3]} | changes
    pq.write_table(pa.table({name: value for name, value in columns.items() if value is not None}), path)
    return path


def test_reads_faces_and_does_without_groups(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet"))
    assert data.images.shape == (2, 96, 96, 3)
    assert data.age.tolist() == [4, 60]
    assert data.gender.tolist() == [0, 1]
    assert data.group is not None
    assert data.group.tolist() == [0, 3]
    assert read(write(tmp_path / "b.parquet", group=None)).group is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"age": None}, "lacks the column.*age"),
        ({"age": [4, 200]}, "row 1.*age must lie between 0 and 116"),
        ({"gender": [0, 2]}, "row 1.*gender"),
        ({"group": [9, 0]}, "row 0.*group"),
        ({"image": [png(), b"no picture"]}, "row 1.*not a picture"),
        ({"image": [png(), png(64)]}, "one size"),
        ({"image": [], "age": [], "gender": [], "group": []}, "no faces"),
    ],
)
def test_a_set_that_makes_no_sense_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "a.parquet", **changes))


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no data set"):
        read(tmp_path / "none.parquet")


def test_errors_by_group_by_hand() -> None:
    n = 80
    group = np.repeat([0, 1], n // 2)
    age = np.where(np.arange(n) % 2 == 0, 25, 70).astype(np.float32)
    data = AttributeSet("some", np.zeros((n, 1, 1, 3), np.uint8), age, np.zeros(n, np.int64), group)
    off = np.where(group == 1, 8.0, 2.0).astype(np.float32)
    wrong = (group == 0) & (age > 30)
    report = by_group(data, off, wrong)
    assert report["groups"]["White"]["age_mae"] == 2
    assert report["groups"]["Black"]["age_mae_interval"] == [8, 8]
    assert report["bands"]["20–34"]["n"] == n // 2
    assert report["cells"]["White 65+"]["gender_error"] == 1
    assert "worst" not in report, "no cell of 20 faces is named as the worst"
    more = {name: np.concatenate([value, value]) for name, value in (("off", off), ("wrong", wrong))}
    twice = AttributeSet("some", *(np.concatenate([v, v]) for v in (data.images, age, data.gender, group)))
    assert by_group(twice, more["off"], more["wrong"])["worst"] == {
        "age_mae": "Black 20–34",
        "gender_error": "White 65+",
    }
