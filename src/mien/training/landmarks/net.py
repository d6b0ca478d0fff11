"""The landmark network: a plain trunk, then a small map whose places are kept, not averaged away."""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.models.landmarks import COUNT
from mien.training.blocks import fuse, trunk

SIDE: Final = 112
"""Of the input, in pixels."""

ARCHS: Final[dict[str, dict[str, Any]]] = {
    "lm-s": {"widths": (16, 32, 64, 96), "depths": (1, 2, 3, 2), "strides": (2, 2, 2, 2)},
    "lm-m": {"widths": (32, 48, 96, 128), "depths": (1, 2, 3, 2), "strides": (2, 2, 2, 2)},
}
REDUCED: Final = 16
"""Channels of the map that the head reads."""
HIDDEN: Final = 192


class LandmarkNet(nn.Module):
    """Grey ``[n, 1, 112, 112]`` → ``[n, 136]``, x1 y1 … x68 y68 as fractions of the input.

    `features` may run in half precision. `place` must not: bf16 tells positions apart by half a pixel only.
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], strides: tuple[int, ...]) -> None:
        super().__init__()
        cells = (SIDE // math.prod(strides)) ** 2
        self.trunk = trunk(1, widths, depths, strides)
        self.reduce = nn.Conv2d(widths[-1], REDUCED, 1)
        self.hidden = nn.Linear(REDUCED * cells, HIDDEN)
        self.points = nn.Linear(HIDDEN, 2 * COUNT)

    def forward(self, x: Tensor) -> Tensor:
        return self.place(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Return ``[n, HIDDEN]`` features."""
        y = torch.relu(self.reduce(self.trunk(x)))
        return torch.relu(self.hidden(y.flatten(1)))

    def place(self, features: Tensor) -> Tensor:
        """Return the landmarks of `features`."""
        placed: Tensor = self.points(features)
        return placed

    @torch.no_grad()
    def start_at(self, shape: Tensor) -> None:
        """Let an untrained network answer with the mean ``shape`` ``[68, 2]`` (fractions), whatever it sees."""
        self.points.weight.mul_(0.1)
        self.points.bias.copy_(shape.flatten())

    def fuse(self) -> LandmarkNet:
        """Turn every block into one convolution, in place; for export, after `eval`."""
        self.trunk = fuse(self.trunk)
        return self


def build(arch: str) -> LandmarkNet:
    """Return a fresh network by name.

    Raises:
        InputError: no architecture goes by that name.
    """
    if arch not in ARCHS:
        raise InputError(f"unknown architecture {arch!r}: use one of {', '.join(ARCHS)}")
    return LandmarkNet(**ARCHS[arch])
