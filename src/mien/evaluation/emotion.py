"""The emotion network on a labelled set: accuracy of both heads, calibration, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mien.core.errors import InputError, ModelError
from mien.core.labels import EMOTIONS, FER2013, FER2013_IN_EMOTIONS
from mien.core.types import BoolArray, FloatArray, Image, IntArray
from mien.evaluation import metrics, reliability
from mien.evaluation.emotion_data import EmotionSet, official_filter, vote_distribution
from mien.models.emotion import EmotionModel, softmax
from mien.models.spec import InputSpec


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a set says about the eight emotions.

    Attributes:
        share: ``[n, 8]`` distribution: votes, or 1 at the one label; 0 everywhere where nothing is known.
        majority: ``[n]`` the winner.
        counted: ``[n]`` rows that accuracy is measured on: FER+'s official filter, or all with a hard label.
    """

    share: FloatArray
    majority: IntArray
    counted: BoolArray


def targets(data: EmotionSet) -> Targets | None:
    """Return the eight-class targets of a set; None if it has only the seven labels of FER2013."""
    if data.votes is not None:
        share = vote_distribution(data.votes)
        return Targets(share, share.argmax(1), official_filter(data.votes))
    if data.emotion_label is not None:
        share = np.eye(8, dtype=np.float32)[data.emotion_label]
        return Targets(share, data.emotion_label, np.ones(len(data), bool))
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one head says about the faces that count for it.

    Attributes:
        labels: of the classes.
        rows: ``[m]`` which faces of the set.
        predicted: ``[m]`` class.
        true: ``[m]`` class.
    """

    labels: tuple[str, ...]
    rows: IntArray
    predicted: IntArray
    true: IntArray

    @property
    def right(self) -> BoolArray:
        """``[m]`` whether the head agrees with the label."""
        return np.asarray(self.predicted == self.true)

    @property
    def matrix(self) -> IntArray:
        """Confusion counts, row true, column predicted."""
        return metrics.confusion(self.predicted, self.true, len(self.labels))

    @property
    def accuracy(self) -> float:
        """Share of the faces that are right."""
        return metrics.accuracy(self.predicted, self.true)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A model's answers for a set.

    Attributes:
        heads: ``fer2013`` and ``ferplus``, those that model and labels allow.
        shown: ``[n]`` the label that a user would see, as an index into `EMOTIONS`.
        confidence: ``[n]`` its probability.
        probabilities: ``[n, k]`` calibrated; of the eight emotions, or of the seven where the model or the set knows
            only these.
        share: ``[n, k]`` what they are held against: votes or hard labels; 0 everywhere where nothing is known.
    """

    heads: dict[str, Judged]
    shown: IntArray
    confidence: FloatArray
    probabilities: FloatArray
    share: FloatArray

    @property
    def known(self) -> BoolArray:
        """``[n]`` faces of which `share` tells something."""
        return np.asarray(self.share.sum(1) > 0)

    @property
    def calibration(self) -> dict[str, float]:
        """ECE (15 bins), NLL and Brier score on the faces that are known."""
        probabilities, share = self.probabilities[self.known], self.share[self.known]
        return {
            "n": len(share),
            "ece": round(metrics.ece(probabilities, share), 4),
            "nll": round(metrics.nll(probabilities, share), 4),
            "brier": round(metrics.brier(probabilities, share), 4),
        }


def fitted(images: Image, spec: InputSpec) -> Image:
    """Bring grey crops ``[n, h, w]`` to the size that a network reads.

    Raises:
        ModelError: the network reads colour, which the set does not have.
    """
    if spec.colour != "grey":
        raise ModelError(f"the model reads {spec.colour} pictures, but emotion sets are grey")
    if images.shape[1:] == (spec.height, spec.width):
        return images
    return np.stack([cv2.resize(image, (spec.width, spec.height)) for image in images]).astype(np.uint8)


