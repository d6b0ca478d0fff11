"""What was seen, drawn onto the picture: corner boxes and a label chip per face, heat maps where there are any.

A chip says who ("ID 3"), which expression and how sure, and where they were asked for age and gender; its fill grows
with the probability of the expression. Boxes and chips are dashed
where the result is uncertain, so that nothing is told by colour alone. Sizes follow the picture and the face.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from mien.core.labels import EMOTIONS
from mien.core.types import Faces, FrameResult, Image
from mien.outputs.heat import lay
from mien.outputs.json import shown_emotion, shown_gender
from mien.outputs.marks import check, draw_marks

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]


def _bgr(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return blue, green, red


COLOURS: Final[dict[str, Colour]] = {
    "neutral": _bgr("#8A94A6"),
    "happiness": _bgr("#E0A100"),
    "surprise": _bgr("#1AA7B5"),
    "sadness": _bgr("#3B6FD4"),
    "anger": _bgr("#D6403A"),
    "disgust": _bgr("#6B8E23"),
    "fear": _bgr("#8E5BD0"),
    "contempt": _bgr("#C2679B"),
}
"""BGR colour of each emotion."""

_PLAIN: Final = _bgr("#FFFFFF")
_DARK: Final = _bgr("#171B21")
_FONT: Final = cv2.FONT_HERSHEY_DUPLEX
_SHADE: Final = 0.55
"""The fill is the emotion's colour darkened by this, which gives white text a contrast above 4.5 on every one."""


@dataclass(frozen=True, slots=True)
class _Chip:
    text: str
    colour: Colour
    fill: float
    dashed: bool
    split: int = 0  # where the text may go on in a second line; 0 for nowhere


def draw_without_words(image: Image, result: FrameResult) -> Image:
    """Draw as `draw` does, with numbers alone on the chips: for pages that say beside it, in any language, the rest."""
    return draw(image, result, words=False)


def draw(
    image: Image, result: FrameResult, marks: Collection[str] = ("landmarks", "pose"), words: bool = True
) -> Image:
    """Draw the faces of ``result`` onto a copy of ``image``.

    Args:
        image: BGR uint8 ``[H, W, 3]``; may be a scaled version of the picture that was analysed.
        result: what was seen.
        marks: what to draw inside the box where it was computed, some of `mien.outputs.marks.MARKS`.
        words: write on the chips which expression and gender it is; else the numbers alone.

    Returns:
        A new picture of the same size.

    Raises:
        SettingsError: there is no such mark.
    """
    check(marks)
    canvas = np.array(image, dtype=np.uint8, order="C")
    height, width = canvas.shape[:2]
    scale = np.array([width / max(result.width, 1), height / max(result.height, 1)] * 2)
    if result.heat is not None:
        lay(canvas, result.heat, float(scale[0]), float(scale[1]))
    boxes = result.faces.boxes * scale
    rows = [row for row in range(len(boxes)) if np.isfinite(boxes[row]).all() and _within(boxes[row], width, height)]
    line = max(1, round(min(width, height) / 240))
    rects = {row: _clip(boxes[row], width, height) for row in rows}
    chips = {row: _chip(result.faces, row, words) for row in rows}
    for row in reversed(rows):
        draw_marks(canvas, result.faces, row, marks, scale[:2])
        _corners(canvas, rects[row], chips[row], line)
    taken: list[Rect] = []
    for row in rows:
        others = [rects[other] for other in rows if other != row]
        taken.append(_label(canvas, rects[row], chips[row], taken, others))
    return canvas


def _within(box: Any, width: int, height: int) -> bool:
    return bool(
        box[2] > 0 and box[3] > 0 and box[0] < width and box[1] < height and box[2] > box[0] and box[3] > box[1]
    )


def _clip(box: Any, width: int, height: int) -> Rect:
    limits = np.array([width - 1, height - 1] * 2)
    x1, y1, x2, y2 = np.clip(np.rint(box), 0, limits).astype(int).tolist()
    return x1, y1, x2, y2


