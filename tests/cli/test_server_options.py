"""Options that several servers have mean the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest
import typer.core
import typer.main

from mien.cli.main import build, main

SERVERS = ("serve", "cluster serve", "model-server")
OWN = {"--port"}
"""Whose default differs."""


def options(command: str) -> dict[str, str]:
    """Return what the options of a command say of themselves, by their names."""
    found: Any = typer.main.get_command(build())
    for name in command.split():
        found = found.commands[name]
    return {
        " ".join(one.opts): f"{one.help} {one.metavar} {one.show_default} {one.default}"
        for one in found.params
        if isinstance(one, typer.core.TyperOption)
    }


def test_what_servers_share_is_the_same_everywhere() -> None:
    by_server = {server: options(server) for server in SERVERS}
    shared = [name for name in by_server["serve"] if all(name in known for known in by_server.values())]
    assert {"--host", "--port", "--device", "--attributes", "--api-key", "--log-level"} <= set(shared)
    for name in sorted(set().union(*by_server.values()) - OWN):
        assert len({known[name] for known in by_server.values() if name in known}) == 1, name


@pytest.mark.parametrize(("server", "port"), [("serve", "8000"), ("cluster serve", "8000"), ("model-server", "8500")])
def test_the_port_is_told(server: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*server.split(), "--help"])
    assert port in capsys.readouterr().out
