from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow.parquet
import pytest
from numpy.typing import NDArray
from skimage import data

from mien.batch.plan import Plan, output_names
from mien.cli import job
from mien.cli.console import Console
from mien.cli.main import main
from mien.core import codec
from mien.core.errors import MienError, ModelError, SettingsError
from mien.core.labels import EMOTIONS
from mien.core.types import Event, Faces, Frame, FrameResult
from mien.outputs.files import part
from mien.outputs.video import VideoWriter
from mien.sources.inputs import expand

PORTRAIT = np.ascontiguousarray(np.asarray(data.astronaut(), np.uint8)[:256, 100:356, ::-1])


class FakeStream:
    """Sees one face on every frame but each third, and remembers what it was shown."""

    def __init__(self, at: FakeAnalyst) -> None:
        self.at = at

    def analyze(self, frame: Frame) -> FrameResult:
        self.at.shown.append((Path(frame.source).name, frame.index))
        if len(self.at.shown) == self.at.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        seen = frame.index % 3 != 2
        faces = Faces.from_boxes([[8, 8, 40, 40]] * seen).replace(
            tracks=[1] * seen, emotion=np.tile(np.eye(8)[1], (seen, 1)), uncertain=[False] * seen
        )
        events = (Event("blink", 1, frame.timestamp, frame.timestamp + 0.1),) if frame.index == 4 else ()
        return FrameResult(frame.index, frame.timestamp, frame.width, frame.height, faces, frame.source, events=events)


class FakeAnalyst:
    def __init__(self, interrupt_at: int = -1) -> None:
        self.shown: list[tuple[str, int]] = []
        self.streams = 0
        self.interrupt_at = interrupt_at

    def analyze(self, image: Frame) -> FrameResult:
        result = FakeStream(self).analyze(image)
        return replace(result, faces=result.faces.replace(tracks=None))

    def stream(self) -> FakeStream:
        self.streams += 1
        return FakeStream(self)


class Tally:
    """Runs a job and holds what it wrote."""

    def __init__(
        self, inputs: list[Path], analyst: FakeAnalyst | None = None, data: bool = False, **plan: object
    ) -> None:
        self.analyst = analyst or FakeAnalyst()
        self.stdout, self.stderr = io.BytesIO(), io.StringIO()
        lines = self.stdout if data or "out" not in plan else None
        found = expand(inputs)
        with Console(len(found.inputs), stream=self.stderr) as console:
            self.status = job.run(found, Plan(**plan), self.analyst, console, lines)  # type: ignore[arg-type]

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.stdout.getvalue().splitlines()]

    @property
    def said(self) -> str:
        return self.stderr.getvalue()


