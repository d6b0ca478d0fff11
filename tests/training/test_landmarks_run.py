"""The whole way on invented faces: train, stop, go on, export, quantise, measure, load."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.core.errors import InputError
from mien.evaluation import landmarks
from mien.models import zoo
from mien.models.landmarks import LandmarkModel
from mien.models.pose import MEAN_FACE
from mien.training.export import export
from mien.training.landmarks import ship
from mien.training.landmarks.train import Recipe, ramp, score, splits, train
from mien.training.quantise import quantise

RECIPE = Recipe(arch="lm-s", epochs=60, batch=16)


def write_split(path: Path, n: int, seed: int) -> None:
    """Dots in the places of the mean face, moved and scaled as a whole."""
    rng = np.random.default_rng(seed)
    images, rows = [], []
    for _ in range(n):
        points = MEAN_FACE[:, :2] * 55 * rng.uniform(0.85, 1.1) + [80, 52] + rng.uniform(-8, 8, 2)
        picture = np.full((160, 160, 3), 40, np.uint8)
        for x, y in points:
            cv2.circle(picture, (round(float(x)), round(float(y))), 4, (220, 220, 220), -1)
        images.append(cv2.imencode(".png", picture)[1].tobytes())
        rows.append(points.flatten().tolist())
    pq.write_table(pa.table({"image": images, "landmarks": rows, "identity": ["x"] * n}), path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "train.parquet", 32, 0)
    write_split(folder / "dev.parquet", 8, 1)
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train(RECIPE, *splits(data), out, lambda _: None)
    return out


class Stop(Exception):
    pass


def test_a_stopped_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop_after_two(values: dict[str, object]) -> None:
        seen.append(int(str(values["epoch"])))
        if len(seen) == 2:
            raise Stop

    recipe = dataclasses.replace(RECIPE, epochs=4)
    with pytest.raises(Stop):
        train(recipe, *splits(data), tmp_path, stop_after_two)
    with pytest.raises(InputError, match="no finished run"):
        ship.exportable(tmp_path)
    train(recipe, *splits(data), tmp_path, stop_after_two)
    assert seen == [1, 2, 3, 4]


def test_going_on_with_another_recipe_is_refused(data: Path, run: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        train(dataclasses.replace(RECIPE, seed=5), *splits(data), run, lambda _: None)


def test_it_ships_and_measures_what_it_measured_in_training(data: Path, run: Path, tmp_path: Path) -> None:
    dev = landmarks.read(data / "dev.parquet")
    saved = ship.exportable(run)
    trained = score(saved.net, dev)
    export(saved, tmp_path)
    path = quantise(tmp_path, ship.NAME, ship.calibration_batches(data), keep_outputs=ship.KEEP_OUTPUTS)
    last = next(n for n in onnx.load(path).graph.node if "landmarks" in n.output)
    assert last.op_type == "Gemm", "the last layer stays in floating point"
    report = ship.calibrate(tmp_path, data)
    assert report["fp32"]["nme"] == pytest.approx(trained, rel=0.02)
    spec = zoo.catalogue(tmp_path / "manifest.json")[ship.NAME]
    assert spec.metrics["int8"]["nme"] == report["int8"]["nme"]
    for precision in zoo.PRECISIONS:
        model = LandmarkModel(zoo.open_checked(spec, precision))
        measured = landmarks.evaluate(model, dev)
        assert measured["nme"] == report[precision]["nme"]
        assert measured["nme"] == pytest.approx(trained, rel=0.1)


def test_the_run_learned_something(data: Path, run: Path) -> None:
    """Dots in known places are easier than faces; an answer that never moves is off by more than this."""
    dev = landmarks.read(data / "dev.parquet")
    still = np.tile(dev.landmarks.mean(0), (len(dev), 1, 1))
    learned = score(ship.exportable(run).net, dev)
    assert learned < 0.8 * float(landmarks.nme(still, dev.landmarks).mean())


def test_openings_come_in_between_a_quarter_and_a_half() -> None:
    assert [ramp(p) for p in (0.0, 0.25, 0.375, 0.5, 1.0)] == [0, 0, 0.5, 1, 1]


def test_pictures_of_several_sizes_are_refused(data: Path, tmp_path: Path) -> None:
    train_set, dev_set = splits(data)
    train_set.images[3] = train_set.images[3][:100]
    with pytest.raises(InputError, match="one size"):
        train(RECIPE, train_set, dev_set, tmp_path, lambda _: None)
