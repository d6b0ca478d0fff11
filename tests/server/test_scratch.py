"""Folders that go with their process, or with the next one that looks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from serving import fake_loader

from mien.live.fake import FakeEngine
from mien.server.replica import PREFIX, ReplicaServices, replica_settings
from mien.server.scratch import Scratch, sweep

HOLD = """
import sys
from pathlib import Path
from mien.server.scratch import Scratch
scratch = Scratch("test-", Path(sys.argv[1]))
(scratch.path / "videos").mkdir()
(scratch.path / "videos" / "a.mp4").write_bytes(b"x")
print(scratch.path, flush=True)
sys.stdin.read()
"""


def holder(where: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that has a folder, and wait until it has."""
    command = [sys.executable, "-c", HOLD, str(where)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_with_its_owner(tmp_path: Path) -> None:
    scratch = Scratch("test-", tmp_path)
    (scratch.path / "file").write_bytes(b"x")
    assert scratch.path.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [scratch.path]
    scratch.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    killed, left = holder(tmp_path)
    living, kept = holder(tmp_path)
    with killed, living:
        assert sweep("test-", tmp_path) == 0
        killed.kill()
        killed.wait()
        assert (left / "videos" / "a.mp4").exists()
        scratch = Scratch("test-", tmp_path)
        assert not left.exists()
        assert (kept / "videos" / "a.mp4").exists()
        scratch.close()
        living.kill()


def test_a_removal_that_was_cut_short_is_ended(tmp_path: Path) -> None:
    (tmp_path / "test-half" / "videos").mkdir(parents=True)
    assert sweep("test-", tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_links_other_names_and_files_are_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"x")
    (tmp_path / "test-link").symlink_to(elsewhere)
    (tmp_path / "test-file").write_bytes(b"x")
    dead = tmp_path / "test-dead"
    dead.mkdir()
    (dead / "link").symlink_to(elsewhere)
    assert sweep("test-", tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "test-link", "test-file"}
    assert (elsewhere / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that is another user's")
def test_folders_of_other_users_are_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "test-other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    assert sweep("test-", tmp_path) == 0
    assert other.exists()


async def _start_and_stop() -> Path:
    services = ReplicaServices(replica_settings({"log_level": "error"}), fake_loader(FakeEngine()))
    folder = services.settings.data_dir
    assert folder.is_dir()
    await services.load()
    await services.close()
    return folder


def test_the_next_replica_removes_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{PREFIX}dead").mkdir()
    folder = asyncio.run(_start_and_stop())
    assert (folder.parent, folder.name.startswith(PREFIX)) == (tmp_path, True)
    assert list(tmp_path.iterdir()) == []
