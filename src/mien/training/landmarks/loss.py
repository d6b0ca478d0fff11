"""What the landmark network is trained on: places, and how far eyes and mouth are open."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

LIDS: Final = ([37, 38, 43, 44], [41, 40, 47, 46])
LIPS: Final = ([61, 62, 63], [67, 66, 65])
"""Landmarks above, and those below them."""


def wing_loss(found: Tensor, wanted: Tensor, width: float = 10.0, curvature: float = 2.0) -> Tensor:
    """Return the mean wing loss of differences in pixels: logarithmic below ``width``, linear above.

    Feng et al. 2018, "Wing loss for robust facial landmark localisation with convolutional neural networks".
    """
    off = (found - wanted).abs()
    gap = width - width * math.log(1 + width / curvature)
    return torch.where(off < width, width * torch.log1p(off / curvature), off - gap).mean()


def opening_loss(found: Tensor, wanted: Tensor, eyes: float, mouth: float) -> Tensor:
    """Return the weighted squared error of the mean vector from upper to lower lid, and from upper to lower lip.

    Lids lie so near each other that their own error hardly counts in the wing loss: without this, closed eyes were
    answered with half-open ones.

    Args:
        found: landmarks ``[n, 68, 2]`` in pixels.
        wanted: the same, labelled.
        eyes: weight of the lids.
        mouth: weight of the lips.
    """
    errors = [(_opening(found, *pairs) - _opening(wanted, *pairs)).square().mean() for pairs in (LIDS, LIPS)]
    return eyes * errors[0] + mouth * errors[1]


def _opening(points: Tensor, upper: list[int], lower: list[int]) -> Tensor:
    return (points[:, upper] - points[:, lower]).mean(1)