def _chip(faces: Faces, row: int, words: bool = True) -> _Chip:
    who = "" if faces.tracks is None else f"ID {faces.tracks[row]}  "
    about = "".join(f"  {text}" for text in _attributes(faces, row, words))
    if faces.emotion is None:
        score = float(faces.scores[row])
        text, colour, fill, uncertain = f"{who}{'Face ' if words else ''}{score:.0%}", _PLAIN, score, False
    else:
        label, fill = shown_emotion(faces, row)
        uncertain = faces.uncertain is not None and bool(faces.uncertain[row])
        name = f"{EMOTIONS[label].capitalize()} " if words else ""
        text, colour = f"{who}{name}{fill:.0%}{' ?' if uncertain else ''}", COLOURS[EMOTIONS[label]]
    return _Chip(text + about, colour, fill, uncertain, len(text) if about else 0)


def _attributes(faces: Faces, row: int, words: bool = True) -> list[str]:
    """Return age and gender as far as they were asked for, in ASCII, which is all that OpenCV's font has."""
    texts = []
    if faces.age_low is not None and faces.age_high is not None:
        doubt = " ?" if faces.age_uncertain is not None and faces.age_uncertain[row] else ""
        texts.append(f"{faces.age_low[row]:.0f}-{faces.age_high[row]:.0f}{doubt}")
    elif faces.age is not None:
        texts.append(f"{faces.age[row]:.0f}")
    if faces.gender is not None and words:
        label, confidence = shown_gender(faces, row)
        texts.append("gender ?" if label == "uncertain" else f"{label} {confidence:.0%}")
    return texts


def _corners(canvas: Image, rect: Rect, chip: _Chip, line: int) -> None:
    """Draw the four corners of a box, dark outside so that they show on any ground."""
    x1, y1, x2, y2 = rect
    # Dashed arms are longer, so that there is room for gaps that can be seen.
    arm = max(2, round((0.34 if chip.dashed else 0.22) * min(x2 - x1, y2 - y1)))
    count = (3 if arm >= 18 * line else 2) if chip.dashed else 1
    for colour, rim in ((_DARK, 1), (chip.colour, 0)):
        for x, dx in ((x1, arm), (x2, -arm)):
            for y, dy in ((y1, arm), (y2, -arm)):
                for end in ((x + dx, y), (x, y + dy)):
                    for dash in _dashes((x, y), end, count):
                        _bar(canvas, *dash, line, rim, colour)


def _bar(canvas: Image, a: tuple[int, int], b: tuple[int, int], line: int, rim: int, colour: Colour) -> None:
    """Fill a bar along a level or upright line; exact to the pixel, which smoothed lines are not."""
    before, after = line // 2 + rim, line - line // 2 + rim
    x1, x2 = sorted((a[0], b[0]))
    y1, y2 = sorted((a[1], b[1]))
    canvas[max(0, y1 - before) : max(0, y2 + after), max(0, x1 - before) : max(0, x2 + after)] = colour


