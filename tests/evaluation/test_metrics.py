from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation import metrics


def test_confusion_by_hand() -> None:
    matrix = metrics.confusion(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]), 3)
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_macro_f1_by_hand() -> None:
    matrix = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    # Class 0: 1. Class 1: precision 1/2, recall 1. Class 2: precision 1, recall 1/2.
    assert metrics.macro_f1(matrix) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_macro_f1_leaves_out_classes_that_never_occur() -> None:
    assert metrics.macro_f1(np.diag([4, 0, 2])) == 1


def test_nll_and_brier_by_hand() -> None:
    probabilities, target = np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    assert metrics.nll(probabilities, target) == pytest.approx(
        (-np.log(0.5) + -(0.5 * np.log(0.9) + 0.5 * np.log(0.1))) / 2
    )
    assert metrics.brier(probabilities, target) == pytest.approx((0.5 + 2 * 0.16) / 2)


def test_ece_by_hand() -> None:
    # Two rows at 0.8 of which one is right, two at 0.6 of which both are: |1.6 - 1| + |1.2 - 2| over four rows.
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    target = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], float)
    assert metrics.ece(probabilities, target) == pytest.approx((0.6 + 0.8) / 4)


def test_ece_of_a_calibrated_set_is_zero() -> None:
    probabilities = np.tile(np.array([0.75, 0.25], np.float32), (8, 1))
    target = np.eye(2, dtype=np.float32)[[0, 0, 0, 1] * 2]
    assert metrics.ece(probabilities, target) == pytest.approx(0)


def test_full_confidence_has_a_bin() -> None:
    one = np.array([[1.0, 0.0]], np.float32)
    assert metrics.ece(one, one) == 0


def test_recall_precision_and_f1_by_hand() -> None:
    found = metrics.per_class(np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0]]), ("a", "b", "c"))
    assert found["a"] == {"n": 4, "recall": 0.75, "precision": 0.6, "f1": pytest.approx(6 / 9, abs=1e-4)}
    assert found["b"]["precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["c"] == {"n": 0, "recall": None, "precision": None, "f1": None}
