"""Who may ask for age and gender: nobody, unless the server was started with ``--attributes``."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from fastapi import Query

from mien.core.errors import SettingsError
from mien.core.settings import attributes_of
from mien.models.attributes import OFF
from mien.server.errors import ApiError
from mien.server.settings import ServerSettings

CODE: Final = "attributes_off"
AttributesQuery: TypeAlias = Annotated[
    str, Query(max_length=100, description="`age`, `gender` or `age,gender`", examples=["age,gender"])
]


def allowed(names: Any, settings: ServerSettings) -> tuple[str, ...]:
    """Return the attributes that somebody asks for.

    Args:
        names: see `mien.core.settings.attributes_of`.
        settings: of the server.

    Raises:
        ApiError: 422 when there is none by such a name, 403 when the server does not allow them.
    """
    try:
        asked = attributes_of(names)
    except SettingsError as error:
        raise ApiError(422, "bad_option", str(error)) from None
    if asked and not settings.attributes:
        raise ApiError(403, CODE, OFF)
    return asked
