"""A model server on a real port, with the real networks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serving import WAIT

from mien.server.base import Base
from mien.server.common_settings import ModelServerSettings
from mien.server.model_app import create_model_app
from mien.server.run import Server, bind, config


@contextmanager
def model_server(port: int = 0, **settings: Any) -> Iterator[str]:
    """Run one, give its address, stop it."""
    listening = bind("127.0.0.1", port)
    app = create_model_app(ModelServerSettings(**settings))
    announced = threading.Event()

    def base() -> Base:
        found = app.state.services
        assert isinstance(found, Base)
        return found

    server = Server(config(app), base, announced.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert announced.wait(WAIT), "the model server did not get ready"
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT)
        listening.close()
        assert not thread.is_alive(), "the model server did not stop"
