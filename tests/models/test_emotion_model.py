from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mien.core.errors import ModelError
from mien.core.types import FloatArray
from mien.models import zoo
from mien.models.emotion import LEAST_QUALITY, EmotionModel, softmax


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    return EmotionModel(zoo.load("emotion"))


def with_spec(model: EmotionModel, **changes: object) -> EmotionModel:
    spec = dataclasses.replace(model.spec, **changes)  # type: ignore[arg-type]
    return EmotionModel(dataclasses.replace(model.model, spec=spec))


LOGITS = np.random.default_rng(0).normal(0, 2, (5, 8)).astype(np.float32)


def test_temperature_divides(model: EmotionModel) -> None:
    used = with_spec(model, temperature=2.0, vector=None)
    assert used.calibrated(LOGITS) == pytest.approx(softmax(LOGITS / np.float32(2)))


def test_vector_scaling_comes_after_the_temperature(model: EmotionModel) -> None:
    scale, bias = tuple(np.linspace(0.5, 1.5, 8)), tuple(np.linspace(-1, 1, 8))
    used = with_spec(model, temperature=2.0, vector=zoo.VectorScaling(scale, bias))
    moved = LOGITS / 2 * np.array(scale) + np.array(bias)
    expected = softmax(moved.astype(np.float32))
    assert used.calibrated(LOGITS) == pytest.approx(expected, abs=1e-6)


def test_a_manifest_with_uneven_vector_scaling_is_refused() -> None:
    entry = zoo.read_manifest(zoo.HERE / "manifest.json")["models"]["emotion"]
    entry["vector_scaling"] = {"scale": [1.0] * 8, "bias": [0.0] * 7}
    with pytest.raises(ModelError, match="8 factors and 7 offsets"):
        zoo.parse("emotion", entry, zoo.HERE / "weights")


def test_a_label_is_uncertain_below_the_threshold(model: EmotionModel) -> None:
    used = with_spec(model, thresholds={"certain": 0.6})
    probabilities = np.array([[0.6, 0.4, 0, 0, 0, 0, 0, 0], [0.59, 0.41, 0, 0, 0, 0, 0, 0]], np.float32)
    # The shown label may lag behind the likeliest: its own probability counts.
    assert used.uncertain(probabilities, np.array([0, 0])).tolist() == [False, True]
    assert used.uncertain(probabilities, np.array([1, 1])).tolist() == [True, True]


def test_a_poor_face_is_uncertain_however_sure_the_network_is(model: EmotionModel) -> None:
    probabilities, label = np.tile(np.eye(8, dtype=np.float32)[:1], (3, 1)), np.zeros(3, np.int64)
    quality = np.array([LEAST_QUALITY - 0.01, LEAST_QUALITY, 1], np.float32)
    assert model.uncertain(probabilities, label, quality).tolist() == [True, False, False]
    assert model.uncertain(probabilities, label).tolist() == [False] * 3


class Outputs:
    """A network with the outputs that it is given."""

    def __init__(self, *outputs: str) -> None:
        self.outputs = list(outputs)

    def run(self, tensor: FloatArray, wanted: tuple[str, ...]) -> dict[str, FloatArray]:
        return {name: np.full((len(tensor), 7), len(name), np.float32) for name in wanted}


def test_a_model_may_have_one_head_only(model: EmotionModel) -> None:
    seven: Any = Outputs("maps", "fer2013")
    used = EmotionModel(dataclasses.replace(model.model, session=seven))
    logits = used.logits(np.zeros((19, 48, 48), np.uint8))
    assert set(logits) == {"fer2013"}
    assert logits["fer2013"].shape == (19, 7)


def test_a_model_without_a_head_is_refused(model: EmotionModel) -> None:
    other: Any = Outputs("scores")
    with pytest.raises(ModelError, match="it has scores"):
        EmotionModel(dataclasses.replace(model.model, session=other)).logits(np.zeros((1, 48, 48), np.uint8))
