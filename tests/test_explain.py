"""Hiding what a heat map names changes the answer more than hiding what it passes over."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien.core.heat import Heat
from mien.core.settings import AnalyzerSettings, Wants
from mien.core.types import Faces, Image
from mien.pipeline import Analyzer, Stopwatch

HAPPY = mien.EMOTIONS.index("happiness")


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def hidden(portrait: Image, heat: Heat, highest: bool) -> Image:
    """Cover the square of a third of the view's width in which the map is highest, or lowest, with grey."""
    x1, y1, x2, y2 = (round(v) for v in heat.area(0))
    values = heat.over(0, (x1, y1, x2, y2), x2 - x1, y2 - y1)
    side = (x2 - x1) // 3
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    at = squares.argmax() if highest else squares.argmin()
    y, x = np.unravel_index(at, squares.shape)
    picture = portrait.copy()
    picture[y1 + y : y1 + y + side, x1 + x : x1 + x + side] = 127
    return picture


def log_odds(analyzer: Analyzer, image: Image, faces: Faces) -> float:
    p = analyzer.read_emotions(image, faces, Stopwatch()).emotion_raw
    assert p is not None
    q = float(np.delete(p[0].astype(np.float64), HAPPY).sum())
    return float(np.log(p[0, HAPPY] / max(q, 1e-12)))


def test_what_is_named_matters_more_than_what_is_not(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    result = analyzer.analyze(portrait, Wants(explain=True))
    heat, faces = result.heat, result.faces
    assert heat is not None
    assert heat.label.tolist() == [HAPPY]
    before = log_odds(analyzer, portrait, faces)
    by_highest = before - log_odds(analyzer, hidden(portrait, heat, True), faces)
    by_lowest = before - log_odds(analyzer, hidden(portrait, heat, False), faces)
    assert by_highest > 1
    assert by_highest > by_lowest + 1


def test_a_smile_is_read_below_the_eyes(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    result = analyzer.analyze(portrait, Wants(explain=True))
    assert result.heat is not None
    area = result.heat.area(0)
    values = result.heat.over(0, area, 60, 60)
    row, column = np.unravel_index(values.argmax(), values.shape)
    eyes, mouth = result.faces.points[0, :2, 1].mean(), result.faces.points[0, 3:, 1].mean()
    strongest = area[1] + (row + 0.5) / 60 * (area[3] - area[1])
    assert eyes < strongest < mouth + 0.5 * (mouth - eyes)
    assert area[0] + (column + 0.5) / 60 * (area[2] - area[0]) == pytest.approx(result.faces.points[0, 2, 0], abs=30)


def test_nothing_is_explained_unasked(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    assert analyzer.analyze(portrait).heat is None


def test_another_label_has_other_reasons(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    faces = analyzer.analyze(portrait).faces
    sad = analyzer.explain(portrait, faces.replace(label=np.array([mien.EMOTIONS.index("sadness")])))
    happy = analyzer.explain(portrait, faces)
    assert sad.maps[0].mean() < 0 < happy.maps[0].mean()


def test_faces_without_emotions_cannot_be_explained(analyzer: Analyzer, portrait: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="no emotions"):
        analyzer.explain(portrait, Faces.from_boxes([[170, 60, 280, 180]]))


@pytest.mark.parametrize("explain", [False, True])
def test_streams_explain_what_they_show(portrait: NDArray[np.uint8], explain: bool) -> None:
    stream = Analyzer(AnalyzerSettings(explain=explain)).stream()
    result = stream.analyze(mien.Frame(portrait))
    assert (result.heat is not None) == explain
    if result.heat is not None:
        assert result.heat.label.tolist() == result.faces.label.tolist()  # type: ignore[union-attr]


def test_a_picture_without_faces_has_empty_heat(analyzer: Analyzer) -> None:
    result = analyzer.analyze(np.full((80, 80, 3), 90, np.uint8), Wants(explain=True))
    assert result.heat is not None
    assert len(result.heat) == 0
