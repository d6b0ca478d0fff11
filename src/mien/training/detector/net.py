"""The detector network: a plain-convolution trunk, a feature pyramid, three output maps.

Anchor-free with one prediction per cell as in YOLOX (Ge et al. 2021) and YuNet (Wu et al. 2023); the trunk is made of
plain 3×3 convolutions with ReLU because those gain most from 8-bit integers. Two dilated convolutions at stride 32
widen the receptive field to about 560 pixels, so that a face that fills a picture of 640 pixels is seen whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

STRIDES: Final = (8, 16, 32)
CHANNELS: Final = 16
"""Of each output map: cls logit, obj logit, 4 of the box, 10 of the points."""

DEFAULT: Final[dict[str, Any]] = {
    "trunk": [16, 32, 64, 64, 64],
    "depths": [1, 1, 2, 2, 1],
    "dilations": [2, 4],
    "neck": 48,
}
"""The network that ships: 320 thousand parameters."""


def block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Return convolution, batch norm, ReLU; keeps the size when the stride is 1."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class DetectorNet(nn.Module):
    """Reads BGR ``[n, 3, h, w]`` (h and w multiples of 32), normalised by the manifest's mean and scale.

    Returns (forward) one map per stride of `STRIDES`, ``[n, 16, h/s, w/s]``, of raw values: the models layer turns
    them into faces (`mien.models.detector.decode`).

    Args:
        trunk: channels at strides 2, 4, 8, 16, 32; multiples of 16.
        depths: convolutions at each of these strides.
        dilations: of the further convolutions at stride 32.
        neck: channels of the feature pyramid.
    """

    def __init__(self, trunk: list[int], depths: list[int], dilations: list[int], neck: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        inputs = 3
        for width, depth in zip(trunk, depths, strict=True):
            layers = [block(inputs, width, stride=2)] + [block(width, width) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*layers))
            inputs = width
        stages[-1].extend([block(inputs, inputs, dilation=d) for d in dilations])  # type: ignore[operator]
        self.stem, self.stages = nn.Sequential(*stages[:2]), nn.ModuleList(stages[2:])
        self.lateral = nn.ModuleList(block(width, neck, kernel=1) for width in trunk[2:])
        self.heads = nn.ModuleList(block(neck, neck) for _ in STRIDES)
        self.outputs = nn.ModuleList(nn.Conv2d(neck, CHANNELS, 1) for _ in STRIDES)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for output in self.outputs:
            assert isinstance(output, nn.Conv2d)
            assert output.bias is not None
            nn.init.normal_(output.weight, std=0.01)
            nn.init.zeros_(output.bias)
            # Nearly every cell is empty: start by saying so, or the first steps are spent on unlearning it.
            nn.init.constant_(output.bias[1:2], -4.6)

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return what the outputs are read from, ``[n, neck, h/s, w/s]`` for each of `STRIDES`."""
        x = self.stem(x)
        levels = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            x = stage(x)
            levels.append(lateral(x))
        levels[1] = levels[1] + self.upsample(levels[2])
        levels[0] = levels[0] + self.upsample(levels[1])
        return [head(level) for head, level in zip(self.heads, levels, strict=True)]

    def predict(self, features: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """Return the output maps. Apart from `features`, as places need more digits than bfloat16 has."""
        return tuple(output(feature) for output, feature in zip(self.outputs, features, strict=True))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.predict(self.features(x))


def build(config: Mapping[str, Any]) -> DetectorNet:
    """Make an untrained network; ``config`` may hold the arguments of `DetectorNet`, `DEFAULT` fills in the rest."""
    return DetectorNet(**{name: config.get(name, value) for name, value in DEFAULT.items()})


INPUT_NAME: Final = "image"
OUTPUT_NAMES: Final = tuple(f"out_{stride}" for stride in STRIDES)
"""Names of the exported graph's outputs. The convolutions that make them stay in floating point when quantised."""


def example() -> torch.Tensor:
    """Return an input for the export; its first, third and fourth dimensions are dynamic (multiples of 32)."""
    return torch.zeros(1, 3, 256, 320)
