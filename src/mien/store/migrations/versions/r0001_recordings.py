"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
SIGNALS = ("satisfaction", "attention", "drowsiness", "expressiveness")


def _whole(*names: str) -> list[sql.Column[int]]:
    return [sql.Column(name, sql.BigInteger, nullable=False) for name in names]


def _text(*names: str) -> list[sql.Column[str]]:
    return [sql.Column(name, sql.Text, nullable=False) for name in names]


def _blob() -> sql.Column[bytes]:
    return sql.Column("data", sql.LargeBinary, nullable=False)


def _part(name: str, key: tuple[str, ...], *columns: sql.Column[Any], **options: Any) -> None:
    session: sql.Column[str] = sql.Column("session", sql.String(32), nullable=False)
    link = sql.ForeignKeyConstraint(["session"], ["sessions.id"], f"fk_{name}_session", ondelete="CASCADE")
    primary = sql.PrimaryKeyConstraint(*key, name=f"pk_{name}")
    op.create_table(name, session, *columns, link, primary, **options)


def upgrade() -> None:
    """Make the tables of recordings."""
    op.create_table(
        "sessions",
        sql.Column("id", sql.String(32), nullable=False),
        *_text("name", "purpose", "notes", "source"),
        *_whole("consented", "started"),
        sql.Column("ended", sql.BigInteger),
        *_whole("touched"),
        sql.Column("state", sql.String(16), nullable=False),
        *_whole("duration", "frames", "most_faces"),
        sql.Column("pictures", sql.Boolean, nullable=False),
        *_text("models", "settings", "version"),
        sql.Column("token", sql.String(64), nullable=False),
        sql.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_started", "sessions", ["started"])
    _part("frame_blocks", ("session", "start"), *_whole("start", "end", "frames", "most_faces"), _blob())
    sums = ["samples", "rated", "shown_for", *(f"ms_{name}" for name in EMOTIONS), "ms_uncertain"]
    sums += [f"sum_{name}" for name in EMOTIONS] + [f"{part}_{name}" for name in SIGNALS for part in ("sum", "n")]
    key = ("session", "person", "start")
    _part("face_blocks", key, *_whole("person", "start", "end", *sums), sqlite_with_rowid=False)
    _part("face_data", key, *_whole("person", "start"), _blob())
    kind: sql.Column[str] = sql.Column("kind", sql.String(32), nullable=False)
    end: sql.Column[int] = sql.Column("end", sql.BigInteger)
    _part("events", ("session", "person", "kind", "start"), *_whole("person"), kind, *_whole("start"), end)
    number = sql.BigInteger().with_variant(sql.Integer, "sqlite")
    marker: sql.Column[int] = sql.Column("id", number, nullable=False, autoincrement=True)
    _part("markers", ("id",), marker, *_whole("time"), *_text("label"), sqlite_autoincrement=True)
    op.create_index("ix_markers_session", "markers", ["session"])


def downgrade() -> None:
    """Take them away again, with all that is in them."""
    for name in ("markers", "events", "face_data", "face_blocks", "frame_blocks", "sessions"):
        op.drop_table(name)
