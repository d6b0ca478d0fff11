from __future__ import annotations

import pytest
import torch

from mien.core.errors import InputError
from mien.training.landmarks.net import ARCHS, SIDE, LandmarkNet, build


def shaken(arch: str) -> LandmarkNet:
    """A network whose batch norms hold statistics that are not the initial ones."""
    torch.manual_seed(0)
    net = build(arch).train()
    for _ in range(2):
        net(torch.randn(4, 1, SIDE, SIDE) + 0.5)
    return net.eval()


@pytest.mark.parametrize("arch", ARCHS)
def test_fusing_changes_nothing(arch: str) -> None:
    net, images = shaken(arch), torch.randn(3, 1, SIDE, SIDE)
    with torch.no_grad():
        before = net(images)
        after = net.fuse()(images)
    assert before.shape == (3, 136)
    assert torch.allclose(before, after, atol=1e-4)


@pytest.mark.parametrize("arch", ARCHS)
def test_it_fits_into_its_file(arch: str) -> None:
    assert sum(p.numel() for p in shaken(arch).fuse().parameters()) * 2 < 1_450_000


def test_it_starts_near_the_shape_it_is_given() -> None:
    net, shape = build("lm-s").eval(), torch.rand(68, 2)
    net.start_at(shape)
    with torch.no_grad():
        found = net(torch.randn(2, 1, SIDE, SIDE)).view(2, 68, 2)
    assert (found - shape).abs().max() < 0.1


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(InputError, match="lm-m"):
        build("vgg-99")
