"""Recordings kept in a database: values in, values out. What a method has written is on disk when it returns."""

from __future__ import annotations

from mien.store.changing import Changing
from mien.store.database import Database
from mien.store.migrate import migrate
from mien.store.pictures import Pictures
from mien.store.reading import Reading
from mien.store.recording import Recording


class Repository(Recording, Reading, Pictures, Changing):
    """The recordings of one database; safe to use from several threads.

    Args:
        database: is brought to the newest form.

    Raises:
        StoreError: it cannot be opened, or is of a newer version.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        migrate(database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
