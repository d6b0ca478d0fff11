"""Install what the mobile example needs, with the Node that comes from PyPI.

Usage: python scripts/examples.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import install  # noqa: E402

MOBILE = ROOT / "examples" / "mobile"


def main() -> None:
    """Install the locked packages when they are missing or old; end when that fails."""
    try:
        install(MOBILE)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
