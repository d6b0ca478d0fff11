"""``mien model-server``: the networks alone, for other servers."""

from __future__ import annotations

from typing import Annotated

import typer


def model_server(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; others than loopback need a key.", show_default="127.0.0.1"),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8500")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, or cuda for an NVIDIA GPU (mien[gpu]).", show_default="cpu")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="Model files: int8 or fp32.", show_default="int8")] = None,
    attributes: Annotated[
        bool,
        typer.Option(
            "--attributes",
            help="Also age and gender. For non-commercial research use only: see docs/attributes.md.",
        ),
    ] = False,
    workers: Annotated[int | None, typer.Option(help="Threads that compute.", show_default="one per core")] = None,
    api_key: Annotated[
        str | None, typer.Option(help="Key that clients need; better set MIEN_API_KEY, which other users cannot see.")
    ] = None,
    insecure_no_key: Annotated[
        bool, typer.Option("--insecure-no-key", help="Let everybody in who can reach the address.")
    ] = False,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="info")] = None,
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
