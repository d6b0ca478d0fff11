"""Emotion labels, their order, and every other spelling that data sets and older systems use.

The eight labels and their order are those of FER+ (Barsoum et al. 2016, "Training deep networks for facial
expression recognition with crowd-sourced label distribution"). The seven of FER2013 (Goodfellow et al. 2013) keep the
order of that data set's label column.
"""

from __future__ import annotations

from typing import Final

from mien.core.errors import InputError

EMOTIONS: Final = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The eight labels; the columns of every emotion array are in this order."""

FER2013: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The seven labels of FER2013 in the order of its label column (0 angry … 6 neutral)."""

FER2013_IN_EMOTIONS: Final = tuple(EMOTIONS.index(name) for name in FER2013)
"""For each FER2013 class its column among the eight."""

ALIASES: Final[dict[str, str]] = {
    **{name: name for name in EMOTIONS},
    "angry": "anger",
    "mad": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "scared": "fear",
    "afraid": "fear",
    "happy": "happiness",
    "joy": "happiness",
    "smile": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
    "natural": "neutral",
    "calm": "neutral",
    "contemptuous": "contempt",
}
"""Every accepted spelling (lower case) and the label it stands for."""


def canonical(name: str) -> str:
    """Return the label that ``name`` stands for, whatever its case.

    Raises:
        InputError: no label goes by that name.
    """
    try:
        return ALIASES[name.strip().lower()]
    except KeyError:
        raise InputError(f"unknown emotion {name!r}: use one of {', '.join(sorted(ALIASES))}") from None
