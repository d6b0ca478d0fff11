"""`mien sessions`: recordings, read, exported and deleted without a server; one may run at the same time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli.console import printable
from mien.core.errors import InputError, SettingsError

if TYPE_CHECKING:
    from mien.store.repository import Repository
    from mien.store.values import PictureTotal

app = typer.Typer(help="List, show, export and delete recordings.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Of the recording, see mien sessions list.")]


@app.command("list")
def list_sessions(
    search: Annotated[str, typer.Argument(help="Text in the name, purpose or notes.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="No more than so many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List recordings, the newest first."""
    with _opened() as repository:
        found = [] if repository is None else repository.find(search, limit)[0]
        totals = {} if repository is None else repository.picture_totals([session.id for session, _ in found])
    if as_json:
        values = [asdict(session) | asdict(overview) | _pictures(totals[session.id]) for session, overview in found]
        print(json.dumps(values))
        return
    for session, overview in found:
        began = datetime.fromtimestamp(session.started)
        shown = f"mostly {overview.dominant}" if overview.dominant else ""
        line = (
            f"{session.id}  {began:%Y-%m-%d %H:%M}  {session.duration:8.1f} s  {overview.people:3} people  {shown:17}"
        )
        kept = totals[session.id]
        pictures = f"  ({_size(kept)})" if kept.count else ""
        print(f"{line} {printable(session.name)}{pictures}{'' if session.ended else '  (being recorded)'}")
    if not found:
        print("no recordings", file=sys.stderr)


@app.command()
def show(session: Id, as_json: Json = False) -> None:
    """Show what a recording holds."""
    from mien.server.exports import event_row, person_value

    with _found(session) as repository:
        one, people = repository.get(session), repository.people(session)
        events, markers = repository.events(session), repository.markers(session)
        pictures = repository.picture_totals([session])[session]
    if as_json:
        value = asdict(one) | _pictures(pictures) | {"people": [person_value(person) for person in people]}
        value |= {"events": [event_row(session, event) for event in events]}
        print(json.dumps(value | {"markers": [asdict(marker) for marker in markers]}))
        return
    print(printable(one.name))
    print(f"purpose    {printable(one.purpose)}")
    print(f"began      {datetime.fromtimestamp(one.started):%Y-%m-%d %H:%M:%S}, {one.state}")
    print(f"length     {one.duration:.1f} s, {one.frames} frames, at most {one.most_faces} faces at once")
    print(f"pictures   {_size(pictures) if pictures.count else 'none'}")
    for person in people:
        counted = "".join(f", {count} × {kind}" for kind, count in sorted(person.events.items()))
        print(
            f"face {person.person:<5} {person.seconds:.1f} s in view, mostly {person.dominant or 'uncertain'}{counted}"
        )
    for marker in markers:
        print(f"marker     {marker.time:.1f} s {printable(marker.label)}")
    for line in one.notes.splitlines():
        print(f"notes      {printable(line)}")


@app.command()
def export(
    session: Id,
    form: Annotated[
        Literal["csv", "json", "parquet", "zip"],
        typer.Option("--format", help="Of the file; zip holds all, with the pictures if there are any."),
    ] = "csv",
    table: Annotated[
        Literal["faces", "events", "markers"], typer.Option(help="JSON and ZIP hold all of them.")
    ] = "faces",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; by default stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write a recording as a table: a row per face and frame, or the events, or the markers."""
    from mien.outputs import files
    from mien.server import exports

    with _found(session) as repository:
        parts = exports.export(repository, repository.get(session), "json" if as_json else form, table)
        if output is None:
            if sys.stdout.isatty() and form in ("parquet", "zip") and not as_json:
                raise SettingsError(f"{form} is not for the screen: give a file with --output")
            for part in parts:
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            return
        with files.writing(output), files.part(output).open("wb") as file:
            for part in parts:
                file.write(part)
        files.finish(output, None)


@app.command()
def delete(
    sessions: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Recordings to delete.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete all recordings.")] = False,
    person: Annotated[int | None, typer.Option(min=1, help="Delete this person alone, of one recording.")] = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Delete the pictures alone, of one recording.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete recordings for good: what is deleted is not in the file any more."""
    chosen = sessions or []
    part = f"person {person} of " if person is not None else "the pictures of " if pictures else ""
    if bool(chosen) == everything or (part and len(chosen) != 1) or (pictures and person is not None):
        raise SettingsError("say what to delete: IDs, one ID and --person or --pictures, or --all")
    what = "all recordings" if everything else f"{part}{', '.join(chosen)}"
    if not yes and not typer.confirm(f"Delete {printable(what)}? This cannot be undone.", err=True):
        raise typer.Exit(1)
    with _opened() as repository:
        deleted = 0 if repository is None else _delete(repository, chosen, everything, person, pictures)
    if as_json:
        print(json.dumps({"deleted": deleted}))
    else:
        print(f"{deleted} deleted", file=sys.stderr)
    if not everything and not pictures and deleted < len(chosen):
        raise InputError(f"only {deleted} of {len(chosen)} were there: see mien sessions list")


def _delete(repository: Repository, chosen: list[str], everything: bool, person: int | None, pictures: bool) -> int:
    from mien.live.recorder import stale_before
    from mien.server.settings import load

    if everything:
        return repository.delete_all()
    if person is not None or pictures:
        # What a crashed server left open is not being recorded.
        repository.end_stale(stale_before(time.time(), load().recording_grace))
    if pictures:
        repository.get(chosen[0])
        return repository.delete_pictures(chosen[0])
    if person is not None:
        return int(repository.delete_person(chosen[0], person))
    return sum(repository.delete(session) for session in chosen)


def _pictures(total: PictureTotal) -> dict[str, int]:
    return {"picture_count": total.count, "picture_bytes": total.bytes}


def _size(total: PictureTotal) -> str:
    return f"{total.count} pictures, {total.bytes / 1e6:.1f} MB"


@contextmanager
def _opened() -> Iterator[Repository | None]:
    """Give the recordings that the settings name, None when there never were any."""
    from mien.server.settings import load

    archive = load().archive
    try:
        yield archive.present()
    finally:
        archive.close()


@contextmanager
def _found(session: str) -> Iterator[Repository]:
    with _opened() as repository:
        if repository is None:
            raise InputError(f"there is no recording {session}: see mien sessions list")
        repository.get(session)
        yield repository
