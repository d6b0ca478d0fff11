"""``mien serve``: the server and the web app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.server_options import (
    AllowAttributesOption,
    ApiKeyOption,
    DeviceOption,
    HostOption,
    InsecureOption,
    LogLevelOption,
    ModelsOption,
    WorkersOption,
    port_option,
)


def serve(
    host: HostOption = None,
    port: Annotated[int | None, port_option(8000)] = None,
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
    attributes: AllowAttributesOption = False,
    models: ModelsOption = None,
    device: DeviceOption = None,
    workers: WorkersOption = None,
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
    api_key: ApiKeyOption = None,
    insecure_no_key: InsecureOption = False,
    log_level: LogLevelOption = None,
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
