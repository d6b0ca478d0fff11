from __future__ import annotations

import numpy as np
import pytest

from mien.core.errors import InputError
from mien.models.landmarks import MIRROR
from mien.models.pose import MEAN_FACE, rotation_of
from mien.training.landmarks.shape import mean_face


def seen(n: int, noise: float, yaw: float = 45) -> np.ndarray:
    """A face deeper than ours, turned to many sides, without perspective."""
    rng = np.random.default_rng(0)
    body = MEAN_FACE * [1, 1, 1.3]
    views = []
    for _ in range(n):
        turned = body @ rotation_of(*rng.uniform([-yaw, -20, -10], [yaw, 20, 10])).T
        views.append(turned[:, :2] * rng.uniform(40, 60) + rng.uniform(60, 100, 2))
    return np.asarray(np.array(views) + rng.normal(0, noise, (n, 68, 2)), np.float32)


@pytest.mark.parametrize(("noise", "allowed"), [(0.0, 0.01), (1.0, 0.05)])
def test_a_body_is_found_from_its_views(noise: float, allowed: float) -> None:
    body = mean_face(seen(200, noise))
    wanted = MEAN_FACE * [1, 1, 1.3]
    assert np.abs(body - wanted).max() < allowed
    assert body[list(MIRROR)] * [-1, 1, 1] == pytest.approx(body)


def test_faces_that_all_look_at_the_viewer_tell_no_depth() -> None:
    with pytest.raises(InputError, match="turned to a side"):
        mean_face(seen(50, 0.5, yaw=2))
