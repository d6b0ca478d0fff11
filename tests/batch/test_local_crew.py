"""Real processes: what one of them does to the others when it dies."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from pretend import open_worker, picture, video

from mien.batch import tasks
from mien.batch.ledger import Entry
from mien.batch.local import SINGLE, LocalCrew
from mien.batch.plan import Plan
from mien.batch.run import run
from mien.core.errors import MienError
from mien.core.settings import AnalyzerSettings
from mien.sources.inputs import expand

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the files kill processes as POSIX does")


def no_check() -> None:
    pass


def no_worker() -> None:
    raise MienError("the models are missing")


def do(folder: Path, out: Path, size: int) -> dict[str, Entry]:
    plan = Plan(out=out)
    todo = tasks.make(expand([folder]).inputs, plan, AnalyzerSettings())
    with LocalCrew(size, partial(open_worker, plan)) as crew:
        return {Path(o.entry.source).name: o.entry for o in run(todo, crew, out, None, no_check)}


def test_files_that_kill(tmp_path: Path) -> None:
    """One always, one once, one by an error: everything else is done, and whole."""
    folder, out = tmp_path / "in", tmp_path / "out"
    for name in ("a", "poison", "unlucky", "z"):
        video(folder / f"{name}.mp4")
    picture(folder / "odd.jpg")
    environment = {name: os.environ.get(name) for name in SINGLE}
    settled = do(folder, out, 2)
    assert {name: entry.state for name, entry in settled.items()} == {
        "a.mp4": "done",
        "odd.jpg": "quarantined",
        "poison.mp4": "quarantined",
        "unlucky.mp4": "done",
        "z.mp4": "done",
    }
    assert "the worker was ended by SIGKILL, as when memory runs out, process" in settled["poison.mp4"].error
    assert sorted(path.name for path in out.glob("*.jsonl")) == ["a.jsonl", "unlucky.jsonl", "z.jsonl"]
    assert list((out / "_mien" / "parts").iterdir()) == []
    assert environment == {name: os.environ.get(name) for name in SINGLE}


def test_workers_that_cannot_begin(tmp_path: Path) -> None:
    todo = tasks.make(expand([picture(tmp_path / "a.jpg")]).inputs, Plan(out=tmp_path / "out"), AnalyzerSettings())
    with LocalCrew(1, no_worker) as crew, pytest.raises(MienError, match="the models are missing"):  # type: ignore[arg-type]
        list(run(todo, crew, tmp_path / "out", None, no_check))
