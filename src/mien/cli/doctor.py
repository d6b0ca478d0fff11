"""`mien doctor`: what a bug report needs, and what is wrong with this installation."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "onnxruntime-gpu",
    "av",
    "simplejpeg",
    "fastapi",
    "uvicorn",
    "pyarrow",
    "torch",
)
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "i8mm")


def doctor(as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False) -> None:
    """Show versions, processor features, models with hashes, cameras; exit 1 if something is broken."""
    report: dict[str, Any] = {
        "mien": importlib.metadata.version("mien"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "gpu": gpu(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "web_app": web_app(),
        "models": models(),
        "cameras": cameras(),
        "recordings": recordings(),
        "problems": [],
    }
    report["problems"] = problems(report)
    if as_json:
        print(json.dumps(report))
    else:
        _print(report)
    if report["problems"]:
        raise typer.Exit(1)


def package_version(name: str) -> str | None:
    """Return an installed package's version, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> dict[str, Any]:
    """Return name, usable cores and the instruction sets that the models' speed depends on (Linux tells them)."""
    info, name, flags = Path("/proc/cpuinfo"), platform.processor(), set()
    if info.exists():
        for line in info.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() in ("flags", "Features"):
                flags |= set(value.split())
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"name": name, "cores": usable, "features": [flag for flag in FLAGS if flag in flags]}


def gpu() -> str:
    """Return ``usable``, or why ``--device cuda`` would be refused, which is no problem where nobody wants it."""
    from mien.core.errors import DeviceError
    from mien.models import runtime

    try:
        runtime.require_gpu()
    except DeviceError as error:
        return str(error)
    return "usable"


def web_app() -> str | None:
    """Return the folder of the built page, or None if it was not built."""
    index = Path(__file__).parent.parent / "server" / "static" / "index.html"
    return str(index.parent) if index.exists() else None


def models() -> list[dict[str, Any]]:
    """Return each model file with its hash and whether it loads and computes what it should."""
    from mien.core.errors import ModelError
    from mien.models import attributes, zoo

    rows = []
    for name, spec in (zoo.catalogue() | zoo.own()).items():
        for precision, file in spec.files.items():
            if attributes.absent(spec, precision):
                continue  # no fault: who may not use them takes them out
            try:
                zoo.open_checked(spec, precision)
                error = None
            except ModelError as problem:
                error = str(problem)
            rows.append({"name": name, "precision": precision, "sha256": file.sha256, "error": error})
    return rows


def cameras() -> list[dict[str, str]]:
    """Return the video devices that this system lists (Linux: /dev/video*), and whether they may be opened."""
    found = []
    for device in sorted(Path("/dev").glob("video*")):
        name = Path("/sys/class/video4linux") / device.name / "name"
        readable = os.access(device, os.R_OK | os.W_OK)
        found.append(
            {
                "device": str(device),
                "name": name.read_text().strip() if name.exists() else "",
                "access": "ok" if readable else "denied: add yourself to the group video",
            }
        )
    return found


def recordings() -> dict[str, Any]:
    """Return where recordings are kept, how many there are and their bytes, and why they cannot be read."""
    from mien.core.errors import MienError
    from mien.server.settings import load

    found: dict[str, Any] = {"place": None, "sessions": 0, "bytes": 0, "error": None}
    try:
        archive = load().archive
        found["place"] = archive.shown
        repository = archive.present()
        if repository is not None:
            found |= {"sessions": repository.find(limit=1)[1], "bytes": repository.database.size()}
            archive.close()
    except MienError as error:
        found["error"] = str(error)
    return found


def problems(report: dict[str, Any]) -> list[str]:
    """Return what is wrong, each with its remedy."""
    found = [f"{m['name']} ({m['precision']}): {m['error']}" for m in report["models"] if m["error"]]
    if report["recordings"]["error"]:
        found.append(f"recordings: {report['recordings']['error']}")
    if package_version("opencv-python") or package_version("opencv-contrib-python"):
        found.append(
            "two OpenCV packages overwrite each other: pip uninstall opencv-python opencv-contrib-python, "
            "then pip install --force-reinstall opencv-python-headless"
        )
    if report["web_app"] is None:
        found.append("the web app is not built: pip install mien again from a wheel, or run make install in a checkout")
    return found


def _print(report: dict[str, Any]) -> None:
    cpu = report["processor"]
    print(f"mien {report['mien']} · Python {report['python']} · {report['system']}")
    print(f"processor  {cpu['name']}, {cpu['cores']} cores, {' '.join(cpu['features']) or 'features unknown'}")
    wanted = report["gpu"] == "usable" or sys.platform == "win32" or any(Path("/dev").glob("nvidia[0-9]*"))
    print(f"gpu        {report['gpu'] if wanted else 'none found, and none is needed'}")
    print("packages   " + ", ".join(f"{n} {v or '(not installed)'}" for n, v in report["packages"].items()))
    print(f"web app    {report['web_app'] or 'not built'}")
    for m in report["models"]:
        print(f"model      {m['name']} {m['precision']} {m['sha256'][:16]}… {'ok' if not m['error'] else m['error']}")
    for c in report["cameras"]:
        print(f"camera     {c['device']} {c['name']} ({c['access']})")
    if not report["cameras"]:
        print("camera     none on this machine (a browser's camera needs none here)")
    kept = report["recordings"]
    print(f"recordings {kept['sessions']} in {kept['place']}")
    for problem in report["problems"]:
        print(f"PROBLEM    {problem}")
    if not report["problems"]:
        print("all is well")
