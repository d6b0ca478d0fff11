"""What the per-person baseline changes: faces at rest that read as sad or angry, and true expressions that it costs.

Usage: python benchmarks/baseline.py FER2013.parquet [--people LANDMARKS.parquet] [--json]

There is no set of one person's many faces with labels, so persons are simulated on FER2013 with FER+'s votes. A person
is a face that most taggers call neutral; his frames are small shifts, turns and changes of light of it, half to learn
from and half to be judged. True expressions of the like are faces that the taggers call so, judged twice:

- *additive*: the person's own offset (what the network reads on his resting face beyond the average one) is put on top
  of what it reads on them, as it would be if persons and expressions added up;
- *unbiased*: as they are, as if the person's bias vanished when he shows something. The correction can only hurt here.

Truth lies between the two. With ``--people`` (pictures with ``identity``), the spread of offsets between real persons
is measured too, and what happens to readings of half of a person's pictures after learning from the other half.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq

from mien.cli.bench import machine
from mien.core.labels import EMOTIONS
from mien.core.types import Faces, FloatArray, Image
from mien.evaluation import emotion_data
from mien.evaluation.emotion import targets
from mien.models import zoo
from mien.models.emotion import EmotionModel
from mien.models.landmarks import five_points
from mien.tracking import baseline
from mien.tracking.baseline import Baseline, corrected, log_odds

VARIANTS = 24
EXPRESSIONS = ("happiness", "surprise", "sadness", "anger", "fear")
SHOWN_PER_PERSON = 20


def variants(face: Image, rng: np.random.Generator) -> Image:
    """Return ``[VARIANTS, h, w]`` slightly shifted, turned, scaled, brightened and blurred copies of a grey face."""
    height, width = face.shape
    copies = []
    for _ in range(VARIANTS):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 4), rng.uniform(0.95, 1.06))
        turn = np.asarray(turn) + np.column_stack([np.zeros((2, 2)), rng.normal(0, 1.2, 2)])
        moved = cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        moved = cv2.GaussianBlur(np.asarray(moved, np.float32), (0, 0), rng.uniform(0.2, 0.8))
        copies.append(np.clip((np.asarray(moved) - 128) * rng.uniform(0.85, 1.15) + 128 + rng.normal(0, 12), 0, 255))
    return np.asarray(copies, np.uint8)


def resting_of(model: EmotionModel) -> Sequence[float]:
    return model.spec.resting or baseline.RESTING


def feed(learner: Baseline, frames: FloatArray, seconds: float, fps: float) -> None:
    """Show frames ``[persons, count, 8]`` in turn; every person is a track."""
    persons = np.arange(1, len(frames) + 1)
    for i in range(int(seconds * fps)):
        learner.update(persons, frames[:, i % frames.shape[1]], i / fps)


def offsets(learner: Baseline, persons: int) -> FloatArray:
    """Return what was learned, ``[persons, 8]``, read off what it does to a flat distribution."""
    learner.learn = False
    flat = np.full((persons, 8), 1 / 8)
    return np.asarray(-log_odds(learner.update(np.arange(1, persons + 1), flat, 1e6)), np.float32)


def learn(model: EmotionModel, frames: FloatArray, way: str) -> FloatArray:
    """Return the offsets ``[persons, 8]`` learned from frames ``[persons, count, 8]`` at rest."""
    learner = Baseline(way == "slow", resting_of(model))
    if way == "calibrated":
        learner.calibrate()
        feed(learner, frames, 3.0, 15)
    else:
        feed(learner, frames, 120.0, 5)
    return offsets(learner, len(frames))


def rates(read: Any, wanted: int | None = None) -> dict[str, float]:
    """Return the shares read as neutral, sadness, anger, or the share read as ``wanted``."""
    labels = np.asarray(read).reshape(-1, 8).argmax(1)
    if wanted is not None:
        return {"recall": round(float((labels == wanted).mean()), 4)}
    named = {name: EMOTIONS.index(name) for name in ("neutral", "sadness", "anger")}
    return {name: round(float((labels == k).mean()), 4) for name, k in named.items()}


def simulated(model: EmotionModel, path: Path, seed: int) -> dict[str, Any]:
    rng, data = np.random.default_rng(seed), emotion_data.read(path)
    wanted, read = targets(data), model.probabilities(data.images)
    assert wanted is not None
    neutral = wanted.counted & (wanted.majority == 0)
    wrong = neutral & np.isin(read.argmax(1), [EMOTIONS.index("sadness"), EMOTIONS.index("anger")])
    right = neutral & (read.argmax(1) == 0)
    chosen = {
        "misread at rest": np.flatnonzero(wrong),
        "read well at rest": rng.choice(np.flatnonzero(right), 200, replace=False),
    }
    report: dict[str, Any] = {"resting": [round(float(v), 2) for v in log_odds(read[neutral]).mean(0)]}
    for group, rows in chosen.items():
        frames = model.probabilities(np.concatenate([variants(face, rng) for face in data.images[rows]]))
        frames = frames.reshape(len(rows), VARIANTS, 8)
        seen, judged = frames[:, ::2], frames[:, 1::2]
        bias = log_odds(seen).mean(1) - resting_of(model)
        part: dict[str, Any] = {"persons": len(rows), "frames at rest": {"before": rates(judged)}, "recall": {}}
        for way in ("calibrated", "slow"):
            taken = learn(model, seen, way)
            part["frames at rest"][way] = rates(corrected(judged, taken[:, None]))
            for name in EXPRESSIONS:
                k = EMOTIONS.index(name)
                true = read[wanted.counted & (wanted.majority == k)]
                shown = true[rng.integers(0, len(true), (len(rows), SHOWN_PER_PERSON))]
                added = corrected(shown, -bias[:, None])
                part["recall"].setdefault(name, {})[way] = {
                    "additive": [rates(added, k)["recall"], rates(corrected(added, taken[:, None]), k)["recall"]],
                    "unbiased": [rates(shown, k)["recall"], rates(corrected(shown, taken[:, None]), k)["recall"]],
                }
        report[group] = part
    return report


def people(model: EmotionModel, path: Path) -> dict[str, Any]:
    table = pq.read_table(path, columns=["image", "landmarks", "identity"])
    names = np.array(table["identity"].to_pylist())
    crops = []
    for data, flat in zip(table["image"].to_pylist(), table["landmarks"].to_pylist(), strict=True):
        points = np.array(flat, np.float32).reshape(1, 68, 2)
        box = [*points[0].min(0), *points[0].max(0)]
        image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        crops.append(model.align(image, Faces.from_boxes([box], points=five_points(points)))[0])
    read = model.probabilities(np.stack(crops))
    groups = [read[names == name] for name in np.unique(names)]
    within = np.mean([log_odds(group).var(0, ddof=1) for group in groups], axis=0)
    means = np.array([log_odds(group).mean(0) for group in groups])
    between = np.maximum(means.var(0, ddof=1) - within / np.mean([len(group) for group in groups]), 0)
    least = min(len(group) for group in groups) // 2 * 2
    frames = np.stack([group[:least] for group in groups])
    taken = learn(model, frames[:, ::2], "slow")
    judged = frames[:, 1::2]
    return {
        "persons": len(groups),
        "pictures": len(read),
        "sd_between": dict(zip(EMOTIONS, np.sqrt(between).round(2).tolist(), strict=True)),
        "sd_within": dict(zip(EMOTIONS, np.sqrt(within).round(2).tolist(), strict=True)),
        "other half, before": rates(judged),
        "other half, learned": rates(corrected(judged, taken[:, None])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="FER2013", help="Parquet with FER+ votes")
    parser.add_argument("--people", type=Path, help="Parquet with image, landmarks, identity")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", dest="as_json", help="JSON on one line")
    chosen = parser.parse_args()
    model = EmotionModel(zoo.load("emotion"))
    report = {
        "limits": {"calibrated": baseline.CALIBRATED_LIMIT, "slow": baseline.LEARNED_LIMIT},
        "simulated": simulated(model, chosen.data, chosen.seed),
        **({"people": people(model, chosen.people)} if chosen.people else {}),
        "machine": machine(),
    }
    print(json.dumps(report, indent=None if chosen.as_json else 1))


if __name__ == "__main__":
    main()
