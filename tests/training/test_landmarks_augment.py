from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mien.core.geometry import warp
from mien.core.types import Faces
from mien.models.landmarks import MIRROR, five_points
from mien.models.pose import MEAN_FACE
from mien.training.landmarks import augment
from mien.training.landmarks.augment import Views, compose, cover, degrade, draw, mirror, sample
from mien.training.landmarks.train import SPEC, mean_shape

BOX = np.array([39, 10, 122, 125], np.float32)


def faces(n: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Grey pictures with a bright disc on the tip of the nose, and their landmarks."""
    rng = np.random.default_rng(0)
    images, places = np.full((n, 160, 160), 30, np.uint8), np.empty((n, 68, 2), np.float32)
    for row in range(n):
        angle = rng.uniform(-0.4, 0.4)
        turn = 55 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        places[row] = MEAN_FACE[:, :2] @ turn.T + [80, 52] + rng.uniform(-6, 6, 2)
        x, y = places[row, 30]
        cv2.circle(images[row], (round(float(x)), round(float(y))), 5, (250,), -1)
    return images, places


def views(n: int) -> Views:
    return Views.of(*faces(n), SPEC, BOX, torch.device("cpu"))


def test_the_landmarks_move_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is drawn, the disc is where the landmark of the nose is said to be."""
    for name in ("degrade", "cover", "light"):
        monkeypatch.setattr(augment, name, lambda images: images)
    # The labels of these faces are where the disc is; those of the data set are a little beside.
    monkeypatch.setattr(augment, "MIRROR_OFFSET", 0.0)
    torch.manual_seed(0)
    images, targets = draw(views(64), torch.arange(64))
    assert images.shape == (64, 1, 112, 112)
    assert targets.shape == (64, 68, 2)
    ys, xs = torch.meshgrid(torch.arange(112.0), torch.arange(112.0), indexing="ij")
    weight = (images[:, 0] - 0.5).clamp(min=0)
    centre = torch.stack([(weight * xs).sum((1, 2)), (weight * ys).sum((1, 2))], 1) / weight.sum((1, 2))[:, None]
    assert (centre - targets[:, 30] * 112).abs().max() < 1.0
    assert (targets.std(0) > 0.02).all(), "the views differ"


def test_views_are_cut_as_the_product_cuts_them() -> None:
    image, places = faces(1)
    cut = SPEC.transforms(Faces.from_boxes(BOX[None], points=five_points(places)))
    expected = warp(cv2.cvtColor(image[0], cv2.COLOR_GRAY2BGR).astype(np.uint8), cut[0], 112, 112)[..., 0]
    tensor = torch.from_numpy(image[:, None]).float()
    got = sample(tensor, torch.from_numpy(cut), torch.tensor([False]), (112, 112))[0, 0].numpy()
    assert np.abs(got - expected).mean() < 0.5
    mirrored = sample(tensor.flip(3), torch.from_numpy(cut), torch.tensor([True]), (112, 112))[0, 0].numpy()
    assert mirrored == pytest.approx(got, abs=0.1)


def test_a_mirrored_face_has_its_left_at_the_left() -> None:
    _, places = faces(5)
    mirrored = mirror(places, 160)
    assert (mirrored[:, 36, 0] < mirrored[:, 45, 0]).all()
    assert mirror(mirrored, 160) == pytest.approx(places, abs=1e-3)
    assert mirrored[:, 0, 1] == pytest.approx(places[:, MIRROR[0], 1])


def test_composing_is_doing_one_after_the_other() -> None:
    torch.manual_seed(0)
    first, second, points = torch.randn(3, 2, 3), torch.randn(3, 2, 3), torch.randn(3, 5, 2)

    def apply(cut: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        return at @ cut[:, :, :2].transpose(1, 2) + cut[:, None, :, 2]

    assert torch.allclose(apply(compose(second, first), points), apply(second, apply(first, points)), atol=1e-5)


def test_degrading_and_covering_change_some_pictures_and_keep_others() -> None:
    torch.manual_seed(0)
    images = torch.rand(32, 1, 112, 112)
    for change in (degrade, cover):
        changed = (change(images) - images).abs().mean((1, 2, 3)) > 1e-4
        assert 8 <= int(changed.sum()) <= 28, change.__name__


def test_small_batches_are_fine() -> None:
    torch.manual_seed(0)
    data = views(3)
    for rows in ([0], [0, 1], [0, 1, 2]):
        images, targets = draw(data, torch.tensor(rows))
        assert torch.isfinite(images).all()
        assert torch.isfinite(targets).all()


def test_the_mean_shape_is_symmetric_and_inside() -> None:
    shape = mean_shape(views(40)).numpy()
    assert shape.min() > 0.1
    assert shape.max() < 0.9
    assert np.abs((shape[list(MIRROR)] + shape * [1, -1])[:, 0] - 1).max() < 0.03
