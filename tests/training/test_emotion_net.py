from __future__ import annotations

import pytest
import torch

from mien.core.errors import InputError
from mien.training.emotion.augment import augment
from mien.training.emotion.net import ARCHS, EmotionNet, build
from mien.training.emotion.teachers import TEACHERS
from mien.training.emotion.train import loss_of


def shaken(arch: str) -> EmotionNet:
    """A network whose batch norms hold statistics that are not the initial ones."""
    torch.manual_seed(0)
    net = build(arch).train()
    for _ in range(3):
        net(torch.randn(8, 1, 48, 48) + 0.5)
    return net.eval()


@pytest.mark.parametrize("arch", ARCHS)
def test_fusing_changes_nothing(arch: str) -> None:
    net, images = shaken(arch), torch.randn(3, 1, 48, 48)
    with torch.no_grad():
        before = net(images)
        after = net.fuse()(images)
    for a, b in zip(before, after, strict=True):
        assert torch.allclose(a, b, atol=1e-4)
    assert before[0].shape == (3, 8)
    assert before[1].shape == (3, 7)


def test_sizes_are_those_of_the_recipe() -> None:
    counts = {arch: sum(p.numel() for p in shaken(arch).fuse().parameters()) for arch in ARCHS}
    assert counts == {"fer-s": pytest.approx(404_000, rel=0.02), "fer-t": pytest.approx(847_000, rel=0.02),
                      "fer-m": pytest.approx(620_000, rel=0.02), "fer-l": pytest.approx(704_000, rel=0.03)}  # fmt: skip


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(InputError, match="fer-s"):
        build("vgg-99")


def test_the_loss_by_hand_and_rows_without_labels() -> None:
    eight, seven = torch.zeros(2, 8), torch.zeros(2, 7)
    votes = torch.zeros(2, 8)
    votes[0, 1] = 1
    loss = loss_of((eight, seven), votes, votes.sum(1) > 0, torch.tensor([-1, 3]), fer_weight=0.5)
    assert loss.item() == pytest.approx(torch.log(torch.tensor(8.0)).item() + 0.5 * torch.log(torch.tensor(7.0)).item())


def test_augmentation_keeps_shape_and_range_and_changes_pictures() -> None:
    torch.manual_seed(0)
    images = torch.rand(32, 1, 48, 48)
    out = augment(images)
    assert out.shape == images.shape
    assert out.min() >= 0
    assert out.max() <= 1
    assert (out - images).abs().mean() > 0.05


def test_augmentation_keeps_the_face_in_place() -> None:
    """A bright disc in the middle stays near the middle, whatever is drawn."""
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    disc = (((x - 23.5) ** 2 + (y - 23.5) ** 2) < 36).float()
    out = augment(disc.expand(200, 1, 48, 48).clone() * 0.8 + 0.1)
    weight = (out - out.amin((1, 2, 3), keepdim=True)) ** 4
    centre = (weight * x).sum((1, 2, 3)) / weight.sum((1, 2, 3))
    assert (centre - 23.5).abs().median() < 4


@pytest.mark.parametrize("arch", TEACHERS)
def test_teachers_have_the_same_two_heads(arch: str) -> None:
    net = build(arch).eval()
    with torch.no_grad():
        eight, seven = net(torch.randn(2, 1, 48, 48))
    assert (eight.shape, seven.shape) == ((2, 8), (2, 7))


def test_a_trunk_sees_the_middle_or_an_enlarged_picture() -> None:
    seen: list[torch.Tensor] = []

    class Eye(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)
            return x

    x = torch.arange(48.0 * 48).view(1, 1, 48, 48)
    for side in (44, 48, 64):
        EmotionNet(Eye(), 1, side=side)(x)
    assert [tuple(s.shape[2:]) for s in seen] == [(44, 44), (48, 48), (64, 64)]
    assert seen[0][0, 0, 0, 0] == x[0, 0, 2, 2]
