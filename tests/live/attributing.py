"""A stand-in for the network of age and gender, for tests that need none that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.types import FloatArray
from mien.models import zoo
from mien.models.attributes import AttributeModel
from mien.models.spec import InputSpec


class Brightness:
    """Takes the mean brightness for the age (0–100) and more red than blue for a woman's face.

    Attributes:
        batches: faces of every call.
    """

    def __init__(self, *outputs: str) -> None:
        self.outputs = list(outputs or ("age", "gender"))
        self.batches: list[int] = []

    def run(self, tensor: FloatArray, wanted: Sequence[str]) -> dict[str, FloatArray]:
        self.batches.append(len(tensor))
        assert tensor.shape[1:] == (3, 96, 96)
        year = (tensor.mean((1, 2, 3)) + 1) / 2 * 100
        age = -((np.arange(101) - year[:, None]) ** 2) / 50
        gender = 4 * (tensor[:, :1].mean((2, 3)) - tensor[:, 2:].mean((2, 3)))
        return {name: {"age": age, "gender": gender}[name].astype(np.float32) for name in wanted}


def stand_in(session: Brightness | None = None, temperature: float = 1.0, **thresholds: float) -> AttributeModel:
    """Return a model that computes with `Brightness`."""
    spec = zoo.ModelSpec(
        name="attributes",
        kind="attributes",
        version="test",
        licence="non-commercial research use only (UTKFace)",
        files={"int8": zoo.ModelFile(Path("none"), "", {}, 0.0)},
        input=InputSpec(width=96, height=96, colour="rgb", box=(0.1, 0.1, 0.9, 0.9)),
        golden_shape=(1, 3, 96, 96),
        temperature=temperature,
        thresholds=thresholds,
    )
    network: Any = session or Brightness()
    return AttributeModel(zoo.Model(spec, "int8", network))
