"""A recording as a page to print: no script, nothing from elsewhere, charts as SVG."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.store.packing import SUMS
from mien.store.repository import Repository
from mien.store.values import Marker, Person, Session

COLOURS: Final = ("#8A94A6", "#E0A100", "#1AA7B5", "#3B6FD4", "#D6403A", "#6B8E23", "#8E5BD0", "#C2679B")
"""Of the emotions, as in the web app."""
POINTS: Final = 240
MOST_PEOPLE: Final = 20
MOST_EVENTS: Final = 200
WIDTH: Final = 720
HEIGHT: Final = 90

STYLE: Final = """
body{font:14px/1.5 system-ui,sans-serif;color:#14181f;max-width:760px;margin:24px auto;padding:0 16px}
h1{font-size:28px;margin:0}h2{font-size:20px;margin:32px 0 8px}h3{font-size:16px;margin:20px 0 4px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 8px 3px 0;border-bottom:1px solid #dfe3ea;vertical-align:top}
svg{width:100%;height:auto;display:block}.quiet{color:#5a6472}
section{break-inside:avoid}
@media print{body{margin:0;max-width:none}}
"""
CSP: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)

_SUMS: Final = slice(SUMS.index("sum_neutral"), SUMS.index("sum_neutral") + len(EMOTIONS))


def page(repository: Repository, session: Session) -> str:
    """Return the page.

    Raises:
        StoreError: the recording cannot be read.
    """
    people = repository.people(session.id)
    found = repository.timeline(session.id, 0.0, session.duration + 0.001, POINTS)
    lanes = {lane.person: lane.sums for lane in found.lanes}
    length = len(found.faces) * found.step
    body = [f"<h1>{escape(session.name)}</h1>", _facts(session, people), _legend()]
    shown = sorted(people, key=lambda person: -person.seconds)[:MOST_PEOPLE]
    for person in sorted(shown, key=lambda person: person.person):
        body.append(_person(person, lanes.get(person.person), length))
    if len(people) > len(shown):
        body.append(f'<p class="quiet">{len(people) - len(shown)} more people were seen for a shorter time.</p>')
    body += [_markers(repository.markers(session.id)), _events(repository, session)]
    body.append(
        '<p class="quiet">Expressions that were seen, read by a program that errs; not what anybody feels. '
        f"Mien {escape(session.version)}.</p>"
    )
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    title = f"<title>{escape(session.name)}</title><style>{STYLE}</style>"
    return f'<!doctype html>\n<html lang="en">{head}{title}\n{"".join(body)}\n</html>\n'


def clock(seconds: float) -> str:
    """Return seconds as ``1:02:03.4``."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}:{rest / 10:04.1f}"


def _facts(session: Session, people: Sequence[Person]) -> str:
    began = datetime.fromtimestamp(session.started, UTC)
    facts = {
        "Began": f"{began:%Y-%m-%d %H:%M:%S} UTC",
        "Length": clock(session.duration),
        "Purpose": session.purpose,
        "Consent": f"given {datetime.fromtimestamp(session.consented, UTC):%Y-%m-%d %H:%M:%S} UTC",
        "Source": session.source,
        "Frames": f"{session.frames}, at most {session.most_faces} faces at once, {len(people)} people",
        "Notes": session.notes,
    }
    rows = (f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in facts.items() if text)
    return f"<table>{''.join(rows)}</table>"


def _legend() -> str:
    parts = []
    for place, (name, colour) in enumerate(zip(EMOTIONS, COLOURS, strict=True)):
        x = place * WIDTH // len(EMOTIONS)
        parts.append(f'<rect x="{x}" y="4" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="13" font-size="11">{name}</text>')
    return f'<h2>People</h2><svg viewBox="0 0 {WIDTH} 18" role="img" aria-label="Colours">{"".join(parts)}</svg>'


def _person(person: Person, sums: NDArray[np.int64] | None, length: float) -> str:
    shares = [(name, seconds) for name, seconds in zip(EMOTIONS, person.shown, strict=True) if seconds > 0]
    total = max(sum(person.shown) + person.uncertain, 1e-9)  # whoever was seen on one frame alone showed it for no time
    words = [f"{name} {seconds / total:.0%}" for name, seconds in sorted(shares, key=lambda share: -share[1])]
    words += [f"uncertain {person.uncertain / total:.0%}"] * (person.uncertain > 0)
    events = ", ".join(f"{count} × {kind}" for kind, count in sorted(person.events.items()))
    seen = f"in view for {clock(person.seconds)}, first at {clock(person.first)}, last at {clock(person.last)}"
    text = "; ".join(part for part in (seen, ", ".join(words), events) if part)
    chart = "" if sums is None else _chart(person.person, sums, length)
    return f"<section><h3>Face {person.person}</h3><p>{escape(text)}</p>{chart}</section>"


def _chart(person: int, sums: NDArray[np.int64], length: float) -> str:
    """Return the mean probabilities over time, stacked; empty where the person was not in view."""
    n = sums[:, SUMS.index("rated")]
    p = sums[:, _SUMS] / np.maximum(n, 1)[:, None]
    heights = p / np.maximum(p.sum(1, keepdims=True), 1e-9) * HEIGHT
    tops = HEIGHT - np.cumsum(heights, axis=1)
    step = WIDTH / len(sums)
    parts = []
    for emotion, colour in enumerate(COLOURS):
        path = "".join(_bars(n > 0, heights[:, emotion], tops[:, emotion], step))
        if path:
            parts.append(f'<path fill="{colour}" d="{path}"/>')
    axis = "".join(
        f'<text x="{x}" y="{HEIGHT + 14}" font-size="11" text-anchor="{anchor}">{clock(at)}</text>'
        for x, at, anchor in ((0, 0.0, "start"), (WIDTH // 2, length / 2, "middle"), (WIDTH, length, "end"))
    )
    frame = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#dfe3ea"/>'
    label = f'role="img" aria-label="Expressions of face {person} over time"'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 18}" {label}>{"".join(parts)}{frame}{axis}</svg>'


def _bars(
    there: NDArray[np.bool_], heights: NDArray[np.float64], tops: NDArray[np.float64], step: float
) -> Iterator[str]:
    for place in np.flatnonzero(there & (heights >= 0.05)):
        yield f"M{place * step:.1f} {tops[place]:.1f}h{step:.2f}v{heights[place]:.1f}h-{step:.2f}z"


def _markers(markers: Sequence[Marker]) -> str:
    if not markers:
        return ""
    rows = (f"<tr><td>{clock(marker.time)}</td><td>{escape(marker.label)}</td></tr>" for marker in markers)
    return f"<h2>Markers</h2><table><tr><th>Time</th><th>Note</th></tr>{''.join(rows)}</table>"


def _events(repository: Repository, session: Session) -> str:
    events = repository.events(session.id, MOST_EVENTS + 1)
    if not events:
        return ""
    rows = (
        f"<tr><td>{clock(event.start)}</td><td>{'' if event.end is None else clock(event.end)}</td>"
        f"<td>Face {event.track}</td><td>{escape(event.kind)}</td></tr>"
        for event in events[:MOST_EVENTS]
    )
    head = "<tr><th>From</th><th>To</th><th>Who</th><th>What</th></tr>"
    more = "" if len(events) <= MOST_EVENTS else f'<p class="quiet">The first {MOST_EVENTS}; exports hold all.</p>'
    return f"<h2>Events</h2><table>{head}{''.join(rows)}</table>{more}"
