"""Pages of the reference that are made from the code: the command line, the settings, the HTTP API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer
from griffe import Docstring, DocstringSectionAttributes
from pydantic.fields import FieldInfo
from typer.cli import get_docs_for_click
from typer.main import get_command

from mien.cli.main import build
from mien.core.settings import AnalyzerSettings
from mien.outputs.tables import COLUMNS
from mien.server.common_settings import CommonSettings
from mien.server.settings import ServerSettings

METHODS: Final = ("get", "post", "put", "patch", "delete")


def pages(openapi: Path) -> dict[str, str]:
    """Return the pages by their place on the site."""
    return {
        "reference/cli.md": command_line(),
        "reference/settings.md": settings(),
        "reference/columns.md": columns(),
        "reference/http.md": http(json.loads(openapi.read_text())),
    }


def command_line() -> str:
    """Return the page of all commands with their options."""
    command = get_command(build())
    context = typer.Context(command, info_name="mien")
    text = get_docs_for_click(obj=command, ctx=context, name="mien", title="Command line")
    return text.replace("\n\n\n", "\n\n").strip() + "\n"


def columns() -> str:
    """Return the page of the columns of CSV and Parquet."""
    lines = [
        "# Columns of tables",
        "",
        "What `mien analyze -o DIR --format csv` and `parquet` write, and what videos are downloaded as: always all",
        "of these, in this order. What was not computed is empty. Times are in seconds, boxes and points in pixels,",
        "angles in degrees, ages in years; satisfaction goes from 0 to 100, all other numbers from 0 to 1.",
        "",
        "| column | holds |",
        "|---|---|",
        *(f"| `{name}` | {kind} |" for name, kind in COLUMNS.items()),
        "",
        "`faces` counts the frame's faces, `face` numbers them from 0, the largest first. `p_…` are the shown",
        "[probabilities](../concepts/probability.md), `uncorrected_…` those before the",
        "[baseline](../concepts/baseline.md) was taken off. Recordings have",
        "[columns of their own](../recordings.md#columns-of-exports).",
    ]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Return the page of the server's settings."""
    meanings = (
        _attributes(CommonSettings)
        | _attributes(ServerSettings)
        | {name: text for name, text in _attributes(AnalyzerSettings).items() if name in ServerSettings.model_fields}
    )
    lines = [
        "# Settings of the server",
        "",
        "Every setting is an environment variable; many are options of [`mien serve`](cli.md#mien-serve) as well,",
        "which win. A list is comma separated.",
        "",
        "| variable | default | what |",
        "|---|---|---|",
    ]
    for name, field in ServerSettings.model_fields.items():
        lines.append(f"| `MIEN_{name.upper()}` | {_default(field)} | {_cell(meanings[name])} |")
    return "\n".join(lines) + "\n"


def _attributes(owner: type) -> dict[str, str]:
    """Return what a class's docstring says of its attributes."""
    sections = Docstring(owner.__doc__ or "").parse("google", warnings=False)
    return {
        attribute.name: " ".join(attribute.description.split())
        for section in sections
        if isinstance(section, DocstringSectionAttributes)
        for attribute in section.value
    }


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None or isinstance(field.default, Path):
        return ""
    if field.default is None or field.default == () or field.default == "":
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def http(description: Mapping[str, Any]) -> str:
    """Return the page of all routes and of what they take and give."""
    info = description["info"]
    lines = [
        "# HTTP API",
        "",
        info["description"].strip(),
        "",
        "Errors of every route have the form of [`ErrorEnvelope`](#value-errorenvelope). The running server describes",
        "itself at `/docs`, offline too; this page is made from [`openapi.json`](../openapi.json).",
    ]
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                by_tag.setdefault(methods[method]["tags"][0], []).append((method, path, methods[method]))
    for tag, routes in by_tag.items():
        lines += ["", f"## {tag.capitalize()}"]
        for method, path, route in routes:
            lines += ["", f"### `{method.upper()} {path}`", "", *_route(route)]
    lines += ["", "## Values"]
    for name, schema in sorted(description["components"]["schemas"].items()):
        lines += ["", f"### {name} {{ #value-{name.lower()} }}", "", *_schema(schema)]
    return "\n".join(lines) + "\n"


def _route(route: Mapping[str, Any]) -> Iterator[str]:
    yield route.get("description", "").strip()
    parameters = route.get("parameters", [])
    if parameters:
        yield from ("", "| parameter | in | type | default | what |", "|---|---|---|---|---|")
        for parameter in parameters:
            schema = parameter["schema"]
            default = "required" if parameter.get("required") else _value(schema.get("default"))
            what = _cell(parameter.get("description", schema.get("description", "")))
            yield f"| `{parameter['name']}` | {parameter['in']} | {_type(schema)} | {default} | {what} |"
    if "requestBody" in route:
        kinds = [
            f"`{kind}`{_of(content.get('schema', {}))}" for kind, content in route["requestBody"]["content"].items()
        ]
        yield from ("", f"Body: {', '.join(kinds)}")
    yield from ("", "| status | what |", "|---|---|")
    for status, answer in route["responses"].items():
        kinds = [f"`{kind}`{_of(content.get('schema', {}))}" for kind, content in answer.get("content", {}).items()]
        told = "" if status[0] != "2" or not kinds else f": {', '.join(kinds)}"
        yield f"| {status} | {_cell(answer['description'])}{told} |"


def _schema(schema: Mapping[str, Any]) -> Iterator[str]:
    yield schema.get("description", "").strip()
    if "enum" in schema:
        yield f"One of {', '.join(_value(value) for value in schema['enum'])}."
    if "properties" in schema:
        needed = schema.get("required", ())
        yield from ("", "| key | type | what |", "|---|---|---|")
        for name, value in schema["properties"].items():
            absent = "" if name in needed else "; may be absent"
            yield f"| `{name}` | {_type(value)}{absent} | {_cell(value.get('description', ''))} |"


def _of(schema: Mapping[str, Any]) -> str:
    """Return a link to the named value in ``schema``, in brackets; nothing where there is none."""
    found = _type(schema) if "$ref" in schema else ""
    return f" ({found})" if found else ""


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#value-{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return ", ".join(_value(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def _value(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
