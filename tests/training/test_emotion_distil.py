from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.training.emotion.distil import TEMPERATURE, Lessons, load_teachers, taught_loss


class Opinionated(nn.Module):
    """Says what the brightness of the left and the right half of the picture is."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        halves = torch.stack([x[..., :24].mean((1, 2, 3)), x[..., 24:].mean((1, 2, 3))], 1)
        return nn.functional.pad(halves, (0, 6)), nn.functional.pad(halves, (0, 5))


def lessons(teachers: list[nn.Module], count: int = 2, seed: int = 0) -> Lessons:
    images = torch.zeros(6, 1, 48, 48, dtype=torch.uint8)
    images[..., :24] = 200

    def change(batch: Tensor) -> Tensor:
        return (batch + torch.rand(len(batch), 1, 1, 1) * 0.2).clamp(0, 1)

    return Lessons(images, teachers, count, seed, change, lambda x: x * 8)


def test_views_take_turns_and_are_made_once() -> None:
    teacher = Opinionated()
    taught = lessons([teacher])
    first, second = taught.view(0), taught.view(1)
    assert not torch.equal(first.images, second.images)
    made = teacher.calls
    assert taught.view(2) is first
    assert taught.view(3) is second
    assert teacher.calls == made


def test_a_resumed_run_sees_the_same_views_and_its_own_random_numbers() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    view = lessons([Opinionated()]).view(1)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(99)
    assert torch.equal(lessons([Opinionated()]).view(1).images, view.images)
    assert not torch.equal(lessons([Opinionated()], seed=1).view(1).images, view.images)


def test_the_opinion_is_the_mean_over_teachers_and_mirror_images() -> None:
    view = lessons([Opinionated(), Opinionated()]).view(0)
    assert view.eight.shape == (6, 8)
    assert view.seven.shape == (6, 7)
    assert torch.allclose(view.eight.float().sum(1), torch.ones(6), atol=2e-3)
    # Mirrored, left and right change places, so that their mean is the same for both.
    assert torch.allclose(view.eight[:, 0], view.eight[:, 1], atol=1e-3)
    assert (view.eight[:, 0] > view.eight[:, 2]).all()


def test_the_loss_is_nothing_for_who_agrees_and_known_for_who_does_not() -> None:
    logits = torch.randn(4, 8)
    agreed = torch.softmax(logits / TEMPERATURE, 1)
    assert taught_loss(logits, agreed).item() == pytest.approx(0, abs=1e-5)
    sure = torch.eye(8)[:4]
    assert taught_loss(torch.zeros(4, 8), sure).item() == pytest.approx(4 * torch.log(torch.tensor(8.0)).item())


def test_a_teacher_that_has_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished run"):
        load_teachers([tmp_path], torch.device("cpu"))
