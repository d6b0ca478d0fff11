from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pretend import picture

from mien.batch import tasks
from mien.batch.ledger import Ledger
from mien.batch.plan import Plan, output_names
from mien.core.errors import SettingsError
from mien.core.settings import AnalyzerSettings, TrackingSettings
from mien.sources.inputs import expand

SETTINGS = AnalyzerSettings()


def mark(plan: Plan, settings: AnalyzerSettings = SETTINGS) -> str:
    return tasks.fingerprint(tasks.chosen(plan, settings))


def test_settings_that_change_the_outputs_change_the_hash(tmp_path: Path) -> None:
    weights = [tmp_path / "a.onnx", tmp_path / "b.onnx", tmp_path / "c.onnx"]
    for path, content in zip(weights, (b"1", b"2", b"2"), strict=True):
        path.write_bytes(content)
    plan = Plan()
    marks = [
        mark(plan),
        mark(Plan(every=2)),
        mark(Plan(kind="csv")),
        mark(Plan(events=True)),
        mark(Plan(marks=())),
        mark(Plan(kind="parquet", out=tmp_path)),
        mark(Plan(kind="parquet", out=tmp_path, partition=True)),
        mark(plan, AnalyzerSettings(landmarks=True)),
        mark(plan, AnalyzerSettings(precision="fp32")),  # other model files
        mark(plan, AnalyzerSettings(tracking=TrackingSettings(smoothing=0.2))),
        mark(plan, AnalyzerSettings(weights=weights[0])),
        mark(plan, AnalyzerSettings(weights=weights[1])),
    ]
    assert len(set(marks)) == len(marks)
    assert mark(plan) == mark(Plan(out=tmp_path, lines=True)) == mark(plan, AnalyzerSettings(threads=2))
    assert marks[-1] == mark(plan, AnalyzerSettings(weights=weights[2]))


def test_names_stay_when_files_are_added(tmp_path: Path) -> None:
    plan = Plan(out=tmp_path / "out")
    with Ledger(tmp_path / "out") as ledger:
        b = picture(tmp_path / "in" / "b" / "x.jpg")
        [task] = tasks.make(expand([tmp_path / "in"]).inputs, plan, SETTINGS, ledger)
        assert task.blank.name == "x"
        ledger.put(replace(task.blank, state="done"))
        a = picture(tmp_path / "in" / "a" / "x.jpg")
        made = tasks.make(expand([tmp_path / "in"]).inputs, plan, SETTINGS, ledger)
        assert [(task.item.path, task.blank.name) for task in made] == [(a, "a-x"), (b, "x")]
        assert [task.former is not None for task in made] == [False, True]
        # The name of a file that is not asked for this time is not free either.
        assert tasks.make(expand([a]).inputs, plan, SETTINGS, ledger)[0].blank.name == "x.jpg"
        assert tasks.make(expand([b]).inputs, plan, SETTINGS, ledger, fresh=True)[0].former is None


def test_kept_names() -> None:
    kept = {Path("a.jpg"): "a.jpg", Path("gone.jpg"): "b"}
    assert output_names([Path("a.jpg"), Path("x/a.jpg"), Path("b.png")], kept) == ["a.jpg", "x-a", "b.png"]


def test_inputs_are_spared(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "a.annotated.jpg")
    with pytest.raises(SettingsError, match="is an input and would be overwritten"):
        tasks.make(expand([tmp_path]).inputs, Plan(out=tmp_path, annotate=True), SETTINGS)


def test_the_largest_first(tmp_path: Path) -> None:
    for name, size in (("a", 32), ("b", 128), ("c", 64)):
        picture(tmp_path / f"{name}.jpg", size)
    made = tasks.make(expand([tmp_path]).inputs, Plan(out=tmp_path / "out"), SETTINGS)
    assert [task.item.path.stem for task in tasks.largest_first(made)] == ["b", "c", "a"]


@pytest.mark.parametrize("choices", [{"kind": "csv", "out": Path("x")}, {"kind": "parquet"}])
def test_partitions_are_parquet(choices: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="--partition"):
        Plan(partition=True, **choices)  # type: ignore[arg-type]
