"""How large are recordings, and how fast are they open? Hours of made-up faces in a database of its own.

Usage: python benchmarks/recordings.py [--hours 10] [--rate 10] [--sessions 1000] [--database URL] [--json]

One long recording with one and two faces in turn, every column filled by random walks (the worst case for packing:
nothing repeats), then many short ones for the list. Reported are bytes per face, and the seconds that the web app's
questions take, each asked of a database that was just opened, with the making of the JSON: the list of 50, the page of
the long recording, its course, a minute of it frame by frame. The database is deleted at the end, unless it is given.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from mien.cli.bench import machine
from mien.core.types import Faces, FrameResult
from mien.server import lanes
from mien.store.database import Database
from mien.store.gathering import Gathering
from mien.store.repository import Repository
from mien.store.values import NewSession

BEGIN: Final = 1_800_000_000.0
CHUNK: Final = 600
"""Frames that are written at once."""
POINTS, LANES, LISTED = 600, 24, 50
"""What the web app asks for."""


def walks(random: np.random.Generator, count: int, low: float, high: float) -> NDArray[np.float32]:
    """Return a walk for each of two faces, ``[count, 2]``, that turns back at its limits."""
    steps = random.normal(0, (high - low) / 40, (count, 2)).cumsum(0) + random.uniform(low, high, (1, 2))
    folded = np.abs((steps - low) % (2 * (high - low)) - (high - low))
    return np.asarray(low + folded, np.float32)


def frames(random: np.random.Generator, first: int, count: int, rate: float) -> Iterator[FrameResult]:
    """Yield frames with one and two faces in turn, each column of them a walk."""
    p = np.stack([walks(random, count, 0.001, 1) for _ in range(8)], 2)
    p /= p.sum(2, keepdims=True)
    box = np.stack([walks(random, count, 10, 300) for _ in range(2)], 2)
    box = np.concatenate([box, box + 120], 2)
    pose = np.stack([walks(random, count, -40, 40) for _ in range(3)], 2)
    one = {name: walks(random, count, 0, 1) for name in ("score", "eyes_open", "mouth_open", "perclos", "quality")}
    signals = np.stack([walks(random, count, 0, high) for high in (100, 1, 1, 1)], 2)
    blinks = (np.arange(first, first + count) // 40)[:, None].repeat(2, 1)
    for i in range(count):
        n = 1 + (first + i) % 2
        part = {name: values[i, :n] for name, values in one.items() if name != "score"}
        faces = Faces.from_boxes(box[i, :n], one["score"][i, :n]).replace(
            tracks=np.arange(1, n + 1),
            emotion=p[i, :n],
            label=p[i, :n].argmax(1),
            uncertain=p[i, :n].max(1) < 0.3,
            pose=pose[i, :n],
            blinks=blinks[i, :n],
            signals=signals[i, :n],
            **part,
        )
        yield FrameResult(first + i, (first + i) / rate, 640, 480, faces)


def record(repository: Repository, name: str, seconds: float, rate: float, begin: float, seed: int) -> tuple[str, int]:
    """Keep a recording of so many seconds; return its id and the number of faces."""
    random, gathering, faces = np.random.default_rng(seed), Gathering(), 0
    session, _ = repository.start(NewSession(name, "development"), begin)
    count = max(1, round(seconds * rate))
    for first in range(0, count, CHUNK):
        for result in frames(random, first, min(CHUNK, count - first), rate):
            gathering.add(result, result.timestamp)
            faces += len(result.faces)
        made = gathering.batch()
        assert made is not None
        repository.append(session.id, made[0], begin + made[0].duration)
        gathering.written(*made)
    repository.end(session.id, "stopped", begin + seconds)
    return session.id, faces


def timed(place: Path | str, ask: Callable[[Repository], Any]) -> dict[str, float]:
    """Open the database, ask it and make the answer's JSON; return seconds and bytes."""
    start = time.perf_counter()
    repository = Repository(Database(place))
    text = orjson.dumps(ask(repository), default=list, option=orjson.OPT_SERIALIZE_NUMPY)
    seconds = time.perf_counter() - start
    repository.close()
    return {"seconds": round(seconds, 3), "kilobytes": round(len(text) / 1000, 1)}


def page(repository: Repository, session: str) -> list[Any]:
    found = repository.get(session), repository.people(session), repository.events(session, 1000)
    return [*found, repository.markers(session)]


def listed(repository: Repository) -> list[Any]:
    found, _ = repository.find(limit=LISTED)
    return [found, repository.sketches([session.id for session, _ in found])]


def run(place: Path | str, hours: float, rate: float, sessions: int) -> dict[str, Any]:
    repository = Repository(Database(place))
    for index in range(sessions):
        record(repository, f"short {index}", 60, 2, BEGIN + 100 * index, index)
    repository.close()  # which moves the log into the file
    repository = Repository(Database(place))
    before = repository.database.size() or 0
    start = time.perf_counter()
    session, faces = record(repository, "long", hours * 3600, rate, BEGIN + 100 * sessions, -1 % 2**32)
    writing = time.perf_counter() - start
    repository.close()
    size = (Database(place).size() or 0) - before
    middle, end = hours * 1800, hours * 3600
    return {
        "hours": hours,
        "rate": rate,
        "faces": faces,
        "sessions": sessions + 1,
        "bytes": size,
        "bytes_per_face": round(size / faces, 1),
        "written_faces_per_second": round(faces / writing),
        "list": timed(place, listed),
        "page": timed(place, lambda found: page(found, session)),
        "course": timed(place, lambda found: lanes.to_json(found.timeline(session, 0, end, POINTS, LANES))),
        "minute": timed(
            place, lambda found: lanes.to_json(found.timeline(session, middle, middle + 60, POINTS, LANES))
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=10.0, help="of the long recording")
    parser.add_argument("--rate", type=float, default=10.0, help="results per second in it")
    parser.add_argument("--sessions", type=int, default=1000, help="short recordings beside it")
    parser.add_argument(
        "--database", metavar="FILE|URL", help="an empty one to fill and keep; by default one of its own"
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="JSON on stdout")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mien-recordings-") as folder:
        given = chosen.database
        place = Path(folder) / "recordings.db" if given is None else given if "://" in given else Path(given)
        found = run(place, chosen.hours, chosen.rate, chosen.sessions)
    if chosen.as_json:
        print(json.dumps(found | {"machine": machine()}))
        return
    for name, value in found.items():
        print(
            f"{name:>26}  {value if not isinstance(value, dict) else '  '.join(f'{v} {k}' for k, v in value.items())}"
        )


if __name__ == "__main__":
    main()
