"""``mien keys``: making keys for the server."""

from __future__ import annotations

import json
import secrets
import sys
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="Make keys for the server.")


@app.callback()
def _group() -> None:
    """Make keys for the server."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What to call the key: letters, digits, dots, dashes.")],
    role: Annotated[
        Literal["read", "analyze", "admin"],
        typer.Option(help="read looks, analyze also has pictures analysed, admin also deletes and adds cameras."),
    ] = "analyze",
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Print a new random key, and the line by which the server knows it: its hash. The key itself is kept nowhere."""
    from mien.core.errors import SettingsError
    from mien.server.auth import digest, parse

    key = secrets.token_urlsafe(32)
    entry = f"{name}={role}:sha256:{digest(key).hex()}"
    try:
        parse([entry])
    except SettingsError as error:  # the name is all of the entry that may be wrong
        raise SettingsError(f"a key cannot be called {name!r}: use up to 64 letters, digits, dots, dashes") from error
    if as_json:
        print(json.dumps({"key": key, "entry": entry}))
        return
    print("Give this to who shall use it; it is not shown again:", file=sys.stderr)
    print(key)
    print("Add this to MIEN_API_KEYS, or as a line to the file that MIEN_API_KEYS_FILE names:", file=sys.stderr)
    print(entry)
