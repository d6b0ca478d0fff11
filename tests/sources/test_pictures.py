from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.core import codec
from mien.core.errors import PictureError, SourceError
from mien.core.types import Image
from mien.sources import pictures

PICTURE: Image = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(6, 8, 3)


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "a ünïcode name.PNG"
    path.write_bytes(cv2.imencode(".png", PICTURE)[1].tobytes())
    frame = pictures.read(path)
    assert (frame.image == PICTURE).all()
    assert (frame.index, frame.timestamp, frame.source) == (0, 0.0, str(path))


def test_a_picture_is_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(codec.encode_jpeg(PICTURE)[:-10])
    with pytest.raises(PictureError, match=r"a\.jpg is cut short"):
        pictures.read(path)


@pytest.mark.parametrize("name", ["missing.jpg", "."])
def test_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        pictures.read(tmp_path / name)


def test_no_more_is_read_than_allowed(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(1000))
    assert len(pictures.read_bytes(path, 99)) == 100
