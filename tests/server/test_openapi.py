"""The API's description is kept in the repository, so that every change of it shows in a review."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from mien.server.app import create_app

ROOT = Path(__file__).parents[2]
SNAPSHOT = ROOT / "docs" / "openapi.json"
TYPES = ROOT / "web" / "src" / "shared" / "api.ts"


def test_description_is_the_one_in_docs() -> None:
    current = json.dumps(create_app().openapi(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(current)
    assert json.loads(SNAPSHOT.read_text()) == json.loads(current), (
        "the API changed: if you mean it, run UPDATE_SNAPSHOTS=1 pytest tests/server/test_openapi.py and commit"
    )


def test_the_web_apps_types_are_made_from_it() -> None:
    first = TYPES.read_text().partition("\n")[0]
    assert first.endswith(hashlib.sha256(SNAPSHOT.read_bytes()).hexdigest()), (
        "the types in web/src/shared/api.ts are of another description: run python scripts/web_types.py and commit"
    )
