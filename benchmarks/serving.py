"""One process, a pool of processes, or Ray Serve: the same live streams on each; throughput, latency, memory.

Usage: python benchmarks/serving.py [--ways one pool ray] [--processes N] [--seconds 15] [--save] [--json]

Every way gets the same cores: ``mien serve`` with a thread per core, a pool of uvicorn processes (one per core, one
thread each, one port), and ``mien cluster serve`` with as many replicas of one core. Clients are those of
``server_load.py``: processes that send 640×480 JPEG frames over ``mien.v1``. First so few that everybody can be served
(ten at 15 frames/s): what a stream feels. Then more than can be served (ten at 100 frames/s; the server drops what it
has no time for): how much goes through. Memory is the proportional set size of all processes of the server, its own and
Ray's, so that shared pages count once. Clients and server share the cores. Linux only; about three minutes.

``--save`` writes ``benchmarks/results/serving-DATE.json``.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import server_load
from fastapi import FastAPI

from mien.cli.bench import machine

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results"
CLIENTS: Final = 10
CALM: Final = 15.0
STORM: Final = 100.0
"""Frames a second of each client, in the second load."""
START: Final = 120.0
"""Seconds that a server may take to get ready."""
PROGRAM: Final = [sys.executable, "-c", "from mien.cli.main import main; main()"]
WAYS: Final = ("one", "pool", "ray")


def pool_app() -> FastAPI:
    """Return the app of one process of the pool; uvicorn calls it there."""
    from mien.server import logs
    from mien.server.replica import create_replica_app, replica_settings

    logs.configure("error")
    return create_replica_app(replica_settings({"workers": 1}))


def serve_pool(port: int, processes: int) -> None:
    """Serve from so many processes: python benchmarks/serving.py --pool PORT PROCESSES."""
    import uvicorn

    uvicorn.run(
        "serving:pool_app",
        factory=True,
        app_dir=str(HERE),
        port=port,
        workers=processes,
        http="h11",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        timeout_graceful_shutdown=2,
    )


class Served:
    """A server, in however many processes.

    Args:
        way: of `WAYS`.
        processes: of the pool or of Ray's replicas.
    """

    def __init__(self, way: str, processes: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        port = ["--port", str(self.port), "--log-level", "error"]
        replicas = ["--replicas", str(processes), "--max-replicas", str(processes), "--streams", str(CLIENTS)]
        command = {
            "one": [*PROGRAM, "serve", *port, "--workers", str(processes)],
            "pool": [sys.executable, __file__, "--pool", str(self.port), str(processes)],
            "ray": [*PROGRAM, "cluster", "serve", *port, *replicas, "--insecure-no-key"],
        }[way]
        limits = {"MIEN_SOCKET_RATE": "0", "MIEN_MAX_CLIENT_SOCKETS": "5000", "MIEN_MAX_STREAMS": "5000"}
        started = time.perf_counter()
        self.process = subprocess.Popen(command, env={**os.environ, **limits}, start_new_session=True)
        self._wait()
        self.started_in = time.perf_counter() - started

    def memory_mb(self) -> float:
        """Return the proportional set size of all its processes."""
        total = 0
        for pid in self._pids():
            with contextlib.suppress(OSError):  # it ended meanwhile
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
        return total / 1000

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        ticks = 0
        for pid in self._pids():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it and all that belongs to it."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _pids(self) -> list[int]:
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        found = [self.process.pid]
        for pid in found:  # grows while it is read
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def _wait(self) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until and self.process.poll() is None:
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5),
            ):
                return
            time.sleep(0.1)
        self.stop()
        raise SystemExit("the server did not get ready")


@contextlib.contextmanager
def serving(way: str, processes: int) -> Iterator[Served]:
    """Run a server."""
    served = Served(way, processes)
    try:
        yield served
    finally:
        served.stop()


def measure(ways: list[str], processes: int, seconds: float) -> dict[str, Any]:
    """Put both loads on every way; a server of its own for each way."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames"
        frames.write_bytes(server_load._frames())
        for way in ways:
            with serving(way, processes) as served:
                idle = served.memory_mb()
                calm, storm = (
                    server_load.load(served, ["honest"] * CLIENTS, frames, rate, seconds)  # type: ignore[arg-type]
                    for rate in (CALM, STORM)
                )
            about = {"way": way, "started_in_s": round(served.started_in, 1), "idle_mb": round(idle, 1)}
            rows.append({**about, "calm": calm, "storm": storm})
            print(f"{way}: done", file=sys.stderr)
    return {"processes": processes, "clients": CLIENTS, "seconds": seconds, "ways": rows, "machine": machine()}


def table(report: dict[str, Any]) -> str:
    """Return the report for people."""
    cpu = report["machine"]
    lines = [
        f"{cpu['name']}, {cpu['cores']} cores, load before {cpu['load']}, mien {cpu['mien']} {cpu['commit'] or ''}",
        f"{report['clients']} clients, {report['processes']} threads, processes or replicas",
        f"{'':6}{'start s':>9}{'idle MB':>9} | {CALM:g} frames/s each: {'served/s':>9}{'p50 ms':>8}{'p95 ms':>8}"
        f" | {STORM:g} frames/s each: {'served/s':>9}{'p95 ms':>8}{'cores':>7}{'MB':>7}",
    ]
    for row in report["ways"]:
        calm, storm = row["calm"], row["storm"]
        lines.append(
            f"{row['way']:6}{row['started_in_s']:9.1f}{row['idle_mb']:9.0f} | {'':18}{calm['results_per_s']:9.1f}"
            f"{calm['latency_ms']['p50']:8.1f}{calm['latency_ms']['p95']:8.1f} | {'':19}{storm['results_per_s']:9.1f}"
            f"{storm['latency_ms']['p95']:8.1f}{storm['server_cores']:7.2f}{storm['server_mb']:7.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    if sys.argv[1:2] == ["--pool"]:
        serve_pool(int(sys.argv[2]), int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="by default one per core")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each load")
    parser.add_argument("--save", action="store_true", help="write the result into benchmarks/results")
    parser.add_argument("--json", action="store_true", help="JSON on stdout")
    options = parser.parse_args()
    report = measure(options.ways, options.processes, options.seconds)
    if options.save:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        path = RESULTS / f"serving-{day}.json"
        path.write_text(json.dumps(report, indent=2) + "\n")
        print(f"written to {path}", file=sys.stderr)
    print(json.dumps(report) if options.json else table(report))


if __name__ == "__main__":
    main()
