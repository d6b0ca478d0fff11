from __future__ import annotations

import pytest

from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings, TrackingSettings, attributes_of


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"precision": "fp8"}, "fp8"),
        ({"detect_size": 5}, "detect_size"),
        ({"threads": 0}, "threads"),
        ({"max_faces": 0}, "max_faces"),
    ],
)
def test_analyzer_settings_refuse_nonsense(options: dict[str, object], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        AnalyzerSettings(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options", [{"keep_lost": -1}, {"detect_interval": -0.1}, {"smoothing": -1}, {"hold": -1}, {"min_iou": 0}]
)
def test_tracking_settings_refuse_nonsense(options: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(options))):
        TrackingSettings(**options)  # type: ignore[arg-type]


def test_settings_can_be_a_key() -> None:
    assert AnalyzerSettings(threads=2) == AnalyzerSettings(threads=2)
    assert len({AnalyzerSettings(), AnalyzerSettings()}) == 1


@pytest.mark.parametrize(
    ("chosen", "size", "looked_at"),
    [(None, (640, 480), 320), (None, (1280, 720), 320), (None, (1080, 1920), 480), (640, (64, 48), 640)],
)
def test_large_pictures_are_looked_at_closer(chosen: int | None, size: tuple[int, int], looked_at: int) -> None:
    assert AnalyzerSettings(detect_size=chosen).look_at(*size) == looked_at


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ("age", ("age",)),
        (" gender ,age,", ("age", "gender")),
        (["gender", "gender"], ("gender",)),
        (("age", "gender"), ("age", "gender")),
    ],
)
def test_attributes_are_named(value: object, names: tuple[str, ...]) -> None:
    assert attributes_of(value) == names
    assert AnalyzerSettings(attributes=value).wants.attributes == names  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["race", ["age", "ethnicity"], 7, True, [1], {"age": True}])
def test_other_attributes_are_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="age, gender"):
        attributes_of(value)
