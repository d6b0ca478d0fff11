"""Emotion networks: plain 3×3 convolutions, which int8 makes two to three times faster, with two heads on one trunk.

The trunk's blocks train in the QARepVGG form (Chu et al. 2022, "Make RepVGG Greater Again: A Quantization-Aware
Approach"): 3×3 with batch norm, 1×1 and identity without, batch norm after the sum. They fuse to one 3×3 convolution,
and unlike RepVGG's own blocks they keep their accuracy under post-training quantisation.
"""

from __future__ import annotations

from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from mien.core.errors import InputError

ARCHS: Final[dict[str, dict[str, Any]]] = {
    "fer-s": {"widths": (32, 48, 96, 160), "depths": (1, 3, 3, 1), "strides": (2, 2, 2, 1)},
    "fer-t": {"widths": (32, 48, 96, 192), "depths": (1, 3, 4, 2), "strides": (2, 2, 2, 2)},
    "fer-m": {"widths": (32, 64, 128), "depths": (2, 3, 4), "strides": (2, 2, 2)},
}


class PlainBlock(nn.Module):
    """3×3 convolution (+ 1×1 and identity while training), batch norm, ReLU; `fused` gives the one convolution."""

    def __init__(self, inputs: int, outputs: int, stride: int, branches: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.point = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if branches else None
        self.inner = nn.BatchNorm2d(outputs) if branches else None
        self.identity = branches and inputs == outputs and stride == 1
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        if self.inner is not None and self.point is not None:
            y = self.inner(y) + self.point(x)
            if self.identity:
                y = y + x
        return torch.relu(self.norm(y))

    @torch.no_grad()
    def fused(self) -> nn.Sequential:
        """Return the same function (in evaluation mode) as one convolution with bias and a ReLU."""
        kernel, bias = self.conv.weight.clone(), torch.zeros(self.conv.out_channels)
        if self.inner is not None and self.point is not None:
            kernel, bias = _fold(kernel, bias, self.inner)
            kernel[:, :, 1:2, 1:2] += self.point.weight
            if self.identity:
                index = torch.arange(kernel.shape[0])
                kernel[index, index, 1, 1] += 1
        kernel, bias = _fold(kernel, bias, self.norm)
        conv = nn.Conv2d(self.conv.in_channels, self.conv.out_channels, 3, self.conv.stride[0], 1)
        conv.weight.copy_(kernel)
        cast(nn.Parameter, conv.bias).copy_(bias)
        return nn.Sequential(conv, nn.ReLU())


def _fold(kernel: Tensor, bias: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    mean, var = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    gain = norm.weight / torch.sqrt(var + norm.eps)
    return kernel * gain[:, None, None, None], norm.bias + (bias - mean) * gain


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
        blocks: list[nn.Module] = []
        inputs = 1
        for width, depth, stride in zip(widths, depths, strides, strict=True):
            for i in range(depth):
                blocks.append(PlainBlock(inputs, width, stride if i == 0 else 1, branches))
                inputs = width
        self.trunk = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.emotion = nn.Linear(inputs, 8)
        self.fer2013 = nn.Linear(inputs, 7)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.dropout(self.trunk(x).mean((2, 3)))
        return self.emotion(y), self.fer2013(y)

    def fuse(self) -> EmotionNet:
        """Turn every block into one convolution, in place; for export, after `eval`."""
        self.trunk = nn.Sequential(*(layer for block in self.trunk for layer in cast(PlainBlock, block).fused()))
        return self


def build(arch: str, dropout: float = 0.2) -> EmotionNet:
    """Return a fresh network by name.

    Raises:
        InputError: no architecture goes by that name.
    """
    if arch not in ARCHS:
        raise InputError(f"unknown architecture {arch!r}: use one of {', '.join(ARCHS)}")
    return EmotionNet(**ARCHS[arch], dropout=dropout)
