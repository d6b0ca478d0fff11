from __future__ import annotations

import json
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien.cli import named
from mien.cli import report as text
from mien.cli.main import main
from mien.core.errors import InputError, MienError, MissingDependencyError, ModelError
from mien.core.types import FloatArray, Image
from mien.evaluation.robustness import CONDITIONS
from mien.models import zoo


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per class with noise on it; what the model says about noise does not matter here."""
    folder, rng = tmp_path_factory.mktemp("faces"), np.random.default_rng(0)
    for name in ("happy", "sad", "neutral", "contempt"):
        (folder / name).mkdir()
        for i in range(8):
            cv2.imwrite(str(folder / name / f"{i}.png"), rng.integers(0, 256, (48, 48)).astype(np.uint8))
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "emotion", *arguments])
    assert caught.value.code == 0
    return capsys.readouterr().out


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(run(capsys, *arguments, "--json"))
    return report


def fail(*arguments: str) -> MienError:
    with pytest.raises(MienError) as caught:
        main(["--debug", "evaluate", "emotion", *arguments])
    return caught.value


def test_the_promised_json(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, str(faces))
    assert report["n"] == 32
    assert set(report["fer2013"]) == {"n", "accuracy", "macro_f1"}
    assert report["fer2013"]["n"] == 24, "contempt is not among the seven"
    assert report["ferplus"]["n"] == 32
    assert {"ece", "nll", "brier"} <= set(report["calibration"])
    assert set(report["certain"]) >= {"threshold", "coverage", "accuracy"}
    assert {"compare", "robustness", "fairness"}.isdisjoint(report)


def test_pictures_are_drawn(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, str(faces), "--plots", str(tmp_path / "new" / "plots"))
    drawn = {path.name: cv2.imread(str(path)) for path in (tmp_path / "new" / "plots").iterdir()}
    assert set(drawn) == {"reliability.png", "confusion-fer2013.png", "confusion-ferplus.png", "risk-coverage.png"}
    for picture in drawn.values():
        assert picture is not None
        assert picture.std() > 5, "something is on it"


def test_pictures_without_matplotlib(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "find_spec", lambda name: None)
    error = fail(str(faces), "--plots", str(tmp_path / "plots"))
    assert isinstance(error, MissingDependencyError)
    assert "pip install 'mien[train]'" in str(error)
    assert not (tmp_path / "plots").exists()


def test_a_folder_for_pictures_that_cannot_be_made(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert isinstance(fail(str(faces), "--plots", str(tmp_path / "file")), InputError)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped emotion model as a user's own, under another name."""
    folder = tmp_path / "mini"
    shutil.copytree(zoo.HERE / "weights", folder / "weights")
    entry = zoo.read_manifest(zoo.HERE / "manifest.json")["models"]["emotion"]
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "models": {"mini-net": entry}}))
    return folder


def test_models_are_compared(faces: Path, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run_json(capsys, str(faces), "--compare", "fp32", "--compare", str(copied))["compare"]
    assert list(told["models"]) == ["shipped int8", "fp32", "mini"]
    assert told["models"]["fp32"]["precision"] == "fp32"
    same = [d for d in told["differences"] if d["name"] == "mini"]
    assert [d["difference"] for d in same] == [0, 0, 0]
    shown = run(capsys, str(faces), "--compare", str(copied))
    assert "against shipped int8" in shown


def test_a_folder_is_evaluated_whatever_its_model_is_called(
    faces: Path, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run_json(capsys, str(faces), "--models", str(copied), "--precision", "fp32", "--compare", "shipped")
    assert report["model"]["name"] == "mini-net"
    assert report["model"]["precision"] == "fp32"
    assert list(report["compare"]["models"]) == ["mini fp32", "shipped"]


@pytest.mark.parametrize(
    ("names", "says"), [(("nowhere",), "nowhere: give shipped, int8, fp32"), (("fp32", "fp32"), "a model twice")]
)
def test_names_that_cannot_be_compared(faces: Path, names: tuple[str, ...], says: str) -> None:
    error = fail(str(faces), *(word for name in names for word in ("--compare", name)))
    assert isinstance(error, InputError)
    assert says in str(error)


def test_a_folder_without_a_manifest_is_named(faces: Path) -> None:
    error = fail(str(faces), "--models", str(faces))
    assert isinstance(error, InputError)
    assert f"{faces} holds no manifest.json" in str(error)


def test_a_folder_with_two_models_of_the_kind_is_refused(copied: Path) -> None:
    entry = zoo.read_manifest(copied / "manifest.json")["models"]["mini-net"]
    manifest = {"schema": 1, "models": {"one": entry, "two": entry}}
    (copied / "two").mkdir()
    (copied / "two" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="one, two"):
        named.of_folder(copied / "two")


def test_degradations_are_measured(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run_json(capsys, str(faces), "--robustness")["robustness"]["conditions"]
    assert list(told) == ["clean", *CONDITIONS]
    assert told["clean"]["agreement"] == 1
    shown = run(capsys, str(faces), "--robustness")
    assert all(name in shown for name in CONDITIONS)


def test_groups_need_a_model_of_age_and_gender(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "catalogue", lambda: {})
    error = fail(str(faces), "--fairness")
    assert isinstance(error, ModelError)
    assert "age and gender" in str(error)


def test_groups_are_measured(faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def attributes(images: Image) -> tuple[Any, Any]:
        return np.full(len(images), 30.0), np.arange(len(images)) % 2

    monkeypatch.setattr(named, "attributes_reader", lambda: attributes)
    told = run_json(capsys, str(faces), "--fairness")["fairness"]
    assert told["groups"] == "predicted"
    assert told["heads"]["ferplus"]["groups"]["women 20–34"]["n"] == 16
    shown = run(capsys, str(faces), "--fairness")
    assert "predicted" in shown
    assert "women 20–34" in shown


def test_the_reader_is_found_where_a_model_of_that_kind_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict_attributes(images: Image) -> tuple[FloatArray, FloatArray]:
        raise NotImplementedError

    module: Any = types.ModuleType(named.ATTRIBUTES)
    module.predict_attributes = predict_attributes
    monkeypatch.setitem(sys.modules, named.ATTRIBUTES, module)
    monkeypatch.setattr(zoo, "catalogue", lambda: {"x": types.SimpleNamespace(kind="attributes")})
    assert named.attributes_reader() is predict_attributes
