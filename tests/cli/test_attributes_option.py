"""Age and gender on the command line, and what it says where their files were taken out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from attributing import stand_in
from numpy.typing import NDArray

from mien.cli import doctor
from mien.cli.main import main
from mien.core import codec
from mien.models import attributes, zoo


@pytest.fixture
def photo(tmp_path: Path, portrait: NDArray[np.uint8]) -> Path:
    path = tmp_path / "astronaut.jpg"
    path.write_bytes(codec.encode_jpeg(portrait[:256, 96:352]))
    return path


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "load", lambda *_: stand_in())


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.usefixtures("_known")
def test_both_in_lines_and_tables(photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert status("analyze", str(photo), "--attributes", "age,gender") == 0
    (face,) = json.loads(capfd.readouterr().out)["faces"]
    low, high = face["age_range"]
    assert low < face["age"] < high
    assert face["gender"]["label"] in ("female", "male", "uncertain")
    assert status("analyze", str(photo), "--attributes", "age", "-o", str(tmp_path / "out"), "--format", "csv") == 0
    with (tmp_path / "out" / "astronaut.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (float(row["age"]), row["age_low"]) == (face["age"], str(low))
    assert row["gender"] == row["gender_confidence"] == ""


def test_neither_unless_named(photo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert status("analyze", str(photo)) == 0
    (face,) = json.loads(capfd.readouterr().out)["faces"]
    assert not {"age", "age_range", "gender"} & set(face)
    assert status("analyze", str(photo), "--attributes", "race") == 2
    assert "there is no attribute 'race': there are age, gender" in capfd.readouterr().err


def test_a_copy_without_their_files(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = {name: spec for name, spec in zoo.catalogue().items() if spec.kind != attributes.KIND}
    monkeypatch.setattr(zoo, "catalogue", lambda: rest | {"attributes": stand_in().spec})
    assert status("analyze", str(photo), "--attributes", "age") == 1
    assert "mien train attributes" in capsys.readouterr().err
    assert status("analyze", str(photo)) == 0, "all else works"
    capsys.readouterr()
    assert status("models", "list") == 0
    listed = capsys.readouterr().out
    assert "int8 not there" in listed
    assert "non-commercial research use only (UTKFace)" in listed
    assert status("models", "verify") == 0
    assert "age and gender cannot be switched on" in capsys.readouterr().out
    assert [row["name"] for row in doctor.models() if row["error"]] == []
