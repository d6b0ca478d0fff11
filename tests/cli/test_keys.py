from __future__ import annotations

import json

import pytest

from mien.cli.main import main
from mien.server.auth import Keys, parse


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["keys", "new", *arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_a_new_key_fits_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "desk", "--role", "read")
    key, entry = out.splitlines()
    found = Keys(None, parse([entry])).find(key)
    assert status == 0
    assert len(key) >= 32
    assert found is not None
    assert (found.name, found.role) == ("desk", "read")
    assert key not in entry


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "desk", "--json")
    made = json.loads(out)
    assert Keys(None, parse([made["entry"]])).find(made["key"]) is not None
    assert err == ""


@pytest.mark.parametrize("arguments", [["a b"], ["desk", "--role", "king"], []])
def test_senseless_keys_are_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err


def test_a_senseless_name_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be called 'a b'" in run(capsys, "a b")[2]
