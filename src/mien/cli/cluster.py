"""``mien cluster``: the server on several machines."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Run the server as replicas on a Ray cluster.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run the server as replicas on a Ray cluster."""


@app.command("serve")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8000")] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Replicas that always run.")] = 1,
    max_replicas: Annotated[int, typer.Option(min=1, help="Replicas at most.")] = 4,
    cores: Annotated[int, typer.Option(min=1, help="Cores, and threads that analyse, of each replica.")] = 1,
    streams: Annotated[
        int, typer.Option(min=1, help="Streams and requests per replica; with more there are soon more replicas.")
    ] = 8,
    ray_address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="A Ray cluster that runs.", show_default="one on this machine"),
    ] = None,
    models: Annotated[
        str | None, typer.Option(metavar="URL", help="A mien model-server that computes the networks.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, or cuda for an NVIDIA GPU (mien[gpu]).", show_default="cpu")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(help="Key that clients need; better set MIEN_API_KEY, which other users cannot see.")
    ] = None,
    insecure_no_key: Annotated[
        bool, typer.Option("--insecure-no-key", help="Let everybody in who can reach the address.")
    ] = False,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="info")] = None,
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
        api_key=api_key,
        insecure_no_key=insecure_no_key or None,
        log_level=log_level,
    )
    run(settings, Scale(replicas, max_replicas, cores, streams), ray_address)