def picture(path: Path, size: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(codec.encode_jpeg(cv2.resize(PORTRAIT, (size, size)).astype(np.uint8)))
    return path


def video(path: Path, count: int = 7, size: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = cv2.resize(PORTRAIT, (size, size)).astype(np.uint8)
    with VideoWriter(path, size, size, 10) as writer:
        for k in range(count):
            writer.write(image, k / 10 + (0.02 if k % 2 else 0))
    return path


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_line_per_frame_with_true_times(tmp_path: Path) -> None:
    tally = Tally([video(tmp_path / "a.mp4"), picture(tmp_path / "b.jpg")])
    assert tally.status == 0
    assert [(Path(str(r["source"])).name, r["frame"], r["time"]) for r in tally.lines] == [
        *(("a.mp4", k, pytest.approx(k / 10 + (0.02 if k % 2 else 0), abs=1e-4)) for k in range(7)),
        ("b.jpg", 0, 0.0),
    ]
    faces = [r["faces"] for r in tally.lines]
    assert [len(f) for f in faces] == [1, 1, 0, 1, 1, 0, 1, 1]  # type: ignore[arg-type]
    assert faces[0][0]["track"] == 1  # type: ignore[index]
    assert "track" not in faces[7][0]  # type: ignore[index]


def test_every_video_is_a_stream_of_its_own(tmp_path: Path) -> None:
    tally = Tally([video(tmp_path / "a.mp4"), video(tmp_path / "b.mp4")])
    assert tally.analyst.streams == 2


@pytest.mark.parametrize(("every", "shown"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (100, [0])])
def test_every(tmp_path: Path, every: int, shown: list[int]) -> None:
    tally = Tally([video(tmp_path / "a.mp4")], every=every)
    assert [r["frame"] for r in tally.lines] == shown
    assert [index for _, index in tally.analyst.shown] == shown


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_table_per_input(tmp_path: Path, kind: str) -> None:
    tally = Tally([video(tmp_path / "a.mp4"), picture(tmp_path / "b.jpg")], out=tmp_path / "new" / "out", kind=kind)
    assert (tally.status, tally.lines) == (0, [])
    files = {path.name: path for path in (tmp_path / "new" / "out").iterdir()}
    assert set(files) == {f"a.{kind}", f"b.{kind}"}
    path = files[f"a.{kind}"]
    if kind == "jsonl":
        frames = [r["frame"] for r in records(path)]
    elif kind == "csv":
        with path.open(newline="") as file:
            frames = [int(row["frame"]) for row in csv.DictReader(file)]
    else:
        frames = pyarrow.parquet.read_table(path).column("frame").to_pylist()
    assert frames == list(range(7))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_table_of_events_beside_that_of_a_video(tmp_path: Path, kind: str) -> None:
    inputs = [video(tmp_path / "a.mp4"), picture(tmp_path / "b.jpg")]
    assert Tally(inputs, out=tmp_path / "out", kind=kind, events=True).status == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"a.{kind}", f"a.events.{kind}", f"b.{kind}"}
    if kind == "jsonl":
        [event] = records(tmp_path / "out" / "a.events.jsonl")
        assert event == {
            "source": str(tmp_path / "a.mp4"), "event": "blink", "track": 1, "start": 0.4, "end": 0.5, "seconds": 0.1
        }  # fmt: skip


def test_stdout_and_tables_at_once(tmp_path: Path) -> None:
    tally = Tally([video(tmp_path / "a.mp4")], data=True, out=tmp_path / "out")
    assert tally.lines == records(tmp_path / "out" / "a.jsonl")


def test_names_that_clash(tmp_path: Path) -> None:
    inputs = [picture(tmp_path / name) for name in ("x/a.jpg", "x/a.png", "y/A.JPG", "z/a.jpg", "x/b.jpg")]
    tally = Tally(inputs, out=tmp_path / "out")
    assert tally.status == 0
    sources = {path.name: Path(str(records(path)[0]["source"])) for path in (tmp_path / "out").iterdir()}
    assert set(sources.values()) == set(inputs)
    assert len({name.casefold() for name in sources}) == 5
    assert (sources["a.jpg.jsonl"], sources["z-a.jsonl"], sources["b.jsonl"]) == (inputs[0], inputs[3], inputs[4])


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["x/a.jpg", "a.mp4", "y/a.jpg", "z/a.jpg"], ["x-a", "a.mp4", "y-a", "z-a"]),
        (["1/x/a.jpg", "2/x/a.jpg", "3/x/a.jpg"], ["a.jpg", "a.jpg-2", "a.jpg-3"]),
        (["x/a.jpg", "y/a.jpg", "x-a.jpg"], ["x-a", "y-a", "x-a.jpg"]),
        (["a.jpg", "A.png"], ["a.jpg", "A.png"]),
        (["a.b.jpg", "a.b.png", "a.b"], ["a.b.jpg", "a.b.png", "a"]),
        (["a.mp4", "a.events.mp4"], ["a", "a.events.mp4"]),
    ],
)
def test_output_names(paths: list[str], names: list[str]) -> None:
    assert output_names([Path(path) for path in paths]) == names


