"""Where a face is, how fast it moves, and how sure that is: a Kalman filter per face, vectorised over faces.

The state of a box is its centre and the logarithms of its width and height, each with its rate per second, as in SORT
(Bewley et al. 2016, "Simple online and realtime tracking") and DeepSORT (Wojke et al. 2017), with three differences:
time is in seconds, so that irregular frames are right; noise grows with the face, so that near and far faces behave
alike; and rates fade (an Ornstein-Uhlenbeck process), so that a face that nobody sees does not fly off. The four axes
are independent, hence every covariance is 2 × 2 and all is closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.types import FloatArray

Double = NDArray[np.float64]

# Per axis: centre x, centre y (in face sizes), log width, log height (no unit).
MEASURED_SD = np.array([0.04, 0.04, 0.05, 0.05])
START_RATE_SD = np.array([2.0, 2.0, 0.5, 0.5])
PUSH = np.array([6.0, 6.0, 0.5, 0.5])
"""Spectral density of the random acceleration, per second cubed."""
FADE = np.array([0.6, 0.6, 0.3, 0.3])
"""Seconds in which a rate falls to 1/e."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The motion of n faces.

    Attributes:
        place: ``[n, 4]`` centre x, centre y in pixels, log width, log height.
        rate: ``[n, 4]`` change of ``place`` per second.
        spread: ``[n, 4, 3]`` variance of place, covariance of place and rate, variance of rate.
    """

    place: Double
    rate: Double
    spread: Double

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, rows: Any) -> Motion:
        return Motion(self.place[rows], self.rate[rows], self.spread[rows])

    def put(self, rows: Any, other: Motion) -> Motion:
        """Return a copy in which ``rows`` are those of ``other``."""
        place, rate, spread = self.place.copy(), self.rate.copy(), self.spread.copy()
        place[rows], rate[rows], spread[rows] = other.place, other.rate, other.spread
        return Motion(place, rate, spread)

    def join(self, other: Motion) -> Motion:
        """Return these faces followed by those of ``other``."""
        return Motion(
            np.concatenate([self.place, other.place]),
            np.concatenate([self.rate, other.rate]),
            np.concatenate([self.spread, other.spread]),
        )

    @property
    def sizes(self) -> Double:
        """``[n]`` square root of the box area in pixels."""
        return np.asarray(np.exp(self.place[:, 2:].mean(1)))

    @property
    def wander(self) -> Double:
        """``[n]`` standard deviation of the centre along one axis, in face sizes."""
        return np.asarray(np.sqrt(self.spread[:, :2, 0].mean(1)) / self.sizes)


def to_place(boxes: Any) -> Double:
    """Turn boxes ``[n, 4]`` (x1 y1 x2 y2) into centre x, centre y, log width, log height; sides are at least 1 px."""
    b = np.asarray(boxes, np.float64).reshape(-1, 4)
    sides = np.log(np.maximum(b[:, 2:] - b[:, :2], 1.0))
    return np.concatenate([(b[:, :2] + b[:, 2:]) / 2, sides], axis=1)


def to_boxes(place: Double) -> FloatArray:
    """Turn centres and log sides ``[n, 4]`` into boxes ``[n, 4]`` float32."""
    half = np.exp(place[:, 2:]) / 2
    return np.concatenate([place[:, :2] - half, place[:, :2] + half], axis=1).astype(np.float32)


def start(boxes: Any) -> Motion:
    """Return the motion of faces seen for the first time in ``boxes`` ``[n, 4]``: at rest, but not surely."""
    place = to_place(boxes)
    unit = _units(place)
    spread = np.zeros((*place.shape, 3))
    spread[..., 0] = (MEASURED_SD * unit) ** 2
    spread[..., 2] = (START_RATE_SD * unit) ** 2
    return Motion(place, np.zeros_like(place), spread)


def predict(motion: Motion, seconds: float) -> Motion:
    """Return the motion ``seconds`` (≥ 0) later.

    The transition and noise of an integrated Ornstein-Uhlenbeck process, exact for any step: two half steps give what
    one whole step gives (Bar-Shalom et al. 2001, "Estimation with applications to tracking and navigation", 8.2.3).
    """
    fade = np.exp(-seconds / FADE)
    reach = FADE * (1 - fade)
    push = PUSH * _units(motion.place) ** 2
    value, both, rate = np.moveaxis(motion.spread, 2, 0)
    # The difference of nearly equal numbers may come out a hair below zero for a very short step.
    drift = np.maximum(seconds - 2 * reach + FADE / 2 * (1 - fade**2), 0)
    spread = np.stack(
        [
            value + 2 * reach * both + reach**2 * rate + push * FADE**2 * drift,
            fade * (both + reach * rate) + push * reach**2 / 2,
            fade**2 * rate + push * FADE / 2 * (1 - fade**2),
        ],
        axis=2,
    )
    return Motion(motion.place + reach * motion.rate, fade * motion.rate, spread)


def correct(motion: Motion, boxes: Any) -> Motion:
    """Return the motion after the same n faces were seen in ``boxes`` ``[n, 4]``."""
    seen = to_place(boxes)
    value, both, rate = np.moveaxis(motion.spread, 2, 0)
    total = value + (MEASURED_SD * _units(seen)) ** 2
    gain, rate_gain = value / total, both / total
    error = seen - motion.place
    spread = np.stack([(1 - gain) * value, (1 - gain) * both, rate - rate_gain * both], axis=2)
    return Motion(motion.place + gain * error, motion.rate + rate_gain * error, spread)


def _units(place: Double) -> Double:
    """``[n, 4]``: the face size in pixels for the two axes of the centre, 1 for the two of the sides."""
    size = np.exp(place[:, 2:].mean(1))
    one = np.ones_like(size)
    return np.stack([size, size, one, one], axis=1)
