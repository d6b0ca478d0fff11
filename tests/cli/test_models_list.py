from __future__ import annotations

import pytest

from mien.cli.main import main
from mien.cli.models import _told


def test_metrics_are_told_as_people_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert _told({"n": 3, "accuracy": 0.6751, "parts": {"jaw": 7.0}}) == "n 3, accuracy 0.6751, parts (jaw 7)"
    assert _told([4.5, 4.9]) == "4.5–4.9"
    with pytest.raises(SystemExit):
        main(["models", "list"])
    shown = capsys.readouterr().out
    assert "fer2013: n 3589, accuracy 0." in shown
    assert "\\u" not in shown
    assert "{" not in shown
