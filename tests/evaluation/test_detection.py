from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.core.errors import InputError
from mien.core.types import Faces, FloatArray, Image
from mien.evaluation.detection import (
    LabelledPicture,
    Outcome,
    average_precision,
    evaluate,
    judge,
    precision_recall,
    read,
    summarise,
)

NO_POINTS = np.full((1, 5, 2), np.nan, np.float32)


def outcome(scores: list[float], hits: list[int], faces: int, source: str = "") -> Outcome:
    return Outcome(np.array(scores, np.float32), np.array(hits, bool), faces, (), source)


def slow_ap(pairs: list[tuple[float, bool]], faces: int) -> float:
    """All-point average precision for distinct scores, said as simply as can be."""
    pairs = sorted(pairs, reverse=True)
    points = []
    for n in range(1, len(pairs) + 1):
        true = sum(hit for _, hit in pairs[:n])
        points.append((true / faces, true / n))
    total, before = 0.0, 0.0
    for recall, _ in points:
        if recall > before:
            total += (recall - before) * max(p for r, p in points if r >= recall)
            before = recall
    return total


def test_average_precision_by_hand() -> None:
    # Hits at ranks 1, 3, 5 of 4 faces: recall .25, .5, .75 at precision 1, 2/3, 3/5.
    outcomes = [outcome([0.9, 0.8, 0.7], [1, 0, 1], 3), outcome([0.6, 0.5], [0, 1], 1)]
    precision, recall, false = precision_recall(outcomes)
    np.testing.assert_allclose(precision, [1, 1 / 2, 2 / 3, 1 / 2, 3 / 5])
    np.testing.assert_allclose(recall, [0.25, 0.25, 0.5, 0.5, 0.75])
    np.testing.assert_allclose(false, [0, 0.5, 0.5, 1, 1])
    assert average_precision(precision, recall) == pytest.approx(0.25 * (1 + 2 / 3 + 3 / 5))


@pytest.mark.parametrize("seed", range(20))
def test_average_precision_agrees_with_a_slow_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    scores, hits = rng.permutation(n) / n + 0.01, rng.random(n) < 0.6
    faces = max(1, int(hits.sum() + rng.integers(0, 5)))
    cut = int(rng.integers(0, n + 1))
    outcomes = [
        outcome(list(scores[:cut]), list(hits[:cut]), faces),
        outcome(list(scores[cut:]), list(hits[cut:]), 0),
    ]
    precision, recall, _ = precision_recall(outcomes)
    expected = slow_ap(list(zip(scores, hits, strict=True)), faces)
    assert average_precision(precision, recall) == pytest.approx(expected)


def test_equal_scores_come_together() -> None:
    for hits in ([1, 0], [0, 1]):
        precision, recall, _ = precision_recall([outcome([0.5, 0.5], hits, 1)])
        np.testing.assert_allclose(precision, [0.5])
        assert average_precision(precision, recall) == pytest.approx(0.5)


def test_nothing_found_is_zero() -> None:
    summary = summarise([outcome([], [], 3)], 0.5)
    assert summary["ap"] == summary["recall_at_0.05_fppi"] == summary["recall"] == 0


def test_without_faces_only_false_ones_are_counted() -> None:
    summary = summarise([outcome([0.9, 0.4], [0, 0], 0)], 0.5)
    assert summary["ap"] is summary["recall"] is summary["recall_at_0.05_fppi"] is None
    assert summary["false_faces"] == 1


def test_recall_at_a_rate_of_false_faces() -> None:
    # 40 pictures: two false faces are 0.05 a picture, a third is one too many.
    outcomes = [outcome([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1, 0, 1, 0, 1, 0], 2), outcome([0.3], [1], 2)]
    outcomes += [outcome([], [], 0)] * 38
    assert summarise(outcomes, 0.5)["recall_at_0.05_fppi"] == pytest.approx(3 / 4)


def labelled(boxes: list[list[float]], points: FloatArray | None = None, source: str = "x") -> LabelledPicture:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    data = cv2.imencode(".png", np.zeros((100, 100, 3), np.uint8))[1].tobytes()
    return LabelledPicture(data, array, NO_POINTS.repeat(len(array), 0) if points is None else points, source)


