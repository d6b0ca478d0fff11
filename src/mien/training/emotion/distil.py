"""Teaching a small network with large ones: what they say of augmented views, kept and shown again.

A student learns best from a teacher that sees the very picture that it sees (Beyer et al. 2022, "Knowledge
distillation: a good teacher is patient and consistent"). Large teachers on every step would cost more than the student
itself, so a number of augmented views of the whole set is made once, one with each of the first epochs, and shown in
turn; a flip in between doubles them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.training.emotion.net import EmotionNet, build
from mien.training.loops import finished, to_device

TEMPERATURE: Final = 2.0
TAUGHT: Final = 0.7
"""Share of the loss that the teachers have; the labels have the rest."""
BATCH: Final = 512


@dataclass(frozen=True, slots=True)
class View:
    """The whole set, augmented once: uint8 pictures ``[n, 1, h, w]``, and what the teachers say at `TEMPERATURE`.

    ``eight`` ``[n, 8]`` and ``seven`` ``[n, 7]`` are probabilities in half precision.
    """

    images: Tensor
    eight: Tensor
    seven: Tensor


def load_teachers(runs: Sequence[Path], where: torch.device) -> list[EmotionNet]:
    """Return the finished networks of these runs, in evaluation mode.

    Raises:
        InputError: a run has not finished.
    """
    nets = []
    for run in runs:
        saved = finished(run)
        net = build(saved["arch"])
        net.load_state_dict(saved["state"])
        net.requires_grad_(False)
        nets.append(to_device(net, where).eval())
    return nets  # type: ignore[return-value]


class Lessons:
    """The views of a set, made when first asked for.

    Args:
        images: uint8 ``[n, 1, 48, 48]``.
        teachers: whose mean opinion is taught.
        count: number of views.
        seed: of the augmentation; a resumed run makes the same views again.
        change: augments a batch of float pictures 0–1.
        prepare: turns such a batch into a network's input.
    """

    def __init__(
        self,
        images: Tensor,
        teachers: Sequence[nn.Module],
        count: int,
        seed: int,
        change: Callable[[Tensor], Tensor],
        prepare: Callable[[Tensor], Tensor],
    ) -> None:
        self._images, self._teachers, self._seed = images, teachers, seed
        self._change, self._prepare = change, prepare
        self._views: list[View | None] = [None] * count

    def view(self, epoch: int) -> View:
        """Return the view of an epoch; they take turns."""
        index = epoch % len(self._views)
        kept = self._views[index]
        if kept is None:
            kept = self._views[index] = self._make(index)
        return kept

    @torch.no_grad()
    def _make(self, index: int) -> View:
        where = self._images.device
        devices = [where] if where.type == "cuda" else []
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        with torch.random.fork_rng(devices):
            torch.manual_seed(self._seed * 100_003 + index)
            for batch in self._images.split(BATCH):
                changed = (self._change(batch.float() / 255) * 255).round_().to(torch.uint8)
                parts.append((changed, *self._opinion(changed)))
        return View(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _opinion(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the teachers' mean probabilities of pictures and their mirror images, for both heads."""
        x = self._prepare(images.float() / 255)
        sums: list[Tensor | float] = [0.0, 0.0]
        for net in self._teachers:
            for seen in (x, x.flip(3)):
                with torch.autocast(images.device.type, torch.bfloat16):
                    heads = net(seen.contiguous(memory_format=torch.channels_last))
                for k, head in enumerate(heads):
                    sums[k] = sums[k] + torch.softmax(head.float() / TEMPERATURE, 1)
        eight, seven = (torch.as_tensor(total) / (2 * len(self._teachers)) for total in sums)
        return eight.half(), seven.half()


def taught_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return T² times the divergence of a student from its teachers' probabilities (Hinton et al. 2015)."""
    student = F.log_softmax(logits.float() / TEMPERATURE, 1)
    return TEMPERATURE**2 * F.kl_div(student, wanted.float(), reduction="batchmean")
