"""Options that several servers have, each written once."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

HostOption: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Address to listen on; others than loopback need a key.", show_default="127.0.0.1"),
]
DeviceOption: TypeAlias = Annotated[
    str | None, typer.Option(help="cpu, or cuda for an NVIDIA GPU (mien[gpu]).", show_default="cpu")
]
ModelsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="A mien model-server that computes the networks; its key is read from MIEN_MODELS_KEY."
    ),
]
AllowAttributesOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--attributes",
        help="Let clients ask for age and gender. For non-commercial research use only: see docs/attributes.md.",
    ),
]
WorkersOption: TypeAlias = Annotated[
    int | None, typer.Option(help="Threads that compute.", show_default="one per core")
]
ApiKeyOption: TypeAlias = Annotated[
    str | None, typer.Option(help="Key that clients need; better set MIEN_API_KEY, which other users cannot see.")
]
InsecureOption: TypeAlias = Annotated[
    bool, typer.Option("--insecure-no-key", help="Let everybody in who can reach the address.")
]
LogLevelOption: TypeAlias = Annotated[
    str | None, typer.Option(help="debug, info, warning or error.", show_default="info")
]


def port_option(default: int) -> Any:
    """Return the option for a port of a server that has such a default."""
    return typer.Option(help="Port to listen on.", show_default=str(default))
