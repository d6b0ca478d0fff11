from __future__ import annotations

from pathlib import Path

import pytest

from mien.core.errors import SettingsError, StoreError
from mien.store.archive import FILE, Archive
from mien.store.database import Database, parse
from mien.store.repository import Repository


@pytest.mark.parametrize(
    "address", ["", "hello", "mysql://a:secret@b/c", "sqlite://", "sqlite:///:memory:", "postgres"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SettingsError, match="MIEN_DATABASE_URL") as refused:
        parse(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_postgresql_is_spoken_to_by_psycopg(scheme: str) -> None:
    url = parse(f"{scheme}://me:secret@host:5/name")
    assert (url.drivername, url.host, url.port, url.database) == ("postgresql+psycopg", "host", 5, "name")


def test_the_password_is_not_shown(tmp_path: Path) -> None:
    assert "secret" not in Archive(tmp_path, "postgresql://me:secret@host/name").shown
    assert Archive(tmp_path).shown == str(tmp_path / FILE)


def test_a_sqlite_file_by_its_address(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "unused", f"sqlite:///{tmp_path / 'here.db'}")
    assert archive.open().find() == ([], 0)
    assert (tmp_path / "here.db").is_file()
    archive.close()


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "data")
    assert archive.present() is None
    assert not (tmp_path / "data").exists()
    assert archive.open() is archive.present()
    archive.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database, and long enough to be looked at as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        Archive(tmp_path).open()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="MIEN_DATA_DIR"):
        Database(tmp_path / "file" / "folder" / FILE)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    Repository(Database(tmp_path / FILE)).close()
    data = bytearray((tmp_path / FILE).read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(StoreError, match="cannot be used"):
        Repository(Database(tmp_path / FILE)).find()
