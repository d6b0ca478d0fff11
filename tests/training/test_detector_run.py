"""The network's shape, and a small run: it learns, stops, goes on, and its file can be used."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.core.geometry import iou
from mien.core.settings import AnalyzerSettings
from mien.models.detector import NetworkDetector
from mien.training.detector import data as data_module
from mien.training.detector.augment import Picture, Scene
from mien.training.detector.data import Batches, load, stream
from mien.training.detector.net import DEFAULT, OUTPUT_NAMES, build, example
from mien.training.detector.train import INPUT, Trainer, runner, train
from mien.training.loops import Budget, Run

BOX = [172.0, 60, 108, 130]
"""The portrait's face: x, y, width, height."""
POINTS = [200.0, 115, 244, 113, 222, 140, 205, 160, 243, 158]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    """A folder like the real one's: the portrait, small, and a picture without a face."""
    folder = tmp_path_factory.mktemp("faces")
    small = cv2.resize(portrait, (128, 128), interpolation=cv2.INTER_AREA)
    encoded = [cv2.imencode(".png", image)[1].tobytes() for image in (small, np.full((96, 128, 3), 60, np.uint8))]
    table = pa.table(
        {
            "image": [encoded[0]] * 3 + [encoded[1]],
            "boxes": [[[v / 4 for v in BOX]]] * 3 + [[]],
            "points": [[[v / 4 for v in POINTS]]] * 2 + [[None], []],
            "source": ["lfw", "mtfl", "mask", "background"],
        },
        schema=pa.schema(
            {
                "image": pa.binary(),
                "boxes": pa.list_(pa.list_(pa.float32())),
                "points": pa.list_(pa.list_(pa.float32())),
                "source": pa.string(),
            }
        ),
    )
    for name in ("train-0.parquet", "dev.parquet"):
        pq.write_table(table, folder / name)
    return folder


def settings(**changes: object) -> dict[str, object]:
    return {**DEFAULT, "rate": 2e-3, "point_weight": 0.1, "start": None, **changes}


def test_network_shape_and_size() -> None:
    net = build({}).eval()
    assert sum(p.numel() for p in net.parameters()) < 360_000, "the fp32 file must stay below 1.5 MB"
    with torch.no_grad():
        outputs = net(example())
    assert len(OUTPUT_NAMES) == 3
    assert [list(o.shape) for o in outputs] == [[1, 16, 32, 40], [1, 16, 16, 20], [1, 16, 8, 10]]


def test_a_cell_at_stride_32_sees_a_face_of_640_pixels() -> None:
    net = build(DEFAULT).eval()
    x = torch.ones(1, 3, 640, 640, requires_grad=True)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()  # no path may cancel another, no ReLU may close
    net(x)[2][0, 1, 10, 10].backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) > 540


def test_loads_pictures_once_and_shrinks_large_ones(dataset: Path) -> None:
    pictures, sources = load([dataset / "train-0.parquet"], longest=64)
    assert sources == ["lfw", "mtfl", "mask", "background"]
    assert pictures[0].image.shape == (64, 64, 3)
    x, y, w, h = (v / 8 for v in BOX)
    np.testing.assert_allclose(pictures[0].boxes, [[x, y, x + w, y + h]], rtol=1e-5)
    np.testing.assert_allclose(pictures[0].points.ravel(), np.array(POINTS) / 8, rtol=1e-5)
    assert np.isnan(pictures[2].points).all()
    assert pictures[3].points.shape == (0, 5, 2)


def plain(count: int, faces: int) -> list[Picture]:
    box = np.array([[10, 10, 50, 50]], np.float32)[:faces]
    return [
        Picture(np.full((64, 64, 3), i, np.uint8), box, np.full((faces, 5, 2), 30, np.float32)) for i in range(count)
    ]


