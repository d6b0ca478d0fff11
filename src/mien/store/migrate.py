"""Bringing a database to the newest form; done whenever one is opened, no step of anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sql

from mien.core.errors import StoreError
from mien.store.database import Database
from mien.store.schema import HEAD

SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6D69656E
"""Taken on PostgreSQL, so that of two servers that start at once only one makes the tables."""


def migrate(database: Database) -> None:
    """Make the tables, or change those of an older version.

    Raises:
        StoreError: the database cannot be written, or is of a newer version.
    """
    with database.reading() as connection:
        if _revision(connection) == HEAD:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
        if _revision(connection) == HEAD:
            return
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = f"{database.shown} was made by a newer version of Mien: upgrade with pip install -U mien"
            raise StoreError(message) from error


def _revision(connection: sql.Connection) -> str | None:
    if not sql.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sql.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
