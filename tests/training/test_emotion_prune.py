"""A network is cut, stays a network, and ships like any other; on invented data that is easy to learn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from mien.cli.main import main
from mien.cli.prune import table
from mien.core.errors import InputError, SettingsError
from mien.evaluation.emotion_data import VOTES
from mien.training.emotion import ship
from mien.training.emotion.net import build
from mien.training.emotion.prune import Plan, counted, cut, prune, tune
from mien.training.emotion.saved import restore, widths_of, with_widths
from mien.training.emotion.train import Tensors
from mien.training.loops import finished


def write_split(path: Path, n: int, seed: int) -> None:
    """Pictures whose brightness is their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n) * 3
    pictures = [np.clip(rng.normal(60 if label == 0 else 190, 10, (48, 48)), 0, 255) for label in labels]
    images = [cv2.imencode(".png", picture.astype(np.uint8))[1].tobytes() for picture in pictures]
    wanted = {"votes_anger": 0, "votes_happiness": 3}
    votes = {name: pa.array(np.where(labels == wanted.get(name, -9), 10, 0), pa.int8()) for name in VOTES}
    pq.write_table(pa.table({"image": images, "fer_label": labels, **votes}), path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "train.parquet", 96, 0)
    write_split(folder / "dev.parquet", 64, 1)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a finished run leaves, without the training."""
    out = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    torch.save({"arch": "fer-s", "state": build("fer-s").state_dict()}, out / "model.pt")
    return out


def test_what_is_cut_still_computes_and_is_as_the_class_makes_it(data: Path, run: Path) -> None:
    net = restore(finished(run))
    before = counted(restore(finished(run)).fuse())
    cut(net, Tensors.of(ship.splits(data)[0], torch.device("cpu")), 0.5)
    widths = widths_of(net, "fer-s")
    assert widths == [16, 24, 48, 80]
    made = with_widths("fer-s", widths)
    made.load_state_dict(net.state_dict())
    pictures = torch.randn(2, 1, 48, 48)
    with torch.no_grad():
        for a, b in zip(net(pictures), made.eval()(pictures), strict=True):
            assert torch.equal(a, b)
    after = counted(made.fuse())
    assert after["parameters"] < 0.3 * before["parameters"]
    assert after["multiply_adds"] < 0.4 * before["multiply_adds"]


def test_what_the_loss_does_not_need_goes_first(data: Path) -> None:
    """Half of the last stage's channels are wired to nothing: these are the ones that go."""
    torch.manual_seed(0)
    net = build("fer-s").eval()
    dead = torch.arange(160) % 2 == 0
    with torch.no_grad():
        for head in (net.emotion, net.fer2013):
            head.weight[:, dead] = 0
    cut(net, Tensors.of(ship.splits(data)[0], torch.device("cpu")), 0.5)
    wired = (net.emotion.weight != 0).any(0)
    assert len(wired) == 80
    assert wired.float().mean() > 0.9  # a channel that no picture lights up is as dead


def test_a_cut_network_learns_on(data: Path, run: Path) -> None:
    tensors = Tensors.of(ship.splits(data)[0], torch.device("cpu"))
    told: list[float] = []
    net = tune(restore(finished(run)), tensors, Plan(0.5, epochs=12), lambda values: told.append(values["train_loss"]))
    assert len(told) == 12
    assert told[-1] < 0.8 * told[0]
    assert not any(parameter.requires_grad for parameter in net.parameters())


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_share_that_makes_no_sense_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match="share"):
        Plan(share)


def test_a_run_is_not_overwritten(data: Path, run: Path) -> None:
    with pytest.raises(InputError, match="overwritten"):
        prune(run, data, run, Plan(0.5), lambda _: None)


def test_a_pruned_run_is_told_of_and_ships_like_any_other(
    data: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pruned"
    with pytest.raises(SystemExit) as ended:
        main(["prune", str(run), "--data", str(data), "--out", str(out), "--share", "0.5", "--epochs", "2", "--json"])
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((out / "prune.json").read_text())
    before, after = report["before"], report["after"]
    assert (before["widths"], after["widths"]) == ([32, 48, 96, 160], [16, 24, 48, 80])
    assert after["int8_bytes"] < before["int8_bytes"] / 2
    assert after["parameters"] < before["parameters"] / 3
    assert min(before["int8_ms"], after["int8_ms"]) > 0
    for each in (before, after):
        assert set(each["dev"]) == {"int8", "fp32"}
        assert 0 <= each["dev"]["int8"]["fer2013"] <= 1
    assert "parameters" in table(report)
    assert ship.exportable(out).training["pruned_to"] == [16, 24, 48, 80]
    assert finished(run)["state"].keys() == finished(out)["state"].keys()
