"""``mien cluster``: the server on several machines."""

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
    ModelsOption,
    port_option,
)

app = typer.Typer(help="Run the server as replicas on a Ray cluster.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run the server as replicas on a Ray cluster."""


@app.command("serve")
def serve(
    host: HostOption = None,
    port: Annotated[int | None, port_option(8000)] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Replicas that always run.")] = 1,
    max_replicas: Annotated[int, typer.Option(min=1, help="Replicas at most.")] = 4,
    cores: Annotated[int, typer.Option(min=1, help="Cores, and threads that analyse, of each replica.")] = 1,
    streams: Annotated[
        int, typer.Option(min=1, help="Streams and requests per replica; with more there are soon more replicas.")
    ] = 8,
    scale_up_after: Annotated[
        float, typer.Option(min=0, help="Seconds of more load before another replica starts.")
    ] = 30.0,
    scale_down_after: Annotated[
        float, typer.Option(min=0, help="Seconds of less load before a replica stops.")
    ] = 600.0,
    ray_address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="A Ray cluster that runs.", show_default="one on this machine"),
    ] = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    attributes: AllowAttributesOption = False,
    api_key: ApiKeyOption = None,
    insecure_no_key: InsecureOption = False,
    log_level: LogLevelOption = None,
) -> None:
    """Serve pictures, live streams and the web app from several processes or machines. A key is needed.

    Every option of mien serve can be set as MIEN_… in the environment. What lives in one process (cameras, videos, the
    interfaces of other systems) is not there; recordings need MIEN_DATABASE_URL. See docs/serving.md.
    """
    from mien.server.cluster import Scale, run
    from mien.server.settings import load

    settings = load(
        host=host,
        port=port,
        models=models,
        device=device,
        attributes=attributes or None,
        api_key=api_key,
        insecure_no_key=insecure_no_key or None,
        log_level=log_level,
    )
    run(settings, Scale(replicas, max_replicas, cores, streams, scale_up_after, scale_down_after), ray_address)
