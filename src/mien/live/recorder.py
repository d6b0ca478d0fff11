"""Recording what is seen: live streams hand in results and never wait; one thread writes them, and tells how it goes.

A disk that is full, locked or gone does not touch the live view: what was seen waits in memory, within limits, until it
can be written. A recording whose client went away stays open for a while, so that a reload does not end it.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import Final

import structlog

from mien.core.errors import MienError, StoreError
from mien.live.pictures import PictureEncoder, PictureKeeper, PictureRules
from mien.live.recording import Clock, Recording, RecordingState, Tell
from mien.store.archive import Archive
from mien.store.errors import ResumeError, SessionGoneError
from mien.store.gathering import MOST_FRAMES, Gathering
from mien.store.repository import Repository
from mien.store.values import NewSession

log = structlog.get_logger()

EVERY: Final = 1.0
"""Seconds between two times of writing: what a power cut may cost."""
SIGN_OF_LIFE: Final = 20.0
"""Seconds after which a recording without frames is said to go on."""
TIDY_EVERY: Final = 60.0
SLOWEST: Final = 30.0
"""Seconds between two tries to write, at most."""
DAY: Final = 86400.0


class Recorder:
    """Writes all recordings of a server, from `run` to `close`; safe to use from several threads.

    Args:
        archive: where they are kept.
        grace: seconds for which a recording stays open after its client went away.
        keep_days: days after which recordings are deleted; 0 for never.
        clock: a test gives its own.
        limit: see `Gathering`.
        pictures: how pictures are kept, for recordings that ask for them; None where none may be.
    """

    def __init__(
        self,
        archive: Archive,
        grace: float = 60.0,
        keep_days: float = 0.0,
        clock: Clock | None = None,
        limit: int = MOST_FRAMES,
        pictures: PictureRules | None = None,
    ) -> None:
        self.archive = archive
        self.pictures = pictures
        self._encoder = PictureEncoder(self._keepers)
        self._grace, self._keep, self._limit = grace, keep_days * DAY, limit
        self._clock = clock or Clock()
        self._open: dict[str, Recording] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._tidy_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def open(self) -> tuple[str, ...]:
        """The sessions that are being recorded, those included whose client went away a moment ago."""
        with self._lock:
            return tuple(self._open)

    def start(self, new: NewSession, tell: Tell) -> Recording:
        """Begin a recording; it is on disk when this returns.

        Args:
            new: what it is.
            tell: gets its states, on any thread.

        Raises:
            StoreError: it cannot be written.
        """
        session, token = self.archive.open().start(new, self._clock.wall())
        gathering = Gathering(limit=self._limit)
        keeper = self._keeper() if session.pictures else None
        made = Recording(session.id, token, session.started, self._clock, tell, gathering, pictures=keeper)
        return self._enter(made)

    def resume(self, session: str, token: str, tell: Tell, paused: bool = False) -> Recording:
        """Go on with a recording whose client or server went away; a client that still has it loses it.

        Args:
            session: its id.
            token: that its `start` gave.
            tell: gets its states, on any thread.
            paused: whether it is to be paused from the first frame on; one that was paused stays so.

        Raises:
            ResumeError: there is none of that id and token, it was stopped, or it is too late.
            StoreError: it cannot be read or written.
        """
        with self._writing:
            before = self._find(session)
            repository = self.archive.present()
            if before is not None and before.wish is None:
                if not hmac.compare_digest(_digest(before.token), _digest(token)):
                    raise ResumeError("there is no recording of that id and token: start a new one")
                started = self._clock.wall() - before.elapsed()
                still = paused or before.paused
                again = Recording(session, token, started, self._clock, tell, before.gathering, still, before.pictures)
                again.saved, again.failures, again.retry_at = before.saved, before.failures, before.retry_at
                before.wish = "stopped"  # takes no more
                before.say("it goes on elsewhere", "stopped", "elsewhere")
                again.gathering.renew()
                return self._enter(again)
            if repository is None:
                raise ResumeError("there is no recording of that id and token: start a new one")
            kept, people = repository.resume(session, token, self._grace, self._clock.wall())
            gathering = Gathering(kept.duration, kept.frames, kept.most_faces, people, self._limit)
            total = repository.picture_totals([session])[session]
            keeper = self._keeper(total.count, total.bytes) if kept.pictures else None
            made = Recording(session, token, kept.started, self._clock, tell, gathering, paused, keeper)
            made.saved = kept.duration
            return self._enter(made)

    def stop(self, recording: Recording) -> None:
        """End a recording; ``stopped`` is told once all of it is on disk."""
        recording.wish, recording.ended_at = "stopped", self._clock.wall()
        self._wake.set()

    def leave(self, recording: Recording) -> None:
        """Note that a recording's client went away; it may come back."""
        recording.tell = _nobody
        recording.left = self._clock.now()
        recording.gathering.pause()

    def discard(self, session: str | None = None) -> None:
        """Stop a recording, or all of them, without writing what waits: it is about to be deleted."""
        with self._writing, self._lock:
            gone = [self._open.pop(key) for key in list(self._open) if session in (None, key)]
        for recording in gone:
            recording.wish = "stopped"
            recording.say("it was deleted", "stopped", "deleted")

    def step(self) -> None:
        """Write what waits and end what is to end; harmless at any time."""
        with self._writing:
            with self._lock:
                recordings = list(self._open.values())
            for recording in recordings:
                self._serve(recording)
            if self._clock.now() >= self._tidy_at:
                self._tidy_at = self._clock.now() + TIDY_EVERY
                self._tidy()

    def run(self) -> None:
        """Begin to write, in a thread; another encodes pictures."""
        self._encoder.run()
        self._thread = threading.Thread(target=self._loop, name="mien-recorder", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 3.0) -> bool:
        """Write what waits, end all recordings so that they can be gone on with, let go of the database.

        Returns:
            Whether all was written within ``timeout`` seconds.
        """
        with self._lock:
            for recording in self._open.values():
                if recording.wish is None:
                    at = None if recording.left is None else self._clock.wall() - self._clock.now() + recording.left
                    recording.wish, recording.ended_at = "interrupted", at
                recording.retry_at = 0.0
        self._closing = True
        self._encoder.close()
        self._wake.set()
        if self._thread is None:
            self.step()
        else:
            self._thread.join(timeout)
        left = self.open
        if left:
            log.error("recordings not written at shutdown", sessions=left)
        self.archive.close()
        return not left

    def _keeper(self, kept: int = 0, size: int = 0) -> PictureKeeper | None:
        return None if self.pictures is None else PictureKeeper(self.pictures, kept, size, self._encoder.wake)

    def _keepers(self) -> list[PictureKeeper]:
        with self._lock:
            return [one.pictures for one in self._open.values() if one.pictures is not None]

    def _enter(self, recording: Recording) -> Recording:
        with self._lock:
            self._open[recording.session] = recording
        return recording

    def _find(self, session: str) -> Recording | None:
        with self._lock:
            return self._open.get(session)

    def _loop(self) -> None:
        closing = False
        while not closing:
            self._wake.wait(EVERY)
            self._wake.clear()
            closing = self._closing
            try:
                self.step()
            except Exception:
                # A fault of ours in one recording must not end the writing of the others.
                log.exception("recording failed")

    def _serve(self, recording: Recording) -> None:
        now = self._clock.now()
        if recording.left is not None and recording.wish is None and now - recording.left > self._grace:
            recording.wish = "interrupted"
            recording.ended_at = self._clock.wall() - (now - recording.left)
        if now < recording.retry_at:
            return
        try:
            self._write(recording, now)
        except SessionGoneError:
            self._forget(recording)
            recording.wish = "stopped"
            recording.say("it was deleted", "stopped", "deleted")
        except MienError as error:
            recording.failures += 1
            delay = min(2.0 ** (recording.failures - 1), SLOWEST)
            recording.retry_at = self._clock.now() + delay
            waiting = f"{recording.gathering.waiting} frames wait in memory, the next try is in {delay:g} s"
            log.warning("recording cannot be written", session=recording.session, reason=str(error))
            recording.say(f"{error}; {waiting}", "failed", error.code)

    def _write(self, recording: Recording, now: float) -> None:
        repository = self.archive.open()
        made = recording.gathering.batch()
        wall = self._clock.wall()
        if made is not None:
            repository.append(recording.session, made[0], wall)
            recording.gathering.written(*made)
            recording.saved, recording.touched, recording.heard = made[0].duration, now, wall
        elif recording.wish is None and now - recording.touched >= SIGN_OF_LIFE and recording.left is None:
            repository.touch(recording.session, wall)
            recording.touched, recording.heard = now, wall
        failed, recording.failures = recording.failures, 0
        self._write_pictures(repository, recording)
        if recording.wish is not None and not recording.gathering.waiting:
            at = recording.ended_at or wall
            if recording.wish == "interrupted":
                repository.abandon(recording.session, recording.heard, at)
            else:
                repository.end(recording.session, recording.wish, at)
            self._forget(recording)
            recording.say(state="stopped")
        elif made is not None or failed:
            recording.say()

    def _write_pictures(self, repository: Repository, recording: Recording) -> None:
        """Write pictures after what was seen on them, and by themselves: where they cannot be, only they are lost."""
        keeper = recording.pictures
        if keeper is None:
            return
        before = keeper.state.code
        keeper.encode()
        pictures = keeper.take(repository.database.spare())
        try:
            if pictures:
                repository.add_pictures(recording.session, pictures)
                keeper.written(pictures)
        except StoreError as error:
            keeper.failed(pictures)
            log.warning("pictures cannot be kept", session=recording.session, reason=str(error))
        if keeper.state.code != before:
            log.info("pictures of a recording", session=recording.session, code=keeper.state.code)
            if recording.wish is None:
                recording.say()

    def _forget(self, recording: Recording) -> None:
        with self._lock:
            if self._open.get(recording.session) is recording:
                del self._open[recording.session]

    def _tidy(self) -> None:
        """End what other, crashed servers left open, and delete what is too old."""
        try:
            repository = self.archive.present()
            if repository is None:
                return
            repository.end_stale(stale_before(self._clock.wall(), self._grace))
            if self._keep:
                deleted = repository.delete_older(self._clock.wall() - self._keep)
                if deleted:
                    log.info("old recordings deleted", sessions=deleted)
            repository.tidy()
        except MienError as error:
            log.warning("recordings cannot be tidied", reason=str(error))


def stale_before(now: float, grace: float) -> float:
    """Return the time before which a recording must have been heard of last for its recorder to be taken as crashed."""
    return now - 2 * grace - 3 * SIGN_OF_LIFE


def _nobody(_state: RecordingState) -> None:
    """Tell nobody."""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
