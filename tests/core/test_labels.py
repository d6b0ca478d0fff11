from __future__ import annotations

import pytest

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013, FER2013_IN_EMOTIONS, canonical


def test_the_orders_are_those_of_the_data_sets() -> None:
    assert EMOTIONS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert [EMOTIONS[i] for i in FER2013_IN_EMOTIONS] == list(FER2013)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Happy", "happiness"),
        (" sad ", "sadness"),
        ("ANGRY", "anger"),
        ("Surprise", "surprise"),
        ("contempt", "contempt"),
        ("Fear", "fear"),
        ("disgust", "disgust"),
        ("natural", "neutral"),
    ],
)
def test_other_spellings(name: str, label: str) -> None:
    assert canonical(name) == label


def test_an_unknown_name_is_named_with_the_choices() -> None:
    with pytest.raises(InputError, match=r"'bored'.*happiness"):
        canonical("bored")
