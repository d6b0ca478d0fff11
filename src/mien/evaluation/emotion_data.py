"""Labelled emotion sets: the Parquet layout of ours, Kaggle's ``fer2013.csv``, or a folder per class."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.core.errors import InputError, MissingDependencyError
from mien.core.labels import EMOTIONS, FER2013, canonical
from mien.core.types import BoolArray, FloatArray, Image, IntArray

SIZE = 48
VOTES = (*(f"votes_{name}" for name in EMOTIONS), "votes_unknown", "votes_not_a_face")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@dataclass(frozen=True, slots=True, eq=False)
class EmotionSet:
    """Faces with labels.

    Attributes:
        name: of the set.
        images: grey uint8 ``[n, 48, 48]``.
        fer_label: ``[n]`` index into `FER2013`; -1 where the set's label is not among the seven.
        votes: ``[n, 10]`` votes of FER+ (eight emotions, unknown, not a face), or None.
        emotion_label: ``[n]`` index into `EMOTIONS` for sets with one hard label among the eight, or None.
        leave_out: ``[n]`` rows that nearly duplicate a held-out picture.
    """

    name: str
    images: Image
    fer_label: IntArray
    votes: FloatArray | None
    emotion_label: IntArray | None
    leave_out: BoolArray

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, mask: Any) -> EmotionSet:
        """Return the rows that ``mask`` selects."""
        return EmotionSet(
            self.name,
            self.images[mask],
            self.fer_label[mask],
            None if self.votes is None else self.votes[mask],
            None if self.emotion_label is None else self.emotion_label[mask],
            self.leave_out[mask],
        )


def cleaned_votes(votes: FloatArray) -> FloatArray:
    """Return the votes without single ones, as FER+'s own scripts drop them. ``[n, 10]`` → ``[n, 10]``."""
    return np.where(votes > 1, votes, 0).astype(np.float32)


def vote_distribution(votes: FloatArray) -> FloatArray:
    """Return the cleaned votes as a distribution over the eight emotions, ``[n, 8]``; all 0 where none is left."""
    kept = cleaned_votes(votes)[:, :8]
    total = kept.sum(1, keepdims=True)
    shares: FloatArray = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)
    return shares


def official_filter(votes: FloatArray) -> BoolArray:
    """Return the rows that FER+'s majority mode keeps.

    Single votes are dropped; a row stays if the winner is one of the eight emotions and holds more than half of the
    votes that remain (unknown and not-a-face votes count as remaining).
    """
    kept = cleaned_votes(votes)
    winner = kept.argmax(1)
    return np.asarray((winner < 8) & (kept.max(1) > 0.5 * kept.sum(1)))


def read(path: Path, usage: str | None = None) -> EmotionSet:
    """Read a labelled set.

    Args:
        path: a ``.parquet`` file or a folder of them, Kaggle's ``fer2013.csv``, or a folder with a folder per class.
        usage: ``Training``, ``PublicTest`` or ``PrivateTest``: only these rows, where the set tells usages.

    Raises:
        InputError: nothing there, or a layout that is none of these.
    """
    if path.suffix.lower() == ".csv":
        return _read_csv(path, usage)
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path, usage)
    if path.is_dir():
        return _read_folders(path)
    raise InputError(
        f"{path} is not a labelled set: give a .parquet file, fer2013.csv or a folder with a folder per class"
    )


def _read_parquet(path: Path, usage: str | None) -> EmotionSet:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("reading Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    if not path.exists():
        raise InputError(f"{path} does not exist")
    table = pq.read_table(path)
    names = set(table.column_names)
    if not {"image", "fer_label"} <= names:
        raise InputError(f"{path} lacks the columns image and fer_label; it has {', '.join(sorted(names))}")
    if usage is not None and "usage" in names:
        table = table.filter([u == usage for u in table["usage"].to_pylist()])
    images = np.stack([_decode(b, f"{path} row {i}") for i, b in enumerate(table["image"].to_pylist())])
    votes = None
    if set(VOTES) <= names:
        votes = np.stack([table[c].to_numpy() for c in VOTES], 1).astype(np.float32)
    leave_out = np.zeros(len(images), bool)
    for column in ("near_private_test", "near_dev"):
        if column in names:
            leave_out |= np.array(table[column].to_pylist(), dtype=bool)
    return EmotionSet(path.stem, images, table["fer_label"].to_numpy().astype(np.int64), votes, None, leave_out)


def _read_csv(path: Path, usage: str | None) -> EmotionSet:
    if not path.exists():
        raise InputError(f"{path} does not exist")
    images, labels = [], []
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        if not {"emotion", "pixels"} <= set(columns):
            raise InputError(f"{path} lacks the columns emotion and pixels of Kaggle's fer2013.csv")
        for number, row in enumerate(reader, start=2):
            if usage is not None and "usage" in columns and row[columns["usage"]].strip() != usage:
                continue
            try:
                pixels = np.array(row[columns["pixels"]].split(), dtype=np.uint8)
                labels.append(int(row[columns["emotion"]]))
            except (ValueError, OverflowError) as error:
                raise InputError(f"{path} line {number}: {error}") from error
            if pixels.size != SIZE * SIZE:
                raise InputError(f"{path} line {number}: {pixels.size} pixels, not {SIZE * SIZE}")
            images.append(pixels.reshape(SIZE, SIZE))
    if not images:
        raise InputError(f"{path} holds no rows" + (f" with usage {usage}" if usage else ""))
    fer = np.array(labels, np.int64)
    if fer.min() < 0 or fer.max() > 6:
        raise InputError(f"{path}: labels must lie in 0–6, found {fer.min()}–{fer.max()}")
    return EmotionSet(path.stem, np.stack(images), fer, None, None, np.zeros(len(fer), bool))


def _read_folders(path: Path) -> EmotionSet:
    images, labels = [], []
    for folder in sorted(p for p in path.iterdir() if p.is_dir()):
        label = EMOTIONS.index(canonical(folder.name))
        for file in sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES):
            images.append(_decode(file.read_bytes(), str(file)))
            labels.append(label)
    if not images:
        raise InputError(f"{path} holds no folder per class with pictures ({', '.join(PICTURES)})")
    emotion = np.array(labels, np.int64)
    to_fer = np.array([FER2013.index(name) if name in FER2013 else -1 for name in EMOTIONS])
    return EmotionSet(path.name, np.stack(images), to_fer[emotion], None, emotion, np.zeros(len(emotion), bool))


def _decode(data: bytes, name: str) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if image is None:
        raise InputError(f"{name} is not a picture that can be read")
    if image.shape != (SIZE, SIZE):
        shrinks = image.shape[0] > SIZE
        image = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(image, np.uint8)
