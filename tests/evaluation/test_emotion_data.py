from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.core.errors import InputError
from mien.evaluation.emotion_data import VOTES, official_filter, read, vote_distribution


def votes(**counts: int) -> np.ndarray:
    row = np.zeros((1, 10), np.float32)
    for name, count in counts.items():
        row[0, VOTES.index(f"votes_{name}")] = count
    return row


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ({"happiness": 10}, True),
        ({"happiness": 6, "neutral": 4}, True),
        ({"happiness": 5, "neutral": 5}, False),
        ({"happiness": 5, "neutral": 4, "fear": 1}, True),  # the single vote is dropped: 5 of 9
        ({"unknown": 6, "neutral": 4}, False),
        ({"not_a_face": 10}, False),
        ({"sadness": 4, "neutral": 3, "unknown": 3}, False),
    ],
)
def test_the_official_filter(counts: dict[str, int], kept: bool) -> None:
    assert official_filter(votes(**counts)).tolist() == [kept]


def test_vote_distribution_drops_single_votes_and_what_is_no_emotion() -> None:
    share = vote_distribution(votes(happiness=6, neutral=2, fear=1, unknown=1))[0]
    assert share[:2].tolist() == [0.25, 0.75]
    assert share.sum() == 1
    assert vote_distribution(votes(unknown=9, fear=1)).sum() == 0


def encoded(value: int, size: int = 48) -> bytes:
    done, data = cv2.imencode(".png", np.full((size, size), value, np.uint8))
    assert done
    return data.tobytes()


def write_parquet(path: Path, rows: int = 3, **extra: object) -> Path:
    columns: dict[str, object] = {
        "image": [encoded(10 * i) for i in range(rows)],
        "fer_label": pa.array(list(range(rows)), pa.int8()),
        **extra,
    }
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_with_votes(tmp_path: Path) -> None:
    columns = {name: pa.array([0, 0, 10 if name == "votes_fear" else 0], pa.int8()) for name in VOTES}
    path = write_parquet(tmp_path / "a.parquet", **columns, near_dev=[False, True, False])
    data = read(path)
    assert data.images[:, 5, 5].tolist() == [0, 10, 20]
    assert data.fer_label.tolist() == [0, 1, 2]
    assert data.leave_out.tolist() == [False, True, False]
    assert data.votes is not None
    assert data.votes[2].argmax() == 6


def test_parquet_with_only_labels_and_one_usage(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", usage=["Training", "PublicTest", "Training"])
    data = read(path, usage="Training")
    assert len(data) == 2
    assert data.votes is None


def test_fer2013_csv(tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 2304)
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n0,{pixels},Training\n6,{pixels},PublicTest\n")
    assert read(path).fer_label.tolist() == [0, 6]
    assert read(path, "PublicTest").fer_label.tolist() == [6]
    assert read(path).images.shape == (2, 48, 48)


@pytest.mark.parametrize(
    ("line", "word"), [("0,1 2 3,Training", "3 pixels"), ("x,1,Training", "line 2"), ("0,256 1,Training", "line 2")]
)
def test_a_broken_csv_names_the_line(tmp_path: Path, line: str, word: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n{line}\n")
    with pytest.raises(InputError, match=word):
        read(path)


def test_a_folder_per_class_by_any_name(tmp_path: Path) -> None:
    for folder, value in (("Happy", 50), ("sad", 90)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(encoded(value, size=100))
    data = read(tmp_path)
    assert data.images[:, 0, 0].tolist() == [50, 90]
    assert data.fer_label.tolist() == [3, 4]
    assert data.emotion_label is not None
    assert data.emotion_label.tolist() == [1, 3]


def test_contempt_has_no_place_among_the_seven(tmp_path: Path) -> None:
    (tmp_path / "contempt").mkdir()
    (tmp_path / "contempt" / "a.png").write_bytes(encoded(1))
    assert read(tmp_path).fer_label.tolist() == [-1]


def test_bad_inputs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.parquet"):
        read(tmp_path / "nothing.parquet")
    with pytest.raises(InputError, match="no folder per class"):
        read(tmp_path)
    (tmp_path / "bored").mkdir()
    with pytest.raises(InputError, match="bored"):
        read(tmp_path)
    with pytest.raises(InputError, match="labelled set"):
        read(tmp_path / "a.txt")
    broken = tmp_path / "b.parquet"
    pq.write_table(pa.table({"image": [b"junk"], "fer_label": [0]}), broken)
    with pytest.raises(InputError, match="row 0"):
        read(broken)
    pq.write_table(pa.table({"picture": [b"junk"]}), broken)
    with pytest.raises(InputError, match="picture"):
        read(broken)


def test_rows_select_in_every_column(tmp_path: Path) -> None:
    data = read(write_parquet(tmp_path / "a.parquet"))
    part = data.rows(np.array([False, True, True]))
    assert part.fer_label.tolist() == [1, 2]
    assert len(part) == 2
