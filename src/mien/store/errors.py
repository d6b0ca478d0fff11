"""What can be wrong with a recording that somebody names."""

from __future__ import annotations

from mien.core.errors import InputError


class SessionGoneError(InputError):
    """There is no such session, or not any more."""

    code = "not_found"


class ResumeError(InputError):
    """A session cannot be gone on with."""

    code = "cannot_resume"


class StillRecordingError(InputError):
    """A session that is being recorded cannot be changed so."""

    code = "still_recording"


def gone(session: str) -> SessionGoneError:
    """Return the error for a session that is not there."""
    return SessionGoneError(f"there is no recording {session[:100]}: list those there are")
