"""Augmentation of colour face crops, a whole batch at a time: what a detector and a webcam do to a face."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from mien.training.emotion.augment import degrade, erase, light, uniform, warp

GREY: Final = 0.1
"""Share of a batch that is shown without colour."""


def augment(images: Tensor) -> Tensor:
    """Return changed copies of ``images`` (float ``[n, 3, h, w]``, RGB, values 0–1).

    Flip, rotation ±12°, scale .8–1.2, shift ±8% in one resampling; colour cast and saturation, a tenth in grey;
    gamma, contrast, brightness and darkness; low resolution and noise for a quarter each; random erasing.
    """
    images = warp(images, zoom=0.2)
    images = light(colour(images))
    return erase(degrade(images)).clamp_(0, 1)


def colour(images: Tensor) -> Tensor:
    """Change the cast (each channel by up to 15%) and the saturation; take all colour from a share of `GREY`."""
    n = len(images)
    cast = uniform(3 * n, 0.85, 1.15, images).view(n, 3, 1, 1)
    saturation = uniform(n, 0.6, 1.4, images)
    saturation = torch.where(uniform(n, 0, 1, images) < GREY, 0.0, saturation).view(n, 1, 1, 1)
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
    grey = (images * weights).sum(1, keepdim=True)
    mixed = (grey + (images - grey) * saturation) * torch.where(saturation == 0, 1.0, cast)
    return mixed.clamp(0, 1)
