from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mien.core.errors import ModelError
from mien.models import zoo


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped models that a test may break."""
    shutil.copytree(zoo.HERE / "weights", tmp_path / "weights")
    shutil.copy(zoo.HERE / "manifest.json", tmp_path / "manifest.json")
    return tmp_path


SHIPPED = [(name, precision) for name, spec in zoo.catalogue().items() for precision in spec.files]


@pytest.mark.parametrize(("name", "precision"), SHIPPED)
def test_every_shipped_file_is_intact_small_and_computes(name: str, precision: str) -> None:
    model = zoo.open_checked(zoo.catalogue()[name], precision)
    assert model.spec.files[precision].path.stat().st_size < 1_500_000
    assert model.spec.training["data"]


def test_both_precisions_are_there() -> None:
    assert {name for name, _ in SHIPPED} >= {"emotion"}
    assert all(set(spec.files) == set(zoo.PRECISIONS) for spec in zoo.catalogue().values())


def test_no_weight_file_is_unlisted() -> None:
    listed = {file.path.name for spec in zoo.catalogue().values() for file in spec.files.values()}
    assert {path.name for path in (zoo.HERE / "weights").glob("*.onnx")} == listed


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ModelError, match=r"there are .*emotion"):
        zoo.load("telepathy")


def test_an_altered_file_is_refused(copied: Path) -> None:
    spec = zoo.catalogue(copied / "manifest.json")["emotion"]
    path = spec.files["int8"].path
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="altered"):
        zoo.read_checked(spec, "int8")


def test_a_missing_file_is_named(copied: Path) -> None:
    spec = zoo.catalogue(copied / "manifest.json")["emotion"]
    spec.files["int8"].path.unlink()
    with pytest.raises(ModelError, match=r"emotion.int8.onnx.*reinstall"):
        zoo.read_checked(spec, "int8")


def test_a_wrong_int8_kernel_gives_way_to_fp32(
    copied: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["models"]["emotion"]["files"]["int8"]["tolerance"] = 1e-9
    (copied / "manifest.json").write_text(json.dumps(manifest))
    broken = zoo.catalogue(copied / "manifest.json")
    monkeypatch.setattr(zoo, "catalogue", lambda: broken)
    model = zoo.load("emotion", "int8")
    assert model.precision == "fp32"
    assert "self-test" in caplog.text


def test_a_manifest_that_lacks_something_is_refused() -> None:
    with pytest.raises(ModelError, match=r"thing.*files"):
        zoo.parse("thing", {"kind": "emotion"}, Path())


def test_how_average_resting_faces_are_read_is_one_value_per_emotion(copied: Path) -> None:
    entry = json.loads((copied / "manifest.json").read_text())["models"]["emotion"]
    assert zoo.parse("emotion", {**entry, "resting": [0, -4, -5, -2, -4, -6, -6, -4]}, copied).resting is not None
    with pytest.raises(ModelError, match="resting has 2 values"):
        zoo.parse("emotion", {**entry, "resting": [0, 1]}, copied)


def test_int8_and_fp32_agree() -> None:
    spec = zoo.catalogue()["emotion"]
    shape = (4, 1, spec.input.height, spec.input.width)
    tensor = np.random.default_rng(0).normal(0, 0.5, shape).astype(np.float32)
    a, b = (zoo.open_checked(spec, p).run(tensor)["emotion"] for p in ("int8", "fp32"))
    assert np.abs(a - b).mean() < 0.25 * np.abs(b).mean()
