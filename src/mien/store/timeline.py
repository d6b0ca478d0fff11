"""Stretches of a recording in equal steps: summed by the database where steps are long, from the samples where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.store import packing
from mien.store.packing import FACE, SUMS, Rows
from mien.store.schema import face_blocks, face_data, frame_blocks, sessions
from mien.store.values import Lane, Sample, Sketch, Timeline

BLOCK: Final = 10_000
"""Milliseconds that a block covers at most; blocks end at multiples of it."""

SKETCH: Final = 48
"""Steps of a sketch, at most; none is shorter than a block, so that the samples need not be read."""

_CHUNK: Final = 12 * BLOCK
_SHOWN: Final = tuple(f"ms_{name}" for name in EMOTIONS)


def timeline(
    connection: sql.Connection, session: str, start: int, end: int, points: int, people: int | None = None
) -> Timeline:
    """Return a stretch of a session.

    Args:
        connection: to the database.
        session: its id.
        start: in ms since it began.
        end: of the stretch in ms, after ``start``.
        points: steps that it shall have at most.
        people: of more people only those who were seen on the most frames of it; None for all.
    """
    step = max(1, -(-(end - start) // points))
    coarse = step >= BLOCK
    if coarse:  # whole blocks go into one step each, so steps are made of whole blocks
        step = -(-step // BLOCK) * BLOCK
        start -= start % BLOCK
    count = max(1, -(-(end - start) // step))
    end = start + count * step
    read = _summed if coarse else _sampled
    faces, lanes = read(connection, session, start, end, step, count)
    most_seen = sorted(lanes, key=lambda person: (-int(lanes[person][:, 0].sum()), person))[:people]
    made = tuple(Lane(person, lanes[person]) for person in sorted(most_seen))
    return Timeline(start / 1000, step / 1000, faces, made, len(lanes) - len(made))


def sketches(connection: sql.Connection, ids: Sequence[str]) -> dict[str, Sketch]:
    """Return the courses of sessions, each in at most `SKETCH` steps of whole blocks.

    Args:
        connection: to the database.
        ids: of the sessions; those that are not there are left out.
    """
    step = (sessions.c.duration // (SKETCH * BLOCK) + 1) * BLOCK  # of whole numbers, so the quotient is one
    query = sql.select(sessions.c.id, step.label("step"), sessions.c.duration).where(sessions.c.id.in_(ids))
    found = {row.id: (int(row.step), int(row.duration) // int(row.step) + 1) for row in connection.execute(query)}
    shown: dict[str, list[str | None]] = {key: [None] * count for key, (_, count) in found.items()}
    satisfaction: dict[str, list[float | None]] = {key: [None] * count for key, (_, count) in found.items()}
    for session, place in connection.execute(_by_step(frame_blocks, step, ids)):
        if place < len(shown[session]):  # more may have been recorded since
            shown[session][int(place)] = "nobody"
    names = ("samples", *_SHOWN, "ms_uncertain", "sum_satisfaction", "n_satisfaction")
    for session, place, samples, *ms, total, known in connection.execute(_by_step(face_blocks, step, ids, names)):
        if place >= len(shown[session]):
            continue
        if samples:
            shown[session][int(place)] = _longest([int(value) for value in ms])
        if known:
            satisfaction[session][int(place)] = round(int(total) / int(known) / FACE["satisfaction"], 1)
    return {key: Sketch(found[key][0] / 1000, tuple(shown[key]), tuple(satisfaction[key])) for key in found}


def _by_step(
    table: sql.Table, step: sql.ColumnElement[int], ids: Sequence[str], sums: Sequence[str] = ()
) -> sql.Select[Any]:
    """Return what sums a table's columns over the steps of each session."""
    place = (table.c.start // step).label("place")
    columns = [sql.func.sum(table.c[name]) for name in sums]
    joined = table.join(sessions, sessions.c.id == table.c.session)
    query = sql.select(table.c.session, place, *columns).select_from(joined)
    return query.where(table.c.session.in_(ids)).group_by(table.c.session, place)


def _longest(ms: list[int]) -> str:
    """Return the emotion shown longest, where ``ms`` holds the time of each and then that of uncertainty."""
    *emotions, uncertain = ms
    most = max(emotions)
    return EMOTIONS[emotions.index(most)] if most > 0 and most >= uncertain else "uncertain"


Lanes = dict[int, NDArray[np.int64]]


def _summed(
    connection: sql.Connection, session: str, start: int, end: int, step: int, count: int
) -> tuple[NDArray[np.int64], Lanes]:
    """Let the database sum the blocks."""
    faces, lanes = np.full(count, -1, np.int64), Lanes()
    for table, key in ((frame_blocks, None), (face_blocks, face_blocks.c.person)):
        place = ((table.c.start - start) // step).label("place")
        within = (table.c.session == session) & (table.c.start >= start) & (table.c.start < end)
        if key is None:
            query = sql.select(place, sql.func.max(table.c.most_faces)).where(within).group_by(place)
            for at, most in connection.execute(query):
                faces[int(at)] = most
            continue
        sums = [sql.func.sum(table.c[name]) for name in SUMS]
        for person, at, *values in connection.execute(sql.select(key, place, *sums).where(within).group_by(key, place)):
            lane = lanes.setdefault(int(person), np.zeros((count, len(SUMS)), np.int64))
            lane[int(at)] = [int(value) for value in values]
    return faces, lanes


def _sampled(
    connection: sql.Connection, session: str, start: int, end: int, step: int, count: int
) -> tuple[NDArray[np.int64], Lanes]:
    """Sum the samples themselves."""
    faces, lanes = np.full(count, -1, np.int64), Lanes()
    for rows in _blocks(connection, frame_blocks, session, start, end):
        time, n = rows[:, 0], rows[:, 3]
        inside = (time >= start) & (time < end)
        np.maximum.at(faces, (time[inside] - start) // step, n[inside])
    for person, rows in _people(connection, session, start, end):
        time = packing.column(rows, "time")
        inside = (time >= start) & (time < end)
        lane = lanes.setdefault(person, np.zeros((count, len(SUMS)), np.int64))
        np.add.at(lane, (time[inside] - start) // step, packing.contributions(rows[inside]))
    return faces, {person: sums for person, sums in lanes.items() if sums[:, 0].any()}


def samples(connection: sql.Connection, session: str) -> Iterator[Sample]:
    """Yield every frame of a session in the order of time, two minutes at a time in memory."""
    last = connection.execute(
        sql.select(sql.func.max(frame_blocks.c.start)).where(frame_blocks.c.session == session)
    ).scalar()
    for start in range(0, 0 if last is None else last + 1, _CHUNK):
        end = start + _CHUNK
        frames = [*_blocks(connection, frame_blocks, session, start, end, whole=True)]
        if frames:
            yield from _joined(np.concatenate(frames), [*_people(connection, session, start, end, whole=True)])


def _joined(frames: Rows, people: list[tuple[int, Rows]]) -> Iterator[Sample]:
    """Put the faces to their frames."""
    frames = frames[np.argsort(frames[:, 0], kind="stable")]
    rows = np.concatenate([np.empty((0, len(packing.FACE)), np.int32), *(rows for _, rows in people)])
    who = np.repeat([person for person, _ in people], [len(rows) for _, rows in people]).astype(np.int64)
    order = np.lexsort((who, rows[:, 0]))
    rows, who = rows[order], who[order]
    first = np.searchsorted(rows[:, 0], frames[:, 0], "left")
    after = np.searchsorted(rows[:, 0], frames[:, 0], "right")
    for (time, width, height, faces), a, b in zip(frames.tolist(), first, after, strict=True):
        yield Sample(time / 1000, width, height, faces, who[a:b], rows[a:b])


def _within(table: sql.Table, session: str, start: int, end: int, whole: bool) -> Any:
    """Return what selects the blocks that begin in a stretch, unless ``whole`` those that reach into it as well."""
    since = start if whole else start - BLOCK
    return (table.c.session == session) & (table.c.start >= since) & (table.c.start < end)


def _blocks(
    connection: sql.Connection, table: sql.Table, session: str, start: int, end: int, whole: bool = False
) -> Iterator[Rows]:
    query = sql.select(table.c.data).where(_within(table, session, start, end, whole)).order_by(table.c.start)
    for (data,) in connection.execute(query):
        yield packing.unpack(data)


def _people(
    connection: sql.Connection, session: str, start: int, end: int, whole: bool = False
) -> Iterator[tuple[int, Rows]]:
    within = _within(face_data, session, start, end, whole)
    query = sql.select(face_data.c.person, face_data.c.data).where(within)
    for person, data in connection.execute(query.order_by(face_data.c.start, face_data.c.person)):
        yield int(person), packing.unpack(data)
