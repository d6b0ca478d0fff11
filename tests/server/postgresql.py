"""A real PostgreSQL that tests start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Postgres:
    """A PostgreSQL server of the tests' own, reached by a socket in a folder of its own.

    It does not run as root, so it is run as the user that its package has made.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._call("initdb", "--auth=trust", "--no-sync", "--username=mien", "--encoding=UTF8")
        self.url = f"postgresql://mien@/postgres?host={folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        self._call("pg_ctl", "--wait", "--log", str(self.folder / "log"), "--options", options, "start")

    def stop(self) -> None:
        self._call("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self.folder / "data"), *arguments]
        done = subprocess.run(
            command,
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@contextmanager
def running() -> Iterator[Postgres]:
    """Run one; skip the test, loudly, where none is installed."""
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL IS NOT TESTED: there is none here, install it with: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="mien-pg-") as folder:
        server = Postgres(where, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
