"""Markers, words and deleting: what people change in a recording."""

from __future__ import annotations

import sqlalchemy as sql

from mien.store import albums, writing
from mien.store.part import Part, ms
from mien.store.schema import markers, sessions
from mien.store.values import Marker, Session


class Changing(Part):
    """Changes recordings, and deletes them so that nothing of them is left."""

    def markers(self, session: str) -> tuple[Marker, ...]:
        """Return a session's markers in the order of time.

        Raises:
            StoreError: they cannot be read.
        """
        query = markers.select().where(markers.c.session == session).order_by(markers.c.time, markers.c.id)
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(Marker(row["id"], row["time"] / 1000, row["label"]) for row in rows)

    def add_marker(self, session: str, time: float, label: str) -> Marker:
        """Keep a marker; ``time`` in seconds since the session began.

        Raises:
            SessionGoneError: there is no such session.
            StoreError: it cannot be written.
        """
        with self.database.writing() as connection:
            self._change(connection, session, {"id": session})
            row = {"session": session, "time": ms(time), "label": label}
            key = connection.execute(markers.insert().values(row)).inserted_primary_key
            assert key is not None
        return Marker(int(key[0]), ms(time) / 1000, label)

    def delete_marker(self, session: str, marker: int) -> bool:
        """Delete a marker; return whether there was one.

        Raises:
            StoreError: it cannot be deleted.
        """
        with self.database.writing() as connection:
            here = (markers.c.session == session) & (markers.c.id == marker)
            gone = connection.execute(markers.delete().where(here)).rowcount > 0
        self._scrub(gone)
        return gone

    def describe(self, session: str, name: str | None = None, notes: str | None = None) -> Session:
        """Change a session's name or notes; what is None stays.

        Raises:
            SessionGoneError: there is no such session.
            StoreError: it cannot be written.
        """
        change = {key: value for key, value in (("name", name), ("notes", notes)) if value is not None}
        if change:
            with self.database.writing() as connection:
                self._change(connection, session, change)
            self._scrub(True)
        return self.get(session)

    def delete(self, session: str) -> bool:
        """Delete a session with all that belongs to it, so that the file holds nothing of it; return whether it was.

        Raises:
            StoreError: it cannot be deleted.
        """
        return self._delete(sessions.c.id == session) > 0

    def delete_all(self) -> int:
        """Delete every session; return how many there were.

        Raises:
            StoreError: they cannot be deleted.
        """
        return self._delete(sql.true())

    def delete_older(self, before: float) -> int:
        """Delete every session that ended before a time in seconds since 1970; return how many.

        Raises:
            StoreError: they cannot be deleted.
        """
        return self._delete(sessions.c.ended.is_not(None) & (sessions.c.ended < ms(before)))

    def delete_person(self, session: str, person: int) -> bool:
        """Delete what one person showed in a session; return whether there was one.

        Of pictures all go that were taken while the person was about, whoever else is in them.

        Raises:
            StillRecordingError: it goes on, here or by another program: more of the person may wait to be written.
            StoreError: it cannot be deleted.
        """
        with self.database.writing() as connection:
            self._at_rest(connection, session)
            albums.delete_person(connection, session, person)
            gone = writing.delete_person(connection, session, person)
        self._scrub(gone)
        return gone

    def _delete(self, which: sql.ColumnElement[bool]) -> int:
        with self.database.writing() as connection:
            count = connection.execute(sessions.delete().where(which)).rowcount
        self._scrub(count > 0)
        return count
