"""Recording on a live socket: its commands, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from mien import __version__
from mien.core.errors import InputError, MienError
from mien.core.types import FrameResult
from mien.live import purposes
from mien.live.pictures import Content
from mien.live.recorder import Recorder
from mien.live.recording import Recording, RecordingState, describe
from mien.live.session import StreamOptions
from mien.server.services import Services
from mien.server.session_schemas import NewMarker, NewRecording
from mien.store.values import NewSession

NOW = 1.0
"""Seconds from a marker's time within which the frame to come is taken to show it."""
Send = Callable[[dict[str, Any]], None]


class RecordError(InputError):
    """A command about recordings that makes no sense."""

    code = "bad_record"


class PicturesOffError(InputError):
    """Pictures shall be kept, and the server does not."""

    code = "pictures_off"


class NotRecordingError(InputError):
    """There is no recording that this could be about."""

    code = "not_recording"


def new_session(asked: NewRecording, services: Services, options: StreamOptions, source: str = "browser") -> NewSession:
    """Return the session that somebody asks for.

    Consent to a recording is needed for one with pictures as well; that it is asked for says that pictures were agreed
    to, too.

    Raises:
        PurposeError: it has no purpose, or one that is refused.
        ConsentError: nobody agreed.
        PicturesOffError: pictures shall be kept, and this server does not.
    """
    purposes.check(asked.purpose, asked.consent)
    if asked.pictures and services.recorder.pictures is None:
        raise PicturesOffError(
            "this server keeps no pictures of recordings: record without, or start it with MIEN_RECORDING_PICTURES=true"
        )
    name = asked.name or f"Recording of {datetime.now():%Y-%m-%d %H:%M}"
    return NewSession(
        name, asked.purpose, source, asked.pictures, dict(services.backend.models), asdict(options), __version__
    )


class SocketRecording:
    """The recording of one socket, if any; `command` in the event loop, `add` from any thread.

    Args:
        services: of the server.
        send: takes messages for the client, in the event loop.
        options: what the stream looks for.
    """

    def __init__(self, services: Services, send: Send, options: Callable[[], StreamOptions]) -> None:
        self._services, self._send, self._options = services, send, options
        self._loop = asyncio.get_running_loop()
        self._recording: Recording | None = None
        self._in_turn = asyncio.Lock()

    def add(self, result: FrameResult, content: Content | None = None) -> None:
        """Take in a result, and the frame as it came."""
        recording = self._recording
        if recording is not None:
            recording.add(result, content)

    async def command(self, kind: str, values: dict[str, Any]) -> None:
        """Do what a ``record`` or ``marker`` message says; errors are sent."""
        async with self._in_turn:
            try:
                await (self._mark(values) if kind == "marker" else self._record(values))
            except MienError as error:
                told = {"type": "error", "code": error.code, "message": str(error), "seq": None}
                self._send(told | ({"kind": error.kind} if isinstance(error, purposes.PurposeError) else {}))

    def leave(self) -> None:
        """The client went away."""
        if self._recording is not None:
            self._recorder.leave(self._recording)

    @property
    def _recorder(self) -> Recorder:
        return self._services.recorder

    async def _record(self, values: dict[str, Any]) -> None:
        if values == {"stop": True}:
            self._recorder.stop(self._present())
        elif list(values) == ["pause"] and isinstance(values["pause"], bool):
            self._present().pause(values["pause"])
        elif _is_resume(values):
            self._free()
            resume, paused = self._recorder.resume, values.get("pause", False)
            await self._open(lambda: resume(values["resume"][:64], values["token"][:200], self._tell, paused))
        elif not {"stop", "pause", "resume", "token"} & set(values):
            self._free()
            asked = _read(NewRecording, values)
            new = new_session(asked, self._services, self._options())
            await self._open(lambda: self._recorder.start(new, self._tell))
        else:
            raise RecordError('send "record" with name, purpose and consent, with "stop": true, "pause" or "resume"')

    async def _open(self, begin: Callable[[], Recording]) -> None:
        recording = self._recording = await asyncio.to_thread(begin)
        self._send(describe(recording.state()) | {"token": recording.token})

    async def _mark(self, values: dict[str, Any]) -> None:
        recording = self._present()
        asked = _read(NewMarker, {"time": recording.elapsed(), **values})
        if recording.pictures is not None and abs(asked.time - recording.elapsed()) < NOW:
            recording.pictures.want()
        repository = await asyncio.to_thread(self._recorder.archive.open)
        marker = await asyncio.to_thread(repository.add_marker, recording.session, asked.time, asked.label)
        self._send({"type": "marker", "session": recording.session, **asdict(marker)})

    def _present(self) -> Recording:
        if self._recording is None or self._recording.wish is not None:
            raise NotRecordingError("nothing is being recorded: start with a record message")
        return self._recording

    def _free(self) -> None:
        if self._recording is not None and self._recording.wish is None:
            raise RecordError("this stream is being recorded already: stop that first")

    def _tell(self, state: RecordingState) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._send, describe(state))


def _is_resume(values: dict[str, Any]) -> bool:
    return (
        {"resume", "token"} <= set(values) <= {"resume", "token", "pause"}
        and isinstance(values["resume"], str)
        and isinstance(values["token"], str)
        and isinstance(values.get("pause", False), bool)
    )


def _read(model: Any, values: dict[str, Any]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RecordError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
