from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mien.core.labels import EMOTIONS
from mien.core.types import Faces, FrameResult, Image
from mien.outputs import overlay
from mien.outputs.overlay import COLOURS, draw

GREY = 128


def ground(width: int = 320, height: int = 240) -> Image:
    return np.full((height, width, 3), GREY, np.uint8)


def result(faces: Faces, width: int = 320, height: int = 240) -> FrameResult:
    return FrameResult(0, 0.0, width, height, faces)


def one(emotion: str = "happiness", confidence: float = 0.9, uncertain: bool = False) -> Faces:
    probabilities = np.full((1, 8), (1 - confidence) / 7)
    probabilities[0, EMOTIONS.index(emotion)] = confidence
    return Faces.from_boxes([[100, 100, 200, 200]]).replace(emotion=probabilities, uncertain=[uncertain], tracks=[3])


def count(image: Image, colour: tuple[int, ...]) -> int:
    return int((np.abs(image.astype(int) - colour).max(2) <= 8).sum())


def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every text is added that is drawn from now on."""
    texts: list[str] = []
    write = cv2.putText

    def put(image: Image, text: str, *rest: Any) -> Any:
        texts.append(text)
        return write(image, text, *rest)

    monkeypatch.setattr(cv2, "putText", put)
    return texts


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert tuple(COLOURS) == EMOTIONS
    assert len(set(COLOURS.values())) == len(EMOTIONS)
    assert COLOURS["happiness"] == (0x00, 0xA1, 0xE0)  # BGR


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_white_text_is_readable_on_the_fill(colour: tuple[int, int, int]) -> None:
    def luminance(bgr: np.ndarray) -> float:  # WCAG 2.2
        linear = np.where(bgr <= 0.04045, bgr / 12.92, ((bgr + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.0722, 0.7152, 0.2126])

    assert 1.05 / (luminance(np.array(colour) * overlay._SHADE / 255) + 0.05) >= 4.5


def test_a_new_picture_is_returned() -> None:
    image = ground()
    drawn = draw(image, result(one()))
    assert (image == GREY).all()
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, image)


def test_chips_without_words_are_shorter_and_of_the_same_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = written(monkeypatch)
    faces = one("fear", uncertain=True).replace(
        age=[31.0], age_low=[26.0], age_high=[38.0], gender=[0.9], gender_uncertain=[False]
    )
    drawn = draw(ground(), result(faces), words=False)
    assert texts == ["ID 3  90% ?  26-38"]
    assert count(drawn, COLOURS["fear"]) > 0
    assert (overlay.draw_without_words(ground(), result(faces)) == drawn).all()


def test_nothing_is_drawn_without_faces() -> None:
    assert (draw(ground(), result(Faces.empty())) == ground()).all()


def test_corners_lie_on_the_box() -> None:
    drawn = draw(ground(), result(one("surprise")))
    for x, y in ((100, 100), (200, 100), (100, 200), (200, 200)):
        assert count(drawn[y - 1 : y + 2, x - 1 : x + 2], COLOURS["surprise"]) > 0
    assert (drawn[140:160, 95:105] == GREY).all()  # the sides between the corners stay open
    assert (drawn[120:180, 120:180] == GREY).all()  # the face stays free


def test_the_fill_grows_with_the_confidence() -> None:
    shade = tuple(round(v * overlay._SHADE) for v in COLOURS["anger"])
    areas = [count(draw(ground(), result(one("anger", p))), shade) for p in (0.3, 0.6, 0.95)]
    assert areas[0] < areas[1] < areas[2]


def test_uncertain_is_dashed() -> None:
    sure, unsure = (draw(ground(), result(one("fear", uncertain=flag))) for flag in (False, True))
    row = slice(99, 102)
    arm = (np.abs(unsure[row, 100:135].astype(int) - COLOURS["fear"]).max(2) <= 8).any(0)
    assert 2 <= np.count_nonzero(np.diff(arm.astype(int)) == -1) <= 3
    solid = (np.abs(sure[row, 100:122].astype(int) - COLOURS["fear"]).max(2) <= 8).any(0)
    assert solid.all()


def test_the_chip_tells_who_what_and_how_sure() -> None:
    assert overlay._chip(one("sadness", 0.45, True), 0).text == "ID 3  Sadness 45% ?"
    assert overlay._chip(Faces.from_boxes([[0, 0, 9, 9]], [0.5]), 0).text == "Face 50%"
    lagging = one("sadness", 0.45).replace(label=[0], tracks=None)
    assert overlay._chip(lagging, 0).text == "Neutral 8%"


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"age": [31.2], "age_low": [25.6], "age_high": [38.4], "age_uncertain": [False]}, "26-38"),
        ({"age": [2.0], "age_low": [0.0], "age_high": [4.0], "age_uncertain": [True]}, "0-4 ?"),
        ({"age": [31.2]}, "31"),
        ({"gender": [0.9], "gender_uncertain": [False]}, "female 90%"),
        ({"gender": [0.1]}, "male 90%"),
        ({"gender": [0.6], "gender_uncertain": [True]}, "gender ?"),
        ({"age": [40.0], "gender": [0.1]}, "40  male 90%"),
    ],
)
def test_the_chip_tells_age_and_gender_where_they_were_asked_for(columns: dict[str, list[float]], text: str) -> None:
    assert overlay._chip(one().replace(**columns), 0).text == f"ID 3  Happiness 90%  {text}"


def test_chips_do_not_cover_each_other() -> None:
    faces = Faces.from_boxes([[20, 60, 60, 100], [70, 62, 110, 102], [120, 58, 160, 98]])
    drawn = draw(ground(), result(faces))
    assert (drawn != GREY).any(2).sum() > 0
    taken: list[overlay.Rect] = []
    boxes = [(20, 60, 60, 100), (70, 62, 110, 102), (120, 58, 160, 98)]
    for box in boxes:
        taken.append(overlay._place(box, (80, 14), (320, 240), taken, [b for b in boxes if b != box])[1])
    assert all(overlay._overlap(a, b) == 0 for i, a in enumerate(taken) for b in taken[:i])
    assert all(overlay._overlap(chip, box) == 0 for chip in taken for box in boxes)


def test_a_smaller_copy_of_the_picture_is_drawn_on_in_scale() -> None:
    drawn = draw(ground(160, 120), result(one("surprise"), 320, 240))
    assert count(drawn[49:52, 49:52], COLOURS["surprise"]) > 0
    assert count(drawn[99:102, 99:102], COLOURS["surprise"]) > 0


def test_lines_and_text_grow_with_the_picture() -> None:
    small = draw(ground(640, 360), result(one(), 320, 240))
    large = draw(ground(3840, 2160), result(one(), 320, 240))
    shares = [float((image != GREY).any(2).mean()) for image in (small, large)]
    assert shares[1] == pytest.approx(shares[0], rel=0.6)


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    arrays.arrays(np.float32, (3, 4), elements=st.floats(-300, 300, width=32) | st.just(np.float32(np.nan))),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_box_on_any_picture(width: int, height: int, boxes: np.ndarray, uncertain: bool) -> None:
    faces = Faces.from_boxes(boxes).replace(
        emotion=np.full((3, 8), 1 / 8), uncertain=[uncertain] * 3, tracks=[1, 22, 3]
    )
    assert draw(ground(width, height), result(faces, width, height)).shape == (height, width, 3)


@given(
    st.tuples(*[st.integers(0, 99)] * 4),
    st.integers(1, 100),
    st.integers(1, 80),
    st.lists(st.tuples(*[st.integers(0, 99)] * 4)),
)
def test_chips_never_leave_the_picture(
    corners: tuple[int, ...], width: int, height: int, others: list[tuple[int, int, int, int]]
) -> None:
    box = (
        min(corners[0], corners[2]),
        min(corners[1], corners[3]),
        max(corners[0], corners[2]),
        max(corners[1], corners[3]),
    )
    x1, y1, x2, y2 = overlay._place(box, (width, height), (100, 80), [], others)[1]
    assert (x2 - x1, y2 - y1) == (width, height)
    assert x1 >= 0
    assert y1 >= 0
    assert x2 <= 100
    assert y2 <= 80


def test_text_of_a_chip_at_the_edge_is_whole() -> None:
    # The same chip in the middle and in a corner has as many white text pixels.
    middle, corner = (
        draw(ground(), result(one().replace(boxes=[[x, y, x + 60, y + 60]]))) for x, y in ((130, 90), (255, 175))
    )
    white = [int((cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) > 230).sum()) for image in (middle, corner)]
    assert white[0] > 100
    assert white[1] == pytest.approx(white[0], rel=0.05)


def test_a_long_chip_goes_on_in_a_second_line(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = written(monkeypatch)
    faces = one().replace(boxes=[[100, 100, 150, 160]], age=[31.0], gender=[0.9], gender_uncertain=[False])
    draw(ground(), result(faces))
    assert sorted(texts) == ["31  female 90%", "ID 3  Happiness 90%"]
    texts.clear()
    draw(ground(640, 480), result(faces.replace(boxes=[[100, 60, 500, 460]]), 640, 480))
    assert texts == ["ID 3  Happiness 90%  31  female 90%"]


def test_a_chip_stands_beside_a_face_that_has_others_above_and_below() -> None:
    middle = (140, 100, 180, 140)
    others = [(120, 40, 200, 98), (120, 142, 200, 220)]
    cost, place = overlay._place(middle, (60, 20), (320, 240), [], others)
    assert cost == 0
    assert place[0] >= middle[2] or place[2] <= middle[0]
