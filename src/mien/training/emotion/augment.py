"""Augmentation of grey face crops, a whole batch at a time, on whatever device the batch is on."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(images: Tensor) -> Tensor:
    """Return changed copies of ``images`` (float ``[n, 1, h, w]``, values 0–1), some as of a bad webcam.

    Flip, rotation ±12°, scale .85–1.15, shift ±8% in one resampling; brightness, contrast, gamma, and for a tenth the
    dark of a bad webcam; for a quarter each blur by down- and up-scaling, and noise; for half of them a square of noise
    over 8–16 px (random erasing, Zhong et al. 2017).
    """
    return erase(degrade(darken(light(warp(images))))).clamp_(0, 1)


def clear(images: Tensor) -> Tensor:
    """Return ``images`` changed as `augment` does, without what a bad webcam does to them."""
    return erase(light(warp(images))).clamp_(0, 1)


def plain(images: Tensor) -> Tensor:
    """Return ``images`` changed as the classic recipes do: flip, ±10°, scale and shift by up to a tenth."""
    return warp(images, degrees=10, zoom=0.1, shift=0.1)


def flipped(images: Tensor) -> Tensor:
    """Return ``images`` with about half of them mirrored."""
    mirrored = torch.rand(len(images), device=images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def uniform(n: int, low: float, high: float, like: Tensor) -> Tensor:
    """Draw ``n`` values between ``low`` and ``high`` on the device of ``like``."""
    return torch.empty(n, device=like.device).uniform_(low, high)


def warp(images: Tensor, degrees: float = 12, zoom: float = 0.15, shift: float = 0.08) -> Tensor:
    """Flip, rotate, scale and shift, in one resampling; what comes in from outside is the nearest edge pixel."""
    n = len(images)
    angle = uniform(n, -degrees, degrees, images) * (math.pi / 180)
    scale = uniform(n, 1 - zoom, 1 + zoom, images)
    flip = torch.where(uniform(n, 0, 1, images) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    # Shifts are in units of half a picture.
    dx, dy = uniform(n, -2 * shift, 2 * shift, images), uniform(n, -2 * shift, 2 * shift, images)
    theta = torch.stack([flip * cos, -sin, dx, flip * sin, cos, dy], 1).view(n, 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def light(images: Tensor) -> Tensor:
    """Change gamma, contrast and brightness."""
    n = len(images)
    gamma = torch.exp(uniform(n, -0.35, 0.35, images)).view(n, 1, 1, 1)
    contrast = uniform(n, 0.7, 1.3, images).view(n, 1, 1, 1)
    brightness = uniform(n, -0.12, 0.12, images).view(n, 1, 1, 1)
    images = images.clamp(1e-4, 1) ** gamma
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * contrast + mean + brightness).clamp_(0, 1)


def darken(images: Tensor) -> Tensor:
    """Take most of the light off a tenth of the batch."""
    n = len(images)
    dark = uniform(n, 0, 1, images) < 0.1
    return images * torch.where(dark, uniform(n, 0.15, 0.6, images), 1.0).view(n, 1, 1, 1)


def degrade(images: Tensor) -> Tensor:
    """Blur a quarter of the batch by down- and up-scaling, add noise to another quarter."""
    n, _, h, w = images.shape
    count = n // 4
    images = images.clone()
    rows = torch.randperm(n, device=images.device)
    side = round(h * float(uniform(1, 0.4, 0.75, images)))
    low = F.interpolate(images[rows[:count]], size=(side, side), mode="bilinear", antialias=True, align_corners=False)
    images[rows[:count]] = F.interpolate(low, size=(h, w), mode="bilinear", align_corners=False)
    noisy = rows[count : 2 * count]
    images[noisy] += torch.randn_like(images[noisy]) * 0.04
    return images


def erase(images: Tensor) -> Tensor:
    """Put a rectangle of noise, each side a sixth to a third of the picture's, over half of the batch."""
    n, _, h, w = images.shape
    size = torch.randint(h // 6, h // 3 + 1, (2, n), device=images.device)
    top = (torch.rand(n, device=images.device) * (h - size[0])).long()
    left = (torch.rand(n, device=images.device) * (w - size[1])).long()
    ys, xs = torch.arange(h, device=images.device)[None], torch.arange(w, device=images.device)[None]
    in_y = (ys >= top[:, None]) & (ys < (top + size[0])[:, None])
    in_x = (xs >= left[:, None]) & (xs < (left + size[1])[:, None])
    chosen = torch.rand(n, device=images.device) < 0.5
    mask = in_y[:, :, None] & in_x[:, None, :] & chosen[:, None, None]
    return torch.where(mask[:, None], torch.rand_like(images), images)
