"""Summaries of finished sessions, as the dashboard of system S2 saves them: one row each, no pictures, no timelines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError

from mien.core.errors import StoreError

FILE: Final = "summaries.db"

_metadata: Final = sql.MetaData()
_table: Final = sql.Table(
    "session_results",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("start", sql.Text, nullable=False),
    sql.Column("duration", sql.Integer, nullable=False),
    sql.Column("most_faces", sql.Integer, nullable=False),
    sql.Column("emotion", sql.Text, nullable=False),
    sql.Column("emotion_count", sql.Integer, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """One finished session.

    Attributes:
        start: when it began, in the words of the client.
        duration: in seconds.
        most_faces: the most that were seen at once.
        emotion: the one that was seen most.
        emotion_count: how often.
    """

    start: str
    duration: int
    most_faces: int
    emotion: str
    emotion_count: int


class Summaries:
    """The summaries in one SQLite file, which is created when it is missing. Safe to use from several threads.

    Args:
        folder: where the file is or shall be.

    Raises:
        StoreError: it cannot be opened or created.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._engine = sql.create_engine(f"sqlite:///{self._path}", connect_args={"timeout": 5.0})
        sql.event.listen(self._engine, "connect", _configure)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot create {folder} ({error.strerror}): choose another with MIEN_DATA_DIR") from error
        with self._errors():
            _metadata.create_all(self._engine)

    def add(self, summary: Summary) -> int:
        """Keep a summary; return its number, which is never used again.

        Raises:
            StoreError: it cannot be written.
        """
        names = ("start", "duration", "most_faces", "emotion", "emotion_count")
        values = dict(zip(names, astuple(summary), strict=True))
        with self._errors(), self._engine.begin() as connection:
            key = connection.execute(_table.insert().values(values)).inserted_primary_key
            assert key is not None
            return int(key[0])

    def all(self) -> list[tuple[int, Summary]]:
        """Return every summary with its number, the oldest first.

        Raises:
            StoreError: they cannot be read.
        """
        with self._errors(), self._engine.connect() as connection:
            rows = connection.execute(_table.select().order_by(_table.c.id)).all()
        return [(row[0], Summary(*row[1:])) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error)
            raise StoreError(f"{self._path} cannot be used ({reason}): check the disk and MIEN_DATA_DIR") from error


def _configure(connection: Any, _record: Any) -> None:
    """Let readers and the one writer work side by side."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
