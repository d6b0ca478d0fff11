"""System S5's model server: the model of age and gender, where the server was started with ``--attributes``.

An instance is a face of 64×64 pixels in colour. It is taken for blue first, as OpenCV cuts it out: the original does
not say. A prediction has the names of the original's outputs: ``dense``, the probabilities of female and male, and
``dense_1``, those of the years 0 to 100.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from mien.core.types import Image
from mien.models.attributes import OFF, AttributeModel
from mien.server.compat.s5_models import Predict, numbers, pixels, routes
from mien.server.errors import ApiError
from mien.server.routes.predict import not_there
from mien.server.services import Backend

NAME: Final = "age_gender_model"
SIDE: Final = 64


def faces(instances: Any) -> Image:
    """Return BGR uint8 ``[n, 64, 64, 3]`` for nested lists of that shape.

    Raises:
        ApiError: 400, they are something else.
    """
    values = numbers(instances, "64×64×3 faces")
    if values.shape[1:] != (SIDE, SIDE, 3):
        raise ApiError(400, "invalid_request", f"an instance must have shape [64, 64, 3], got {list(values.shape[1:])}")
    return pixels(values)


def _predict(model: AttributeModel, instances: Any) -> list[dict[str, list[float]]]:
    years, female = model.read_crops(faces(instances))
    genders = np.stack([female, 1 - female], axis=1)
    return [
        {"dense": gender.astype(float).round(6).tolist(), "dense_1": ages.astype(float).round(6).tolist()}
        for gender, ages in zip(genders, years, strict=True)
    ]


def _find(backend: Backend) -> Predict:
    if backend.attributes is None:
        raise not_there(NAME, why=OFF)
    return partial(_predict, backend.attributes)


router = routes(NAME, _find)
