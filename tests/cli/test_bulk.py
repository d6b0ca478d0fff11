"""The command with workers: what it prints and leaves, beside what one process does."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pretend import kill_at_work, picture, video

from mien.batch.ledger import Entry
from mien.batch.plan import Outputs
from mien.batch.worker import Outcome, Task
from mien.cli.main import main
from mien.cli.progress import Progress, duration
from mien.sources.inputs import Input


def cli(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["analyze", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def tables(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and "_mien" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_the_same_as_one_process_and_then_nothing_left_to_do(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    inputs = tmp_path / "in"
    video(inputs / "a.mp4", 6, 256)
    (inputs / "b.mp4").write_bytes(b"nothing")
    video(inputs / "c.mp4", 3, 128)
    picture(inputs / "d.jpg", 256)
    options = ("--format", "csv", "--json", "--signals")
    assert cli(inputs, "-o", tmp_path / "one", *options) == 1
    one = capfdbinary.readouterr().out
    assert cli(inputs, "-o", tmp_path / "many", "--workers", "2", *options) == 1
    many = capfdbinary.readouterr()
    assert many.out == one != b""  # in the order of the inputs, whoever was first
    assert tables(tmp_path / "many") == tables(tmp_path / "one")
    assert b"4 files: 3 analysed, 1 failed" in many.err

    assert cli(inputs, "-o", tmp_path / "many", "--resume", *options) == 1
    again = capfdbinary.readouterr()
    assert again.out == one
    assert b"4 files: 0 analysed, 3 finished earlier, 1 failed" in again.err
    assert b"b.mp4 is not a readable video" in again.err

    (tmp_path / "many" / "a.csv").unlink()
    picture(inputs / "d.jpg", 128)
    assert cli(inputs, "-o", tmp_path / "many", "--workers", "1", *options) == 1
    assert b"4 files: 2 analysed, 1 finished earlier, 1 failed" in capfdbinary.readouterr().err
    assert tables(tmp_path / "many")["a.csv"] == tables(tmp_path / "one")["a.csv"]


def test_lines_alone(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    paths = [picture(tmp_path / name, 64) for name in ("b.jpg", "a.jpg", "c.jpg")]
    assert cli(*paths, "--workers", "2") == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["source"] for line in lines] == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "spark"], "unknown engine 'spark'"),
        (["--engine", "ray"], "add -o DIR"),
        (["--resume"], "add -o DIR"),
        (["--fresh"], "add -o DIR"),
        (["--partition"], "add -o DIR"),
        (["--partition", "-o", "out", "--format", "csv"], "no other --format"),
        (["--ray-address", "127.0.0.1:6379"], "--engine ray"),
        (["--workers", "-1"], "--workers"),
        (["--workers", "2", "--detector", "magic"], "magic"),
    ],
)
def test_wrong_usage(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli(picture(tmp_path / "a.jpg"), *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not (tmp_path / "out").exists()


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from mien.cli.main import main; main()", "analyze", *map(str, arguments)]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_worker_and_then_ctrl_c(tmp_path: Path) -> None:
    """The file of the killed worker is done again by another; Ctrl-C leaves what is finished, and no half table."""
    inputs, out = tmp_path / "in", tmp_path / "out"
    video(inputs / "a.mp4", 400, 160)
    picture(inputs / "b.jpg", 64)
    with subprocess.Popen(
        command(inputs, "-o", out, "--workers", "1", "--detect-interval", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        kill_at_work(out, 0, 1, lambda: process.poll() is None)
        for folder in iter(lambda: list((out / "_mien" / "parts").glob("0.2-*/*.part")), None):
            if folder:
                break
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        said, problems = process.communicate()
    assert (process.returncode, said) == (130, "")
    assert "stopped after 1 of 2 files; the same command goes on from there" in problems
    assert "Traceback" not in problems
    assert list(tables(out)) == ["b.jsonl"]
    assert not (out / "_mien" / "parts").exists()


def task(index: int, name: str, size: int) -> Task:
    path = Path(name)
    return Task(index, Input(path, "video"), Outputs(), Entry(name, name, path.stem, "done", frames=50, faces=9), size)


def test_how_far_it_is() -> None:
    screen = io.StringIO()
    todo = [task(0, "a.mp4", 100), task(1, "b.mp4", 300), task(2, "c.mp4", 600)]
    with Progress(stream=screen) as progress:
        progress.start(todo)
        progress.finished(todo[0], Outcome(0, todo[0].blank, skipped=True))
        progress.finished(todo[1], Outcome(1, todo[1].blank))
        bad = Entry("c", "c.mp4", "c", "damaged", frames=7, warnings=("2 damaged frames skipped",))
        progress.finished(todo[2], Outcome(2, bad))
        progress.summary()
    said = screen.getvalue().splitlines()
    assert said[0].startswith("b.mp4: 50 frames, 9 faces (2 of 3 files, about ")
    assert said[0].endswith(" left)")
    assert said[1:3] == ["c.mp4: 7 frames, 0 faces (3 of 3 files, 1 bad)", "mien: c.mp4: 2 damaged frames skipped"]
    assert said[3].startswith("3 files: 2 analysed, 1 finished earlier, 1 damaged; 0 s, ")
    assert said[4:] == ["not used, or only in part:", "  c.mp4: 2 damaged frames skipped"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal() -> None:
    screen = Terminal()
    todo = [task(0, "a.mp4", 100), task(1, "b.mp4", 300)]
    with Progress(stream=screen) as progress:
        progress.start(todo)
        for each in todo:
            progress.finished(each, Outcome(each.index, each.blank))
    assert "2 of 2 files" in screen.getvalue()
    assert "a.mp4" not in screen.getvalue()  # thousands of files do not fill the screen


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (99, "99 s"), (120, "2 min"), (5990, "1 h 40 min"), (40_000, "11 h 07 min")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words
