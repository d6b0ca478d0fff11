"""Writing a recording while it runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict

import sqlalchemy as sql

from mien.store import writing
from mien.store.errors import ResumeError
from mien.store.part import Part, ms, session_of
from mien.store.schema import face_blocks, sessions
from mien.store.values import Batch, NewSession, Session


class Recording(Part):
    """Begins, goes on with and ends recordings."""

    def start(self, new: NewSession, now: float | None = None) -> tuple[Session, str]:
        """Keep a recording that begins; return it and the token by which it can be gone on with.

        Args:
            new: what it is.
            now: seconds since 1970, by default the computer's.

        Raises:
            StoreError: it cannot be written.
        """
        token, at = secrets.token_urlsafe(24), ms(time.time() if now is None else now)
        row = asdict(new) | {
            "id": secrets.token_hex(8),
            "notes": "",
            "consented": at,
            "started": at,
            "ended": None,
            "touched": at,
            "state": "recording",
            "duration": 0,
            "frames": 0,
            "most_faces": 0,
            "models": json.dumps(new.models),
            "settings": json.dumps(new.settings),
            "token": _hash(token),
        }
        with self.database.writing() as connection:
            connection.execute(sessions.insert().values(row))
        return session_of(row), token

    def append(self, session: str, batch: Batch, now: float | None = None) -> None:
        """Keep what was recorded since.

        Args:
            session: its id.
            batch: what was.
            now: seconds since 1970, by default the computer's.

        Raises:
            SessionGoneError: it was deleted meanwhile.
            StoreError: it cannot be written; nothing was.
        """
        at = ms(time.time() if now is None else now)
        totals = {
            "touched": at,
            "duration": ms(batch.duration),
            "frames": batch.frame_count,
            "most_faces": batch.most_faces,
        }
        with self.database.writing() as connection:
            self._change(connection, session, totals)
            writing.write(connection, session, batch)

    def resume(self, session: str, token: str, grace: float, now: float | None = None) -> tuple[Session, int]:
        """Go on with a recording that was interrupted; return it and the highest number of a person in it.

        Args:
            session: its id.
            token: that `start` gave.
            grace: seconds after its last word for which that is possible.
            now: seconds since 1970, by default the computer's.

        Raises:
            ResumeError: there is none of that id and token, it was stopped, or it is too late.
            StoreError: it cannot be written.
        """
        at = time.time() if now is None else now
        with self.database.writing() as connection:
            row = connection.execute(sessions.select().where(sessions.c.id == session)).mappings().first()
            if row is None or not hmac.compare_digest(row["token"], _hash(token)):
                raise ResumeError("there is no recording of that id and token: start a new one")
            if row["state"] == "stopped":
                raise ResumeError("that recording was stopped: start a new one")
            if at - row["touched"] / 1000 > grace:
                raise ResumeError(f"that recording was interrupted more than {grace:g} s ago: start a new one")
            change = {"state": "recording", "ended": None, "touched": ms(at)}
            self._change(connection, session, change)
            most = sql.select(sql.func.max(face_blocks.c.person)).where(face_blocks.c.session == session)
            return session_of(dict(row) | change), connection.execute(most).scalar() or 0

    def touch(self, session: str, now: float | None = None) -> None:
        """Say that a recording goes on, though there is nothing to write.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: it cannot be written.
        """
        with self.database.writing() as connection:
            self._change(connection, session, {"touched": ms(time.time() if now is None else now)})

    def end(self, session: str, state: str, now: float | None = None) -> None:
        """End a recording: ``stopped`` or ``interrupted``.

        Raises:
            SessionGoneError: it was deleted.
            StoreError: it cannot be written.
        """
        at = ms(time.time() if now is None else now)
        with self.database.writing() as connection:
            self._change(connection, session, {"state": state, "ended": at, "touched": at})

    def abandon(self, session: str, heard: float, now: float) -> bool:
        """End a recording as interrupted, unless another server has gone on with it; return whether it was ended.

        Args:
            session: its id.
            heard: seconds since 1970 of the last word of whoever gives it up.
            now: when it ended.

        Raises:
            StoreError: it cannot be written.
        """
        ours = (sessions.c.id == session) & (sessions.c.touched <= ms(heard))
        change = sessions.update().where(ours).values(state="interrupted", ended=ms(now), touched=ms(now))
        with self.database.writing() as connection:
            return connection.execute(change).rowcount > 0

    def end_stale(self, before: float) -> int:
        """End recordings whose recorder has not been heard of since ``before`` (seconds since 1970); return how many.

        Raises:
            StoreError: they cannot be written.
        """
        stale = (sessions.c.state == "recording") & (sessions.c.touched < ms(before))
        change = sessions.update().where(stale).values(state="interrupted", ended=sessions.c.touched)
        with self.database.writing() as connection:
            return connection.execute(change).rowcount


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