def test_batches_depend_on_seed_and_number_alone() -> None:
    def at(seed: int, step: int) -> torch.Tensor:
        return Batches(plain(4, 1), ["lfw"] * 4, 64, 3, seed)[step].images

    assert torch.equal(at(0, 5), at(0, 5))
    assert not torch.equal(at(0, 5), at(0, 6))
    assert not torch.equal(at(0, 5), at(1, 5))


def test_rare_sources_are_favoured_and_large_batches_are_small() -> None:
    pictures = plain(90, 1) + plain(10, 0)
    batches = Batches(pictures, ["lfw"] * 90 + ["background"] * 10, 64, 25, 0)
    rng = np.random.default_rng(0)
    drawn = [len(batches._draw(rng).boxes) == 0 for _ in range(4000)]
    expected = data_module.WEIGHTS["background"] / (data_module.WEIGHTS["background"] + data_module.WEIGHTS["lfw"])
    assert np.mean(drawn) == pytest.approx(expected, abs=0.03)
    shapes = {tuple(batches[step].images.shape[:2]) for step in range(30)}
    assert shapes == {(25, 64), (4, 160)}


def test_worker_processes_make_the_same_batches() -> None:
    # OpenCV's threads must be running before the fork, as they are when pictures were decoded and shrunk.
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (0, 0), 3)
    batches = Batches(plain(4, 1), ["lfw"] * 4, 64, 2, 0)
    loader = iter(stream(batches, 7, workers=2))
    for step in range(7, 11):
        assert torch.equal(next(loader).images, batches[step].images)


def test_learns_one_picture(tmp_path: Path, dataset: Path) -> None:
    pictures, _ = load([dataset / "train-0.parquet"])
    torch.manual_seed(0)
    trainer = Trainer(settings(), Run(tmp_path, {}), Budget(1))
    face = pictures[0]
    scene = Scene(face.image, face.boxes, face.points, np.empty((0, 4), np.float32))
    batch = data_module.collate([scene] * 4)
    first = trainer.learn(batch, 2e-3)
    for _ in range(60):
        last = trainer.learn(batch, 2e-3)
    assert sum(last.values()) < 0.5 * sum(first.values())
    detector = NetworkDetector(runner(trainer.net, trainer.device), INPUT, 0.3, 0.4, AnalyzerSettings(detect_size=128))
    found = detector.detect(face.image)
    assert iou(found.boxes[:1], face.boxes)[0, 0] > 0.5
    between = np.linalg.norm(face.points[0, 0] - face.points[0, 1])
    assert np.linalg.norm(found.points[0] - face.points[0], axis=1).max() < between


def test_run_resumes_and_leaves_weights(tmp_path: Path, dataset: Path) -> None:
    out = tmp_path / "run"
    path = train(dataset, out, epochs=2, batch=2, size=32, workers=0)
    saved = torch.load(path, weights_only=True)
    build(saved["config"]).load_state_dict(saved["state"])
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines[:-1]] == [1.0, 2.0]
    assert lines[-1]["final"]
    assert set(lines[-1]["dev"]) == {"320", "640"}
    with pytest.raises(InputError, match="epochs"):
        train(dataset, out, epochs=3, batch=2, size=32, workers=0)


def test_goes_on_where_it_stopped(tmp_path: Path, dataset: Path) -> None:
    pictures, sources = load([dataset / "train-0.parquet"])
    config = settings(epochs=4)
    first = Trainer(config, Run(tmp_path, config), Budget(4))
    loader = iter(stream(Batches(pictures, sources, 32, 2, 0), 0, 0))
    first.epoch(loader, 3, [])
    second = Trainer(config, Run(tmp_path, config), Budget(4))
    assert second.step == second.average.steps == 3
    assert second.budget.epoch == pytest.approx(1)
    for name, value in first.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[name]), name
    for name, value in first.average.net.state_dict().items():
        assert torch.equal(value, second.average.net.state_dict()[name]), name
    assert second.optimiser.state_dict()["state"][0]["step"] == 3


def test_no_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train"):
        train(tmp_path, tmp_path / "run", epochs=1)
