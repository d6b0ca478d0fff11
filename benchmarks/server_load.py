"""What many live clients get from one server: latency, fairness, drops, memory.

Usage: python benchmarks/server_load.py [--clients 10 50] [--seconds 20] [--idle 1000] [--save] [--json]

A server of its own is started (`mien serve`, defaults but for the limits per address, since all clients come from this
computer). Every client is a process that sends 640×480 JPEG frames at 15/s over ``mien.v1``, whatever comes back, and
measures from handing a frame to its socket until the result with its number is there. Then the same among a client that
never reads and one that sends garbage, and how much memory idle sockets take. Clients and server share the cores: with
many clients on few cores, the clients' own work (about 2% of a core each) is part of what is measured. Linux only.

``--save`` writes ``benchmarks/results/server-load-DATE.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import resource
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from mien.cli.bench import _portrait, machine

HEADER: Final = struct.Struct("<Id")
RESULTS: Final = Path(__file__).parent / "results"


# The clients: python benchmarks/server_load.py --client KIND PORT FRAMES RATE SECONDS


async def client(kind: str, port: int, frames: list[bytes], rate: float, seconds: float) -> dict[str, Any]:
    """Be a client; connect, say so on stdout, wait for a line on stdin, go on for ``seconds``, return what was seen."""
    plain = socket.create_connection(("127.0.0.1", port))
    if kind == "deaf":
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    options: dict[str, Any] = {"subprotocols": ["mien.v1"], "compression": None, "ping_interval": None}
    if kind == "deaf":
        options["max_queue"] = 1
    async with connect(f"ws://127.0.0.1:{port}/api/v1/stream", sock=plain, close_timeout=0.5, **options) as ws:
        if kind != "deaf":
            await ws.recv()
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        sent: dict[int, float] = {}
        seen = Seen()
        listening = asyncio.create_task(seen.listen(ws, sent)) if kind != "deaf" else None
        # Who does not read may come to a point where sending waits for ever.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_send(ws, kind, frames, rate, seconds, sent), seconds + 5)
        if kind == "deaf":
            ws.transport.abort()
        if listening is not None:
            await asyncio.sleep(1.0)  # results on their way
            listening.cancel()
    return {"kind": kind, "sent": len(sent), **seen.report(seconds)}


class Seen:
    """What came back to a client."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.faces = self.errors = self.dropped = 0

    async def listen(self, ws: ClientConnection, sent: dict[int, float]) -> None:
        """Receive until cancelled."""
        async for text in ws:
            message = json.loads(text)
            if message["type"] == "result":
                self.latencies.append(time.perf_counter() - sent[message["seq"]])
                self.faces += len(message["faces"])
                self.dropped = message["dropped"]
            else:
                self.errors += 1

    def report(self, seconds: float) -> dict[str, Any]:
        """Return the client's line."""
        return {
            "results": len(self.latencies),
            "rate": len(self.latencies) / seconds,
            "faces": self.faces,
            "dropped": self.dropped,
            "errors": self.errors,
            "latencies_ms": [round(latency * 1000, 2) for latency in self.latencies],
        }


async def _send(
    ws: ClientConnection, kind: str, frames: list[bytes], rate: float, seconds: float, sent: dict[int, float]
) -> None:
    start = time.perf_counter()
    junk = [b"", os.urandom(5), os.urandom(20_000), HEADER.pack(1, float("nan")) + frames[0][:-500]]
    with contextlib.suppress(ConnectionClosed):
        for seq in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, start + seq / rate - time.perf_counter()))
            message = junk[seq % len(junk)] if kind == "garbage" else HEADER.pack(seq, seq * 1000 / rate)
            sent[seq] = time.perf_counter()
            await ws.send(message if kind == "garbage" else message + frames[seq % len(frames)])


# The server and what is done to it


class Served:
    """A server in a process of its own."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        limits = {"MIEN_SOCKET_RATE": "0", "MIEN_MAX_CLIENT_SOCKETS": "5000", "MIEN_MAX_STREAMS": "5000"}
        program = [sys.executable, "-c", "from mien.cli.main import main; main()"]
        self.process = subprocess.Popen(
            [*program, "serve", "--port", str(self.port), "--log-level", "error"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **limits},
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        if "ready" not in line:
            raise SystemExit(f"the server did not start: {line}")

    def memory_mb(self) -> float:
        """Return the resident memory now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        raise SystemExit("the server is gone")

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> float:
        """End it by SIGTERM; return the seconds that took."""
        start = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.perf_counter() - start


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """Run a server."""
    served = Served()
    try:
        yield served
    finally:
        served.process.kill()
        served.process.wait()


