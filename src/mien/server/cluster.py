"""The server as replicas on a Ray cluster (Ray Serve), more of them when more is asked.

What is where: a WebSocket stays with the replica that took it for as long as it is open, and so does all that is known
of the people in it. Requests for single pictures know nothing of each other and go to any replica. Keys hold
everywhere, recordings are in a database that all share; limits of rates and sockets are counted per replica. When a
replica is lost its sockets are closed. A client that connects again, as the web app does by itself, gets another
replica, which says ``ready`` with a new ``stream`` and knows nobody: identities start anew.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from mien.batch.cluster import brief, import_ray, start
from mien.core.errors import MienError, MissingDependencyError, SettingsError
from mien.server.base import keys_of
from mien.server.run import address, bind
from mien.server.settings import ServerSettings

NAME: Final = "mien"
PATIENCE: Final = 5.0
"""Seconds that a replica which is no longer needed waits for its sockets and requests to end by themselves."""


PROXY_PATIENCE: Final = 240.0
"""Seconds that Ray's proxy may take to listen once the replicas run."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas there are, and what each may use.

    Attributes:
        least: replicas that always run.
        most: replicas at most.
        cores: of each replica; as many threads analyse.
        load: sockets and requests under way per replica that are aimed at; with more there are soon more replicas.
        up_after: seconds for which there must be more before a replica is added.
        down_after: seconds for which there must be less before one is taken away.

    Raises:
        SettingsError: a number makes no sense.
    """

    least: int = 1
    most: int = 4
    cores: int = 1
    load: int = 8
    up_after: float = 30.0
    down_after: float = 600.0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise SettingsError(f"replicas must be at least 1 and no more than --max-replicas, got {self.least}")
        if self.cores < 1 or self.load < 1:
            raise SettingsError("a replica needs at least one core and one stream")
        if self.up_after < 0 or self.down_after < 0:
            raise SettingsError("--scale-up-after and --scale-down-after are seconds, at least 0")


class Replica:
    """One process that serves; Ray Serve makes them.

    Args:
        chosen: see `mien.server.replica.replica_settings`.
    """

    def __init__(self, chosen: dict[str, Any]) -> None:
        self._chosen = chosen

    def __serve_build_asgi_app__(self) -> Any:
        from mien.server import logs
        from mien.server.replica import create_replica_app, replica_settings

        settings = replica_settings(self._chosen)
        logs.configure(settings.log_level)
        return create_replica_app(settings)


def application(settings: ServerSettings, scale: Scale) -> Any:
    """Return the Ray Serve application; Ray has been imported.

    Args:
        settings: of every replica.
        scale: how many there are.
    """
    from ray import serve

    deployment = serve.deployment(
        name=NAME,
        autoscaling_config={
            "min_replicas": scale.least,
            "initial_replicas": scale.least,
            "max_replicas": scale.most,
            "target_ongoing_requests": scale.load,
            "upscale_delay_s": scale.up_after,
            "downscale_delay_s": scale.down_after,
            # Load is averaged over no longer than a decision may take, or what has ended would still count.
            "metrics_interval_s": min(10.0, max(0.5, scale.up_after / 3)),
            "look_back_period_s": min(30.0, max(2.0, scale.up_after)),
        },
        # A socket is a request that goes on for as long as it is open.
        max_ongoing_requests=settings.max_streams + settings.max_waiting + scale.cores,
        ray_actor_options={"num_cpus": scale.cores},
        graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=PATIENCE,
    )
    # Only what was chosen: folders, for one, are elsewhere on other machines.
    chosen = {"workers": scale.cores, **settings.model_dump(exclude_unset=True)}
    return deployment(serve.ingress()(Replica)).bind(chosen)


def run(settings: ServerSettings, scale: Scale, ray_address: str | None = None) -> None:
    """Serve on a cluster until a signal says otherwise.

    Args:
        settings: of the server; host and port are those of Ray's proxy.
        scale: how many replicas there are.
        ray_address: of a cluster that runs; None starts a Ray on this machine, which ends with this process.

    Raises:
        MissingDependencyError: Ray is not installed.
        SettingsError: no key is set, the port is taken, or there is no cluster at the address.
        MienError: Ray does not start, or the replicas do not.
    """
    _check(settings)
    bind(settings.host, settings.port).close()
    # Ray's own patience with its proxy, 5 seconds, is too little for a small machine that has other things to do: it
    # would start the proxy anew, over and over.
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
    ray = import_ray(ray_address is None)
    from ray import serve

    if ray_address is None:
        start(ray, 0)
    else:
        _connect(ray, ray_address)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    place = "HeadOnly" if ray_address is None else "EveryNode"
    try:
        with contextlib.suppress(TimeoutError):  # after a minute; a busy machine may take longer
            serve.start(proxy_location=place, http_options={"host": settings.host, "port": settings.port})
        serve.run(application(settings, scale), name=NAME, route_prefix="/")
        _wait_for_proxy(settings)
        print(f"mien: ready at {address(settings)} (Ctrl-C stops)", file=sys.stderr, flush=True)
        _until_told()
    except (ray.exceptions.RayError, RuntimeError, TimeoutError) as error:
        raise MienError(f"Ray Serve did not start ({brief(error)}): see its logs in /tmp/ray") from error
    finally:
        serve.shutdown()
        ray.shutdown()


def _check(settings: ServerSettings) -> None:
    if importlib.util.find_spec("ray") is None:
        raise MissingDependencyError("mien cluster serve needs Ray: pip install 'mien[cluster]'")
    if not (settings.has_key or settings.insecure_no_key):
        raise SettingsError("a cluster is more than this computer: set a key with MIEN_API_KEY or --api-key")
    if settings.camera_specs:
        raise SettingsError("cameras live in one process: watch them with mien serve")
    keys_of(settings)


def _connect(ray: Any, ray_address: str) -> None:
    try:
        ray.init(address=ray_address, namespace=NAME, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        why = (str(error).strip().splitlines() or ["no answer"])[0]
        raise SettingsError(f"there is no Ray cluster at {ray_address} ({why}): check --ray-address") from error


def _wait_for_proxy(settings: ServerSettings) -> None:
    """Wait until somebody listens.

    Raises:
        MienError: nobody does, though the replicas run.
    """
    until = time.monotonic() + PROXY_PATIENCE
    while True:
        try:
            socket.create_connection((settings.host, settings.port), timeout=1.0).close()
            return
        except OSError as error:
            if time.monotonic() > until:
                raise MienError(f"Ray's proxy does not listen ({error}): see its logs in /tmp/ray") from error
            time.sleep(0.2)


def _until_told() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    while not told.wait(0.5):  # in slices: where there are no signals that interrupt a wait, it ends between two
        pass
