"""The files in ``deploy/``: what linters say, and that they fit the program that they start.

Nothing is run in a container here; what was tried by hand is in ``docs/deploy.md``.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import typer.core
import typer.main
import yaml

import mien
from mien.cli.main import build
from mien.models.remote import KEY as MODELS_KEY
from mien.server.common_settings import ModelServerSettings
from mien.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
DOCKERFILES = sorted(DEPLOY.glob("Dockerfile*"))
SYSTEMD = shutil.which("systemd-analyze")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def lint(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def resources() -> list[dict[str, Any]]:
    paths = sorted(KUBERNETES.glob("*.yaml"))
    return [one for path in paths if path.name != "kustomization.yaml" for one in documents(path)]


def compose() -> dict[str, Any]:
    (document,) = documents(DEPLOY / "compose.yaml")
    return document


def pods() -> list[dict[str, Any]]:
    """Return the pod templates of everything that runs."""
    return [one["spec"]["template"]["spec"] for one in resources() if one["kind"] in ("Deployment", "StatefulSet")]


def unit() -> list[tuple[str, str]]:
    """Return the settings of the systemd unit, in order."""
    lines = (DEPLOY / "mien.service").read_text().splitlines()
    return [(key, value) for key, sign, value in (line.partition("=") for line in lines) if sign and key[0] != "#"]


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", dockerfile.read_text())
    return [
        (word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines()) if re.match("[A-Z]", word)
    ]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every ``mien …`` that something here starts, with where it stands."""
    for dockerfile in DOCKERFILES:
        (command,) = [rest for word, rest in instructions(dockerfile) if word == "CMD"]
        yield dockerfile.name, json.loads(command)[1:]
    yield "mien.service", shlex.split(dict(unit())["ExecStart"])[1:]
    for line in (ROOT / "Procfile").read_text().splitlines():
        yield "Procfile", shlex.split(line.partition(": ")[2].replace("$PORT", "8000"))[1:]
    launch = json.loads((ROOT / ".vscode" / "launch.json").read_text())
    yield from (
        ("launch.json", one["args"]) for one in launch["configurations"] if one.get("program", "").endswith("/mien")
    )


def settings() -> Iterator[tuple[str, str]]:
    """Yield every ``MIEN_…`` that something here sets, with where it stands."""
    for dockerfile in DOCKERFILES:
        for word, rest in instructions(dockerfile):
            if word == "ENV":
                yield from ((dockerfile.name, pair.partition("=")[0]) for pair in shlex.split(rest))
    yield from ((name, key) for name, one in compose()["services"].items() for key in one.get("environment", {}))
    for key, value in unit():
        if key == "Environment":
            yield from (("mien.service", pair.partition("=")[0]) for pair in shlex.split(value))
    for one in resources():
        if one["kind"] == "ConfigMap":
            yield from ((one["metadata"]["name"], key) for key in one["data"])
    yield from (("pod", entry["name"]) for pod in pods() for box in pod["containers"] for entry in box["env"])


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_pass_their_linter(dockerfile: Path) -> None:
    lint(tool("hadolint"), str(dockerfile))


def test_compose_file_follows_its_schema() -> None:
    lint(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))


