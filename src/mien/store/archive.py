"""Where recordings are; opened when first needed, so that nothing is made before there is something to keep."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from mien.store.database import Database, parse
from mien.store.repository import Repository

FILE: Final = "recordings.db"


class Archive:
    """The recordings of one place; safe to use from several threads.

    Args:
        folder: that holds or shall hold the file, unless there is an address.
        address: of a database, see `mien.store.database.parse`.
    """

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.place = address or folder / FILE
        self._repository: Repository | None = None
        self._opening = threading.Lock()

    @property
    def shown(self) -> str:
        """The place for people, without a password."""
        return str(self.place) if isinstance(self.place, Path) else parse(self.place).render_as_string()

    def open(self) -> Repository:
        """Return the recordings, made when there are none; takes long at first.

        Raises:
            StoreError: they cannot be opened.
            SettingsError: the address is none.
            MissingDependencyError: PostgreSQL's driver is not installed.
        """
        with self._opening:
            if self._repository is None:
                self._repository = Repository(Database(self.place))
            return self._repository

    def present(self) -> Repository | None:
        """Return the recordings, None when there never were any; see `open`."""
        if self._repository is None and isinstance(self.place, Path) and not self.place.exists():
            return None
        return self.open()

    def close(self) -> None:
        """Let go of the database."""
        with self._opening:
            if self._repository is not None:
                self._repository.close()
                self._repository = None