def test_annotated_copies(tmp_path: Path) -> None:
    inputs = [video(tmp_path / "a.mp4", size=96), picture(tmp_path / "b.jpg", 96)]
    tally = Tally(inputs, out=tmp_path / "out", annotate=True, every=2)
    assert tally.status == 0
    drawn = codec.decode((tmp_path / "out" / "b.annotated.jpg").read_bytes())
    assert drawn.shape == (96, 96, 3)
    plain = codec.decode(inputs[1].read_bytes())
    assert np.abs(drawn.astype(int) - plain)[:50, :50].max() > 60
    with av.open(str(tmp_path / "out" / "a.annotated.mp4")) as container:
        frames = list(container.decode(video=0))
    assert [f.time for f in frames] == pytest.approx([k / 10 + (0.02 if k % 2 else 0) for k in range(7)], abs=1e-4)
    # Frame 1 was not analysed and shows what was seen on frame 0; on frame 2 nobody was seen, so 3 is bare as well.
    images = [f.to_ndarray(format="bgr24").astype(int) for f in frames]
    assert np.abs(images[1] - images[0]).mean() < 5
    assert np.abs(images[3] - images[0])[:50, :50].mean() > 5


def test_a_broken_file_among_good_ones(tmp_path: Path) -> None:
    good = [picture(tmp_path / "a.jpg"), video(tmp_path / "c.mp4", 3)]
    (tmp_path / "b.jpg").write_bytes(good[0].read_bytes()[:-20])
    (tmp_path / "d.mp4").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("hello")
    tally = Tally([tmp_path, tmp_path / "missing.png"])
    assert tally.status == 1
    assert {Path(str(r["source"])).name for r in tally.lines} == {"a.jpg", "c.mp4"}
    assert "b.jpg is cut short" in tally.said
    assert "d.mp4 is not a readable video" in tally.said
    assert "missing.png does not exist" in tally.said
    assert "1 other file in these folders is neither" in tally.said


def test_a_broken_file_leaves_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    tally = Tally([tmp_path / "a.mp4"], out=tmp_path / "out", annotate=True)
    assert tally.status == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_a_damaged_video_is_analysed_as_far_as_possible(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", 40)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    pos, size = places[5]
    assert pos is not None
    content[pos : pos + size] = bytes(size)
    path.write_bytes(content)
    tally = Tally([path], out=tmp_path / "out")
    assert tally.status == 1
    assert "damaged frames skipped" in tally.said
    assert f"{path}: 39 frames" in tally.said
    assert len(records(tmp_path / "out" / "a.jsonl")) == 39


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, kind: str) -> None:
    inputs = [picture(tmp_path / "a.jpg"), video(tmp_path / "b.mp4"), video(tmp_path / "c.mp4")]
    before = signal.getsignal(signal.SIGINT)
    tally = Tally(inputs, FakeAnalyst(interrupt_at=4), out=tmp_path / "out", kind=kind, annotate=True)
    assert signal.getsignal(signal.SIGINT) is before
    assert tally.status == 130
    assert f"stopped after 1 of 3 files; what is done is kept in {tmp_path / 'out'}" in tally.said
    path = tmp_path / "out" / f"b.{kind}"
    frames = (
        [r["frame"] for r in records(path)]
        if kind == "jsonl"
        else pyarrow.parquet.read_table(path).column("frame").to_pylist()
    )
    assert frames == [0, 1, 2]  # the frame that was under way when Ctrl-C came is whole
    with av.open(str(tmp_path / "out" / "b.annotated.mp4")) as container:
        assert len(list(container.decode(video=0))) == 3
    assert not part(path).exists()
    assert not (tmp_path / "out" / f"c.{kind}").exists()


def test_a_second_ctrl_c_takes_effect_at_once() -> None:
    def twice() -> None:
        with job.Interrupt():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()


def test_outside_the_main_thread_signals_are_left_alone(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg")
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(Tally([path]).status))
    thread.start()
    thread.join(30)
    assert status == [0]


