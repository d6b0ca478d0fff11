"""The whole way on invented data: train, stop, go on, export, quantise, calibrate, load, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.core.errors import InputError
from mien.evaluation import emotion
from mien.evaluation.calibration import vector_is_better
from mien.evaluation.emotion_data import VOTES, EmotionSet, read
from mien.models import zoo
from mien.models.emotion import EmotionModel
from mien.training.emotion import ship
from mien.training.emotion.train import Recipe, confusion_of, train
from mien.training.export import export
from mien.training.quantise import quantise


def write_split(path: Path, n: int, seed: int) -> None:
    """Pictures whose brightness is their class: easy to learn, unlike faces."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n) * 3  # angry or happy
    images = []
    for label in labels:
        picture = np.clip(rng.normal(60 if label == 0 else 190, 10, (48, 48)), 0, 255).astype(np.uint8)
        images.append(cv2.imencode(".png", picture)[1].tobytes())
    columns: dict[str, object] = {"image": images, "fer_label": labels}
    for name in VOTES:
        wanted = {"votes_anger": 0, "votes_happiness": 3}.get(name)
        columns[name] = pa.array(
            np.where(labels == wanted, 10, 0) if wanted is not None else np.zeros(n, int), pa.int8()
        )
    pq.write_table(pa.table(columns), path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "train.parquet", 96, 0)
    write_split(folder / "dev.parquet", 64, 1)
    return folder


RECIPE = Recipe(arch="fer-s", epochs=8, batch=32, rate=0.02)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train_set, dev_set = ship.splits(data)
    train(RECIPE, train_set, dev_set, out, lambda _: None)
    return out


class Stop(Exception):
    pass


def test_a_stopped_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    train_set, dev_set = ship.splits(data)
    seen: list[int] = []

    def stop_after_two(values: dict[str, object]) -> None:
        seen.append(int(str(values["epoch"])))
        if len(seen) == 2:
            raise Stop

    with pytest.raises(Stop):
        train(RECIPE, train_set, dev_set, tmp_path, stop_after_two)
    with pytest.raises(InputError, match="no finished run"):
        ship.exportable(tmp_path)
    train(RECIPE, train_set, dev_set, tmp_path, stop_after_two)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]


def test_going_on_with_another_recipe_is_refused(data: Path, run: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        train(Recipe(**{**recipe_dict(), "seed": 5}), *ship.splits(data), run, lambda _: None)


def recipe_dict() -> dict[str, Any]:
    return {name: getattr(RECIPE, name) for name in RECIPE.__slots__}


def test_it_learns_ships_and_measures_the_same(data: Path, run: Path, tmp_path: Path) -> None:
    export(ship.exportable(run), tmp_path)
    quantise(tmp_path, ship.NAME, ship.calibration_batches(data))
    report = ship.calibrate(tmp_path, data)
    assert report["after"]["nll"] <= report["before"]["nll"] + 1e-3
    spec = zoo.catalogue(tmp_path / "manifest.json")["emotion"]
    assert spec.temperature == report["temperature"]
    assert (spec.vector is not None) == vector_is_better(report["out_of_fold"])
    assert spec.thresholds["certain"] == report["certain"]["threshold"]
    assert report["certain"]["accuracy"] >= ship.CERTAIN_ACCURACY
    dev = read(data / "dev.parquet")
    for precision in zoo.PRECISIONS:
        measured = emotion.evaluate(EmotionModel(zoo.open_checked(spec, precision)), dev)
        assert measured["fer2013"]["accuracy"] > 0.9
        assert measured["ferplus"]["accuracy"] > 0.9


def test_rows_that_are_left_out_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    train_set, dev_set = ship.splits(data)
    every = EmotionSet(
        train_set.name, train_set.images, train_set.fer_label, train_set.votes, None, np.ones(len(train_set), bool)
    )
    with pytest.raises(InputError, match="no rows"):
        train(RECIPE, every, dev_set, tmp_path, lambda _: None)


def test_the_confusion_counts_every_picture(data: Path, run: Path) -> None:
    import torch

    from mien.training.emotion.net import build

    saved = torch.load(run / "model.pt", weights_only=True)
    net = build(saved["arch"])
    net.load_state_dict(saved["state"])
    matrix = confusion_of(net, ship.splits(data)[1])
    assert matrix.sum() == 64
    assert np.trace(matrix) > 57


def test_a_student_learns_from_a_teacher_and_goes_on(data: Path, run: Path, tmp_path: Path) -> None:
    train_set, dev_set = ship.splits(data)
    recipe = Recipe(arch="fer-s", epochs=6, batch=32, rate=0.02, teachers=(str(run),), views=2, start=str(run))
    lines: list[dict[str, Any]] = []

    def stop_after_two(values: dict[str, Any]) -> None:
        lines.append(values)
        if len(lines) == 2:
            raise Stop

    with pytest.raises(Stop):
        train(recipe, train_set, dev_set, tmp_path, stop_after_two)
    train(recipe, train_set, dev_set, tmp_path, stop_after_two)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[0]["dev_fer2013"] > 0.9, "it begins with what the teacher knows"
    assert lines[-1]["dev_fer2013"] > 0.9


def test_weights_of_another_architecture_are_refused(data: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fer-s"):
        train(Recipe(arch="fer-m", start=str(run)), *ship.splits(data), tmp_path, lambda _: None)
