"""The whole way on invented faces: train, stop, go on, export, quantise, calibrate, load."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from mien.core.errors import InputError
from mien.evaluation import attributes
from mien.models import zoo
from mien.models.attributes import AttributeModel
from mien.training.attributes import ship
from mien.training.attributes.augment import augment, colour
from mien.training.attributes.net import build
from mien.training.attributes.train import INFANT, SPEC, Recipe, loss_of, mean_age, splits, taught_ages, train
from mien.training.export import export
from mien.training.loops import Run
from mien.training.quantise import quantise

RECIPE = Recipe(arch="ag-s", epochs=40, batch=16, rate=4e-3)


def write_split(path: Path, n: int, seed: int) -> None:
    """Grey squares: the brighter the older, with a bright bar below for female."""
    rng = np.random.default_rng(seed)
    ages, genders, images = rng.integers(5, 90, n), rng.integers(0, 2, n), []
    for age, gender in zip(ages, genders, strict=True):
        picture = np.full((96, 96, 3), 20 + 2 * int(age), np.uint8)
        picture[60:] = 255 if gender else 0
        images.append(cv2.imencode(".png", picture)[1].tobytes())
    groups = np.arange(n) % 5
    pq.write_table(pa.table({"image": images, "age": ages, "gender": genders, "group": groups}), path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "train.parquet", 64, 0)
    write_split(folder / "dev.parquet", 40, 1)
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train(RECIPE, *splits(data), out, lambda _: None)
    return out


def test_a_taught_age_is_centred_on_the_year_and_sums_to_one() -> None:
    taught = taught_ages(torch.tensor([30.0, 0.0]))
    assert taught.sum(1).tolist() == pytest.approx([1, 1])
    assert taught.argmax(1).tolist() == [30, 0]
    assert float(taught[0, 28]) == pytest.approx(float(taught[0, 32]))
    assert float(mean_age(taught.log())[0]) == pytest.approx(30, abs=1e-3)


def test_what_is_right_costs_least_and_infants_count_little() -> None:
    age, gender = torch.tensor([40.0, 40.0]), torch.tensor([1.0, 0.0])
    right = taught_ages(age).clamp(min=1e-30).log()
    sure = torch.tensor([[8.0], [-8.0]])
    best = loss_of(right, sure, age, gender, years=0.5)
    assert float(best) < 0.01
    late = taught_ages(age + 6).clamp(min=1e-30).log()
    assert float(loss_of(late, sure, age, gender, years=0.5)) > float(best) + 3
    assert float(loss_of(right, -sure, age, gender, years=0.5)) > 7
    grown = torch.tensor([40.0, INFANT - 1.0])
    mixed = taught_ages(grown).clamp(min=1e-30).log()
    only_infant_wrong = torch.tensor([[8.0], [8.0]])
    assert float(loss_of(mixed, only_infant_wrong, grown, gender, 0.5)) < 2, "half of 8 if it counted fully"


def test_augmentation_keeps_shape_range_and_changes_colour() -> None:
    torch.manual_seed(0)
    images = torch.rand(16, 3, 96, 96)
    changed = augment(images)
    assert changed.shape == images.shape
    assert float(changed.min()) >= 0
    assert float(changed.max()) <= 1
    red = torch.zeros(64, 3, 8, 8)
    red[:, 0] = 0.5
    turned = colour(red)
    grey = (turned.amax(1) - turned.amin(1)).amax((1, 2)) < 1e-6
    assert 0 < int(grey.sum()) < 32, "some are shown without colour"


def test_a_stopped_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop_after_two(values: dict[str, object]) -> None:
        seen.append(int(str(values["epoch"])))
        if len(seen) == 2:
            raise KeyboardInterrupt

    recipe = dataclasses.replace(RECIPE, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, *splits(data), tmp_path, stop_after_two)
    with pytest.raises(InputError, match="no finished run"):
        ship.exportable(tmp_path)
    train(recipe, *splits(data), tmp_path, stop_after_two)
    assert seen == [1, 2, 3]


def test_it_learns(run: Path) -> None:
    history = Run.history_of(run)
    assert history[-1]["dev_age_mae"] < 12, "guessing the mean is off by 21"
    assert history[-1]["dev_gender"] > 0.9


def test_fusing_changes_nothing() -> None:
    torch.manual_seed(0)
    net = build("ag-m")
    net(torch.randn(4, 3, 96, 96))
    net.eval()
    x = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        before = net(x)
        after = net.fuse()(x)
    for a, b in zip(before, after, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_files_that_ship(data: Path, run: Path, tmp_path: Path) -> None:
    path = export(ship.exportable(run), tmp_path)
    quantise(tmp_path, ship.NAME, ship.calibration_batches(data), keep_outputs=ship.KEEP_OUTPUTS)
    fitted = ship.calibrate(tmp_path, data)
    spec = zoo.catalogue(tmp_path / "manifest.json")[ship.NAME]
    model = AttributeModel(zoo.open_checked(spec, "int8"))
    _, dev = splits(data)
    report = attributes.evaluate(model, dev)
    assert "non-commercial" in spec.licence
    assert report["age_mae"] == fitted["int8"]["age_mae"]
    assert abs(fitted["int8"]["age_mae"] - fitted["fp32"]["age_mae"]) < 2
    assert report["age_range"]["coverage"] >= 0.8
    assert {tensor.name for tensor in onnx.load(path).graph.output} == {"age", "gender"}
    assert spec.input == SPEC
