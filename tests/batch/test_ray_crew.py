"""The real command on a real local Ray of two workers, one of which is killed in the middle of a file."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pretend import kill_at_work, picture, video

from mien.batch import cluster
from mien.core.errors import MissingDependencyError

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="kills processes as POSIX does"),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="RAY IS MISSING: there is no wheel for this Python or machine; the cluster engine was not tested",
    ),
]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from mien.cli.main import main; main()", "analyze", *map(str, arguments)]


def tables(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and "_mien" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    """Also: a file whose worker is killed again goes into quarantine, and the rest is finished."""
    inputs = tmp_path / "in"
    video(inputs / "a.mp4", 400, 160)
    video(inputs / "b.mp4", 400, 160)
    for name in ("c.jpg", "d.jpg", "e.jpg"):
        picture(inputs / name, 128)
    options = ("--detect-interval", "0")
    local = subprocess.run(
        command(inputs, "-o", tmp_path / "local", "--workers", "1", *options), capture_output=True, text=True
    )
    assert local.returncode == 0, local.stderr
    out = tmp_path / "ray"
    with subprocess.Popen(
        command(inputs, "-o", out, "--workers", "2", "--engine", "ray", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            pids = [kill_at_work(out, *which, lambda: process.poll() is None) for which in ((0, 1), (1, 1), (1, 2))]
        finally:
            said, problems = process.communicate()
            print(problems)
    assert (process.returncode, said) == (1, ""), problems
    assert "b.mp4 is in quarantine after 2 attempts: the worker was lost" in problems
    assert f"process {pids[2]} on " in problems
    assert "5 files: 4 analysed, 1 in quarantine" in problems
    assert "Traceback" not in problems
    expected = {name: table for name, table in tables(tmp_path / "local").items() if name != "b.jsonl"}
    assert len(expected) == 4
    assert tables(out) == expected
    assert not (out / "_mien" / "parts").exists()
    entries = [json.loads(line) for line in (out / "_mien" / "ledger.jsonl").read_text().splitlines()]
    assert sorted(entry["state"] for entry in entries if "state" in entry) == ["done"] * 4 + ["quarantined"]


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mien\[cluster\]'"):
        cluster.import_ray(own=False)
