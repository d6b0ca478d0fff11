"""Structured pruning of a finished emotion run: whole channels go, those that the loss misses least.

Channels that hang together (the branches of a block, its batch norms, the next layer's inputs) are found and cut as one
by DepGraph (Fang et al. 2023, "DepGraph: Towards Any Structural Pruning"; the package torch-pruning). Which ones go is
decided by the first-order Taylor estimate of how much the loss would change (Molchanov et al. 2019, "Importance
Estimation for Neural Network Pruning"). The result is a finished run, which ships by the same commands as any other.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
import torch_pruning
from torch import nn

from mien.core.errors import InputError, SettingsError
from mien.core.types import FloatArray
from mien.evaluation import emotion
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import HEADS, EmotionModel
from mien.models.runtime import golden_input
from mien.training.emotion import ship
from mien.training.emotion.net import ARCHS, EmotionNet
from mien.training.emotion.saved import restore, widths_of, with_widths
from mien.training.emotion.train import SPEC, Recipe, Tensors, loss_of, normalise, teach
from mien.training.export import export
from mien.training.loops import Average, Budget, Trainee, device, finished, parameter_groups, to_device
from mien.training.quantise import quantise

ROUND: Final = 8
"""Channels stay a multiple of this, as int8 kernels like them."""
PICTURES: Final = 2048
"""Training pictures that importance is estimated on."""
TIMED: Final = 200
"""Runs of each network, in alternation, that its time is the median of."""
RATE: Final = 0.01
"""Peak learning rate of the fine-tune: a tenth of what the network was trained with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        share: of the channels of every stage that go, 0–1; what stays is rounded down to a multiple of `ROUND`.
        epochs: of fine-tuning afterwards; 0 for none.
        minutes: time budget of the fine-tune.
        seed: of the fine-tune.

    Raises:
        SettingsError: a share that leaves everything or nothing.
    """

    share: float
    epochs: int = 0
    minutes: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise SettingsError(f"the share of channels to remove must lie between 0 and 1, got {self.share}")


def prune(run: Path, data: Path, out: Path, plan: Plan, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Prune the network of ``run`` into ``out`` and measure both.

    Args:
        run: folder of a finished run; stays as it is.
        data: the set that the run was trained on.
        out: folder of the new run; ``model.pt`` is written.
        plan: what to do.
        tell: called with the values of each epoch of the fine-tune.

    Returns:
        ``before`` and ``after``: channels per stage, parameters, multiply-adds, accuracy on dev in fp32 and int8, size
        and time of the int8 file.

    Raises:
        InputError: the run has not finished, is of no architecture that ships, or ``out`` is ``run``.
    """
    saved = finished(run)
    if saved["arch"] not in ARCHS:
        raise InputError(f"{run} holds a {saved['arch']}; what can be pruned are {', '.join(ARCHS)}")
    if run.resolve() == out.resolve():
        raise InputError(f"{run} would be overwritten: choose another folder with --out")
    train_set, dev_set = ship.splits(data)
    tensors = Tensors.of(train_set.rows(~train_set.leave_out), device())
    net = restore(saved)
    cut(net, tensors, plan.share)
    widths = widths_of(net, saved["arch"])
    if plan.epochs:
        net = tune(_fresh(net, saved["arch"], widths), tensors, plan, tell)
    out.mkdir(parents=True, exist_ok=True)
    torch.save({"arch": saved["arch"], "widths": widths, "state": net.cpu().state_dict()}, out / "model.pt")
    batches = list(ship.calibration_batches(data))
    before, after = (Measured.of(folder, batches, dev_set) for folder in (run, out))
    times = alternate([before.model, after.model])
    return {
        "share": plan.share,
        "epochs": plan.epochs,
        **{
            name: {**each.report, "int8_ms": round(ms, 4)}
            for name, each, ms in zip(("before", "after"), (before, after), times, strict=True)
        },
    }


