"""The emotion network with the maps that explain it.

Both heads are linear over the mean of the trunk's last features, so the head's weights laid over the features place
by place, before the mean, tell how much each place spoke for a class: the class activation map of Zhou et al. 2016,
"Learning Deep Features for Discriminative Localization". Mean of the map plus the head's bias is the logit.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from mien.training.emotion.net import EmotionNet

OUTPUTS: Final = ("emotion", "fer2013", "maps")
"""Names of what `WithMaps` returns, in its order."""


class WithMaps(nn.Module):
    """Grey ``[n, 1, 48, 48]`` → the two heads' logits, and maps ``[n, 8, h, w]`` of the eight classes.

    The logits are computed as by the network without maps. For export: there is no dropout.
    """

    def __init__(self, net: EmotionNet) -> None:
        super().__init__()
        self.trunk, self.emotion, self.fer2013 = net.trunk, net.emotion, net.fer2013
        self.maps = nn.Conv2d(net.emotion.in_features, net.emotion.out_features, 1, bias=False)
        with torch.no_grad():
            self.maps.weight.copy_(net.emotion.weight[:, :, None, None])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk(x)
        mean = features.mean((2, 3))
        return self.emotion(mean), self.fer2013(mean), self.maps(features)