def test_what_is_no_inputs_fault_ends_the_job(tmp_path: Path) -> None:
    class Broken(FakeAnalyst):
        def analyze(self, image: Frame) -> FrameResult:
            raise ModelError("the model is altered")

    with pytest.raises(ModelError):
        Tally([picture(tmp_path / "a.jpg"), picture(tmp_path / "b.jpg")], Broken())


@pytest.mark.parametrize(
    ("plan", "message"),
    [({"annotate": True}, "add -o DIR"), ({"kind": "xls"}, "jsonl, csv, parquet"), ({"every": 0}, "every")],
)
def test_contradictions(plan: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Plan(**plan)  # type: ignore[arg-type]


def test_inputs_are_never_overwritten(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    before = picture(tmp_path / "a.annotated.jpg", 32).read_bytes()
    with pytest.raises(SettingsError, match=r"a\.annotated\.jpg is an input and would be overwritten"):
        Tally([tmp_path], out=tmp_path, annotate=True)
    assert (tmp_path / "a.annotated.jpg").read_bytes() == before
    assert Tally([tmp_path], out=tmp_path / "out", annotate=True).status == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always-full device")
def test_a_full_disk_behind_stdout(tmp_path: Path) -> None:
    found = expand([picture(tmp_path / "a.jpg")])
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(MienError, match="stdout cannot be written"):
        job.run(found, Plan(), FakeAnalyst(), Console(1, stream=io.StringIO()), full)


def test_what_is_said_without_a_terminal(tmp_path: Path) -> None:
    said = Tally([picture(tmp_path / "a.jpg"), video(tmp_path / "b.mp4")]).said.splitlines()
    assert said[0] == f"{tmp_path / 'a.jpg'}: 1 frame, 1 face (happiness)"
    assert said[1].startswith(f"{tmp_path / 'b.mp4'}: 7 frames, 5 faces (happiness), ")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_on_a_terminal() -> None:
    screen = Terminal()
    with Console(2, stream=screen) as console:
        console.begin("a [b].mp4", 3)
        for _ in range(3):
            console.advance(2)
        console.end()
        console.begin("c.jpg", 1)
        console.advance(1)
        console.end()
        console.problem("d.mp4 is broken")
    text = screen.getvalue()
    assert "a [b].mp4: 3 frames, 6 faces" in text
    assert "c.jpg" not in text  # thousands of pictures do not fill the screen
    assert "mien: d.mp4 is broken" in text


def test_no_bars_where_lines_of_data_go() -> None:
    screen = Terminal()
    with Console(1, bars=False, stream=screen) as console:
        console.begin("a.mp4", 3)
        console.advance(0)
        console.end()
    assert screen.getvalue().startswith("a.mp4: 1 frame, 0 faces\n")


def test_what_was_seen_is_said_with_its_share() -> None:
    screen = io.StringIO()
    with Console(1, stream=screen) as console:
        console.begin("a.jpg", 1)
        console.advance(4, ["uncertain", "neutral", "neutral", "neutral"])
        console.end()
        console.begin("b.jpg", 1)
        console.advance(0)
        console.end()
    assert screen.getvalue() == "a.jpg: 1 frame, 4 faces (neutral 75%, uncertain 25%)\nb.jpg: 1 frame, 0 faces\n"


def test_names_cannot_command_the_terminal() -> None:
    screen = io.StringIO()
    with Console(1, stream=screen) as console:
        console.problem("a\x1b[2Jb\rc.mp4 is broken")
    assert screen.getvalue() == "mien: a�[2Jb�c.mp4 is broken\n"


# From here on the real analyser, through the command line.


def cli(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_the_astronaut_is_seen(
    tmp_path: Path, portrait: NDArray[np.uint8], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "astronaut.png"
    path.write_bytes(cv2.imencode(".png", portrait)[1].tobytes())
    assert cli("analyze", path) == 0
    out = capfdbinary.readouterr().out
    (result,) = [json.loads(line) for line in out.splitlines()]
    assert (result["width"], result["height"], result["frame"]) == (512, 512, 0)
    face = result["faces"][0]
    x1, y1, x2, y2 = face["box"]
    assert x1 < 225 < x2
    assert y1 < 115 < y2
    assert "track" not in face
    assert list(face["emotion"]["probabilities"]) == list(EMOTIONS)
    assert sum(face["emotion"]["probabilities"].values()) == pytest.approx(1, abs=2e-3)


def test_a_video_end_to_end(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = video(tmp_path / "a.mp4", 5, 256)
    status = cli(
        "analyze", path, "-o", tmp_path / "out", "--format", "csv", "--annotate", "--json", "--detect-interval", "0",
        "--detect-size", "256", "--min-score", "0.3", "--precision", "fp32", "--detector", "haar",
    )  # fmt: skip
    assert status == 0
    results = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [r["frame"] for r in results] == [0, 1, 2, 3, 4]
    assert {face["track"] for r in results for face in r["faces"]} == {1}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.annotated.mp4", "a.csv"]


def test_what_annotated_copies_show_is_chosen(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    path = tmp_path / "a.png"
    assert cv2.imwrite(str(path), portrait)
    copies = []
    for chosen in ("", "points", "points,landmarks,pose"):
        out = tmp_path / f"out-{chosen}"
        assert cli("analyze", path, "-o", out, "--annotate", "--landmarks", "--draw", chosen) == 0
        copies.append(np.asarray(cv2.imread(str(out / "a.annotated.jpg")), np.int64))
    changed = [int((np.abs(copy - copies[0]).max(2) > 60).sum()) for copy in copies]
    assert changed[0] == 0 < changed[1] < changed[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jpg"], "mien: missing.jpg does not exist"),
        (["{a}", "--format", "csv"], "add -o DIR"),
        (["{a}", "--annotate"], "add -o DIR"),
        (["{a}", "--draw", "points"], "--annotate"),
        (["{a}", "--annotate", "-o", "out", "--draw", "halo"], "unknown mark 'halo'"),
        (["{a}", "-o", "out", "--format", "xls"], "unknown table format 'xls'"),
        (["{a}", "--detector", "magic"], "magic"),
        (["{a}", "--detect-size", "9"], "detect_size"),
        (["{a}", "--precision", "int4"], "int8 or fp32"),
        (["{a}", "--every", "0"], "--every"),
        (["{a}", "--calibrate", "soon"], "FROM-TO"),
        (["{a}", "--calibrate", "1-2"], "at least 2 seconds"),
        (["{a}", "--calibrate", "0-nan"], "at least 2 seconds"),
        (["{a}", "--min-score", "7"], "--min-score"),
        ([], "INPUT"),
    ],
)
def test_wrong_usage(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = picture(tmp_path / "a.jpg")
    assert cli("analyze", *(argument.format(a=path) for argument in arguments)) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_all_inputs_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert cli("analyze", tmp_path / "a.jpg") == 1
    assert "a.jpg is empty" in capsys.readouterr().err


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from mien.cli.main import main; main()", *map(str, arguments)]


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    inputs = [picture(tmp_path / f"{k}.jpg", 32) for k in range(40)]
    with subprocess.Popen(command("analyze", *inputs), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(60) == 141
    assert "Traceback" not in said
    assert "Broken" not in said
    assert "Exception" not in said


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
def test_ctrl_c_at_the_real_command(tmp_path: Path) -> None:
    # More output (long names) than a pipe holds: the command waits for its reader until it is interrupted.
    path = video(tmp_path / "folder" / ("a" * 200) / ("b" * 200) / ("c" * 200) / "a.mp4", 300, 16)
    with subprocess.Popen(
        command("analyze", path, "-o", tmp_path / "out", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"stopped after 0 of 1 files; what is done is kept in" in said
    done = records(tmp_path / "out" / "a.jsonl")
    assert 1 <= len(done) < 300
    # One line was read above; the interrupt may fall between the table and stdout.
    assert len(done) - len(out.splitlines()) in (1, 2)
