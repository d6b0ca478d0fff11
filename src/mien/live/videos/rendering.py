"""The annotated copy of a video as work that can be stopped; `copying` writes it, in a child process."""

from __future__ import annotations

from dataclasses import replace

from mien.live.videos.analysis import Work
from mien.live.videos.isolated import write_copy
from mien.live.videos.values import VideoJob
from mien.outputs import files


def render(job: VideoJob, work: Work) -> None:
    """Write the annotated copy; see `isolated.write_copy`.

    Raises:
        SourceError: the video cannot be read or the copy not be written; nothing of it is left.
        StoppedError: somebody wants it to end; nothing of it is left.
    """
    folder = work.folder
    try:
        for index in write_copy(folder.path, job.name, work.rules.max_pixels, work.stopped):
            work.tell(replace(job, progress=min(1.0, (index + 1) / job.frames) if job.frames else None))
    except BaseException:
        files.part(folder.annotated).unlink(missing_ok=True)
        raise
