"""Reading recordings: lists, who was seen, events, courses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sql

from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS, Event
from mien.store import timeline
from mien.store.packing import SUMS
from mien.store.part import Part, ms, session_of
from mien.store.schema import events, face_blocks, sessions
from mien.store.values import Overview, Person, Sample, Session, Sketch, Timeline

_SHOWN = tuple(f"ms_{name}" for name in EMOTIONS)


class Reading(Part):
    """Finds recordings and tells what is in them."""

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
            listed = [session_of(dict(row)) for row in rows]
            overviews = _overviews(connection, [session.id for session in listed])
        return [(session, overviews[session.id]) for session in listed], total

    def sketches(self, ids: Sequence[str]) -> dict[str, Sketch]:
        """Return the courses of sessions in few steps, for a list; those that are not there are left out.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            return timeline.sketches(connection, ids)

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
        first, last = max(0, ms(start)), ms(end)
        with self.database.reading() as connection:
            return timeline.timeline(connection, session, first, max(first + 1, last), points, people)

    def samples(self, session: str) -> Iterator[Sample]:
        """Yield every frame of a session in the order of time.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            yield from timeline.samples(connection, session)


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
