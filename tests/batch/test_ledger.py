from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mien.batch.ledger import Entry, Ledger, digest
from mien.core.errors import SettingsError, SourceError

ENTRY = Entry("/a/x.mp4", "x.mp4", "x", "damaged", "c", "s", {"x.jsonl": "h"}, 5, 4, 0.5, "", ("3 damaged frames",))


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        assert ledger.get(ENTRY.key) is None
        ledger.put(replace(ENTRY, state="failed", error="was not there"))
        ledger.put(ENTRY)
    with Ledger(tmp_path) as ledger:
        assert ledger.get(ENTRY.key) == ENTRY
        assert ledger.names == {ENTRY.key: "x"}
    assert len(ledger.path.read_bytes().splitlines()) == 1  # of a file the last line counts; the others are gone


def test_names_that_are_not_text(tmp_path: Path) -> None:
    entry = replace(ENTRY, key=os.fsdecode(b"/a/\xff.mp4"))
    with Ledger(tmp_path) as ledger:
        ledger.put(entry)
    with Ledger(tmp_path) as ledger:
        assert ledger.get(entry.key) == entry


@pytest.mark.parametrize("torn", [b'{"key": "/a/y.mp4", "sou', b'{"key": "/a/y.mp4"}\n', b"\xff\n", b"7\n", b"[]\n"])
def test_a_torn_line_costs_one_file(tmp_path: Path, torn: bytes) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.put(ENTRY)
    with ledger.path.open("ab") as file:
        file.write(torn)
    other = replace(ENTRY, key="/a/z.mp4")
    with Ledger(tmp_path) as ledger:
        assert ledger.get(ENTRY.key) == ENTRY
        assert ledger.get("/a/y.mp4") is None
        ledger.put(other)
    with Ledger(tmp_path) as ledger:
        assert ledger.get(other.key) == other


def test_what_settings_stand_for_is_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger(tmp_path) as ledger:
            ledger.choose("abc", {"every": 1})
            ledger.choose("abc", {"every": 1})
    assert ledger.path.read_text() == '{"settings": "abc", "chosen": {"every": 1}}\n'


def test_one_at_a_time(tmp_path: Path) -> None:
    with Ledger(tmp_path), pytest.raises(SettingsError, match="another mien analyze writes into"):
        Ledger(tmp_path)
    with Ledger(tmp_path):
        pass


def test_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == "cf4ab791c62b8d2b2109c90275287816"  # b2sum --length 128
    with pytest.raises(SourceError, match="b cannot be read"):
        digest(tmp_path / "b")
