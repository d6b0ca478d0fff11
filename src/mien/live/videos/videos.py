"""All videos that were sent: takes them, works on them in turn, tells how far they are, forgets them in time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import structlog

from mien.core.errors import MienError, StoreError
from mien.live.broadcast import Broadcast
from mien.live.engine import Engine
from mien.live.videos.analysis import Work, analyse
from mien.live.videos.folder import VideoFolder
from mien.live.videos.isolated import StoppedError
from mien.live.videos.progress import Pace, Seldom
from mien.live.videos.rendering import render
from mien.live.videos.values import (
    ENDED,
    CopyState,
    QuotaError,
    TooManyUploadsError,
    VideoBusyError,
    VideoJob,
    VideoRules,
    VideoState,
    is_id,
    media_type,
    plain_name,
)

log = structlog.get_logger()

_INCOMING: Final = ".incoming"
_SWEEP: Final = 60.0
"""Seconds between two looks for videos whose time is over."""
_TELL: Final = 0.25
_SAVE: Final = 2.0
_DAY: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class VideoEvent:
    """A video changed, or is gone.

    Attributes:
        id: of the video.
        job: how it is now; None when it was deleted.
    """

    id: str
    job: VideoJob | None


class Videos:
    """Keeps videos in ``folder`` and works on them from `start` to `close`; safe to use from several threads.

    What was waiting or under way when the last process ended waits again, and is taken up where its results end.

    Args:
        folder: where they are kept; made when the first video comes.
        rules: that hold for them.
        clock: seconds since 1970; a test gives its own.

    Attributes:
        events: what changed.
        rules: that hold for them.
    """

    def __init__(self, folder: Path, rules: VideoRules | None = None, clock: Callable[[], float] = time.time) -> None:
        self.rules = rules or VideoRules()
        self.events: Broadcast[VideoEvent] = Broadcast(passing=lambda _: False)
        self._folder = folder
        self._clock = clock
        self._engine: Engine | None = None
        self._change = threading.Condition()
        self._jobs: dict[str, VideoJob] = {}
        self._stopped: set[str] = set()
        self._working: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._load()

    def start(self, engine: Engine) -> None:
        """Begin to work."""
        self._engine = engine
        self.sweep()
        count = self.rules.at_once
        self._threads = [threading.Thread(target=self._work, name=f"video-{i}", daemon=True) for i in range(count)]
        for thread in self._threads:
            thread.start()

    def all(self) -> list[VideoJob]:
        """Return all videos, the newest first."""
        with self._change:
            return sorted(self._jobs.values(), key=lambda job: (-job.created, job.id))

    def get(self, id: str) -> VideoJob | None:
        """Return a video, None when there is none of that id."""
        with self._change:
            return self._jobs.get(id)

    def folder(self, id: str) -> VideoFolder:
        """Return the folder of a video that there is."""
        return VideoFolder(self._folder / id)

    def used(self) -> int:
        """Return the bytes of everything that is kept, and of what is being sent."""
        if not self._folder.is_dir():
            return 0
        return sum(VideoFolder(path).size() for path in self._folder.iterdir() if path.is_dir())

    def receive(self, announced: int | None) -> VideoFolder:
        """Return a new folder into whose ``upload`` a video can be written; then call `add` or `discard`.

        Raises:
            QuotaError: there is no room, as far as ``announced`` (bytes) tells.
            TooManyUploadsError: too many are being sent.
            StoreError: the folder cannot be made.
        """
        used = self.used()
        if used + (announced or 0) > self.rules.quota:
            raise QuotaError(
                f"the videos kept here take {used} of {self.rules.quota} bytes: delete some, or raise MIEN_VIDEO_QUOTA"
            )
        if sum(1 for _ in self._folder.glob(f"*{_INCOMING}")) >= self.rules.max_incoming:
            raise TooManyUploadsError(f"{self.rules.max_incoming} videos are being sent already: try again later")
        folder = VideoFolder(self._folder / (secrets.token_hex(8) + _INCOMING))
        try:
            folder.path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise StoreError(f"{folder.path} cannot be made ({error.strerror}): check MIEN_DATA_DIR") from error
        return folder

    def discard(self, folder: VideoFolder) -> None:
        """Delete what was received and is not wanted."""
        if folder.path.is_dir():
            folder.delete()

    def add(
        self, folder: VideoFolder, name: str, options: dict[str, Any] | None = None, annotate: bool = False
    ) -> VideoJob:
        """Take a received video into the line.

        Args:
            folder: of `receive`, with the whole video.
            name: what its sender calls it.
            options: names and values of `StreamOptions`, checked by the caller.
            annotate: make an annotated copy too.

        Raises:
            NoVideoError: it is not a video of a known container; the folder is still there.
            StoreError: it cannot be kept.
        """
        shown = plain_name(name)
        with folder.upload.open("rb") as file:
            kind = media_type(file.read(512), shown)
        job = VideoJob(
            id=folder.path.name.removesuffix(_INCOMING),
            name=shown,
            media_type=kind,
            bytes=folder.upload.stat().st_size,
            created=self._clock(),
            options=options or {},
            annotated="waiting" if annotate else "none",
        )
        folder.save(job)
        folder.path.rename(self._folder / job.id)
        with self._change:
            self._set(job)
            self._change.notify()
        return job

    def cancel(self, id: str) -> VideoJob | None:
        """End the work on a video; its results so far stay. Harmless when there is none under way."""
        with self._change:
            job = self._jobs.get(id)
            if job is None or not job.busy:
                return job
            if id in self._working:
                self._stopped.add(id)
                return job
            return self._set(self._ended(job, "cancelled"))

    def annotate(self, id: str) -> VideoJob | None:
        """Put a video into the line for an annotated copy; harmless when there is one.

        Raises:
            VideoBusyError: the analysis failed, so that there is nothing to draw.
        """
        with self._change:
            job = self._jobs.get(id)
            if job is None or job.annotated in ("waiting", "running", "ready"):
                return job
            if job.state == "failed" or (job.state == "cancelled" and not job.analysed):
                raise VideoBusyError(f"{job.name} has no results to draw: send it again")
            job = self._set(replace(job, annotated="waiting"))
            self._change.notify()
            return job

    def remove(self, id: str, timeout: float = 10.0) -> bool:
        """Stop the work on a video and delete everything of it; return whether there was one.

        Raises:
            StoreError: its files could not be deleted.
        """
        with self._change:
            if self._jobs.pop(id, None) is None:
                return False
            self._stopped.add(id)
            self._change.wait_for(lambda: id not in self._working, timeout)
            self._stopped.discard(id)
        self.folder(id).delete()
        self.events.send(VideoEvent(id, None))
        return True

    def sweep(self) -> None:
        """Delete the videos whose time is over."""
        if self.rules.keep_days <= 0:
            return
        until = self._clock() - self.rules.keep_days * _DAY
        for job in self.all():
            if job.created < until and job.id not in self._working:
                log.info("video deleted, its time is over", video=job.id)
                self.remove(job.id)

    def ask_to_stop(self) -> None:
        """Let all work end after the frame it is at, and all listening at once."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self.events.end()

    def close(self, timeout: float = 3.0) -> bool:
        """End the work; what is under way is taken up by the next process. Returns whether all of it ended in time."""
        self.ask_to_stop()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _load(self) -> None:
        """Read what earlier processes left."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            folder = VideoFolder(path)
            if path.name.endswith(_INCOMING):
                self.discard(folder)
            elif is_id(path.name):
                try:
                    job = folder.load()
                except StoreError as error:
                    log.error("a video is left out", reason=str(error))
                    continue
                with self._change:
                    self._jobs[job.id] = _waiting_again(job)

    def _work(self) -> None:
        while True:
            job = self._next()
            if job is None:
                return
            try:
                self._one(job)
            finally:
                with self._change:
                    self._working.discard(job.id)
                    self._stopped.discard(job.id)
                    self._change.notify_all()

    def _next(self) -> VideoJob | None:
        """Wait for the video that has waited longest; None when it is time to end."""
        while True:
            with self._change:
                if self._closing:
                    return None
                waiting = [job for job in self._jobs.values() if job.busy and job.id not in self._working]
                if waiting:
                    job = min(waiting, key=lambda job: (job.state in ENDED, job.created))
                    self._working.add(job.id)
                    return job
                self._change.wait(_SWEEP)
            self.sweep()

    def _one(self, job: VideoJob) -> None:
        """Do what is to be done on a video; whatever goes wrong is its own."""
        try:
            if job.state not in ENDED:
                job = self._analyse(job)
            if job.annotated == "waiting":
                self._render(job)
        except StoppedError:
            with self._change:
                if job.id in self._jobs and not self._closing:
                    self._set(self._ended(self._jobs[job.id], "cancelled"))
        except MienError as error:
            self._fail(job, str(error).replace(str(self.folder(job.id).upload), job.name))
        except Exception:
            log.exception("work on a video failed", video=job.id)
            self._fail(job, f"the server failed on {job.name}; it was logged")

    def _analyse(self, job: VideoJob) -> VideoJob:
        assert self._engine is not None
        job = self._put(replace(job, state="running", reason="", finished=None))
        job = analyse(job, self._task(job), self._engine)
        return self._put(replace(job, state="done", annotated=self._copy_wish(job), finished=self._clock()))

    def _render(self, job: VideoJob) -> None:
        job = self._put(replace(job, annotated="running", progress=0.0, eta=None))
        render(job, self._task(job))
        self._put(replace(job, annotated="ready", progress=1.0, eta=None))

    def _copy_wish(self, job: VideoJob) -> CopyState:
        """Return whether a copy was asked for since the work began."""
        current = self.get(job.id)
        return job.annotated if current is None else current.annotated

    def _task(self, job: VideoJob) -> Work:
        pace, tell, save = Pace(time.monotonic()), Seldom(_TELL), Seldom(_SAVE)

        def told(job: VideoJob) -> None:
            now = time.monotonic()
            noted = pace.note(job, now)
            if tell.due(now):
                self._put(replace(noted, annotated=self._copy_wish(noted)), save=save.due(now))

        return Work(self.folder(job.id), self.rules, lambda: self._closing or job.id in self._stopped, told)

    def _fail(self, job: VideoJob, reason: str) -> None:
        log.warning("a video failed", video=job.id, reason=reason)
        with self._change:
            current = self._jobs.get(job.id)
            if current is None:
                return
            if current.state == "done":
                self._set(replace(current, annotated="failed", reason=reason, eta=None))
            else:
                self._set(replace(self._ended(current, "failed"), reason=reason))

    def _ended(self, job: VideoJob, state: VideoState) -> VideoJob:
        """Return the job with its work ended: the analysis if that was it, else the copy."""
        copy: CopyState = "ready" if job.annotated == "ready" else "none"
        kept = job.state if job.state in ENDED else state
        return replace(job, state=kept, annotated=copy, eta=None, finished=self._clock())

    def _put(self, job: VideoJob, save: bool = True) -> VideoJob:
        with self._change:
            if job.id not in self._jobs:
                raise StoppedError  # deleted meanwhile
            return self._set(job, save)

    def _set(self, job: VideoJob, save: bool = True) -> VideoJob:
        """Keep and tell how a video is; the caller holds the lock."""
        self._jobs[job.id] = job
        if save:
            self.folder(job.id).save(job)
        self.events.send(VideoEvent(job.id, job))
        return job


def _waiting_again(job: VideoJob) -> VideoJob:
    """Return a job as it is when the process that worked on it is gone."""
    state: VideoState = "waiting" if job.state == "running" else job.state
    annotated: CopyState = "waiting" if job.annotated == "running" else job.annotated
    return replace(job, state=state, annotated=annotated, eta=None)
