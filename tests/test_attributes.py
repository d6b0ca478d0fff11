"""Age and gender through the pipeline; the network is a stand-in that reads brightness and redness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from attributing import Brightness, stand_in

from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings, Wants
from mien.core.types import Faces, Frame, FrameResult, Image
from mien.models import attributes
from mien.outputs.json import face_to_json
from mien.pipeline import Analyzer

BOTH = Wants(attributes=("age", "gender"))
SHARP = np.random.default_rng(0).integers(-60, 61, (240, 320, 1))
"""Detail, so that the faces are not blurred."""


class Boxes:
    """A detector that always finds the same boxes."""

    name, interval, min_score = "boxes", 0.0, 0.5

    def __init__(self, *boxes: list[float]) -> None:
        self.boxes = boxes

    def detect(self, image: Image, streaming: bool = False, closer: bool = False) -> Faces:
        return Faces.from_boxes(self.boxes)


LEFT, RIGHT, SMALL = [20.0, 40.0, 120.0, 160.0], [200.0, 40.0, 300.0, 160.0], [150.0, 20.0, 170.0, 40.0]


def picture(left: int, right: int, red: int = 0) -> Image:
    """Two halves of so much brightness; the right one may be redder."""
    image = np.zeros((240, 320, 3), np.int64)
    image[:, :160], image[:, 160:] = left, right
    image[:, 160:, 2] += red
    image[:, 160:, 0] -= red
    return np.asarray(np.clip(image + SHARP, 0, 255), np.uint8)


def analyzer_of(*boxes: list[float], session: Brightness | None = None, **settings: Any) -> Analyzer:
    made = Analyzer(AnalyzerSettings(**settings), Boxes(*boxes))
    made.attributes = stand_in(session)
    return made


def ages(result: FrameResult) -> list[float]:
    assert result.faces.age is not None
    return [float(age) for age in result.faces.age]


def test_nothing_is_read_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any) -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr(attributes, "load", load)
    analyzer = Analyzer(detector=Boxes(LEFT))
    alone, streamed = analyzer.analyze(picture(120, 120)), analyzer.stream().analyze(Frame(picture(120, 120)))
    for result in (alone, streamed):
        assert (result.faces.age, result.faces.gender, "attributes" in result.stages_ms) == (None, None, False)


def test_each_face_of_a_picture_has_its_own() -> None:
    result = analyzer_of(LEFT, RIGHT, SMALL).analyze(picture(102, 153, 40), BOTH)
    faces = result.faces
    assert ages(result)[:2] == pytest.approx([40, 60], abs=2)
    assert faces.age_low is not None
    assert faces.age_high is not None
    assert faces.age is not None
    assert (faces.age_low < faces.age).all()
    assert (faces.age < faces.age_high).all()
    assert faces.gender is not None
    assert faces.gender[:2] == pytest.approx([0.5, 0.93], abs=0.03)
    assert faces.age_uncertain is not None
    assert faces.age_uncertain.tolist() == [False, False, True], "of a small face"
    assert faces.gender_uncertain is not None
    assert faces.gender_uncertain.tolist() == [True, False, True]
    assert "attributes" in result.stages_ms


@pytest.mark.parametrize(("wanted", "age", "gender"), [(("age",), True, False), (("gender",), False, True)])
def test_one_of_the_two(wanted: tuple[str, ...], age: bool, gender: bool) -> None:
    analyzer = analyzer_of(LEFT)
    for result in (
        analyzer.analyze(picture(102, 102), Wants(attributes=wanted)),
        replaced(analyzer, wanted).analyze(Frame(picture(102, 102))),
    ):
        assert (result.faces.age is not None, result.faces.gender is not None) == (age, gender)


def replaced(analyzer: Analyzer, wanted: tuple[str, ...]) -> Any:
    stream = analyzer.stream()
    stream.wants = replace(stream.wants, attributes=wanted)
    return stream


def test_a_picture_without_faces_needs_no_network() -> None:
    session = Brightness()
    result = analyzer_of(session=session).analyze(picture(90, 90), BOTH)
    assert (ages(result), session.batches) == ([], [])


def test_settings_ask_for_every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load(get: Any) -> Any:
        loaded.append(get("emotion").precision)
        return stand_in()

    monkeypatch.setattr(attributes, "load", load)
    analyzer = Analyzer(AnalyzerSettings(attributes="gender, age", precision="fp32"), Boxes(LEFT))  # type: ignore[arg-type]
    assert loaded == ["fp32"], "when it starts, not with the first picture"
    assert ages(analyzer.analyze(picture(102, 102))) == pytest.approx([40], abs=2)
    assert ages(analyzer.stream().analyze(Frame(picture(102, 102)))) == pytest.approx([40], abs=2)


def test_who_does_not_allow_it_never_loads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "load", lambda *_: stand_in())
    analyzer = Analyzer(AnalyzerSettings(attributes_allowed=False), Boxes(LEFT))
    with pytest.raises(SettingsError, match="mien serve --attributes"):
        analyzer.analyze(picture(90, 90), BOTH)
    stream = replaced(analyzer, ("age",))
    with pytest.raises(SettingsError, match="mien serve --attributes"):
        stream.analyze(Frame(picture(90, 90)))


def test_a_stream_looks_now_and_then_and_averages() -> None:
    session = Brightness()
    stream = replaced(analyzer_of(LEFT, RIGHT, session=session), ("age", "gender"))
    shown = []
    for frame in range(31):  # 1 s
        # The light flickers between two looks and the next; nobody's age does.
        left = (90, 116)[(frame // 15) % 2]
        shown.append(ages(stream.analyze(Frame(picture(left, 153), frame, frame / 30))))
    assert session.batches == [2, 2, 2], "both at 0, 0.5 and 1 s"
    assert [row[0] for row in shown[:15]] == pytest.approx([35.3] * 15, abs=2)
    assert [row[0] for row in shown[15:30]] == pytest.approx([40.4] * 15, abs=2)
    assert [row[1] for row in shown] == pytest.approx([60] * 31, abs=2)


def test_who_switches_them_off_is_forgotten() -> None:
    session = Brightness()
    stream = replaced(analyzer_of(LEFT, session=session), ("age",))
    stream.analyze(Frame(picture(102, 102), 0, 0.0))
    stream.wants = Wants()
    assert stream.analyze(Frame(picture(102, 102), 1, 0.1)).faces.age is None
    stream.wants = BOTH
    assert ages(stream.analyze(Frame(picture(51, 51), 2, 0.2))) == pytest.approx([20], abs=2)
    stream.reset()
    assert ages(stream.analyze(Frame(picture(102, 102), 3, 0.3))) == pytest.approx([40], abs=2)
    assert session.batches == [1, 1, 1]


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_grown_woman(portrait: Image, precision: str) -> None:
    """The shipped network, on Eileen Collins at 36."""
    analyzer = Analyzer(AnalyzerSettings(attributes=("age", "gender"), precision=precision))
    value = face_to_json(analyzer.analyze(portrait).faces, 0)
    assert 25 < value["age"] < 45
    assert value["age_range"][0] < 36 < value["age_range"][1]
    assert "age_uncertain" not in value
    assert value["gender"]["label"] != "male"


def test_a_small_copy_of_her_is_uncertain(portrait: Image) -> None:
    small = np.asarray(cv2.resize(portrait, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8)
    result = Analyzer(AnalyzerSettings(attributes=("age", "gender"), small_faces=True)).analyze(small)
    assert len(result.faces) == 1
    assert result.faces.sizes[0] < 32
    assert result.faces.age_uncertain is not None
    assert result.faces.gender_uncertain is not None
    assert (result.faces.age_uncertain[0], result.faces.gender_uncertain[0]) == (True, True)
