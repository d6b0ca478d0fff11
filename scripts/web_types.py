"""Make the web app's types from the API's description: ``python scripts/web_types.py``.

Reads ``docs/openapi.json``, writes ``web/src/shared/api.ts``, by openapi-typescript in ``web/types``. Its first line
holds the description's hash, by which a test tells whether the types are of today.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import install, npm  # noqa: E402

DESCRIPTION: Final = ROOT / "docs" / "openapi.json"
TYPES: Final = ROOT / "web" / "src" / "shared" / "api.ts"
MAKER: Final = ROOT / "web" / "types"


def first_line(description: bytes) -> str:
    """Return the line that types made from ``description`` begin with."""
    return f"// Made by scripts/web_types.py from docs/openapi.json, sha256 {hashlib.sha256(description).hexdigest()}\n"


def main() -> None:
    """Install what makes the types when it is missing, make them, put the hash in front."""
    try:
        install(MAKER)
        npm(MAKER, "run", "make")
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    TYPES.write_text(first_line(DESCRIPTION.read_bytes()) + TYPES.read_text())


if __name__ == "__main__":
    main()
