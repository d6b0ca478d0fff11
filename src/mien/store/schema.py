"""The tables of recordings; `migrations` make them, and a test holds the two together.

```
sessions ─┬─ frame_blocks   when there were frames, and how many faces on each: at most ten seconds a row
          ├─ face_blocks    sums of what one person showed in at most ten seconds: what timelines are drawn from
          │    └─ face_data the same in full, packed (see `packing`): for exports and close looks
          ├─ events         smiles, blinks, …
          ├─ markers        what somebody noted
          └─ pictures       JPEG, where they are kept: in the same database, so that none outlives its recording
```
Times are whole milliseconds: of the session since it began, of the day since 1970.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sql

from mien.store.packing import SUMS

HEAD: Final = "0002"
"""The newest migration."""

metadata: Final = sql.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _whole(name: str, **options: Any) -> sql.Column[int]:
    return sql.Column(name, sql.BigInteger, nullable=False, **options)


def _of_session(**options: Any) -> sql.Column[str]:
    return sql.Column("session", sql.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, **options)


sessions: Final = sql.Table(
    "sessions",
    metadata,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("purpose", sql.Text, nullable=False),
    sql.Column("notes", sql.Text, nullable=False),
    sql.Column("source", sql.Text, nullable=False),
    _whole("consented"),
    _whole("started", index=True),
    sql.Column("ended", sql.BigInteger),
    _whole("touched"),
    sql.Column("state", sql.String(16), nullable=False),
    _whole("duration"),
    _whole("frames"),
    _whole("most_faces"),
    sql.Column("pictures", sql.Boolean, nullable=False),
    sql.Column("models", sql.Text, nullable=False),
    sql.Column("settings", sql.Text, nullable=False),
    sql.Column("version", sql.Text, nullable=False),
    sql.Column("token", sql.String(64), nullable=False),
)

frame_blocks: Final = sql.Table(
    "frame_blocks",
    metadata,
    _of_session(primary_key=True),
    _whole("start", primary_key=True, autoincrement=False),
    _whole("end"),
    _whole("frames"),
    _whole("most_faces"),
    sql.Column("data", sql.LargeBinary, nullable=False),
)

face_blocks: Final = sql.Table(
    "face_blocks",
    metadata,
    _of_session(primary_key=True),
    _whole("person", primary_key=True, autoincrement=False),
    _whole("start", primary_key=True, autoincrement=False),
    _whole("end"),
    *(_whole(name) for name in SUMS),
    sqlite_with_rowid=False,  # kept in the order of the key, so that a session's rows lie side by side
)

face_data: Final = sql.Table(
    "face_data",
    metadata,
    _of_session(primary_key=True),
    _whole("person", primary_key=True, autoincrement=False),
    _whole("start", primary_key=True, autoincrement=False),
    sql.Column("data", sql.LargeBinary, nullable=False),
)

events: Final = sql.Table(
    "events",
    metadata,
    _of_session(primary_key=True),
    _whole("person", primary_key=True, autoincrement=False),
    sql.Column("kind", sql.String(32), primary_key=True),
    _whole("start", primary_key=True, autoincrement=False),
    sql.Column("end", sql.BigInteger),
)

markers: Final = sql.Table(
    "markers",
    metadata,
    sql.Column("id", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _of_session(index=True),
    _whole("time"),
    sql.Column("label", sql.Text, nullable=False),
    sqlite_autoincrement=True,
)

pictures: Final = sql.Table(
    "pictures",
    metadata,
    _of_session(primary_key=True),
    _whole("time", primary_key=True, autoincrement=False),
    _whole("width"),
    _whole("height"),
    _whole("bytes"),
    sql.Column("data", sql.LargeBinary, nullable=False),
    sql.Index(None, "session", "bytes"),  # so that counts and sizes are known without reading the pictures
)
