"""Augmentation of emotion crops: what a webcam does is drawn apart from what is always drawn."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mien.training.emotion.augment import augment, clear, darken


def faces(n: int = 400) -> Tensor:
    torch.manual_seed(3)
    rows = torch.linspace(0.3, 0.9, 48).view(1, 1, 48, 1)
    return (rows + 0.1 * torch.rand(n, 1, 48, 48)).clamp(0, 1)


def dark(images: Tensor) -> float:
    return float((images.mean((1, 2, 3)) < 0.3).float().mean())


def test_values_stay_between_0_and_1_and_the_input_as_it_was() -> None:
    images = faces(64)
    before = images.clone()
    for change in (augment, clear):
        changed = change(images)
        assert changed.shape == images.shape
        assert float(changed.min()) >= 0
        assert float(changed.max()) <= 1
    assert torch.equal(images, before)


def test_only_a_webcam_darkens() -> None:
    assert dark(augment(faces())) > 0.04
    assert dark(clear(faces())) == 0


def test_a_tenth_loses_its_light() -> None:
    images = faces(2000)
    share = (darken(images) / images).mean((1, 2, 3))
    assert float((share < 0.99).float().mean()) == pytest.approx(0.1, abs=0.03)
    assert float(share.min()) >= 0.15 - 1e-6
