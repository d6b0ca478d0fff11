from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data

from mien.core.errors import InputError, ModelError
from mien.core.settings import AnalyzerSettings
from mien.models import zoo
from mien.models.zoo import adding
from mien.pipeline import Analyzer

FILE = zoo.catalogue()["emotion"].files["fp32"].path
MANIFEST = zoo.HERE / "manifest.json"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


def changed(tmp_path: Path, **changes: Any) -> Path:
    entry = json.loads(MANIFEST.read_text())["models"]["emotion"] | changes
    path = tmp_path / "entry.json"
    path.write_text(json.dumps(entry))
    return path


def test_an_added_network_is_found_used_and_removed(home: Path, tmp_path: Path) -> None:
    spec = adding.add(FILE, changed(tmp_path, temperature=50.0), "flat")
    assert list(spec.files) == ["fp32"], "of the manifest's two files only the given one is there"
    assert spec.files["fp32"].path == home / "models" / "weights" / "flat.fp32.onnx"
    picture = np.ascontiguousarray(data.astronaut()[..., ::-1])
    analyzer = Analyzer(AnalyzerSettings(emotion="flat"))
    assert analyzer.emotion.model.precision == "fp32"
    faces = analyzer.analyze(picture).faces
    assert faces.emotion is not None
    assert faces.emotion.max() < 0.3, "so high a temperature leaves nearly equal shares"
    adding.remove("flat")
    assert zoo.own() == {}
    assert not list((home / "models" / "weights").iterdir())
    with pytest.raises(ModelError, match="no model 'flat'"):
        zoo.load("flat")


def test_a_name_is_replaced_as_a_whole(tmp_path: Path) -> None:
    adding.add(FILE, MANIFEST, "mine")
    adding.add(FILE, changed(tmp_path, version="second"), "mine")
    assert zoo.own()["mine"].version == "second"
    assert zoo.find("mine").version == "second"


def test_what_mien_carries_keeps_its_name() -> None:
    with pytest.raises(InputError, match=r"carries a model 'emotion'.*--name"):
        adding.add(FILE, MANIFEST)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "landmarks"}, "of kind 'landmarks'"),
        ({"golden_shape": [2, 1, 48, 48]}, "failed its self-test"),
        ({"input": {"width": 48}}, "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    home: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        adding.add(FILE, changed(tmp_path, **changes), "mine")
    assert zoo.own() == {}
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_an_altered_file_is_refused(home: Path, tmp_path: Path) -> None:
    altered = tmp_path / FILE.name
    altered.write_bytes(FILE.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="altered"):
        adding.add(altered, MANIFEST, "mine")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("none.onnx", "{}", "no model file"),
        (None, "{}", "lists no file"),
        (None, "[", "not JSON"),
        (None, json.dumps({"models": {"x": {"files": {"int4": {"file": FILE.name}}}}}), "lists no file"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, file: str | None, text: str, message: str) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(text)
    with pytest.raises(InputError, match=message):
        adding.add(FILE if file is None else tmp_path / file, manifest, "mine")


def test_a_missing_manifest_and_an_unknown_name_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none.json"):
        adding.add(FILE, tmp_path / "none.json", "mine")
    with pytest.raises(InputError, match="none was"):
        adding.remove("mine")


def test_another_kind_is_no_emotion_network() -> None:
    with pytest.raises(ModelError, match="not an emotion network"):
        Analyzer(AnalyzerSettings(emotion="face-landmarks"))
