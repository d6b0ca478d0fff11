"""System S5's model server: the emotion model alone.

An instance is a grey face of 48×48 pixels. It goes into the network as it is. A prediction is seven probabilities:
angry, disgust, scared, happy, sad, surprised, neutral.
"""

from __future__ import annotations

from typing import Any, Final

from mien.core.types import Image
from mien.server.compat.common import seven
from mien.server.compat.s5_models import Predict, numbers, pixels, routes
from mien.server.errors import ApiError
from mien.server.routes.predict import not_there
from mien.server.services import Backend

NAME: Final = "emotion_model"
SIDE: Final = 48


def crops(instances: Any) -> Image:
    """Return uint8 ``[n, 48, 48]`` for nested lists ``[n, 48, 48]`` or ``[n, 48, 48, 1]``.

    Raises:
        ApiError: 400, they are something else.
    """
    values = numbers(instances, "48×48 grey faces")
    shape = list(values.shape)
    if shape[1:] == [SIDE, SIDE, 1]:
        values = values[..., 0]
    if shape[1:] not in ([SIDE, SIDE], [SIDE, SIDE, 1]):
        raise ApiError(400, "invalid_request", f"an instance must have shape [48, 48, 1] or [48, 48], got {shape[1:]}")
    return pixels(values)


def _find(backend: Backend) -> Predict:
    classify = backend.classify
    if classify is None:
        raise not_there(NAME)
    return lambda instances: seven(classify(crops(instances))).astype(float).round(6).tolist()


router = routes(NAME, _find)
