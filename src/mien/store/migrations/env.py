"""What Alembic runs: the steps, on the connection and in the transaction that `mien.store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from mien.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
