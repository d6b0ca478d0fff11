"""The statements that write a stretch of a recording, and that take a person out of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from mien.store import packing
from mien.store.packing import SUMS, Rows
from mien.store.schema import events, face_blocks, face_data, frame_blocks
from mien.store.values import Batch


def write(connection: sql.Connection, session: str, batch: Batch) -> None:
    """Write a batch; blocks and events that are there already are replaced."""
    frames = [{"session": session, **_frame_block(rows)} for rows in batch.frames]
    blocks, data = [], []
    for block in batch.faces:
        times = packing.column(block.rows, "time")
        sums = packing.contributions(block.rows).sum(0).tolist()
        key = {"session": session, "person": block.person, "start": int(times[0])}
        blocks.append(key | {"end": int(times[-1])} | dict(zip(SUMS, sums, strict=True)))
        data.append(key | {"data": packing.pack(block.rows)})
    happened = {}
    for event in batch.events:
        end = None if event.end is None else round(event.end * 1000)
        row = {"session": session, "person": event.track, "kind": event.kind, "start": round(event.start * 1000)}
        happened[(event.track, event.kind, row["start"])] = row | {"end": end}
    for table, rows in ((frame_blocks, frames), (face_blocks, blocks), (face_data, data)):
        put(connection, table, rows)
    put(connection, events, list(happened.values()))


def delete_person(connection: sql.Connection, session: str, person: int) -> bool:
    """Delete a person's blocks and events, and count one face less on the frames; return whether there was one."""
    here = (face_data.c.session == session) & (face_data.c.person == person)
    found = [packing.unpack(data) for (data,) in connection.execute(sql.select(face_data.c.data).where(here))]
    for table in (face_data, face_blocks, events):
        connection.execute(table.delete().where((table.c.session == session) & (table.c.person == person)))
    if not found:
        return False
    times = np.concatenate([packing.column(rows, "time") for rows in found])
    within = (frame_blocks.c.session == session) & (frame_blocks.c.end >= int(times.min()))
    query = frame_blocks.select().where(within & (frame_blocks.c.start <= int(times.max())))
    changed = []
    for row in connection.execute(query).mappings():
        frames = packing.unpack(row["data"])
        with_person = np.isin(frames[:, 0], times)
        if with_person.any():
            frames[:, 3] -= with_person
            changed.append({"session": session, **_frame_block(frames)})
    put(connection, frame_blocks, changed)
    most = sql.select(sql.func.coalesce(sql.func.max(frame_blocks.c.most_faces), 0))
    sessions = frame_blocks.metadata.tables["sessions"]
    fewer = most.where(frame_blocks.c.session == session).scalar_subquery()
    connection.execute(sessions.update().where(sessions.c.id == session).values(most_faces=fewer))
    return True


def _frame_block(rows: Rows) -> dict[str, Any]:
    return {
        "start": int(rows[0, 0]),
        "end": int(rows[-1, 0]),
        "frames": len(rows),
        "most_faces": int(rows[:, 3].max()),
        "data": packing.pack(rows),
    }


def put(connection: sql.Connection, table: sql.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; those whose key is there already replace them."""
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest), rows)
