"""Opening a database: SQLite in a file, or PostgreSQL by its address; what fails becomes a `StoreError`."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mien.core.errors import DiskFullError, MissingDependencyError, SettingsError, StoreError

BUSY: Final = 5.0
"""Seconds to wait for another program that writes to the same file."""


class Database:
    """One database; safe to use from several threads, one of which writes at a time.

    Args:
        place: a file, made when missing, or an address ``postgresql://user:password@host/name``.
        busy: see `BUSY`.

    Attributes:
        engine: SQLAlchemy's.
        path: the file; None for PostgreSQL.
        shown: the place without a password, for people.

    Raises:
        SettingsError: the address is none, or of a database that is not supported.
        StoreError: the file's folder cannot be made.
        MissingDependencyError: PostgreSQL's driver is not installed.
    """

    def __init__(self, place: Path | str, busy: float = BUSY) -> None:
        url = sql.URL.create("sqlite", database=str(place)) if isinstance(place, Path) else parse(place)
        self.path = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
        self.shown = str(self.path) if self.path is not None else url.render_as_string(hide_password=True)
        self._writing = threading.RLock()
        if self.path is not None:
            _make_folder(self.path.parent)
            self.engine = sql.create_engine(url, connect_args={"timeout": busy})
            sql.event.listen(self.engine, "connect", _configure)
        else:
            timeout = max(1, round(busy))
            options = {"connect_timeout": timeout, "options": f"-c lock_timeout={timeout}s -c statement_timeout=60s"}
            try:
                # A connection that was lost while it lay idle is noticed and replaced.
                self.engine = sql.create_engine(url, connect_args=options, pool_pre_ping=True)
            except ImportError as error:
                raise MissingDependencyError("PostgreSQL needs psycopg: pip install 'mien[postgres]'") from error

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Give a connection to read with.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """Give a connection to write with; what was written is on disk when the context has ended without error.

        Raises:
            StoreError: the database cannot be written; nothing was.
        """
        with self._writing, self._errors(), self.engine.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Let what was deleted be gone from the file as well, and give its space back.

        Raises:
            StoreError: somebody else uses the database; what was deleted is deleted all the same.
        """
        with self._writing, self._errors(), self.engine.connect() as connection:
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            if self.path is None:
                plain.execute(sql.text("SET statement_timeout = 0"))  # pictures may be many
                for table in ("sessions", "frame_blocks", "face_blocks", "face_data", "events", "markers", "pictures"):
                    plain.execute(sql.text(f"VACUUM FULL {table}"))
                plain.execute(sql.text("RESET statement_timeout"))
                return
            # secure_delete has written zeroes over it; the log of changes still holds it until it is emptied.
            cursor = plain.connection.cursor()
            # As a script: a single statement would be stepped once, and so give back a single page.
            cursor.executescript("PRAGMA incremental_vacuum")
            cursor.close()
            busy = plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
            if busy:
                raise StoreError(f"{self.shown} is being read: what was deleted leaves the disk with the next deletion")

    def size(self) -> int | None:
        """Return the bytes that the file and its log take; None for PostgreSQL."""
        if self.path is None:
            return None
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def spare(self) -> int | None:
        """Return the bytes that are free on the disk of the file; None where that is not known.

        A server's disk is its own affair, and what a file's disk cannot say is told when it is written to.
        """
        if self.path is None:
            return None
        try:
            return shutil.disk_usage(self.path.parent).free
        except OSError:
            return None

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            kind = DiskFullError if _is_full(error) else StoreError
            raise kind(f"{self.shown} cannot be used ({_reason(error)}): {self._remedy()}") from error

    def _remedy(self) -> str:
        if self.path is None:
            return "check that PostgreSQL runs, and MIEN_DATABASE_URL"
        return "check the disk's space and rights, and MIEN_DATA_DIR"


def parse(address: str) -> sql.URL:
    """Return a database's address; PostgreSQL is spoken to by psycopg 3.

    Raises:
        SettingsError: it is no address, or not of a supported database; does not repeat it, as it may hold a password.
    """
    try:
        url = sql.make_url(address)
        name = url.get_backend_name()
    except (ArgumentError, ValueError):
        name = ""
    if name == "sqlite" and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite")
    if name in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise SettingsError("MIEN_DATABASE_URL is not postgresql://user:password@host/name or sqlite:////path/of/file.db")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot create {folder} ({error.strerror}): choose another with MIEN_DATA_DIR") from error


def _reason(error: SQLAlchemyError) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _is_full(error: SQLAlchemyError) -> bool:
    """Whether there is no space left: SQLite's code of it, or PostgreSQL's (class 53, insufficient resources)."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or getattr(cause, "sqlstate", "") == "53100"


def _configure(connection: Any, _record: Any) -> None:
    """Let readers and the one writer work side by side, and nothing deleted stay in the file."""
    cursor = connection.cursor()
    for pragma in (
        "auto_vacuum=INCREMENTAL",  # of effect in a new file alone, and before anything else
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