def load(served: Served, kinds: list[str], frames: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Let clients of ``kinds`` at the server; return the honest ones' numbers."""
    command = [sys.executable, __file__, "--client"]
    options = [str(served.port), str(frames), str(rate), str(seconds)]
    clients = [
        subprocess.Popen(
            [*command, kind, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_one_thread()
        )
        for kind in kinds
    ]
    for process in clients:
        assert process.stdout is not None
        if process.stdout.readline() != "connected\n":
            raise SystemExit("a client could not connect")
    before = served.cpu_seconds()
    for process in clients:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = [json.loads(process.communicate(timeout=seconds + 120)[0].splitlines()[-1]) for process in clients]
    used = served.cpu_seconds() - before
    honest = [line for line in lines if line["kind"] == "honest"]
    return {"clients": len(honest), "others": kinds[len(honest) :], "seconds": seconds, "rate": rate} | summary(
        honest, used / seconds, served.memory_mb()
    )


def summary(lines: list[dict[str, Any]], cores: float, memory_mb: float) -> dict[str, Any]:
    """Return the clients' numbers in one: latency over all results, rates by client, what became of the frames."""
    latencies = sorted(ms for line in lines for ms in line["latencies_ms"])
    rates = [line["rate"] for line in lines]
    sent = sum(line["sent"] for line in lines)
    if not latencies:
        raise SystemExit("no client got any result")
    return {
        "latency_ms": {
            "p50": statistics.median(latencies),
            "p95": latencies[int(0.95 * (len(latencies) - 1))],
            "max": latencies[-1],
        },
        "results_per_s": round(sum(rates), 1),
        "client_rate": {"min": round(min(rates), 2), "max": round(max(rates), 2)},
        "fairness": round(max(rates) / min(rates), 3) if min(rates) else None,
        "sent": sent,
        "analysed_share": round(len(latencies) / sent, 4),
        "dropped": sum(line["dropped"] for line in lines),
        "errors": sum(line["errors"] for line in lines),
        "faces_per_result": round(sum(line["faces"] for line in lines) / len(latencies), 3),
        "server_cores": round(cores, 2),
        "server_mb": round(memory_mb, 1),
    }


async def idle(served: Served, count: int) -> dict[str, Any]:
    """Open ``count`` sockets that do nothing; return what they cost the server."""
    needed = count + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, needed), hard), hard))
    before = served.memory_mb()
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(count):
            ws = await opened.enter_async_context(
                connect(f"ws://127.0.0.1:{served.port}/api/v1/stream", compression=None, ping_interval=None)
            )
            await ws.recv()
        after = served.memory_mb()
    return {
        "sockets": count,
        "before_mb": round(before, 1),
        "with_mb": round(after, 1),
        "kb_each": round((after - before) * 1000 / count, 1) if count else None,
    }


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _frames() -> bytes:
    """Return 640×480 JPEGs of the demo portrait in slow motion, each after its length."""
    parts = []
    for frame in _portrait(count=60, height=480):
        jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        parts += [struct.pack("<I", len(jpeg)), jpeg]
    return b"".join(parts)


def _read_frames(path: Path) -> list[bytes]:
    data, frames = path.read_bytes(), []
    while data:
        (length,) = struct.unpack_from("<I", data)
        frames.append(data[4 : 4 + length])
        data = data[4 + length :]
    return frames


def measure(counts: list[int], seconds: float, rate: float, sockets: int) -> dict[str, Any]:
    """Run everything; a server for each part, so that none inherits another's memory."""
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames"
        frames.write_bytes(_frames())
        loads = []
        for kinds in [*(["honest"] * count for count in counts), [*["honest"] * min(counts), "deaf", "garbage"]]:
            with serving() as served:
                loads.append(load(served, kinds, frames, rate, seconds) | {"stopped_in_s": round(served.stop(), 2)})
        with serving() as served:
            waiting = asyncio.run(idle(served, sockets))
    return {"frame": "640x480 JPEG", "loads": loads, "idle": waiting, "machine": machine()}


def table(report: dict[str, Any]) -> str:
    """Return the report for people."""
    cpu, waiting = report["machine"], report["idle"]
    lines = [
        f"{cpu['name']}, {cpu['cores']} cores, load before {cpu['load']}, mien {cpu['mien']} {cpu['commit'] or ''}",
        f"{'clients':24}{'p50 ms':>8}{'p95 ms':>8}{'results/s':>11}{'per client':>14}{'max/min':>9}"
        f"{'analysed':>10}{'cores':>7}{'MB':>7}",
    ]
    for row in report["loads"]:
        name = f"{row['clients']}" + (f" + {' + '.join(row['others'])}" if row["others"] else "")
        latency, rates = row["latency_ms"], row["client_rate"]
        lines.append(
            f"{name:24}{latency['p50']:8.1f}{latency['p95']:8.1f}{row['results_per_s']:11.1f}"
            f"{rates['min']:7.2f}–{rates['max']:<6.2f}{row['fairness'] or float('nan'):9.3f}"
            f"{row['analysed_share']:10.1%}{row['server_cores']:7.2f}{row['server_mb']:7.0f}"
        )
    each = f"{waiting['kb_each']} KB each" if waiting["kb_each"] is not None else ""
    lines.append(f"{waiting['sockets']} idle sockets: {waiting['before_mb']} → {waiting['with_mb']} MB, {each}")
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    if sys.argv[1:2] == ["--client"]:
        kind, port, frames, rate, seconds = sys.argv[2:]
        seen = client(kind, int(port), _read_frames(Path(frames)), float(rate), float(seconds))
        print(json.dumps(asyncio.run(seen)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[10, 50])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=15.0, help="frames a second of each client")
    parser.add_argument("--idle", type=int, default=1000, help="idle sockets")
    parser.add_argument("--save", action="store_true", help="write the result into benchmarks/results")
    parser.add_argument("--json", action="store_true", help="JSON on stdout")
    options = parser.parse_args()
    report = measure(options.clients, options.seconds, options.rate, options.idle)
    if options.save:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        path = RESULTS / f"server-load-{day}.json"
        path.write_text(json.dumps(report, indent=2) + "\n")
        print(f"written to {path}", file=sys.stderr)
    print(json.dumps(report) if options.json else table(report))


if __name__ == "__main__":
    main()
