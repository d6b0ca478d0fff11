from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.cli.main import main
from mien.core import codec


@pytest.fixture
def photo(tmp_path: Path, portrait: NDArray[np.uint8]) -> Path:
    path = tmp_path / "in" / "astronaut.jpg"
    path.parent.mkdir()
    path.write_bytes(codec.encode_jpeg(portrait[:256, 96:352]))
    return path


def annotated(photo: Path, out: Path, *options: str) -> NDArray[np.int16]:
    with pytest.raises(SystemExit) as ended:
        main(["analyze", str(photo), "-o", str(out), "--annotate", *options])
    assert ended.value.code == 0
    return np.asarray(cv2.imread(str(out / "astronaut.annotated.jpg")), np.int16)


def test_the_annotated_copy_shows_why(photo: Path, tmp_path: Path) -> None:
    plain, why = annotated(photo, tmp_path / "plain"), annotated(photo, tmp_path / "why", "--explain")
    redder = (why - plain)[..., 2] - (why - plain)[..., 0]
    mouth = redder[130:155, 115:140]  # orange speaks for the smile
    assert mouth.mean() > 30
    assert np.abs(redder[200:]).mean() < 3
    tables = [(tmp_path / name / "astronaut.jsonl").read_text() for name in ("plain", "why")]
    assert tables[0] == tables[1]


def test_explaining_needs_a_picture_to_draw_on(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["analyze", str(photo), "--explain"])
    assert ended.value.code == 2
    assert "--annotate and -o DIR" in capsys.readouterr().err