def _dashes(
    start: tuple[int, int], end: tuple[int, int], count: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield ``count`` dashes along a line, as long as the gaps between them."""
    a, b = np.array(start), np.array(end)
    for k in range(count):
        low, high = (a + (b - a) * at / (2 * count - 1) for at in (2 * k, 2 * k + 1))
        yield (round(float(low[0])), round(float(low[1]))), (round(float(high[0])), round(float(high[1])))


def _label(canvas: Image, rect: Rect, chip: _Chip, taken: list[Rect], others: list[Rect]) -> Rect:
    """Draw a chip where it covers least; return where."""
    height, width = canvas.shape[:2]
    face = min(rect[2] - rect[0], rect[3] - rect[1])
    short = min(width, height)
    text_height = float(np.clip(0.16 * face, max(9.0, 0.014 * short), max(10.0, 0.032 * short)))
    thickness = max(1, round(text_height / 14))
    font = cv2.getFontScaleFromHeight(_FONT, max(1, round(text_height)), thickness)
    pad = max(2, round(0.35 * text_height))
    layouts = []
    for lines in _layouts(chip, 1.6 * face, font, thickness):
        scale, size, step, baseline = _fitted(lines, font, thickness, pad, (width, height))
        layouts.append((*_place(rect, size, (width, height), taken, others), scale, step, baseline, lines))
    _, place, scale, step, baseline, lines = min(layouts, key=lambda layout: layout[0])
    _fill(canvas, place, chip, len(lines))
    thickness = max(1, int(thickness * scale))
    for up, line in enumerate(reversed(lines)):
        origin = (place[0] + int(pad * scale), place[3] - baseline - int(pad * scale) // 2 - up * step)
        cv2.putText(canvas, line, origin, _FONT, font * scale, _PLAIN, thickness, cv2.LINE_AA)
    return place


def _layouts(chip: _Chip, room: float, font: float, thickness: int) -> list[list[str]]:
    """Return a chip's text in a line, or, where that is much wider than the face, in two lines before that."""
    if not chip.split or cv2.getTextSize(chip.text, _FONT, font, thickness)[0][0] <= room:
        return [[chip.text]]
    return [[chip.text[: chip.split], chip.text[chip.split :].strip()], [chip.text]]


def _fitted(
    lines: list[str], font: float, thickness: int, pad: int, limits: tuple[int, int]
) -> tuple[float, tuple[int, int], int, int]:
    """Return by how much a chip shrinks to lie in the picture, its size, the height of a line, and what is below it."""
    sizes = [cv2.getTextSize(line, _FONT, font, thickness) for line in lines]
    (_, cap), baseline = sizes[0]
    width, height = max(size[0][0] for size in sizes) + 2 * pad, len(lines) * (cap + baseline) + pad
    fit = min(1.0, (limits[0] - 1) / width, (limits[1] - 1) / height)
    return fit, (int(width * fit), int(height * fit)), int((cap + baseline) * fit), int(baseline * fit)


def _place(
    rect: Rect, size: tuple[int, int], limits: tuple[int, int], taken: list[Rect], others: list[Rect]
) -> tuple[float, Rect]:
    """Choose above, below, beside or inside the box, whichever covers least of other chips and faces, and how much.

    Always in the picture.
    """
    x1, y1, x2, y2 = rect
    (w, h), (width, height) = size, limits
    gap = 2
    choices = (
        (x1, y1 - h - gap),
        (x1, y2 + gap),
        (x2 - w, y1 - h - gap),
        (x2 - w, y2 + gap),
        (x1 - w - gap, y1),
        (x2 + gap, y1),
        (x1, y1),
        (x1, y2 - h),
    )

    def at(x: int, y: int) -> Rect:
        x, y = max(0, min(x, width - w)), max(0, min(y, height - h))
        return x, y, min(x + w, width), min(y + h, height)

    def cost(place: Rect) -> float:
        chips = sum(_overlap(place, other) for other in taken)
        faces = sum(_overlap(place, other) for other in others)
        return 4.0 * chips + faces + 0.5 * _overlap(place, rect)

    places = [at(x, y) for x, y in choices]
    return min(((cost(place), place) for place in places), key=lambda found: found[0])


def _overlap(a: Rect, b: Rect) -> int:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def _fill(canvas: Image, place: Rect, chip: _Chip, lines: int) -> None:
    """Paint a chip's ground: dark, filled from the left by the probability, a line in full colour beneath."""
    x1, y1, x2, y2 = place
    if x2 <= x1 or y2 <= y1:
        return
    ground = np.empty((y2 - y1, x2 - x1, 3), np.uint8)
    ground[:] = _DARK
    ground[:, : round(float(np.clip(chip.fill, 0, 1)) * (x2 - x1))] = tuple(round(_SHADE * v) for v in chip.colour)
    canvas[y1:y2, x1:x2] = cv2.addWeighted(ground, 0.92, canvas[y1:y2, x1:x2], 0.08, 0)
    edge = max(1, (y2 - y1) // (12 * lines))
    for a, b in _dashes((x1, y2 - 1), (x2, y2 - 1), max(3, (x2 - x1) // (6 * edge)) if chip.dashed else 1):
        canvas[y2 - edge : y2, a[0] : b[0]] = chip.colour
