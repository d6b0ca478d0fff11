"""The convolution that all our networks of faces are made of: plain 3×3, which int8 makes two to three times faster.

It trains in the QARepVGG form (Chu et al. 2022, "Make RepVGG Greater Again: A Quantization-Aware Approach"): 3×3 with
batch norm, 1×1 and identity without, batch norm after the sum. It fuses to one 3×3 convolution, and unlike RepVGG's own
block it keeps its accuracy under post-training quantisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn


class Point(nn.Conv2d):
    """1×1 convolution without bias of every ``every``-th place; what a stride would do.

    With a stride, torch 2.13's backward on a CPU is several times slower, and with channels last it writes beyond its
    memory.
    """

    def __init__(self, inputs: int, outputs: int, every: int = 1) -> None:
        super().__init__(inputs, outputs, 1, bias=False)
        self.every = every

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, :, :: self.every, :: self.every])


class PlainBlock(nn.Module):
    """3×3 convolution (+ 1×1 and identity while training), batch norm, ReLU; `fused` gives the one convolution."""

    def __init__(self, inputs: int, outputs: int, stride: int, branches: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.point = Point(inputs, outputs, stride) if branches else None
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


def trunk(
    inputs: int, widths: Sequence[int], depths: Sequence[int], strides: Sequence[int], branches: bool = True
) -> nn.Sequential:
    """Return stages of blocks: channels, number of blocks and stride of the first block of each stage."""
    blocks: list[nn.Module] = []
    for width, depth, stride in zip(widths, depths, strides, strict=True):
        for i in range(depth):
            blocks.append(PlainBlock(inputs, width, stride if i == 0 else 1, branches))
            inputs = width
    return nn.Sequential(*blocks)


def fuse(blocks: nn.Sequential) -> nn.Sequential:
    """Return the same function (in evaluation mode) with every block turned into one convolution."""
    return nn.Sequential(*(layer for block in blocks for layer in cast(PlainBlock, block).fused()))
