"""The mean face in three dimensions, from flat landmarks of many faces that look in many directions.

The faces are taken for one rigid body seen from many sides, far enough away that a projection is orthographic up to
scale, as in Tomasi & Kanade 1992, "Shape and motion from image streams under orthography". Body and views are found in
turns by least squares: the views of a body by Gauss–Newton steps, the body of given views in closed form. What differs
between the faces (people, expressions) averages out.

The table in `mien.models.pose` was made with `mean_face`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.models.landmarks import MIRROR, OUTER_CORNERS

Double = NDArray[np.float64]

FIRM: Final = (*range(17, 49), 50, 51, 52, 54)
"""Landmarks that expressions move little: brows, nose, eyes, upper lip, corners of the mouth. The jaw is left out: its
landmarks follow the outline, which is another part of the head in every view."""
MOUTH_CORNERS: Final = (48, 54)
TURNED: Final = (0.2, 0.5)
"""The nose's distance from the middle of the eyes, over the eyes' distance from the mouth, of faces that tell depth.
Faces that look at the viewer only add noise, and noise makes the body flat (measured: the nose of the faces below .2
comes out a third shorter); of faces above .5 half of the landmarks are guesses."""
LEAST_FACES: Final = 10
ROUNDS: Final = 30


def mean_face(landmarks: NDArray[np.float32]) -> Double:
    """Return the mean face ``[68, 3]`` of landmarks ``[n, 68, 2]`` of more or less upright faces.

    x to the right of the picture, y down, z away from the viewer; symmetric; the outer corners of the eyes are one
    apart and at y = z = 0, and the plane through them and the corners of the mouth faces the viewer.

    Raises:
        InputError: too few of the faces are turned to a side.
    """
    turn = _turn(landmarks.astype(np.float64))
    chosen = landmarks[(turn > TURNED[0]) & (turn < TURNED[1])].astype(np.float64)
    if len(chosen) < LEAST_FACES:
        raise InputError(f"a mean face needs at least {LEAST_FACES} faces turned to a side, found {len(chosen)}")
    seen = np.concatenate([chosen, chosen[:, MIRROR] * [-1, 1]])
    seen /= np.linalg.norm(seen[:, OUTER_CORNERS[0]] - seen[:, OUTER_CORNERS[1]], axis=1).mean()
    firm = list(FIRM)
    seen -= seen[:, firm].mean(1, keepdims=True)
    body = _first_guess(seen)
    turns, scales = np.tile(np.eye(3), (len(seen), 1, 1)), np.ones(len(seen))
    for _ in range(ROUNDS):
        body -= body[firm].mean(0)
        for _ in range(3):
            turns, scales = _step(body[firm], seen[:, firm], turns, scales)
        motion = (scales[:, None, None] * turns[:, :2]).reshape(-1, 3)
        body = np.linalg.lstsq(motion, seen.transpose(0, 2, 1).reshape(-1, 68), rcond=None)[0].T
    return _upright(body)


def _turn(landmarks: Double) -> Double:
    """Return how far the nose is from the middle of the eyes, over the eyes' distance from the mouth ``[n]``."""
    left, right = landmarks[:, OUTER_CORNERS[0]], landmarks[:, OUTER_CORNERS[1]]
    across = (right - left) / np.linalg.norm(right - left, axis=1, keepdims=True)
    middle = (left + right) / 2
    down = landmarks[:, MOUTH_CORNERS].mean(1) - middle
    length = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
    return np.asarray(np.abs(((landmarks[:, 30] - middle) * across).sum(1)) / np.maximum(length, 1e-6))


def _first_guess(seen: Double) -> Double:
    """Return the mean of the flat faces with a nose that points towards the viewer."""
    body = np.zeros((68, 3))
    body[:, :2] = seen.mean(0)
    body[27:36, 2] = -0.2
    return body


def _step(body: Double, seen: Double, turns: Double, scales: Double) -> tuple[Double, Double]:
    """Improve every view's rotation ``[n, 3, 3]`` and scale ``[n]`` by one Gauss–Newton step."""
    n = len(seen)
    placed = np.einsum("nij,kj->nki", turns, body)
    off = (seen - scales[:, None, None] * placed[..., :2]).reshape(n, -1)
    by_turn = [scales[:, None, None] * np.cross(axis, placed)[..., :2] for axis in np.eye(3)]
    slope = np.stack([part.reshape(n, -1) for part in (*by_turn, placed[..., :2])], 2)
    normal = slope.transpose(0, 2, 1) @ slope + 1e-6 * np.eye(4)
    change = np.linalg.solve(normal, (slope.transpose(0, 2, 1) @ off[..., None]))[..., 0]
    return _rotations(np.clip(change[:, :3], -0.3, 0.3)) @ turns, scales + change[:, 3]


def _rotations(vectors: Double) -> Double:
    """Return the rotation matrices ``[n, 3, 3]`` of rotation vectors (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angle, 1e-12)[:, None]).T
    zero = np.zeros_like(x)
    k = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sin * k + (1 - cos) * k @ k)


def _upright(body: Double) -> Double:
    """Turn, scale and shift a body so that it looks at the viewer; make it exactly symmetric."""
    left, right = body[list(OUTER_CORNERS)]
    lips = body[list(MOUTH_CORNERS)].mean(0)
    x = right - left
    x /= np.linalg.norm(x)
    y = lips - (left + right) / 2
    y -= x * (y @ x)
    y /= np.linalg.norm(y)
    placed = (body - (left + right) / 2) @ np.stack([x, y, np.cross(x, y)], 1) / np.linalg.norm(right - left)
    # Orthographic views do not tell a body from its mirror image in depth; a nose points towards the viewer.
    if placed[30, 2] > 0:
        placed[:, 2] *= -1
    return np.asarray((placed + placed[list(MIRROR)] * [-1, 1, 1]) / 2)
