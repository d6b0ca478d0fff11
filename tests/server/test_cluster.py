"""Replicas before they run: what is refused, and what a replica is. How they run is in test_cluster_scale.py."""

from __future__ import annotations

import pytest
from clustering import KEY, needs_ray

from mien.cli.main import main
from mien.core.errors import SettingsError
from mien.server.cluster import Scale
from mien.server.replica import ReplicaSettings, create_replica_app, replica_settings
from mien.server.services import Backend
from mien.server.settings import ServerSettings


def test_replicas_answer_only_when_they_are_ready_and_keep_nothing() -> None:
    settings = ReplicaSettings()
    with pytest.raises(SettingsError, match="MIEN_DATABASE_URL"):
        settings.archive.open()
    assert settings.archive.present() is None
    shared = ReplicaSettings(database_url="postgresql://a:b@db/mien")  # type: ignore[arg-type]
    assert shared.archive.shown.endswith("//a:***@db/mien")


def test_a_replica_whose_models_cannot_be_loaded_does_not_start() -> None:
    from starlette.testclient import TestClient

    def broken(settings: ServerSettings) -> Backend:
        raise SettingsError("no such model server")

    app = create_replica_app(replica_settings({"log_level": "error"}), broken)
    with pytest.raises(SettingsError, match="no such model server"), TestClient(app):
        pass


@needs_ray
@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ([], {}, "MIEN_API_KEY"),
        (["--replicas", "5"], {"MIEN_API_KEY": KEY}, "--max-replicas"),
        ([], {"MIEN_API_KEY": KEY, "MIEN_CAMERAS": "0"}, "mien serve"),
    ],
)
def test_what_cannot_work_is_told_before_ray_starts(
    options: list[str],
    environment: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["cluster", "serve", *options])
    assert (ended.value.code, said in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("numbers", [(0, 1), (2, 1)])
def test_numbers_of_replicas_that_make_no_sense(numbers: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="--max-replicas"):
        Scale(*numbers)
