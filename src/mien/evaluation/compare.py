"""Several emotion models on the same faces: who is better, and whether that could be chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mien.evaluation import metrics
from mien.evaluation.emotion import Outcome, predict
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.statistics import bootstrap_mean, holm, mcnemar
from mien.models.emotion import EmotionModel


def compare(models: Mapping[str, EmotionModel], data: EmotionSet) -> dict[str, Any]:
    """Measure ``models`` on ``data`` and each of them against the first.

    Args:
        models: by the name to show.
        data: labelled faces.

    Returns:
        ``models``: for each accuracy with its 95% bootstrap interval, macro F1 and calibration, the heads that it
        has. ``differences``: other − first, paired on the same faces, with a bootstrap interval; for accuracies also
        on how many faces only one of the two is right, and McNemar's exact p, as it is and corrected for the number
        of comparisons (Holm). NLL is compared where both are held against the same targets; less is better.

    Raises:
        InputError: the set is empty.
        ModelError: a model has no known head.
    """
    outcomes = {name: predict(model, data) for name, model in models.items()}
    first, *others = outcomes
    differences = [d for other in others for d in _differences(other, outcomes[first], outcomes[other])]
    tested = [d for d in differences if "p" in d]
    for difference, p in zip(tested, holm([d["p"] for d in tested]), strict=True):
        difference["p_holm"] = float(f"{p:.3g}")
    return {
        "dataset": data.name,
        "n": len(data),
        "base": first,
        "models": {name: _row(models[name], outcome) for name, outcome in outcomes.items()},
        "differences": differences,
    }


def _row(model: EmotionModel, outcome: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": model.spec.name,
        "version": model.spec.version,
        "precision": model.model.precision,
        "bytes": model.spec.files[model.model.precision].path.stat().st_size,
    }
    for name, head in outcome.heads.items():
        row[name] = {
            "n": len(head.rows),
            "accuracy": round(head.accuracy, 4),
            "interval": _rounded(bootstrap_mean(head.right)),
            "macro_f1": round(metrics.macro_f1(head.matrix), 4),
        }
    # Against hard labels of seven classes these are other numbers than against the votes: say what was used.
    row["calibration"] = {"classes": outcome.share.shape[1], **outcome.calibration}
    return row


def _differences(name: str, base: Outcome, other: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for head in base.heads:
        if head not in other.heads:
            continue
        ours, theirs = base.heads[head].right, other.heads[head].right
        only_base, only_other = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        change = theirs.astype(int) - ours.astype(int)
        found.append(
            {
                "name": name,
                "measure": head,
                "difference": round(float(change.mean()), 4),
                "interval": _rounded(bootstrap_mean(change)),
                "only_base": only_base,
                "only_other": only_other,
                "p": float(f"{mcnemar(only_base, only_other):.3g}"),
            }
        )
    if base.share.shape == other.share.shape:
        rows = base.known
        change = _losses(other)[rows] - _losses(base)[rows]
        found.append(
            {
                "name": name,
                "measure": "nll",
                "difference": round(float(change.mean()), 4),
                "interval": _rounded(bootstrap_mean(change)),
            }
        )
    return found


def _losses(outcome: Outcome) -> Any:
    """Return the cross-entropy of every face ``[n]``."""
    return -(outcome.share * np.log(np.maximum(outcome.probabilities, 1e-12))).sum(1)


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(value, 4) for value in interval]
