"""Runs `mien` and Python programs for the pages' commands, each in a fork of one process that has imported everything.

Starting Python and importing the runtime, the server and torch takes seconds; a fork takes none. A command is otherwise
run as by its entry point: with its own arguments, folder, environment and streams, and with its own exit status.

``python host.py SOCKET`` listens. `client` is the program that stands for ``mien`` and ``python`` on the path: it sends
what it was called with over the socket, its streams with it, and ends as the command does.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, Final

IMPORTED: Final = (
    "mien.cli.main",
    "mien.cli.job",
    "mien.cli.named",
    "mien.api",
    "mien.server.app",
    "mien.server.run",
    "mien.outputs.tables",
    "mien.evaluation.emotion",
    "mien.training.plots",
    "mien.training.quantise",
    "mien.training.emotion.ship",
    "mien.training.emotion.train",
    "mien.training.emotion.prune",
)
"""What commands import when they run."""


def main(address: str) -> None:
    """Listen on ``address`` until killed."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        for name in IMPORTED:
            importlib.import_module(name)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks: they tell their end themselves
        while True:
            connection, _ = listening.accept()
            with connection:
                if os.fork() == 0:
                    listening.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    command(connection)


def command(connection: socket.socket) -> None:
    """Run what is asked for, tell its exit status, and end this process."""
    streams = array.array("i", [0, 0, 0])
    data, parts, _, _ = connection.recvmsg(1 << 20, socket.CMSG_LEN(3 * streams.itemsize))
    streams.frombytes(parts[0][2])
    asked: dict[str, Any] = json.loads(data)
    for number, stream in enumerate(streams[-3:]):
        os.dup2(stream, number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    connection.sendall(f"{os.getpid()}\n".encode())
    status = call(asked["name"], asked["arguments"])
    connection.sendall(f"{status}\n".encode())
    connection.close()
    os._exit(status)


def call(name: str, arguments: list[str]) -> int:
    """Run ``mien`` or a Python program; return its exit status."""
    try:
        if name == "mien":
            sys.argv = ["mien", *arguments]
            sys.modules["mien.cli.main"].main(arguments)
        else:
            sys.argv = arguments
            sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at the top
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def client(address: str, name: str, interpreter: str, arguments: list[str]) -> int:
    """Have a command run by the host at ``address``; return its exit status.

    ``python`` with anything but a program's file is left to the interpreter.
    """
    if name == "python" and not (arguments and arguments[0].endswith(".py")):
        os.execv(interpreter, [interpreter, *arguments])
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        asked = {"name": name, "arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        streams = array.array("i", [0, 1, 2])
        connection.sendmsg([json.dumps(asked).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        with connection.makefile() as answer:
            process = int(answer.readline())
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _: os.kill(process, number))
            return int(answer.readline() or 139)


if __name__ == "__main__":
    main(sys.argv[1])
