from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien.core.errors import SettingsError
from mien.server.common_settings import is_loopback
from mien.server.services import keys_of
from mien.server.settings import ServerSettings, load


def test_defaults_are_for_this_computer_alone() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.api_key) == ("127.0.0.1", 8000, None)
    assert settings.loopback
    settings.check()


def test_the_environment_is_read_and_options_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_PORT", "9000")
    monkeypatch.setenv("MIEN_DETECTOR", "haar")
    monkeypatch.setenv("MIEN_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    settings = load(port=9001, host=None)
    assert (settings.port, settings.analyzer.detector) == (9001, "haar")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"port": 0}, "port"),
        ({"port": 70000}, "MIEN_PORT"),
        ({"workers": 0}, "workers"),
        ({"log_level": "loud"}, "log_level"),
        ({"detect_size": 3}, "detect_size"),
        ({"precision": "int4"}, "precision"),
    ],
)
def test_senseless_values_are_refused_by_name(chosen: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(**chosen)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "mien.example.org"])
def test_others_need_a_key(host: str) -> None:
    with pytest.raises(SettingsError, match="MIEN_API_KEY"):
        load(host=host).check()
    with pytest.raises(SettingsError, match="MIEN_API_KEY"):
        load(host=host, api_key="").check()
    load(host=host, api_key="open sesame").check()
    load(host=host, insecure_no_key=True).check()
    load(host=host, api_keys="desk=read:sha256:0").check()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LocalHost", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_key_does_not_show() -> None:
    assert "open sesame" not in repr(ServerSettings(api_key="open sesame"))  # type: ignore[arg-type]


def test_host_names() -> None:
    assert set(load().host_names) == {"localhost", "127.0.0.1", "::1"}
    assert "mien.example.org" in load(allowed_hosts="Mien.example.org").host_names


def test_keys_come_from_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "keys"
    kept.write_text(f"# ours\ndesk=read:sha256:{'0' * 64}\n")
    settings = load(api_keys_file=kept, api_keys=f"robot=analyze:sha256:{'1' * 64}")
    settings.check()
    assert {(key.name, key.role) for key in keys_of(settings).keys} == {("desk", "read"), ("robot", "analyze")}


def test_a_file_of_keys_must_hold_some(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MIEN_API_KEYS_FILE"):
        keys_of(load(api_keys_file=tmp_path / "nothing"))
    empty = tmp_path / "empty"
    empty.write_text("# none yet\n")
    with pytest.raises(SettingsError, match="mien keys new"):
        keys_of(load(api_keys_file=empty))
