"""``mien serve``: the server and the web app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; others than loopback need a key.", show_default="127.0.0.1"),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8000")] = None,
    detector: Annotated[str | None, typer.Option(help="mien, haar or yunet.", show_default="mien")] = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file of the detector yunet.")] = None,
    emotion: Annotated[
        str | None, typer.Option(metavar="NAME", help="Emotion network of yours, see mien models add.")
    ] = None,
    detect_size: Annotated[
        int | None,
        typer.Option(
            help="Long side in pixels at which faces are looked for.", show_default="320; 480 in large pictures"
        ),
    ] = None,
    attributes: Annotated[
        bool,
        typer.Option(
            "--attributes",
            help="Let clients ask for age and gender. For non-commercial research use only: see docs/attributes.md.",
        ),
    ] = False,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A mien model-server that computes the networks; its key is read from MIEN_MODELS_KEY."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, or cuda for an NVIDIA GPU (mien[gpu]).", show_default="cpu")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that analyse.", show_default="one per core")] = None,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            help="Camera to watch: a device's number, a video file, or rtsp://…; NAME=… names it, "
            "NAME+landmarks+signals=… asks for more. Repeatable. Better "
            "set MIEN_CAMERAS for an address with a password: other users can see options.",
            metavar="[NAME[+OPTION…]=]ADDRESS",
        ),
    ] = None,
    allow_camera_changes: Annotated[
        bool, typer.Option("--allow-camera-changes", help="Let clients add and remove cameras.")
    ] = False,
    api_key: Annotated[
        str | None, typer.Option(help="Key that clients need; better set MIEN_API_KEY, which other users cannot see.")
    ] = None,
    insecure_no_key: Annotated[
        bool, typer.Option("--insecure-no-key", help="Let everybody in who can reach the address.")
    ] = False,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="info")] = None,
) -> None:
    """Serve the web app and the API. Every option can be set as MIEN_… in the environment as well."""
    from mien.server.settings import load

    settings = load(
        host=host,
        port=port,
        detector=detector,
        weights=weights,
        emotion=emotion,
        detect_size=detect_size,
        attributes=attributes or None,
        models=models,
        device=device,
        workers=workers,
        cameras=tuple(camera) if camera else None,
        allow_camera_changes=allow_camera_changes or None,
        api_key=api_key,
        insecure_no_key=insecure_no_key or None,
        log_level=log_level,
    )
    settings.check()
    from mien.server import logs, run  # later than the checks, which so answer at once
    from mien.server.app import create_app

    logs.configure(settings.log_level)
    run.serve(settings, create_app)
