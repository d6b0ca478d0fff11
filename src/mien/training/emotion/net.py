"""Emotion networks: a trunk and two linear heads over its mean.

What ships are plain 3×3 convolutions (the blocks of `mien.training.blocks`), which int8 makes two to three times
faster; larger trunks (`mien.training.emotion.teachers`) only teach.
"""

from __future__ import annotations

from typing import Any, Final

import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.training.blocks import fuse, trunk
from mien.training.emotion import teachers

ARCHS: Final[dict[str, dict[str, Any]]] = {
    "fer-s": {"widths": (32, 48, 96, 160), "depths": (1, 3, 3, 1), "strides": (2, 2, 2, 1)},
    "fer-t": {"widths": (32, 48, 96, 192), "depths": (1, 3, 4, 2), "strides": (2, 2, 2, 2)},
    "fer-m": {"widths": (32, 64, 128), "depths": (2, 3, 4), "strides": (2, 2, 2)},
    "fer-l": {"widths": (48, 80, 128), "depths": (2, 3, 4), "strides": (2, 2, 2)},
}
"""Networks that are small enough to ship."""


class EmotionNet(nn.Module):
    """Grey ``[n, 1, 48, 48]`` → logits ``[n, 8]`` (FER+ order of `EMOTIONS`) and ``[n, 7]`` (order of `FER2013`).

    Args:
        body: turns the picture into feature maps ``[n, width, h, w]``.
        width: channels of the feature maps.
        dropout: before the heads.
        side: the trunk sees the picture at this many pixels: the middle of it where less than 48, enlarged where more.
    """

    def __init__(self, body: nn.Module, width: int, dropout: float = 0.2, side: int = 48) -> None:
        super().__init__()
        self.trunk = body
        self.side = side
        self.dropout = nn.Dropout(dropout)
        self.emotion = nn.Linear(width, 8)
        self.fer2013 = nn.Linear(width, 7)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.dropout(self.trunk(self._seen(x)).mean((2, 3)))
        return self.emotion(y), self.fer2013(y)

    def _seen(self, x: Tensor) -> Tensor:
        side = x.shape[-1]
        if self.side < side:
            edge = (side - self.side) // 2
            return x[:, :, edge : edge + self.side, edge : edge + self.side]
        if self.side > side:
            return F.interpolate(x, size=(self.side, self.side), mode="bilinear", align_corners=False)
        return x

    def fuse(self) -> EmotionNet:
        """Turn every plain block into one convolution, in place; for export, after `eval`."""
        assert isinstance(self.trunk, nn.Sequential)
        self.trunk = fuse(self.trunk)
        return self


def build(arch: str, dropout: float | None = None) -> EmotionNet:
    """Return a fresh network by name; ``dropout`` defaults to what suits it.

    Raises:
        InputError: no architecture goes by that name.
    """
    if arch in ARCHS:
        plain = trunk(1, **ARCHS[arch], branches=True)
        return EmotionNet(plain, ARCHS[arch]["widths"][-1], 0.2 if dropout is None else dropout)
    if arch in teachers.TEACHERS:
        body, width = teachers.build(arch)
        usual, side = teachers.TEACHERS[arch].dropout, teachers.TEACHERS[arch].side
        return EmotionNet(body, width, usual if dropout is None else dropout, side)
    raise InputError(f"unknown architecture {arch!r}: use one of {', '.join((*ARCHS, *teachers.TEACHERS))}")
