"""``mien``: the table of commands, and how errors end.

stdout is data, stderr is for people. Exit status: 0 all well, 1 something failed, 2 wrong usage or settings, 130
stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

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

_MAKING: Final = ("evaluate", "train", "prune", "export", "quantize", "calibrate")
"""Commands for those who make models."""


def build() -> typer.Typer:
    """Return the command line as a Typer app."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_root,
    )
    for name, command in COMMANDS.items():
        panel = "Make models" if name in _MAKING else "Commands"
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)
    return app


def command() -> TyperCommand | TyperGroup:
    """Return the command line with all its commands, ready to run."""
    root = get_command(build())
    assert isinstance(root, TyperCommand | TyperGroup)
    _without_values(root, None)
    return root


def _without_values(command: Any, parent: typer.Context | None) -> None:
    """Have the help show switches without a value behind them: they take none."""
    context = typer.Context(command, info_name=command.name, parent=parent, **command.context_settings)
    for option in command.get_params(context):
        if isinstance(option, TyperOption) and option.is_flag:
            option.metavar = ""
    for part in getattr(command, "commands", {}).values():
        _without_values(part, context)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the entry point of ``mien``.

    Args:
        arguments: without the program's name; by default those of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if sys.stderr is None:  # closed by who started us: what is for people goes nowhere then
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - a device, open until the end
    try:
        command()(given, prog_name="mien")
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
