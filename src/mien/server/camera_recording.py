"""Recording what the server's own cameras see."""

from __future__ import annotations

import asyncio

import structlog

from mien.live.camera import Camera
from mien.live.recorder import Recorder
from mien.live.recording import Recording, RecordingState
from mien.server.errors import ApiError
from mien.store.values import NewSession

log = structlog.get_logger()


class CameraRecordings:
    """The recordings of cameras that go on; used in one event loop.

    Args:
        recorder: writes them.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._busy: set[str] = set()
        self._sessions: dict[str, str] = {}
        self._going: dict[str, tuple[Recording, asyncio.Task[None]]] = {}

    async def start(self, camera: Camera, new: NewSession) -> str:
        """Begin to record a camera; return the session's id.

        Raises:
            ApiError: 409 when it is being recorded already.
            StoreError: it cannot be written.
        """
        if camera.name in self._busy:
            raise ApiError(409, "already_recording", f"camera {camera.name} is being recorded already: stop that first")
        self._busy.add(camera.name)
        try:
            recording = await asyncio.to_thread(self._recorder.start, new, _note)
        except BaseException:
            self._busy.discard(camera.name)
            raise
        task = asyncio.create_task(self._follow(camera, recording))
        self._going[recording.session] = (recording, task)
        self._sessions[camera.name] = recording.session
        return recording.session

    def stop(self, session: str) -> bool:
        """End the recording of a camera; return whether there is one of that id."""
        if session not in self._going:
            return False
        recording, task = self._going[session]
        self._recorder.stop(recording)
        task.cancel()
        return True

    def of(self, camera: str) -> str | None:
        """Return the session in which the camera of that name is being recorded, None when it is not."""
        return self._sessions.get(camera)

    async def close(self) -> None:
        """Follow no camera any more; what was seen is the recorder's."""
        tasks = [task for _, task in self._going.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, camera: Camera, recording: Recording) -> None:
        try:
            with camera.tapped(recording.add), camera.events.listen() as inbox:
                # A recording that was deleted is noticed with the camera's next result or state.
                while recording.wish is None and await inbox.next() is not None:
                    pass
            if recording.wish is None:
                self._recorder.stop(recording)
        finally:
            self._busy.discard(camera.name)
            self._sessions.pop(camera.name, None)
            del self._going[recording.session]


def _note(state: RecordingState) -> None:
    if state.state == "failed":
        log.error("camera recording failed", session=state.session, reason=state.message)
