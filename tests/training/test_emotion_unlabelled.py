"""Faces without labels: found in any Parquet file of pictures, and used only with teachers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray

from mien.core.errors import InputError, SettingsError
from mien.core.settings import AnalyzerSettings
from mien.evaluation.emotion_data import EmotionSet
from mien.models.detector import create
from mien.training.emotion import unlabelled
from mien.training.emotion.distil import taught_loss
from mien.training.emotion.train import SPEC, Recipe, Tensors, loss_of, train


def write(path: Path, *images: NDArray[np.uint8] | bytes) -> Path:
    encoded = [image if isinstance(image, bytes) else cv2.imencode(".png", image)[1].tobytes() for image in images]
    pq.write_table(pa.table({"image": encoded, "age": [30] * len(images)}), path)
    return path


def face(portrait: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square crop around the astronaut's face."""
    return np.asarray(cv2.resize(portrait[30:200, 140:310], (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def test_faces_of_crops_and_of_pictures_are_cut_alike(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    two = np.hstack([portrait, portrait])
    nothing = np.full((96, 96, 3), 90, np.uint8)
    path = write(tmp_path / "faces.parquet", face(portrait, 96), nothing, two)
    found = unlabelled.read([path], create(AnalyzerSettings()), SPEC)
    assert found.shape == (3, 48, 48)
    assert found.dtype == np.uint8
    middle = found[:, 8:40, 8:40].astype(float)
    assert np.abs(middle[0] - middle[1]).mean() < 15
    assert np.abs(middle[1] - middle[2]).mean() < 15


def test_small_faces_are_left_out(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    small = np.asarray(cv2.resize(portrait, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA), np.uint8)
    street = np.full((300, 400, 3), 90, np.uint8)
    street[100 : 100 + len(small), 100 : 100 + small.shape[1]] = small
    path = write(tmp_path / "street.parquet", street, face(portrait, 96))
    assert len(unlabelled.read([path], create(AnalyzerSettings()), SPEC)) == 1


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    detector = create(AnalyzerSettings())
    with pytest.raises(InputError, match=r"missing\.parquet"):
        unlabelled.read([tmp_path / "missing.parquet"], detector, SPEC)
    pq.write_table(pa.table({"picture": [b"x"]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="lacks the column image"):
        unlabelled.read([tmp_path / "other.parquet"], detector, SPEC)
    path = write(tmp_path / "bad.parquet", np.zeros((48, 48, 3), np.uint8), b"no picture")
    with pytest.raises(InputError, match=r"row 1 of .*bad.parquet"):
        unlabelled.read([path], detector, SPEC)


def labelled(n: int) -> EmotionSet:
    votes = np.zeros((n, 10), np.float32)
    votes[:, 0] = 10
    images = np.random.default_rng(0).integers(0, 256, (n, 48, 48), dtype=np.uint8)
    return EmotionSet("set", images, np.zeros(n, np.int64), votes, None, np.zeros(n, bool))


def test_they_need_a_teacher(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    path = write(tmp_path / "faces.parquet", face(portrait, 96))
    recipe = Recipe(arch="fer-s", epochs=1, batch=8, unlabelled=(str(path),))
    with pytest.raises(SettingsError, match="teacher"):
        train(recipe, labelled(8), labelled(8), tmp_path / "run", lambda _: None)


def test_labels_count_as_before_and_the_teachers_words_for_all(portrait: NDArray[np.uint8]) -> None:
    data = Tensors.of(labelled(4), torch.device("cpu"))
    more = data.joined(np.zeros((6, 48, 48), np.uint8))
    assert len(more.images) == len(more.votes) == len(more.voted) == len(more.fer) == 10
    logits = torch.randn(10, 8), torch.randn(10, 7)
    alone = loss_of((logits[0][:4], logits[1][:4]), data.votes, data.voted, data.fer, 0.5)
    assert loss_of(logits, more.votes, more.voted, more.fer, 0.5).item() == pytest.approx(alone.item(), rel=1e-5)


def test_a_student_sees_them(portrait: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "faces.parquet", *(face(portrait, side) for side in (80, 96, 112)))
    data = labelled(8)
    train(Recipe(arch="fer-s", epochs=1, batch=8), data, data, tmp_path / "teacher", lambda _: None)
    taught: list[int] = []

    def counting(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        taught.append(len(logits))
        return taught_loss(logits, wanted)

    monkeypatch.setattr("mien.training.emotion.train.taught_loss", counting)
    recipe = Recipe(
        arch="fer-s", epochs=1, batch=16, teachers=(str(tmp_path / "teacher"),), views=1, unlabelled=(str(path),)
    )
    train(recipe, data, data, tmp_path / "student", lambda _: None)
    assert taught == [11, 11], "both heads, eight labelled faces and three others"
