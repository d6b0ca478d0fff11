"""Run an npm script of the web app with the Node that comes from PyPI.

Usage: python scripts/web.py check test build …
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import alone, install, npm  # noqa: E402

WEB = ROOT / "web"


def main(scripts: list[str]) -> None:
    """Install the locked packages when they are missing or old, then run each of ``scripts``."""
    try:
        install(WEB)
        for script in scripts:
            if script == "build":
                with alone(WEB):
                    npm(WEB, "run", script)
            else:
                npm(WEB, "run", script)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
