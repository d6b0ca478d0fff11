"""A table for pictures, where they are kept."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "pictures",
        sql.Column("session", sql.String(32), nullable=False),
        *(sql.Column(name, sql.BigInteger, nullable=False) for name in ("time", "width", "height", "bytes")),
        sql.Column("data", sql.LargeBinary, nullable=False),
        sql.ForeignKeyConstraint(["session"], ["sessions.id"], "fk_pictures_session", ondelete="CASCADE"),
        sql.PrimaryKeyConstraint("session", "time", name="pk_pictures"),
    )
    op.create_index("ix_pictures_session", "pictures", ["session", "bytes"])


def downgrade() -> None:
    """Take it away again, with all pictures."""
    op.drop_table("pictures")
