"""Pictures of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mien.store import albums
from mien.store.part import Part, ms
from mien.store.values import NewPicture, PictureInfo, PictureTotal


class Pictures(Part):
    """Keeps, finds and deletes pictures of recordings."""

    def add_pictures(self, session: str, pictures: Sequence[NewPicture]) -> None:
        """Keep pictures of a session.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: they cannot be written; none was.
        """
        with self.database.writing() as connection:
            self._change(connection, session, {"id": session})
            albums.add(connection, session, pictures)

    def pictures(self, session: str, start: float, end: float, points: int) -> list[PictureInfo]:
        """Return the pictures of a stretch in the order of time; of more than ``points`` one of each equal step.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            return albums.infos(connection, session, ms(start), ms(end), points)

    def picture(self, session: str, milliseconds: int) -> bytes | None:
        """Return the JPEG of a moment that `pictures` named, None when there is none.

        Raises:
            StoreError: it cannot be read.
        """
        with self.database.reading() as connection:
            return albums.read(connection, session, milliseconds)

    def every_picture(self, session: str) -> Iterator[tuple[int, bytes]]:
        """Yield all pictures of a session with their milliseconds, in the order of time.

        Raises:
            StoreError: they cannot be read.
        """
        with self.database.reading() as connection:
            yield from albums.everything(connection, session)

    def picture_totals(self, ids: Sequence[str]) -> dict[str, PictureTotal]:
        """Return how many pictures these sessions have, and their size.

        Raises:
            StoreError: that cannot be read.
        """
        with self.database.reading() as connection:
            found = albums.totals(connection, ids)
        return {session: found.get(session, PictureTotal()) for session in ids}

    def delete_pictures(self, session: str) -> int:
        """Delete all pictures of a session; what was seen on them stays. Return how many there were.

        Raises:
            StillRecordingError: it goes on: more of them may wait to be written.
            StoreError: they cannot be deleted.
        """
        with self.database.writing() as connection:
            self._at_rest(connection, session)
            count = albums.delete(connection, session)
        self._scrub(count > 0)
        return count
