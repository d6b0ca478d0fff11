from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.training.landmarks.loss import opening_loss, wing_loss


def test_the_wing_loss_by_hand() -> None:
    zero = torch.zeros(1)
    near, far = torch.tensor([2.0]), torch.tensor([25.0])
    assert wing_loss(near, zero).item() == pytest.approx(10 * np.log(2))
    assert wing_loss(far, zero).item() == pytest.approx(25 - (10 - 10 * np.log(6)))
    below, above = torch.tensor([-9.9999]), torch.tensor([-10.0001])
    assert wing_loss(below, zero).item() == pytest.approx(wing_loss(above, zero).item(), abs=1e-3), "it has no step"


def test_the_loss_of_openings_by_hand() -> None:
    wanted = torch.zeros(1, 68, 2)
    found = wanted.clone()
    found[0, [41, 40, 47, 46], 1] = 2.0  # the lower lids, 2 px too low: an error of 2 along y, 0 along x
    found[0, [61, 62, 63], 1] = -3.0  # the upper lips, 3 px too high
    assert opening_loss(found, wanted, eyes=1, mouth=0).item() == pytest.approx(2.0)
    assert opening_loss(found, wanted, eyes=0, mouth=2).item() == pytest.approx(9.0)
    assert opening_loss(found + 5, found, eyes=1, mouth=1).item() == pytest.approx(0, abs=1e-6), "moving is not opening"
