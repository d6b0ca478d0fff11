"""Evidence of a network whose reasons are known, and of the shipped one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from mien.core.errors import ModelError
from mien.core.labels import EMOTIONS
from mien.core.types import FloatArray, Image
from mien.models import zoo
from mien.models.emotion import EmotionModel

HAPPINESS, SADNESS = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")
CELLS = 6


class Corners:
    """A network with known reasons: light at the upper left means happiness, at the lower right sadness."""

    outputs = ("emotion", "fer2013", "maps")

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        n, side = len(tensor), tensor.shape[2] // CELLS
        light = tensor.reshape(n, CELLS, side, CELLS, side).mean((2, 4))
        maps = np.zeros((n, 8, CELLS, CELLS), np.float32)
        maps[:, HAPPINESS, :2, :2] = light[:, :2, :2]
        maps[:, SADNESS, -2:, -2:] = light[:, -2:, -2:]
        maps += 3  # what speaks for every word alike speaks for none
        found = {"emotion": maps.mean((2, 3)), "fer2013": np.zeros((n, 7), np.float32), "maps": maps}
        return {name: found[name] for name in outputs or self.outputs}


@pytest.fixture(scope="module")
def shipped() -> EmotionModel:
    return EmotionModel(zoo.load("emotion"))


def with_reasons(shipped: EmotionModel, **changes: object) -> EmotionModel:
    spec = dataclasses.replace(shipped.spec, **{"temperature": 1.0, "vector": None, **changes})  # type: ignore[arg-type]
    return EmotionModel(dataclasses.replace(shipped.model, spec=spec, session=Corners()))  # type: ignore[arg-type]


def lit(*corners: str) -> Image:
    crop = np.full((1, 48, 48), 128, np.uint8)
    for corner in corners:
        rows = slice(0, 16) if "upper" in corner else slice(32, 48)
        columns = slice(0, 16) if "left" in corner else slice(32, 48)
        crop[0, rows, columns] = 255
    return crop


def test_evidence_lies_where_the_reason_is(shipped: EmotionModel) -> None:
    evidence = with_reasons(shipped).evidence(lit("upper left"), np.array([HAPPINESS]))[0]
    assert evidence.shape == (CELLS, CELLS)
    assert (evidence[:2, :2] > 1).all()
    evidence[:2, :2] = 0
    assert np.abs(evidence).max() < 0.02


def test_what_speaks_for_a_rival_speaks_against(shipped: EmotionModel) -> None:
    evidence = with_reasons(shipped).evidence(lit("upper left", "lower right"), np.array([HAPPINESS]))[0]
    assert (evidence[:2, :2] > 1).all()
    assert (evidence[-2:, -2:] < -0.1).all()


@pytest.mark.parametrize("scaled", [False, True])
def test_the_mean_is_the_change_of_the_log_odds(shipped: EmotionModel, scaled: bool) -> None:
    """To first order: a network whose maps are all a little stronger is that much surer."""
    vector = zoo.VectorScaling(tuple(np.linspace(0.5, 1.5, 8)), tuple(np.linspace(-1, 1, 8)))
    model = with_reasons(shipped, temperature=1.7, **({"vector": vector} if scaled else {}))
    crops = lit("upper left", "lower right")
    logits = model.logits(crops)["emotion"]

    def log_odds(gain: float) -> float:
        p = float(model.calibrated(logits * np.float32(gain))[0, HAPPINESS])
        return float(np.log(p / (1 - p)))

    step = 0.02
    slope = (log_odds(1 + step) - log_odds(1 - step)) / (2 * step)
    assert model.evidence(crops, np.array([HAPPINESS])).mean() == pytest.approx(slope, abs=2e-3)


def test_no_faces_no_evidence(shipped: EmotionModel) -> None:
    assert len(shipped.evidence(np.empty((0, 48, 48), np.uint8), np.empty(0, np.int64))) == 0


def test_a_network_without_maps_says_so(shipped: EmotionModel) -> None:
    other = zoo.load("face-landmarks").session
    model = EmotionModel(dataclasses.replace(shipped.model, session=other))
    with pytest.raises(ModelError, match="no output"):
        model.evidence(lit("upper left"), np.array([0]))


@pytest.mark.parametrize("precision", zoo.PRECISIONS)
def test_the_shipped_maps_belong_to_the_shipped_logits(precision: str) -> None:
    """Mean of the map plus a constant, the head's bias, is the logit: the maps are of these very heads."""
    model = zoo.load("emotion", precision)
    pictures = np.random.default_rng(0).normal(0, 0.8, (16, 1, 48, 48)).astype(np.float32)
    got = model.run(pictures)
    bias = got["emotion"] - got["maps"].mean((2, 3))
    # In int8 the heads are rounded to steps, and the maps are not.
    assert bias.std(0).max() < (1e-4 if precision == "fp32" else 0.05) * got["emotion"].std()