@pytest.mark.parametrize("resource", resources(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_manifests_follow_the_schema_of_kubernetes(resource: dict[str, Any]) -> None:
    kubernetes_validate.validate(resource, "1.37", strict=True)


def test_kustomization_names_every_manifest() -> None:
    (kustomization,) = documents(KUBERNETES / "kustomization.yaml")
    assert {*kustomization["resources"], "kustomization.yaml"} == {path.name for path in KUBERNETES.glob("*.yaml")}
    images = {box["image"] for pod in pods() for box in pod["containers"]}
    assert {image["name"] for image in kustomization["images"]} == images
    assert {image["newTag"] for image in kustomization["images"]} == {mien.__version__}


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not here: THE SYSTEMD UNIT IS NOT CHECKED")
def test_systemd_reads_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    assert SYSTEMD is not None
    text = (DEPLOY / "mien.service").read_text()
    copy = tmp_path / "mien.service"
    copy.write_text(text.replace("ExecStart=/opt/mien/bin/mien", f"ExecStart={sys.executable}"))
    lint(SYSTEMD, "verify", "--man=no", str(copy))
    lint(SYSTEMD, "security", "--offline=yes", "--threshold=20", str(copy))  # of 100; 20 means 2.0, "ok"


@pytest.mark.parametrize(("where", "arguments"), list(commands()))
def test_commands_are_commands_of_mien(where: str, arguments: list[str]) -> None:
    group = typer.main.get_command(build())
    assert isinstance(group, typer.core.TyperGroup)
    command = group.commands[arguments[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= known, where


@pytest.mark.parametrize(("where", "name"), sorted({*settings()}))
def test_settings_are_settings_of_mien(where: str, name: str) -> None:
    if name.startswith("MIEN_") and name != MODELS_KEY:
        assert name.removeprefix("MIEN_").lower() in ServerSettings.model_fields, where


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_images_are_made_from_what_is_let_through(dockerfile: Path) -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        shlex.split(rest)[:-1] for word, rest in instructions(dockerfile) if word == "COPY" and "--from" not in rest
    ]
    names = {name for names in copied for name in names}
    assert names == let_through
    assert all((ROOT / name).exists() for name in names)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_images_run_as_nobody_in_particular(dockerfile: Path) -> None:
    last = dict(instructions(dockerfile))
    assert last["USER"] == "10001:10001"
    assert f"127.0.0.1:{last['EXPOSE']}/readyz" in last["HEALTHCHECK"]


def test_containers_of_compose_are_locked_down() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", [])), name


@pytest.mark.parametrize("pod", pods(), ids=lambda pod: str(pod["containers"][0]["name"]))
def test_pods_are_locked_down_and_probed(pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    # A service's variables begin with its name: MIEN_PORT=tcp://… would be taken for the server's own setting.
    assert not pod["enableServiceLinks"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {container[probe]["httpGet"]["path"] for probe in PROBES} == {"/readyz", "/healthz"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]


def test_services_reach_the_pods_and_policies_let_them() -> None:
    ports = {pod["containers"][0]["ports"][0]["containerPort"] for pod in pods()}
    policies = [one["spec"] for one in resources() if one["kind"] == "NetworkPolicy"]
    opened = {port["port"] for spec in policies for rule in spec.get("ingress", []) for port in rule["ports"]}
    assert opened == ports
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in resources()
        if one["kind"] in ("Deployment", "StatefulSet")
    ]
    selectors = [one["spec"]["selector"] for one in resources() if one["kind"] == "Service"]
    assert all(selector in labels for selector in selectors)
    exposed = {dict(instructions(dockerfile))["EXPOSE"] for dockerfile in DOCKERFILES}
    assert exposed == {str(port) for port in ports}


def test_secrets_are_named_and_never_written_down() -> None:
    assert not [one for one in resources() if one["kind"] == "Secret"]
    secret = re.compile("KEY|PASSWORD|DATABASE_URL|TOKEN")
    for pod in pods():
        for entry in pod["containers"][0]["env"]:
            assert not secret.search(entry["name"]) or "secretKeyRef" in entry["valueFrom"], entry
    for name, service in compose()["services"].items():
        for key, value in service.get("environment", {}).items():
            assert not secret.search(key) or re.search(r"\$\{|^/run/secrets/", str(value)), (name, key)
    assert {"LoadCredential", "EnvironmentFile"} <= {key for key, _ in unit()}
    assert {".env", "secrets/"} <= set((DEPLOY / ".gitignore").read_text().splitlines())


def test_what_a_person_has_to_set_is_told() -> None:
    told = (ROOT / "docs" / "deploy.md").read_text()
    for name in re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()):
        assert name in told, name
    for secret in compose()["secrets"].values():
        assert f"deploy/{secret['file'].removeprefix('./')}" in told
    entries = [entry for pod in pods() for entry in pod["containers"][0]["env"]]
    for reference in [entry["valueFrom"]["secretKeyRef"] for entry in entries if "valueFrom" in entry]:
        assert f"generic {reference['name']} " in told
        assert f"--from-literal={reference['key']}=" in told
    (ingress,) = [one for one in resources() if one["kind"] == "Ingress"]
    (tls,) = ingress["spec"]["tls"]
    assert f"secret tls {tls['secretName']} " in told
    (hosts,) = [one["data"] for one in resources() if one["metadata"]["name"] == "mien" and one["kind"] == "ConfigMap"]
    assert {rule["host"] for rule in ingress["spec"]["rules"]} == {*tls["hosts"]}
    assert set(tls["hosts"]) <= set(hosts["MIEN_ALLOWED_HOSTS"].split(","))


def test_settings_of_model_servers_are_those_of_model_servers() -> None:
    (given,) = [one["data"] for one in resources() if one["metadata"]["name"] == "mien-models" and "data" in one]
    given = {**given, **compose()["services"]["models"]["environment"]}
    assert {name.removeprefix("MIEN_").lower() for name in given} <= set(ModelServerSettings.model_fields)


def test_images_of_kubernetes_find_each_other() -> None:
    (settings,) = [one["data"] for one in resources() if one["metadata"]["name"] == "mien" and "data" in one]
    address = urlsplit(settings["MIEN_MODELS"])
    (service,) = [
        one for one in resources() if one["kind"] == "Service" and one["metadata"]["name"] == address.hostname
    ]
    assert [port["port"] for port in service["spec"]["ports"]] == [address.port]
    (models,) = [one["data"] for one in resources() if one["metadata"]["name"] == "mien-models" and "data" in one]
    assert address.hostname in models["MIEN_ALLOWED_HOSTS"].split(",")


def test_prometheus_asks_the_server_with_the_key_that_compose_gives_it() -> None:
    (configuration,) = documents(DEPLOY / "prometheus.yml")
    (job,) = configuration["scrape_configs"]
    (secret,) = compose()["services"]["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert job["static_configs"][0]["targets"] == ["server:8000"]
    assert compose()["services"]["server"]["environment"]["MIEN_ALLOWED_HOSTS"].startswith("server,")


def test_editor_tasks_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tasks = json.loads((ROOT / ".vscode" / "tasks.json").read_text())["tasks"]
    assert {task["label"] for task in tasks} >= {"run", "test", "check"}
    for task in tasks:
        assert task["command"] == "make"
        assert set(task["args"]) <= targets
