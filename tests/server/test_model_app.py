"""The model server by itself: what it brings into memory, and its options."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mien.cli.main import main
from mien.core.errors import SettingsError
from mien.server.common_settings import ModelServerSettings, load_as

SCRIPT = """
import sys
from starlette.testclient import TestClient
from mien.cli import main, model_server
from mien.server import logs, run
from mien.server.common_settings import ModelServerSettings
from mien.server.model_app import create_model_app

logs.configure("error")
with TestClient(create_model_app(ModelServerSettings(attributes=True)), base_url="http://127.0.0.1") as client:
    client.portal.call(client.app.state.services.ready.wait)
    answer = client.post("/v1/models/emotion:predict", json={"instances": [[[[0.0] * 48] * 48]]})
    names = client.get("/v2/models").json()["models"]
ours = {"batch", "live", "outputs", "pipeline", "sources", "store", "tracking"}
others = {"alembic", "av", "cv2", "ray", "simplejpeg", "socketio", "sqlalchemy"}
parts = {name.split(".")[1] for name in sys.modules if name.startswith("mien.")}
found = ours & parts | others & {name.split(".")[0] for name in sys.modules}
print(answer.status_code, "attributes" in names, "mien.server.app" in sys.modules, sorted(found))
"""


def test_nothing_is_imported_that_it_does_not_serve() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stdout.strip() == "200 True False []", done.stdout + done.stderr


@pytest.mark.parametrize(("options", "allowed"), [([], False), (["--attributes"], True)])
def test_age_and_gender_are_there_when_asked_for(
    options: list[str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    monkeypatch.setattr("mien.server.logs.configure", lambda level: None)
    monkeypatch.setattr("mien.server.run.serve", lambda settings, make: served.append(settings))
    with pytest.raises(SystemExit) as ended:
        main(["model-server", "--port", "8501", *options])
    (settings,) = served
    assert not ended.value.code
    assert isinstance(settings, ModelServerSettings)
    assert (settings.attributes, settings.analyzer.attributes_allowed, settings.port) == (allowed, allowed, 8501)


def test_it_never_asks_a_model_server_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_MODELS", "http://127.0.0.1:8500")
    assert load_as(ModelServerSettings).analyzer.models is None


def test_senseless_values_are_refused() -> None:
    with pytest.raises(SettingsError, match="precision"):
        load_as(ModelServerSettings, precision="int4")
