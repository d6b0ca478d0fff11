"""Which detection is which track: what a pair costs, and the cheapest set of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.geometry import iou
from mien.core.types import BoolArray, IntArray
from mien.tracking.kalman import Double, to_place

MAX_SIZE_CHANGE = float(np.log(1.7))
"""Largest change of size between prediction and detection for a pair that does not overlap (natural logarithm)."""

FAR = 1.5
"""Distance in face sizes from which a pair is no worse for being farther apart."""


def pair_costs(detected: Any, predicted: Any, reach: Any, min_iou: float) -> Double:
    """Return what it costs to call a detection and a predicted track one face, 0–1; infinite where that is absurd.

    A pair is possible when the boxes overlap by ``min_iou`` or, for faces that move by more than their size between
    two frames, when the centres lie within ``reach`` and the sizes agree. The cost is the mean of three: missing
    overlap, distance, and difference of size; the last keeps a near and a far face apart as they cross. Distance is not
    weighed by uncertainty, or else a face lost long ago would take the detections of those in view.

    Args:
        detected: boxes ``[n, 4]``.
        predicted: boxes ``[m, 4]``.
        reach: ``[m]`` how far from its prediction a track may be found, in face sizes.
        min_iou: least intersection over union.

    Returns:
        ``[n, m]`` float64.
    """
    a, b = np.asarray(detected, np.float64).reshape(-1, 4), np.asarray(predicted, np.float64).reshape(-1, 4)
    overlap = iou(a.astype(np.float32), b.astype(np.float32)).astype(np.float64)
    place_a, place_b = to_place(a), to_place(b)
    log_a, log_b = place_a[:, 2:].mean(1), place_b[:, 2:].mean(1)
    unit = np.exp((log_a[:, None] + log_b[None]) / 2)
    apart = np.linalg.norm(place_a[:, None, :2] - place_b[None, :, :2], axis=2)
    distance = apart / unit
    change = np.abs(log_a[:, None] - log_b[None]) / MAX_SIZE_CHANGE
    possible: BoolArray = (overlap >= min_iou) | ((distance <= np.asarray(reach)[None]) & (change <= 1))
    cost = (1 - overlap + np.minimum(distance / FAR, 1) + np.minimum(change, 1)) / 3
    return np.where(possible, cost, np.inf)


def assign(costs: Double, miss: float) -> IntArray:
    """Return for each row the column it is paired with, -1 for none, so that the sum is least.

    The sum is that of the costs of the pairs plus ``miss`` for every row without one. Optimal: shortest augmenting
    paths with potentials (Jonker & Volgenant 1987; Crouse 2016, "On implementing 2D rectangular assignment
    algorithms"). A row may always take its own spare column at the cost of ``miss``, hence a solution exists.

    Args:
        costs: ``[n, m]``, infinite for pairs that are not possible.
        miss: cost of leaving a row alone.
    """
    n, m = costs.shape
    best = costs.argmin(1) if m else np.zeros(n, np.int64)
    taken = costs.min(1, initial=np.inf) <= miss
    if len(np.unique(best[taken])) == taken.sum():  # nobody wants the same: each row's best is the best of all
        return np.where(taken, best, -1)
    spare = np.full((n, n), np.inf)
    np.fill_diagonal(spare, miss)
    columns = _solve(np.concatenate([costs, spare], axis=1))
    return np.where(columns < m, columns, -1)


def _solve(costs: Double) -> IntArray:
    """Return the column of every row in the cheapest assignment of all rows; ``costs`` ``[n, k]`` must allow one."""
    n, k = costs.shape
    row_price, column_price = np.zeros(n), np.zeros(k)
    column_of, row_of = np.full(n, -1), np.full(k, -1)
    for start in range(n):
        # Dijkstra over reduced costs: from the new row along pairs already made to a column that is free.
        shortest, previous, scanned = np.full(k, np.inf), np.full(k, -1), np.zeros(k, bool)
        row, length, end = start, 0.0, -1
        while end < 0:
            reduced = length + costs[row] - row_price[row] - column_price
            closer = ~scanned & (reduced < shortest)
            shortest[closer], previous[closer] = reduced[closer], row
            column = int(np.where(scanned, np.inf, shortest).argmin())
            length = float(shortest[column])
            scanned[column] = True
            if row_of[column] < 0:
                end = column
            else:
                row = int(row_of[column])
        # Potentials such that the pairs on the path cost nothing and no pair costs less.
        done = np.flatnonzero(scanned)
        slack = length - shortest[done]
        column_price[done] -= slack
        held = row_of[done] >= 0
        row_price[row_of[done[held]]] += slack[held]
        row_price[start] += length
        # Hand the columns on along the path, from its end back to the new row.
        while end >= 0:
            row = int(previous[end])
            row_of[end], column_of[row], end = row, end, int(column_of[row])
    return column_of
