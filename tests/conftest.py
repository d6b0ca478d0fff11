"""What many tests need: a public-domain portrait."""

from __future__ import annotations

import os

# Set before anything imports torch: on a busy machine its threads wait for each other more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """BGR portrait of Eileen Collins (NASA, public domain); one smiling face about 110 pixels wide."""
    return np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), np.uint8)
