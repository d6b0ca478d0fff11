"""Emotion networks: plain 3×3 convolutions, which int8 makes two to three times faster, with two heads on one trunk.

The blocks are those of `mien.training.blocks`.
"""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor, nn

from mien.core.errors import InputError
from mien.training.blocks import fuse, trunk

ARCHS: Final[dict[str, dict[str, Any]]] = {
    "fer-s": {"widths": (32, 48, 96, 160), "depths": (1, 3, 3, 1), "strides": (2, 2, 2, 1)},
    "fer-t": {"widths": (32, 48, 96, 192), "depths": (1, 3, 4, 2), "strides": (2, 2, 2, 2)},
    "fer-m": {"widths": (32, 64, 128), "depths": (2, 3, 4), "strides": (2, 2, 2)},
}


class EmotionNet(nn.Module):
    """Grey ``[n, 1, 48, 48]`` → logits ``[n, 8]`` (FER+ order of `EMOTIONS`) and ``[n, 7]`` (order of `FER2013`)."""

    def __init__(
        self,
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        strides: tuple[int, ...],
        dropout: float = 0.2,
        branches: bool = True,
    ) -> None:
        super().__init__()
        self.trunk = trunk(1, widths, depths, strides, branches)
        self.dropout = nn.Dropout(dropout)
        self.emotion = nn.Linear(widths[-1], 8)
        self.fer2013 = nn.Linear(widths[-1], 7)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.dropout(self.trunk(x).mean((2, 3)))
        return self.emotion(y), self.fer2013(y)

    def fuse(self) -> EmotionNet:
        """Turn every block into one convolution, in place; for export, after `eval`."""
        self.trunk = fuse(self.trunk)
        return self


def build(arch: str, dropout: float = 0.2) -> EmotionNet:
    """Return a fresh network by name.

    Raises:
        InputError: no architecture goes by that name.
    """
    if arch not in ARCHS:
        raise InputError(f"unknown architecture {arch!r}: use one of {', '.join(ARCHS)}")
    return EmotionNet(**ARCHS[arch], dropout=dropout)
