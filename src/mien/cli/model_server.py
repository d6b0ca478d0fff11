"""``mien model-server``: the networks alone, for other servers."""

from __future__ import annotations

from typing import Annotated

import typer

from mien.cli.server_options import (
    AllowAttributesOption,
    ApiKeyOption,
    DeviceOption,
    HostOption,
    InsecureOption,
    LogLevelOption,
    WorkersOption,
    port_option,
)


def model_server(
    host: HostOption = None,
    port: Annotated[int | None, port_option(8500)] = None,
    device: DeviceOption = None,
    precision: Annotated[str | None, typer.Option(help="Model files: int8 or fp32.", show_default="int8")] = None,
    attributes: AllowAttributesOption = False,
    workers: WorkersOption = None,
    api_key: ApiKeyOption = None,
    insecure_no_key: InsecureOption = False,
    log_level: LogLevelOption = None,
) -> None:
    """Serve the networks by themselves: Open Inference Protocol v2, and TensorFlow Serving's REST.

    `mien serve --models http://HOST:PORT` and `mien analyze --models …` use it. Every option can be set as MIEN_… in
    the environment as well.
    """
    from mien.server.common_settings import ModelServerSettings, load_as

    settings = load_as(
        ModelServerSettings,
        host=host,
        port=port,
        device=device,
        precision=precision,
        attributes=attributes or None,
        workers=workers,
        api_key=api_key,
        insecure_no_key=insecure_no_key or None,
        log_level=log_level,
    )
    settings.check()
    from mien.server import logs, run  # later than the checks, which so answer at once
    from mien.server.model_app import create_model_app

    logs.configure(settings.log_level)
    run.serve(settings, create_model_app)
