"""Databases to test with: SQLite in a folder, and a real PostgreSQL that the tests start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql
from postgresql import Postgres, running

from mien.store.database import Database
from mien.store.repository import Repository


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        made = Database(tmp_path / "recordings.db", busy=0.2)
    else:
        made = Database(request.getfixturevalue("postgres").url)
        with made.engine.begin() as connection:
            connection.execute(sql.text("DROP SCHEMA public CASCADE"))
            connection.execute(sql.text("CREATE SCHEMA public"))
    yield made
    made.close()


@pytest.fixture
def repository(database: Database) -> Repository:
    return Repository(database)
