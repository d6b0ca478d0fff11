"""The training run of the face detector.

On two CPU cores about 50 minutes suffice (``mien train detector --minutes 50``); the same command runs on a GPU.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from mien.core.errors import InputError
from mien.core.settings import AnalyzerSettings
from mien.core.types import FloatArray
from mien.evaluation.detection import LabelledPicture, evaluate, read
from mien.models.detector import NetworkDetector
from mien.models.spec import InputSpec
from mien.training.detector.data import Batch, Batches, load, stream
from mien.training.detector.loss import POINT_WEIGHT, detector_loss
from mien.training.detector.net import DEFAULT, OUTPUT_NAMES, build
from mien.training.loops import Average, Budget, Run, device, finished, learning_rate, parameter_groups, to_device

PEAK_RATE: Final = 2e-3
WEIGHT_DECAY: Final = 0.02
MOST_GRADIENT: Final = 10.0
INPUT: Final = InputSpec(width=320, height=256, colour="bgr")
MAX_IOU: Final = 0.4
CHECK_EVERY: Final = 600.0
"""Seconds between two measurements on the development set."""


def train(
    data: Path,
    out: Path,
    *,
    minutes: float | None = None,
    epochs: int = 100,
    batch: int = 32,
    size: int = 256,
    seed: int = 0,
    rate: float = PEAK_RATE,
    point_weight: float = POINT_WEIGHT,
    start: Path | None = None,
    workers: int | None = None,
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Path:
    """Train the detector; the same call goes on with a run that was stopped.

    Args:
        data: folder with ``train*.parquet`` and ``dev*.parquet``.
        out: the run's folder.
        minutes: end, fully annealed, after this time, or after ``epochs`` if that is sooner.
        epochs: an epoch shows as many scenes as there are training pictures.
        batch: scenes per step.
        size: side of a scene in pixels, a multiple of 32.
        seed: of everything random.
        rate: peak learning rate of AdamW.
        point_weight: weight of the five points in the loss.
        start: a finished run's folder, whose weights this one begins with.
        workers: processes that make batches; None takes half the cores, at most 8; 0 makes them in this process.
        tell: called with each epoch's values, and with the last measurement.

    Returns:
        ``out/model.pt`` with the averaged weights: ``{"state": …, "config": …}``.

    Raises:
        InputError: there is no training data, or ``out`` holds a run with other settings.
    """
    config = {**DEFAULT, "epochs": epochs, "minutes": minutes, "batch": batch, "size": size, "seed": seed}
    config |= {"rate": rate, "point_weight": point_weight, "start": start and str(start)}
    paths = sorted(data.glob("train*.parquet"))
    if not paths:
        raise InputError(f"there is no train*.parquet in {data}: give the folder of the face data")
    torch.manual_seed(seed)
    trainer = Trainer(config, Run(out, config), Budget(epochs, minutes))
    pictures, sources = load(paths)
    dev = list(itertools.islice(read(sorted(data.glob("dev*.parquet"))), 0, None, 3))
    batches = Batches(pictures, sources, size, batch, seed)
    steps = max(1, len(pictures) // batch)
    if workers is None:
        workers = min(8, (os.cpu_count() or 1) // 2)
    loader = iter(stream(batches, trainer.step, workers))
    while trainer.budget.progress() < 1:
        tell(trainer.epoch(loader, steps, dev))
    return trainer.finish(dev, tell)


class Trainer:
    """The state of a run: network, average, optimiser, how far it is."""

    def __init__(self, config: dict[str, Any], run: Run, budget: Budget) -> None:
        self.run, self.budget, self.config = run, budget, config
        self.device = device()
        self.net = build(config)
        if config["start"]:
            self.net.load_state_dict(finished(Path(config["start"]))["state"])
        to_device(self.net, self.device)
        self.average = Average(self.net)
        groups = parameter_groups(self.net, WEIGHT_DECAY)
        self.optimiser = torch.optim.AdamW(groups, lr=config["rate"])
        self.step = 0
        self.checked = time.monotonic()
        state = run.load()
        if state is not None:
            self.net.load_state_dict(state["net"])
            self.average.net.load_state_dict(state["average"])
            self.average.steps = self.step = state["step"]
            self.optimiser.load_state_dict(state["optimiser"])
            self.budget.restore(state["budget"])

    def epoch(self, loader: Any, steps: int, dev: list[LabelledPicture]) -> dict[str, Any]:
        """Take ``steps`` steps (fewer when the time is up), write log and checkpoint, return the log's line."""
        started, seen, done = time.monotonic(), 0, 0
        sums: dict[str, float] = {}
        rate = 0.0
        while done < steps and (done == 0 or self.budget.progress() < 1):
            rate = learning_rate(self.budget.progress(), self.config["rate"])
            batch = next(loader)
            for name, value in self.learn(batch, rate).items():
                sums[name] = sums.get(name, 0.0) + value
            seen += len(batch.images)
            done += 1
            self.budget.epoch += 1 / steps
        line: dict[str, Any] = {
            "epoch": round(self.budget.epoch, 2),
            "progress": round(self.budget.progress(), 4),
            "seconds": round(self.budget.elapsed()),
            "rate": round(rate, 6),
            "pictures_per_second": round(seen / (time.monotonic() - started), 1),
            **{name: round(value / done, 4) for name, value in sums.items()},
        }
        if dev and time.monotonic() - self.checked > CHECK_EVERY:
            line["dev"] = self.measure(dev)
            self.checked = time.monotonic()
        self.run.log(**line)
        self.save()
        return line

    def learn(self, batch: Batch, rate: float) -> dict[str, float]:
        """Take one step; return the parts of the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        batch = batch.to(self.device)
        x = batch.inputs(INPUT.mean, INPUT.scale)
        with torch.autocast(self.device.type, torch.bfloat16):
            features = self.net.features(x)
        losses = detector_loss(self.net.predict([f.float() for f in features]), batch, self.config["point_weight"])
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), MOST_GRADIENT)
        self.optimiser.step()
        self.average.update(self.net)
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def measure(self, dev: list[LabelledPicture]) -> dict[str, Any]:
        """Return AP per source at 320 and 640 pixels, the error of the eyes, and false faces, of the average."""
        result: dict[str, Any] = {}
        for size in (320, 640):
            settings = AnalyzerSettings(detect_size=size)
            detector = NetworkDetector(runner(self.average.net, self.device), INPUT, 0.05, MAX_IOU, settings)
            found = evaluate(detector, dev)
            aps = {name: part["ap"] for name, part in found["sources"].items() if part["ap"] is not None}
            result[str(size)] = {
                "ap": round(found["ap"], 4),
                **{name: round(ap, 4) for name, ap in aps.items()},
                "eyes": found["eye_error_percent"] and round(found["eye_error_percent"], 2),
                "false": found["false_faces"],
            }
        return result

    def save(self) -> None:
        self.run.save(
            net=self.net.state_dict(),
            average=self.average.net.state_dict(),
            step=self.step,
            optimiser=self.optimiser.state_dict(),
            budget=self.budget.state(),
        )

    def finish(self, dev: list[LabelledPicture], tell: Callable[[dict[str, Any]], None]) -> Path:
        """Write the averaged weights and a last measurement."""
        path = self.run.folder / "model.pt"
        torch.save({"state": self.average.net.cpu().state_dict(), "config": self.config}, path)
        self.average.net.to(self.device)
        if dev:
            line = {"final": True, "progress": 1.0, "dev": self.measure(dev)}
            self.run.log(**line)
            tell(line)
        return path


def runner(net: nn.Module, where: torch.device) -> Any:
    """Return what `NetworkDetector` calls to run a torch network."""

    @torch.inference_mode()
    def run(x: FloatArray) -> Mapping[str, FloatArray]:
        maps = net.eval()(torch.from_numpy(x).to(where, memory_format=torch.channels_last))
        return {name: np.asarray(m.float().cpu().numpy()) for name, m in zip(OUTPUT_NAMES, maps, strict=True)}

    return run
