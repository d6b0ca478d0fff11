"""One task after the other, in this process, by an analyser that pretends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.dataset
import pytest
from pretend import Pretend, open_worker, picture, video

from mien.batch import tasks
from mien.batch.ledger import Entry
from mien.batch.plan import Plan
from mien.batch.worker import PARTS, Gone, Outcome, Task
from mien.core.settings import AnalyzerSettings
from mien.core.types import Frame, FrameResult
from mien.sources.inputs import expand


def no_check() -> None:
    pass


def plan_for(out: Path, **choices: object) -> Plan:
    return Plan(out=out, **choices)  # type: ignore[arg-type]


def make(plan: Plan, *paths: Path) -> list[Task]:
    found = tasks.make(expand(paths).inputs, plan, AnalyzerSettings())
    return [replace(task, part=f"{task.index}.1-here-1") for task in found]


def do(plan: Plan, *paths: Path) -> list[Outcome]:
    worker = open_worker(plan)
    return [worker.run(task, no_check) for task in make(plan, *paths)]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_picture_and_a_video(tmp_path: Path) -> None:
    out = tmp_path / "out"
    a, b = do(plan_for(out, annotate=True, events=True), picture(tmp_path / "a.jpg"), video(tmp_path / "b.mp4"))
    assert files(out) == ["a.annotated.jpg", "a.jsonl", "b.annotated.mp4", "b.events.jsonl", "b.jsonl"]
    assert (a.entry.state, a.entry.frames, a.entry.faces) == ("done", 1, 1)
    assert (b.entry.state, b.entry.frames, b.entry.faces) == ("done", 5, 5)
    assert set(b.entry.outputs) == {"b.annotated.mp4", "b.events.jsonl", "b.jsonl"}
    assert b.entry.source == str(tmp_path / "b.mp4")


def test_lines_beside_a_table_of_another_kind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do(plan_for(out, kind="csv", lines=True), video(tmp_path / "b.mp4"))
    assert files(out) == ["_mien/lines/b.jsonl", "b.csv"]
    lines = (out / "_mien/lines/b.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2, 3, 4]


def test_a_broken_file_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    [outcome] = do(plan_for(tmp_path / "out"), tmp_path / "a.mp4")
    assert outcome.entry.state == "failed"
    assert "a.mp4 is not a readable video" in outcome.entry.error
    assert outcome.entry.content
    assert files(tmp_path / "out") == []


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path, plan = picture(tmp_path / "a.jpg"), plan_for(tmp_path / "out")
    [task] = make(plan, path)
    path.unlink()
    outcome = open_worker(plan).run(task, no_check)
    assert (outcome.entry.state, outcome.entry.content) == ("failed", "")


def test_an_error_that_nobody_expected(tmp_path: Path) -> None:
    [outcome] = do(plan_for(tmp_path / "out"), picture(tmp_path / "odd.jpg"))
    assert outcome.crashed.startswith("ValueError: a shape that nobody expected (pretend.py, line ")
    assert files(tmp_path / "out") == []


def test_what_is_no_files_fault(tmp_path: Path) -> None:
    path, out = picture(tmp_path / "a.jpg"), tmp_path / "out"
    out.write_bytes(b"in the way")
    [outcome] = do(plan_for(out), path)
    assert "cannot be written" in outcome.fatal


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_half_a_table_never_looks_whole(tmp_path: Path, kind: str) -> None:
    """Whatever was there before stays until the new table is whole."""
    path, plan = video(tmp_path / "a.mp4"), plan_for(tmp_path / "out", kind=kind)
    (tmp_path / "out").mkdir()
    table = tmp_path / "out" / f"a.{kind}"
    table.write_bytes(b"of yesterday")
    seen: list[bytes] = []

    class Slow(Pretend):
        def analyze(self, image: Frame) -> FrameResult:
            seen.append(table.read_bytes())
            return super().analyze(image)

    def check() -> None:
        if len(seen) == 3:
            raise Gone

    [task] = make(plan, path)
    from mien.batch.worker import Worker

    worker = Worker(plan, AnalyzerSettings(), Slow)
    with pytest.raises(Gone):
        worker.run(task, check)
    assert seen == [b"of yesterday"] * 3
    assert table.read_bytes() == b"of yesterday"
    assert list((tmp_path / "out" / PARTS).iterdir()) == []
    seen.append(b"")  # from here on the check lets it pass
    assert worker.run(task, check).entry.state == "done"
    assert table.read_bytes() != b"of yesterday"


def again(plan: Plan, path: Path, entry: Entry, settings: AnalyzerSettings | None = None) -> Outcome:
    [task] = tasks.make(expand([path]).inputs, plan, settings or AnalyzerSettings())
    return open_worker(plan).run(replace(task, former=entry, part="0.1-here-1"), no_check)


def test_what_is_finished_is_skipped(tmp_path: Path) -> None:
    path, plan = video(tmp_path / "a.mp4"), plan_for(tmp_path / "out", annotate=True)
    [first] = do(plan, path)
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in files(tmp_path / "out")}
    second = again(plan, path, first.entry)
    assert second.skipped
    assert second.entry == first.entry
    assert before == {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in before}


def test_what_has_changed_is_done_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    path, plan = video(tmp_path / "a.mp4"), plan_for(out)
    [first] = do(plan, path)
    other = AnalyzerSettings(min_score=0.9)
    assert not again(plan, path, first.entry, other).skipped
    assert not again(plan_for(out, every=2), path, first.entry).skipped
    assert not again(plan_for(out, annotate=True), path, first.entry).skipped
    assert not again(plan, path, replace(first.entry, source="elsewhere.mp4")).skipped
    assert not again(plan, path, replace(first.entry, state="failed")).skipped
    assert again(plan, path, again(plan, path, first.entry).entry).skipped
    (out / "a.jsonl").write_text("edited by hand")
    assert not again(plan, path, first.entry).skipped
    (out / "a.jsonl").unlink()
    assert not again(plan, path, first.entry).skipped
    assert again(plan, path, first.entry).skipped
    video(path, 6)
    assert again(plan, path, first.entry).entry.frames == 6


def test_quarantine_holds_until_the_file_or_the_settings_change(tmp_path: Path) -> None:
    path, plan = video(tmp_path / "a.mp4"), plan_for(tmp_path / "out")
    [first] = do(plan, path)
    bad = replace(first.entry, state="quarantined", error="it kills", outputs={})
    held = again(plan, path, bad)
    assert (held.skipped, held.entry.state, held.entry.error) == (True, "quarantined", "it kills")
    assert again(plan, path, bad, AnalyzerSettings(min_score=0.9)).entry.state == "done"
    video(path, 6)
    assert again(plan, path, bad).entry.state == "done"


def test_a_data_set_partitioned_by_source(tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = [video(tmp_path / "x" / "a b=ü.mp4"), video(tmp_path / "y" / "a b=ü.mp4", 3), picture(tmp_path / "c.jpg")]
    do(plan_for(out, kind="parquet", partition=True, events=True, annotate=True), *paths)
    table = pyarrow.dataset.dataset(out, format="parquet", partitioning="hive").to_table().to_pydict()
    assert len(table["frame"]) == 5 + 3 + 1
    assert len(set(table["source"])) == 3
    assert set(table["path"]) == {str(path) for path in paths}
    assert all(name.rpartition("-")[0] in ("a_b_ü", "c") for name in table["source"])
    events = pyarrow.dataset.dataset(out / "_events", format="parquet", partitioning="hive")
    assert len(events.files) == 2
    assert len(list((out / "_annotated").iterdir())) == 3


def test_partitions_keep_their_names(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "out", kind="parquet", partition=True)
    a, b = picture(tmp_path / "x" / "a.jpg"), picture(tmp_path / "y" / "a.jpg")
    alone, both = make(plan, b), make(plan, a, b)
    assert alone[0].outputs == both[1].outputs != both[0].outputs
