"""``mien``: the table of commands, and how errors end.

stdout is data, stderr is for people. Exit status: 0 all well, 1 something failed, 2 wrong usage or settings, 130
stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from mien import __version__
from mien.cli import bench, cluster, doctor, evaluate, keys, model_server, models, serve, sessions, ship, train
from mien.cli.analyze import analyze
from mien.cli.console import printable
from mien.cli.prune import prune
from mien.core.errors import MienError, SettingsError

COMMANDS: Final[dict[str, Callable[..., None] | typer.Typer]] = {
    "analyze": analyze,
    "serve": serve.serve,
    "model-server": model_server.model_server,
    "cluster": cluster.app,
    "evaluate": evaluate.app,
    "bench": bench.bench,
    "models": models.app,
    "sessions": sessions.app,
    "keys": keys.app,
    "doctor": doctor.doctor,
    "train": train.app,
    "prune": prune,
    "export": ship.export,
    "quantize": ship.quantize,
    "calibrate": ship.calibrate,
}
"""Every command. Their modules import what they need when they run, so that ``mien --help`` stays fast."""


def build() -> typer.Typer:
    """Return the command line as a Typer app."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_root,
    )
    for name, command in COMMANDS.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the entry point of ``mien``.

    Args:
        arguments: without the program's name; by default those of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    try:
        build()(given, prog_name="mien")
    except MienError as error:
        if debug:
            raise
        print(f"mien: {printable(str(error))}", file=sys.stderr)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=lambda on: _version(on))
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Mien reads facial expressions in pictures, videos and live cameras, in real time, on a plain CPU."""


def _version(on: bool) -> None:
    if on:
        print(f"mien {__version__}")
        raise typer.Exit