def cut(net: EmotionNet, data: Tensors, share: float) -> None:
    """Take ``share`` of the channels out of every stage, in place."""
    net.eval()
    where = data.images.device
    net.to(where)
    step = max(1, len(data.images) // PICTURES)
    rows = torch.arange(0, len(data.images), step, device=where)[:PICTURES]
    for part in rows.split(256):
        logits = net(normalise(data.images[part].float() / 255))
        loss_of(logits, data.votes[part], data.voted[part], data.fer[part], Recipe().fer_weight).backward()
    torch_pruning.pruner.BasePruner(
        net,
        torch.zeros(1, 1, SPEC.height, SPEC.width, device=where),
        importance=torch_pruning.importance.GroupTaylorImportance(),
        pruning_ratio=share,
        round_to=ROUND,
        ignored_layers=[net.emotion, net.fer2013],
    ).step()
    net.zero_grad(set_to_none=True)


def _fresh(net: EmotionNet, arch: str, widths: list[int]) -> EmotionNet:
    """Return the same network as the class makes it: the pruner leaves modules that remember what they were."""
    made = with_widths(arch, widths)
    made.load_state_dict(net.state_dict())
    return made


def tune(net: EmotionNet, data: Tensors, plan: Plan, tell: Callable[[dict[str, Any]], None]) -> EmotionNet:
    """Train on for a while with small steps and return the averaged network."""
    torch.manual_seed(plan.seed)
    recipe = Recipe(epochs=plan.epochs, minutes=plan.minutes, rate=RATE)
    to_device(net, data.images.device)
    optimiser = torch.optim.SGD(parameter_groups(net, recipe.decay), lr=RATE, momentum=0.9, nesterov=True)
    trainee = Trainee(net, Average(net), optimiser, Budget(plan.epochs, plan.minutes))
    while trainee.budget.progress() < 1:
        loss = teach(trainee, data, None, recipe)
        progress = trainee.budget.progress()
        tell({"epoch": int(trainee.budget.epoch), "progress": round(progress, 4), "train_loss": round(loss, 4)})
    return trainee.average.net  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Measured:
    """A run's network as it would ship: what is told of it, and its int8 form to take the time of."""

    report: dict[str, Any]
    model: zoo.Model

    @classmethod
    def of(cls, run: Path, batches: list[FloatArray], dev: EmotionSet) -> Measured:
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            export(ship.exportable(run), folder)
            path = quantise(folder, ship.NAME, batches, keep_outputs=ship.KEEP_OUTPUTS)
            size = path.stat().st_size
            spec = zoo.parse(ship.NAME, zoo.read_manifest(folder / "manifest.json")["models"][ship.NAME], path.parent)
            models = {precision: zoo.open_checked(spec, precision) for precision in zoo.PRECISIONS}
        accuracy = {}
        for precision, model in models.items():
            report = emotion.evaluate(EmotionModel(model), dev)
            accuracy[precision] = {head: report[head]["accuracy"] for head in ("fer2013", "ferplus") if head in report}
        saved = finished(run)
        net = restore(saved)
        widths = widths_of(net, saved["arch"])
        return cls({"widths": widths, **counted(net.fuse()), "dev": accuracy, "int8_bytes": size}, models["int8"])


def counted(net: nn.Module) -> dict[str, int]:
    """Return parameters and multiply-adds for one face."""
    example = torch.zeros(1, 1, SPEC.height, SPEC.width)
    macs, parameters = torch_pruning.utils.count_ops_and_params(net, example)
    return {"parameters": int(parameters), "multiply_adds": int(macs)}


def alternate(models: list[zoo.Model]) -> list[float]:
    """Return the median milliseconds of each network for one face; they take turns, so that noise meets all alike."""
    face = golden_input((1, 1, SPEC.height, SPEC.width))
    taken: list[list[float]] = [[] for _ in models]
    for turn in range(TIMED + 10):
        for model, times in zip(models, taken, strict=True):
            start = time.perf_counter()
            model.run(face, HEADS)
            if turn >= 10:  # the first ones warm up
                times.append((time.perf_counter() - start) * 1000)
    return [median(times) for times in taken]
