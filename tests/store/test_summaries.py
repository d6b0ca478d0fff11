from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.core.errors import StoreError
from mien.store.summaries import FILE, Summaries, Summary

ONE = Summary("20.11.2026, 14:03:07", 12, 2, "happy", 9)


@pytest.fixture
def summaries(tmp_path: Path) -> Iterator[Summaries]:
    made = Summaries(tmp_path / "new" / "folder")
    yield made
    made.close()


def test_everything_comes_back_oldest_first(summaries: Summaries) -> None:
    assert summaries.all() == []
    other = Summary("", 0, 0, "neutral", 0)
    assert [summaries.add(ONE), summaries.add(other)] == [1, 2]
    assert summaries.all() == [(1, ONE), (2, other)]


def test_it_outlasts_a_restart(tmp_path: Path) -> None:
    for expected in (1, 2):
        made = Summaries(tmp_path)
        assert made.add(ONE) == expected
        made.close()
    assert (tmp_path / FILE).is_file()


def test_text_is_kept_as_it_is(summaries: Summaries) -> None:
    odd = Summary("'); DROP TABLE session_results; --", 1, 1, "=cmd|' /C calc'!A0", 1)
    summaries.add(odd)
    assert summaries.all() == [(1, odd)]


def test_many_threads(summaries: Summaries) -> None:
    threads = [threading.Thread(target=lambda: [summaries.add(ONE) for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for number, _ in summaries.all()] == list(range(1, 41))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="MIEN_DATA_DIR"):
        Summaries(tmp_path / "file" / "folder")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database, and long enough to be looked at as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        Summaries(tmp_path)
