"""Large trunks that teach the small one: VGG and ResNet-18, as they do best on FER2013 when trained from scratch.

Simonyan & Zisserman 2015; He et al. 2016; Hu et al. 2018 (squeeze and excitation); sizes after Pramerdorfer & Kampel
2016, "Facial expression recognition using convolutional neural networks: state of the art". They are not shipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from mien.training.blocks import Point


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trunk: how it is made, the channels it ends with, the side of the picture that it sees, its dropout."""

    make: Callable[[], nn.Module]
    width: int
    side: int
    dropout: float = 0.3


def layer(inputs: int, outputs: int, stride: int = 1, relu: bool = True) -> list[nn.Module]:
    """Return 3×3 convolution, batch norm and, unless told otherwise, ReLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(outputs), *([nn.ReLU(inplace=True)] if relu else [])]


def vgg(widths: tuple[int, ...]) -> nn.Sequential:
    """Return stages of two 3×3 convolutions, a maximum over 2×2 between them."""
    layers: list[nn.Module] = []
    inputs = 1
    for index, width in enumerate(widths):
        layers += [nn.MaxPool2d(2)] if index else []
        layers += [*layer(inputs, width), *layer(width, width)]
        inputs = width
    return nn.Sequential(*layers)


class Squeeze(nn.Module):
    """Weigh the channels by what all of them hold in the mean."""

    def __init__(self, width: int, reduction: int = 16) -> None:
        super().__init__()
        inner = max(width // reduction, 4)
        self.weigh = nn.Sequential(nn.Linear(width, inner), nn.ReLU(inplace=True), nn.Linear(inner, width))

    def forward(self, x: Tensor) -> Tensor:
        share: Tensor = torch.sigmoid(self.weigh(x.mean((2, 3))))
        return x * share[:, :, None, None]


class Residual(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs: int, outputs: int, stride: int, squeeze: bool) -> None:
        super().__init__()
        tail: list[nn.Module] = [Squeeze(outputs)] if squeeze else []
        self.body = nn.Sequential(*layer(inputs, outputs, stride), *layer(outputs, outputs, relu=False), *tail)
        straight = inputs == outputs and stride == 1
        skip = nn.Sequential(Point(inputs, outputs, stride), nn.BatchNorm2d(outputs))
        self.skip = nn.Identity() if straight else skip

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


def resnet18(squeeze: bool, widths: tuple[int, ...] = (64, 128, 256, 512)) -> nn.Sequential:
    """Return ResNet-18 with a 3×3 stem of stride 1, for small pictures."""
    inputs = widths[0]
    layers = layer(1, inputs)
    for stage, width in enumerate(widths):
        stride = 2 if stage else 1
        layers += [Residual(inputs, width, stride, squeeze), Residual(width, width, 1, squeeze)]
        inputs = width
    return nn.Sequential(*layers)


TEACHERS: Final[dict[str, Teacher]] = {
    "resnet18": Teacher(lambda: resnet18(squeeze=False), 512, 44),
    "vgg": Teacher(lambda: vgg((64, 128, 256, 512)), 512, 44),
    "resnet18-se": Teacher(lambda: resnet18(squeeze=True), 512, 64),
    "vgg-s": Teacher(lambda: vgg((32, 64, 128, 256)), 256, 44),
    "vgg-m": Teacher(lambda: vgg((32, 64, 160, 320)), 320, 44),
    "resnet18-s": Teacher(lambda: resnet18(squeeze=True, widths=(32, 64, 128, 256)), 256, 44),
}
"""The recipe's three, and small ones that two CPU cores train in an hour or two."""


def build(arch: str) -> tuple[nn.Module, int]:
    """Return a teacher's trunk and the number of channels it ends with."""
    return TEACHERS[arch].make(), TEACHERS[arch].width
