"""Recordings kept in a database: values in, values out. What a method has written is on disk when it returns."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sql
import structlog

from mien.core.errors import InputError, StoreError
from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS, Event
from mien.store import albums, timeline, writing
from mien.store.database import Database
from mien.store.migrate import migrate
from mien.store.packing import SUMS
from mien.store.schema import events, face_blocks, markers, sessions
from mien.store.values import (
    Batch,
    Marker,
    NewPicture,
    NewSession,
    Overview,
    Person,
    PictureInfo,
    PictureTotal,
    Sample,
    Session,
    Sketch,
    Timeline,
)

log = structlog.get_logger()

_SHOWN = tuple(f"ms_{name}" for name in EMOTIONS)
_KEPT = tuple(name for name in Session.__dataclass_fields__)


class SessionGoneError(InputError):
    """There is no such session, or not any more."""

    code = "not_found"


class ResumeError(InputError):
    """A session cannot be gone on with."""

    code = "cannot_resume"


class StillRecordingError(InputError):
    """A session that is being recorded cannot be changed so."""

    code = "still_recording"


class Repository:
    """The recordings of one database; safe to use from several threads.

    Args:
        database: is brought to the newest form.

    Raises:
        StoreError: it cannot be opened, or is of a newer version.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._unscrubbed = False
        migrate(database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    # Recording

    def start(self, new: NewSession, now: float | None = None) -> tuple[Session, str]:
        """Keep a recording that begins; return it and the token by which it can be gone on with.

        Args:
            new: what it is.
            now: seconds since 1970, by default the computer's.

        Raises:
            StoreError: it cannot be written.
        """
        token, at = secrets.token_urlsafe(24), _ms(time.time() if now is None else now)
        row = asdict(new) | {
            "id": secrets.token_hex(8),
            "notes": "",
            "consented": at,
            "started": at,
            "ended": None,
            "touched": at,
            "state": "recording",
            "duration": 0,
            "frames": 0,
            "most_faces": 0,
            "models": json.dumps(new.models),
            "settings": json.dumps(new.settings),
            "token": _hash(token),
        }
        with self.database.writing() as connection:
            connection.execute(sessions.insert().values(row))
        return _session(row), token

    def append(self, session: str, batch: Batch, now: float | None = None) -> None:
        """Keep what was recorded since.

        Args:
            session: its id.
            batch: what was.
            now: seconds since 1970, by default the computer's.

        Raises:
            SessionGoneError: it was deleted meanwhile.
            StoreError: it cannot be written; nothing was.
        """
        at = _ms(time.time() if now is None else now)
        totals = {
            "touched": at,
            "duration": _ms(batch.duration),
            "frames": batch.frame_count,
            "most_faces": batch.most_faces,
        }
        with self.database.writing() as connection:
            self._change(connection, session, totals)
            writing.write(connection, session, batch)

    def resume(self, session: str, token: str, grace: float, now: float | None = None) -> tuple[Session, int]:
        """Go on with a recording that was interrupted; return it and the highest number of a person in it.

        Args:
            session: its id.
            token: that `start` gave.
            grace: seconds after its last word for which that is possible.
            now: seconds since 1970, by default the computer's.

        Raises:
            ResumeError: there is none of that id and token, it was stopped, or it is too late.
            StoreError: it cannot be written.
        """
        at = time.time() if now is None else now
        with self.database.writing() as connection:
            row = connection.execute(sessions.select().where(sessions.c.id == session)).mappings().first()
            if row is None or not hmac.compare_digest(row["token"], _hash(token)):
                raise ResumeError("there is no recording of that id and token: start a new one")
            if row["state"] == "stopped":
                raise ResumeError("that recording was stopped: start a new one")
            if at - row["touched"] / 1000 > grace:
                raise ResumeError(f"that recording was interrupted more than {grace:g} s ago: start a new one")
            change = {"state": "recording", "ended": None, "touched": _ms(at)}
            self._change(connection, session, change)
            most = sql.select(sql.func.max(face_blocks.c.person)).where(face_blocks.c.session == session)
            return _session(dict(row) | change), connection.execute(most).scalar() or 0

    def touch(self, session: str, now: float | None = None) -> None:
        """Say that a recording goes on, though there is nothing to write.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: it cannot be written.
        """
        with self.database.writing() as connection:
            self._change(connection, session, {"touched": _ms(time.time() if now is None else now)})

    def end(self, session: str, state: str, now: float | None = None) -> None:
        """End a recording: ``stopped`` or ``interrupted``.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: it cannot be written.
        """
        at = _ms(time.time() if now is None else now)
        with self.database.writing() as connection:
            self._change(connection, session, {"state": state, "ended": at, "touched": at})

    def end_stale(self, before: float) -> int:
        """End recordings whose recorder has not been heard of since ``before`` (seconds since 1970); return how many.

        Raises:
            StoreError: they cannot be written.
        """
        stale = (sessions.c.state == "recording") & (sessions.c.touched < _ms(before))
        change = sessions.update().where(stale).values(state="interrupted", ended=sessions.c.touched)
        with self.database.writing() as connection:
            return connection.execute(change).rowcount

    # Reading

    def find(self, search: str = "", limit: int = 50, offset: int = 0) -> tuple[list[tuple[Session, Overview]], int]:
        """Return sessions, the newest first, and how many there are in all.

        Args:
            search: text that the name, purpose or notes must hold, whatever its case.
            limit: return no more than so many.
            offset: leave out so many of the newest.

        Raises:
            StoreError: they cannot be read.
        """
        columns = (sessions.c.name, sessions.c.purpose, sessions.c.notes)
        found = sql.or_(*(column.icontains(search, autoescape=True) for column in columns)) if search else sql.true()
        query = sessions.select().where(found).order_by(sessions.c.started.desc(), sessions.c.id)
        with self.database.reading() as connection:
            total = connection.execute(sql.select(sql.func.count()).select_from(sessions).where(found)).scalar_one()
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            listed = [_session(dict(row)) for row in rows]
            overviews = _overviews(connection, [session.id for session in listed])
        return [(session, overviews[session.id]) for session in listed], total

    def sketches(self, ids: Sequence[str]) -> dict[str, Sketch]:
        """Return the courses of sessions in few steps, for a list; those that are not there are left out.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            return timeline.sketches(connection, ids)

    def get(self, session: str) -> Session:
        """Return a session.

        Raises:
            SessionGoneError: there is none.
            StoreError: it cannot be read.
        """
        with self.database.reading() as connection:
            row = connection.execute(sessions.select().where(sessions.c.id == session)).mappings().first()
        if row is None:
            raise _gone(session)
        return _session(dict(row))

    def people(self, session: str) -> tuple[Person, ...]:
        """Return who was seen in a session, in the order of their numbers.

        Raises:
            StoreError: they cannot be read.
        """
        c = face_blocks.c
        sums = [sql.func.sum(c[name]).label(name) for name in ("shown_for", *_SHOWN, "ms_uncertain")]
        # Signals and events come together: where a block knows a signal, events were looked for.
        known = sql.or_(*(c[f"n_{name}"] > 0 for name in SIGNALS))
        sums.append(sql.func.sum(sql.case((known, c.shown_for), else_=0)).label("followed"))
        query = sql.select(c.person, sql.func.min(c.start).label("first"), sql.func.max(c.end).label("last"), *sums)
        count = sql.select(events.c.person, events.c.kind, sql.func.count()).where(events.c.session == session)
        with self.database.reading() as connection:
            rows = connection.execute(query.where(c.session == session).group_by(c.person).order_by(c.person))
            counts: dict[int, dict[str, int]] = {}
            found = [row._mapping for row in rows]
            for person, kind, n in connection.execute(count.group_by(events.c.person, events.c.kind)):
                counts.setdefault(person, {})[kind] = n
        return tuple(_person(dict(row), counts.get(row["person"], {})) for row in found)

    def events(self, session: str, limit: int | None = None) -> tuple[Event, ...]:
        """Return a session's events in the order of time; ``track`` is the person.

        Raises:
            StoreError: they cannot be read.
        """
        c = events.c
        query = events.select().where(c.session == session).order_by(c.start, c.person, c.kind).limit(limit)
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Event(row["kind"], row["person"], row["start"] / 1000, None if row["end"] is None else row["end"] / 1000)
            for row in rows
        )

    def timeline(self, session: str, start: float, end: float, points: int, people: int | None = None) -> Timeline:
        """Return a stretch of a session in at most ``points`` equal steps; times in seconds since it began.

        Of more than ``people`` people only those who were seen most are in it.

        Raises:
            StoreError: it cannot be read.
        """
        first, last = max(0, _ms(start)), _ms(end)
        with self.database.reading() as connection:
            return timeline.timeline(connection, session, first, max(first + 1, last), points, people)

    def samples(self, session: str) -> Iterator[Sample]:
        """Yield every frame of a session in the order of time.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            yield from timeline.samples(connection, session)

    # Pictures

    def add_pictures(self, session: str, pictures: Sequence[NewPicture]) -> None:
        """Keep pictures of a session.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: they cannot be written; none was.
        """
        with self.database.writing() as connection:
            self._change(connection, session, {"id": session})
            albums.add(connection, session, pictures)

    def pictures(self, session: str, start: float, end: float, points: int) -> list[PictureInfo]:
        """Return the pictures of a stretch in the order of time; of more than ``points`` one of each equal step.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            return albums.infos(connection, session, _ms(start), _ms(end), points)

    def picture(self, session: str, milliseconds: int) -> bytes | None:
        """Return the JPEG of a moment that `pictures` named, None when there is none.

        Raises:
            StoreError: it cannot be read.
        """
        with self.database.reading() as connection:
            return albums.read(connection, session, milliseconds)

    def every_picture(self, session: str) -> Iterator[tuple[int, bytes]]:
        """Yield all pictures of a session with their milliseconds, in the order of time.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            yield from albums.everything(connection, session)

    def picture_totals(self, ids: Sequence[str]) -> dict[str, PictureTotal]:
        """Return how many pictures these sessions have, and their size.

        Raises:
            StoreError: that cannot be read.
        """
        with self.database.reading() as connection:
            found = albums.totals(connection, ids)
        return {session: found.get(session, PictureTotal()) for session in ids}

    def delete_pictures(self, session: str) -> int:
        """Delete all pictures of a session; what was seen on them stays. Return how many there were.

        Raises:
            StillRecordingError: it goes on: more of them may wait to be written.
            StoreError: they cannot be deleted.
        """
        with self.database.writing() as connection:
            self._at_rest(connection, session)
            count = albums.delete(connection, session)
        self._scrub(count > 0)
        return count

    # Markers and words

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
            row = {"session": session, "time": _ms(time), "label": label}
            key = connection.execute(markers.insert().values(row)).inserted_primary_key
            assert key is not None
        return Marker(int(key[0]), _ms(time) / 1000, label)

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

    # Deleting

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
        return self._delete(sessions.c.ended.is_not(None) & (sessions.c.ended < _ms(before)))

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

    def tidy(self) -> None:
        """Finish what a deletion could not, because somebody was reading."""
        self._scrub(self._unscrubbed)

    def _delete(self, which: sql.ColumnElement[bool]) -> int:
        with self.database.writing() as connection:
            count = connection.execute(sessions.delete().where(which)).rowcount
        self._scrub(count > 0)
        return count

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
            raise _gone(session)


def _overviews(connection: sql.Connection, ids: Sequence[str]) -> dict[str, Overview]:
    c = face_blocks.c
    people = sql.func.count(sql.distinct(c.person)).label("people")
    sums = [sql.func.sum(c[name]).label(name) for name in SUMS if name in ("shown_for", *_SHOWN)]
    rows = connection.execute(sql.select(c.session, people, *sums).where(c.session.in_(ids)).group_by(c.session))
    found = {row.session: row._mapping for row in rows}
    overviews = {}
    for session in ids:
        row = found.get(session)
        if row is None:
            overviews[session] = Overview(0, 0.0, None, 0.0)
            continue
        dominant, seconds = _dominant([row[name] for name in _SHOWN])
        overviews[session] = Overview(row["people"], int(row["shown_for"]) / 1000, dominant, seconds)
    return overviews


def _person(row: dict[str, Any], counts: dict[str, int]) -> Person:
    shown = [row[name] for name in _SHOWN]
    return Person(
        person=row["person"],
        first=row["first"] / 1000,
        last=row["last"] / 1000,
        seconds=int(row["shown_for"]) / 1000,
        shown=tuple(int(value) / 1000 for value in shown),
        uncertain=int(row["ms_uncertain"]) / 1000,
        dominant=_dominant(shown)[0],
        events=counts,
        followed=int(row["followed"]) / 1000,
    )


def _dominant(shown: Sequence[Any]) -> tuple[str | None, float]:
    most = max(int(value) for value in shown)
    return (EMOTIONS[[int(value) for value in shown].index(most)] if most > 0 else None), most / 1000


def _session(row: dict[str, Any]) -> Session:
    values = {name: row[name] for name in _KEPT}
    for name in ("consented", "started", "ended", "duration"):
        values[name] = None if values[name] is None else values[name] / 1000
    for name in ("models", "settings"):
        values[name] = json.loads(values[name])
    return Session(**values)


def _gone(session: str) -> SessionGoneError:
    return SessionGoneError(f"there is no session {session[:100]}: GET /api/v1/sessions lists those there are")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
