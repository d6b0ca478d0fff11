from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.core.types import Faces
from mien.evaluation.landmarks import FACE_IN_CROP, LandmarkSet, jitter, nme, predict, read, summary
from mien.models.pose import MEAN_FACE

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]
FACE = (MEAN_FACE[:, :2] * 50 + [80, 55]).astype(np.float32)
"""Outer eye corners 50 px apart."""


def some(n: int) -> LandmarkSet:
    return LandmarkSet("some", [np.full((160, 160, 3), 9, np.uint8)] * n, np.tile(FACE, (n, 1, 1)))


def test_the_error_by_hand() -> None:
    found = np.tile(FACE, (2, 1, 1))
    found[0] += [3, 4]
    found[1, 8] += [0, 25]
    errors = nme(found, some(2).landmarks)
    assert errors[0] == pytest.approx(10), "5 px of 50 px"
    assert errors[1, 8] == pytest.approx(50)
    assert errors[1].sum() == pytest.approx(50)
    report = summary(errors)
    assert report["nme"] == pytest.approx((10 + 50 / 68) / 2, abs=1e-3)
    assert report["nme_parts"]["jaw"] == pytest.approx((10 + 50 / 17) / 2, abs=1e-3)
    assert report["nme_parts"]["eyes"] == pytest.approx(5, abs=1e-3)
    assert report["failures"] == 0


def test_a_face_without_width_does_not_divide_by_nothing() -> None:
    assert np.isfinite(nme(np.ones((1, 68, 2), np.float32), np.zeros((1, 68, 2), np.float32))).all()


def test_failures_are_counted() -> None:
    found = np.tile(FACE, (4, 1, 1))
    found[0] += 20
    assert summary(nme(found, some(4).landmarks))["failures"] == 0.25


def centred(image: Picture, faces: Faces) -> Points:
    """The face in the place where the box says."""
    middle = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    return np.asarray(FACE - FACE.mean(0) + middle[:, None], np.float32)


class Finder:
    """Finds a face to the right of where it is, and on dark pictures none."""

    name, interval, min_score = "finder", 0.0, 0.0

    def detect(self, image: Picture, streaming: bool = False, closer: bool = False) -> Faces:
        if image.max() < 5:
            return Faces.empty()
        box = np.array(FACE_IN_CROP) * 160
        return Faces.from_boxes(box + np.array([[300, 300, 300, 300], [10, 0, 10, 0]]))


def test_faces_are_where_the_crops_have_them_or_where_a_detector_finds_them() -> None:
    data = some(2)
    data.images[1] = np.zeros((160, 160, 3), np.uint8)
    by_crop, missed = predict(centred, data)
    assert not missed.any()
    assert by_crop[0].mean(0) == pytest.approx([80.6, 67.4], abs=0.1)
    by_detector, missed = predict(centred, data, Finder())
    assert missed.tolist() == [False, True]
    assert by_detector[0] == pytest.approx(by_crop[0] + [10, 0], abs=1e-3)
    assert by_detector[1] == pytest.approx(by_crop[1])


def test_filtering_calms_a_still_face() -> None:
    image = np.full((160, 160, 3), 128, np.uint8)
    faces = Faces.from_boxes([[40, 20, 120, 120]])
    measured = jitter(centred, image, faces, frames=80)
    assert measured["raw"] > 0.3
    assert measured["filtered"] < 0.6 * measured["raw"]
    assert jitter(centred, image, faces) == jitter(centred, image, faces), "the noise is the same each time"


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


PNG = cv2.imencode(".png", np.zeros((20, 20, 3), np.uint8))[1].tobytes()


def test_reading_a_set(tmp_path: Path) -> None:
    path = write(tmp_path / "set.parquet", image=[PNG, PNG], landmarks=[list(range(136)), [0.5] * 136])
    data = read(path)
    assert len(data) == 2
    assert data.name == "set"
    assert data.landmarks[0, 1].tolist() == [2, 3]
    assert data.images[0].shape == (20, 20, 3)
    assert len(data[:1]) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"image": [PNG]}, "lacks the column.*landmarks"),
        ({"image": [b""], "landmarks": [[0.0] * 136]}, "row 0 .* not a picture"),
        ({"image": [b"GIF89a"], "landmarks": [[0.0] * 136]}, "row 0 .* not a picture"),
        ({"image": [PNG, PNG], "landmarks": [[0.0] * 136, [0.0] * 10]}, "row 1 .* 136 numbers"),
        ({"image": [PNG], "landmarks": [[float("nan")] * 136]}, "row 0 .* 136 numbers"),
        ({"image": pa.array([], pa.binary()), "landmarks": pa.array([], pa.list_(pa.float64()))}, "holds no faces"),
    ],
)
def test_a_set_that_cannot_be_used_says_why(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "set.parquet", **columns))


def test_a_missing_set_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set"):
        read(tmp_path / "none.parquet")
