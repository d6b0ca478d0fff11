"""The statements about pictures: keeping, finding, reading and deleting them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sql

from mien.store.schema import face_blocks, pictures
from mien.store.values import NewPicture, PictureInfo, PictureTotal
from mien.store.writing import put

BESIDE: Final = 5000
"""Milliseconds before the first sight of somebody and after the last in which pictures may show them as well."""
_INFO: Final = (pictures.c.time, pictures.c.width, pictures.c.height, pictures.c.bytes)


def add(connection: sql.Connection, session: str, new: Sequence[NewPicture]) -> None:
    """Keep pictures; one of the same millisecond replaces the one before."""
    rows = [
        {
            "session": session,
            "time": round(picture.time * 1000),
            "width": picture.width,
            "height": picture.height,
            "bytes": len(picture.data),
            "data": picture.data,
        }
        for picture in new
    ]
    put(connection, pictures, rows)


def infos(connection: sql.Connection, session: str, start: int, end: int, points: int) -> list[PictureInfo]:
    """Return the pictures of a stretch, at most ``points``: of more, the first of each of as many equal steps."""
    within = (pictures.c.session == session) & (pictures.c.time >= start) & (pictures.c.time < end)
    count = connection.execute(sql.select(sql.func.count()).select_from(pictures).where(within)).scalar_one()
    chosen = within
    if count > points:
        step = max(1, -(-(end - start) // points))
        firsts = sql.select(sql.func.min(pictures.c.time)).where(within).group_by((pictures.c.time - start) // step)
        chosen = (pictures.c.session == session) & pictures.c.time.in_(firsts)
    rows = connection.execute(sql.select(*_INFO).where(chosen).order_by(pictures.c.time))
    return [PictureInfo(time / 1000, width, height, size) for time, width, height, size in rows]


def read(connection: sql.Connection, session: str, time: int) -> bytes | None:
    """Return the picture of a millisecond, None where there is none."""
    here = (pictures.c.session == session) & (pictures.c.time == time)
    found = connection.execute(sql.select(pictures.c.data).where(here)).scalar()
    return None if found is None else bytes(found)


def times(connection: sql.Connection, session: str) -> list[int]:
    """Return the milliseconds of all pictures, in order."""
    query = sql.select(pictures.c.time).where(pictures.c.session == session).order_by(pictures.c.time)
    return list(connection.execute(query).scalars())


def totals(connection: sql.Connection, sessions: Sequence[str]) -> dict[str, PictureTotal]:
    """Return how many pictures sessions have; those without any are left out."""
    sums = (sql.func.count(), sql.func.coalesce(sql.func.sum(pictures.c.bytes), 0))
    query = sql.select(pictures.c.session, *sums).where(pictures.c.session.in_(sessions))
    rows = connection.execute(query.group_by(pictures.c.session))
    return {session: PictureTotal(int(count), int(size)) for session, count, size in rows}


def delete(connection: sql.Connection, session: str) -> int:
    """Delete all pictures of a session; return how many there were."""
    return connection.execute(pictures.delete().where(pictures.c.session == session)).rowcount


def delete_person(connection: sql.Connection, session: str, person: int) -> None:
    """Delete all pictures of the time in which a person was about, whoever else is in them.

    Between the first and the last sight of somebody they may be in a picture without having been found in it (turned
    away, covered), so that no list of faces tells which pictures show them.
    """
    about = (face_blocks.c.session == session) & (face_blocks.c.person == person)
    span = sql.select(sql.func.min(face_blocks.c.start), sql.func.max(face_blocks.c.end)).where(about)
    first, last = connection.execute(span).one()
    if first is None:
        return
    within = (pictures.c.time >= first - BESIDE) & (pictures.c.time <= last + BESIDE)
    connection.execute(pictures.delete().where((pictures.c.session == session) & within))


def everything(connection: sql.Connection, session: str) -> Iterator[tuple[int, bytes]]:
    """Yield every picture with its millisecond, one at a time in memory."""
    for time in times(connection, session):
        data = read(connection, session, time)
        if data is not None:  # it may have been deleted since
            yield time, data