def test_each_face_is_found_once() -> None:
    found = Faces.from_boxes([[0, 0, 20, 20], [1, 0, 20, 20], [60, 60, 80, 80]], [0.7, 0.9, 0.8])
    result = judge(found, labelled([[0, 0, 20, 20]]))
    np.testing.assert_allclose(result.scores, [0.9, 0.8, 0.7])
    assert result.hits.tolist() == [True, False, False]
    assert result.faces == 1


def test_the_least_iou_decides() -> None:
    face = labelled([[0, 0, 10, 10]])
    assert judge(Faces.from_boxes([[0, 0, 10, 4.01]]), face).hits.tolist() == [True]
    assert judge(Faces.from_boxes([[0, 0, 10, 3.99]]), face).hits.tolist() == [False]


def test_small_faces_are_neither_hits_nor_misses() -> None:
    result = judge(Faces.from_boxes([[0, 0, 7, 7], [40, 40, 60, 60]]), labelled([[0, 0, 7, 7], [40, 40, 60, 60]]))
    assert result.faces == 1
    assert result.hits.tolist() == [True]


def test_eye_error_is_relative_to_the_distance_between_the_eyes() -> None:
    truth = np.array([[[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]]], np.float32)
    found = Faces.from_boxes(
        [[0, 0, 40, 40]], points=truth + np.array([[[2, 0], [0, 4], [9, 9], [9, 9], [9, 9]]], np.float32)
    )
    result = judge(found, labelled([[0, 0, 40, 40]], truth))
    assert result.eye_errors == pytest.approx([15.0])
    assert judge(Faces.from_boxes([[0, 0, 40, 40]]), labelled([[0, 0, 40, 40]], truth)).eye_errors == ()


class Fixed:
    """A detector that always answers the same."""

    name = "fixed"
    interval = 0.0
    min_score = 0.0

    def __init__(self, faces: Faces) -> None:
        self.faces = faces

    def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
        assert image.shape == (100, 100, 3)
        return self.faces


def test_evaluate_per_source() -> None:
    truth = np.array([[[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]]], np.float32)
    detector = Fixed(Faces.from_boxes([[0, 0, 40, 40]], [0.8], truth + np.float32(2)))
    dataset = [
        labelled([[0, 0, 40, 40]], truth, "mtfl"),
        labelled([[0, 0, 40, 40]], truth + 3, "lfw"),
        labelled([], source="background"),
    ]
    result = evaluate(detector, dataset)
    assert (result["n_images"], result["n_faces"], result["recall"]) == (3, 2, 1)
    assert result["ap"] == pytest.approx(2 / 3), "all three have one score"
    assert result["recall_at_0.05_fppi"] == 0
    assert result["eye_error_percent"] == pytest.approx(100 * np.hypot(2, 2) / 20, rel=1e-5)
    assert result["sources"]["mtfl"]["ap"] == 1
    assert result["sources"]["background"]["false_faces"] == 1
    assert result["sources"]["lfw"]["eye_error_percent"] is None, "its points come from a detector"
    assert evaluate(detector, dataset, sources={"mtfl"})["n_images"] == 1
    with pytest.raises(InputError, match="no picture from nowhere"):
        evaluate(detector, dataset, sources={"nowhere"})


def write(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_reads_the_layout(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    path = write(
        tmp_path / "a.parquet",
        image=[cv2.imencode(".png", image)[1].tobytes()] * 2,
        boxes=[[[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 2.0, 2.0]], []],
        points=[[[float(v) for v in range(10)], None], []],
        source=["mtfl", "background"],
    )
    first, second = read([path])
    np.testing.assert_array_equal(first.boxes, [[1, 2, 4, 6], [5, 5, 7, 7]])
    np.testing.assert_array_equal(first.points[0], np.arange(10).reshape(5, 2))
    assert np.isnan(first.points[1]).all()
    np.testing.assert_array_equal(first.decode(), image)
    assert second.boxes.shape == (0, 4)
    assert second.points.shape == (0, 5, 2)
    assert second.source == "background"


def test_bad_data_sets_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set"):
        list(read([tmp_path / "missing.parquet"]))
    with pytest.raises(InputError, match="points, source"):
        list(read([write(tmp_path / "a.parquet", image=[b""], boxes=[[[0.0]]])]))
    with pytest.raises(InputError, match="cannot be decoded"):
        LabelledPicture(b"nothing", np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), "x").decode()
