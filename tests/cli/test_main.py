from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien.cli import main as front
from mien.cli.main import COMMANDS, main
from mien.core.codec import encode_jpeg
from mien.core.errors import MienError, MissingDependencyError, SettingsError


def cli(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def failing(error: Exception) -> dict[str, object]:
    def command() -> None:
        raise error

    return {"fail": command}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("--version") == 0
    assert capsys.readouterr().out == f"mien {mien.__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)
    assert cli("-h") == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(name, "--help") == 0
    assert "Usage: mien " + name in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from mien.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'av', 'cv2', 'onnxruntime', 'torch', 'fastapi', 'pyarrow'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("error", "status"),
    [(MienError("it is broken"), 1), (MissingDependencyError("it is broken"), 1), (SettingsError("it is broken"), 2)],
)
def test_errors_are_one_line(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "COMMANDS", {**COMMANDS, **failing(error)})
    assert cli("fail") == status
    captured = capsys.readouterr()
    assert captured.err == "mien: it is broken\n"
    assert captured.out == ""


@pytest.mark.parametrize("arguments", [["--debug", "fail"], ["fail", "--debug"]])
def test_debug_shows_where(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "COMMANDS", {**COMMANDS, **failing(MienError("it is broken"))})
    with pytest.raises(MienError):
        main(arguments)


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(front, "COMMANDS", {**COMMANDS, "wait": command})
    assert cli("wait") == 130


@pytest.mark.parametrize("arguments", [["nonsense"], ["analyze", "--nonsense"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "onsense" in captured.err


def test_switches_show_no_value_and_brackets_stay(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["analyze"], ["sessions", "list"], []):
        assert cli(*command, "--help") == 0
        text = capsys.readouterr().out
        assert "--help" in text
        assert "<bool>" not in text
    assert cli("analyze", "--help") == 0
    assert "mien[gpu]" in capsys.readouterr().out.replace("\n", "")


def test_results_without_stdout_and_a_run_without_stderr(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encode_jpeg(portrait))
    start = f'"{sys.executable}" -c "from mien.cli.main import main; main()" analyze "{photo}"'
    done = subprocess.run(f"{start} >&-", shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "mien: stdout is closed: open it, or add -o DIR\n"
    done = subprocess.run(f"{start} 2>&-", shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
