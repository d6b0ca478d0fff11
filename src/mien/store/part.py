"""What all parts of the repository share: the database, one recording, what a deletion leaves to be done."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sql
import structlog

from mien.core.errors import StoreError
from mien.store.database import Database
from mien.store.errors import StillRecordingError, gone
from mien.store.schema import sessions
from mien.store.values import Session

log = structlog.get_logger()

_KEPT = tuple(name for name in Session.__dataclass_fields__)


class Part:
    """A database in its newest form.

    Args:
        database: holds the recordings.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._unscrubbed = False

    def get(self, session: str) -> Session:
        """Return a session.

        Raises:
            SessionGoneError: there is none.
            StoreError: it cannot be read.
        """
        with self.database.reading() as connection:
            row = connection.execute(sessions.select().where(sessions.c.id == session)).mappings().first()
        if row is None:
            raise gone(session)
        return session_of(dict(row))

    def tidy(self) -> None:
        """Finish what a deletion could not, because somebody was reading."""
        self._scrub(self._unscrubbed)

    def _scrub(self, needed: bool) -> None:
        if not needed:
            return
        self._unscrubbed = True
        try:
            self.database.scrub()
        except StoreError as error:
            log.warning("what was deleted is still on the disk", reason=str(error))
        else:
            self._unscrubbed = False

    def _at_rest(self, connection: sql.Connection, session: str) -> None:
        query = sql.select(sessions.c.state).where(sessions.c.id == session)
        if connection.execute(query).scalar() == "recording":
            raise StillRecordingError(f"session {session} is being recorded: stop the recording first")

    def _change(self, connection: sql.Connection, session: str, change: dict[str, Any]) -> None:
        if not connection.execute(sessions.update().where(sessions.c.id == session).values(change)).rowcount:
            raise gone(session)


def session_of(row: dict[str, Any]) -> Session:
    """Return the session that a row of `sessions` is."""
    values = {name: row[name] for name in _KEPT}
    for name in ("consented", "started", "ended", "duration"):
        values[name] = None if values[name] is None else values[name] / 1000
    for name in ("models", "settings"):
        values[name] = json.loads(values[name])
    return Session(**values)


def ms(seconds: float) -> int:
    """Return whole milliseconds, as the tables keep times."""
    return round(seconds * 1000)
