"""``docs/compatibility.md`` lists every test of a row, and names none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (Path(__file__).parents[3] / "docs" / "compatibility.md").read_text()
TESTS = {name for path in HERE.glob("test_*.py") for name in re.findall(r"def (test_s\d\w+)\(", path.read_text())}


def rows_of(name: str) -> set[str]:
    return {f"S{system}.{row}" for system, row in re.findall(r"s(\d)_(\d+)", name)}


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named <= TESTS, f"these are not there: {sorted(named - TESTS)}"


def test_every_row_that_is_tested_is_on_the_page() -> None:
    tested = {row for name in TESTS for row in rows_of(name)}
    listed = set(re.findall(r"^\| (S\d\.\d+) \|", PAGE, re.MULTILINE))
    assert tested == listed