def predict(model: EmotionModel, data: EmotionSet) -> Outcome:
    """Let ``model`` answer for all of ``data``.

    Raises:
        InputError: the set is empty.
        ModelError: the model has neither of the two heads, or reads colour.
    """
    if not len(data):
        raise InputError(f"{data.name} holds no pictures")
    logits = model.logits(fitted(data.images, model.spec.input))
    heads: dict[str, Judged] = {}
    eight = model.calibrated(logits["emotion"]) if "emotion" in logits else None
    seven = softmax(logits["fer2013"]) if "fer2013" in logits else None
    labelled = np.flatnonzero(data.fer_label >= 0)
    if seven is not None and len(labelled):
        heads["fer2013"] = Judged(FER2013, labelled, seven.argmax(1)[labelled], data.fer_label[labelled])
    wanted = targets(data)
    if eight is not None and wanted is not None:
        rows = np.flatnonzero(wanted.counted)
        heads["ferplus"] = Judged(EMOTIONS, rows, eight.argmax(1)[rows], wanted.majority[rows])
    shown, confidence = _shown(eight, seven)
    if eight is not None and (wanted is not None or seven is None):
        share = np.zeros((len(data), 8), np.float32) if wanted is None else wanted.share
        return Outcome(heads, shown, confidence, eight, share)
    assert seven is not None
    return Outcome(heads, shown, confidence, seven, _one_hot(data.fer_label))


def _shown(eight: FloatArray | None, seven: FloatArray | None) -> tuple[IntArray, FloatArray]:
    """Return the label that the product shows, and its probability; the eight-class head comes first."""
    if eight is not None:
        return eight.argmax(1), eight.max(1)
    assert seven is not None
    return np.array(FER2013_IN_EMOTIONS)[seven.argmax(1)], seven.max(1)


def _one_hot(label: IntArray) -> FloatArray:
    """Return ``[n, 7]``; a row without a label is 0 everywhere."""
    return np.asarray(np.eye(8, 7, dtype=np.float32)[np.where(label < 0, 7, label)])


def evaluate(model: EmotionModel, data: EmotionSet) -> dict[str, Any]:
    """Measure ``model`` on ``data``; the heads that the labels allow. Returns what `report` returns."""
    return report(model, data, predict(model, data))


def report(model: EmotionModel, data: EmotionSet, outcome: Outcome) -> dict[str, Any]:
    """Return the JSON of ``mien evaluate emotion``.

    ``calibration`` and ``reliability`` compare the calibrated probabilities with the votes (all rows that any vote is
    left of), or with the hard labels where there are no votes. ``risk_coverage`` and ``certain`` sort the faces by the
    shown label's probability and ask whether the seven-class head is right (the eight-class one where a set has no
    label of the seven).
    """
    told: dict[str, Any] = {
        "dataset": data.name,
        "n": len(data),
        "model": {"name": model.spec.name, "version": model.spec.version, "precision": model.model.precision},
    }
    for name, head in outcome.heads.items():
        told[name] = {
            "n": len(head.rows),
            "accuracy": round(head.accuracy, 4),
            "macro_f1": round(metrics.macro_f1(head.matrix), 4),
        }
    told["calibration"] = outcome.calibration
    told["certain"] = certain(outcome, model.certain)
    told["classes"] = {name: metrics.per_class(head.matrix, head.labels) for name, head in outcome.heads.items()}
    known = outcome.known
    told["reliability"] = reliability.diagram(outcome.probabilities[known], outcome.share[known])
    if (judge := _judge(outcome)) is not None:
        told["risk_coverage"] = reliability.risk_coverage(outcome.confidence[judge.rows], judge.right)
    for name, head in outcome.heads.items():
        key = "confusion" if name == "fer2013" else f"confusion_{name}"
        told[key] = {"labels": list(head.labels), "rows_true_columns_predicted": head.matrix.tolist()}
    return told


def certain(outcome: Outcome, threshold: float) -> dict[str, float | None]:
    """Return how many faces' shown label is at least ``threshold`` probable, and how often the head is right on them.

    ``accuracy`` and ``coverage`` are of FER2013's labels where the set has them; ``ferplus_accuracy`` of the votes.
    """
    told: dict[str, float | None] = {"threshold": round(threshold, 4)}
    judge = _judge(outcome)
    if judge is not None:
        sure = outcome.confidence[judge.rows] >= threshold
        told["coverage"] = round(float(sure.mean()), 4)
        told["accuracy"] = round(float(judge.right[sure].mean()), 4) if sure.any() else None
    if "ferplus" in outcome.heads and judge is not outcome.heads["ferplus"]:
        head = outcome.heads["ferplus"]
        sure = outcome.confidence[head.rows] >= threshold
        told["ferplus_accuracy"] = round(float(head.right[sure].mean()), 4) if sure.any() else None
    return told


def _judge(outcome: Outcome) -> Judged | None:
    """Return the head that says what is right: the seven-class one where there is one."""
    return outcome.heads.get("fer2013", outcome.heads.get("ferplus"))
