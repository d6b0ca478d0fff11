"""Networks that another server computes, over the Open Inference Protocol v2 (`mien model-server` speaks it)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import orjson
import urllib3

from mien.core.errors import ModelError, ModelServerError, SettingsError
from mien.core.types import FloatArray
from mien.models import oip, zoo

KEY: Final = "MIEN_MODELS_KEY"
"""The environment variable that holds the model server's key; in an address everybody could read it."""
CONNECT: Final = 3.0
READ: Final = 15.0
CONNECTIONS: Final = 32
"""Connections that are kept open; more are made when needed."""
MOST: Final = 2**24
"""Values of an answer's tensor."""


class ModelServer:
    """A model server; safe to share between threads.

    Args:
        address: ``http://HOST:PORT`` or ``https://…``, with a path where the server has one.

    Raises:
        SettingsError: the address is none, or holds a password.
    """

    def __init__(self, address: str) -> None:
        self.address = _checked(address)
        key = os.environ.get(KEY)
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS, retries=False, timeout=urllib3.Timeout(connect=CONNECT, read=READ)
        )

    def load(self, name: str) -> zoo.Model:
        """Return a network that this server computes, after it has shown that it is the one we know.

        A server that tells the file's hash must tell one of our manifest. Any server must compute our golden sample.

        Raises:
            ModelServerError: the server does not answer, or holds another model.
            ModelError: there is no such model.
        """
        spec = zoo.find(name)
        told = self.ask("GET", f"/v2/models/{name}")
        parameters = told.get("parameters")
        digest = parameters.get("sha256") if isinstance(parameters, dict) else None
        ours = {file.sha256: precision for precision, file in spec.files.items()}
        if digest is not None and digest not in ours:
            raise ModelServerError(
                f"the model server at {self.address} has another {name} than this Mien ({str(digest)[:12]}…): "
                "install the same version of Mien on both"
            )
        session = RemoteSession(self, name, told)
        for precision in [ours[digest]] if digest is not None else spec.files:
            try:
                zoo.check(session, spec, precision)
            except ModelServerError:
                raise
            except ModelError as error:
                problem = error
            else:
                return zoo.Model(spec, precision, session, zoo.LARGE_BATCH)
        raise ModelServerError(f"the model server computes another {name} than this Mien: {problem}")

    def ask(self, method: str, path: str, body: bytes | None = None, length: int | None = None) -> dict[str, Any]:
        """Send a request; return the answer's JSON, its tensors decoded under ``tensors``.

        Raises:
            ModelServerError: the server does not answer, in time or as it should.
        """
        headers = dict(self._headers)
        if length is not None:
            headers |= {oip.HEADER: str(length), "content-type": oip.BINARY}
        answer = self._send(method, path, body, headers)
        if answer.status != 200:
            raise ModelServerError(f"the model server at {self.address} answered {answer.status}: {_said(answer)}")
        try:
            head, rest = oip.split(answer.data, answer.headers.get(oip.HEADER))
            found = oip.tensors(head["outputs"], rest, MOST) if length is not None else {}
        except (oip.TensorError, KeyError) as error:
            raise ModelServerError(f"the model server at {self.address} does not speak the protocol: {error}") from None
        return {**head, "tensors": found}

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        for last in (False, True):
            try:
                return self._pool.request(method, self.address + path, body=body, headers=headers, redirect=False)
            except urllib3.exceptions.ProtocolError as error:
                # A kept connection that the server closed just now; asking twice does no harm.
                if last:
                    raise self._gone(error) from None
            except urllib3.exceptions.HTTPError as error:
                raise self._gone(error) from None
        raise AssertionError("the loop ends by return or raise")

    def _gone(self, error: Exception) -> ModelServerError:
        timed_out = isinstance(error, urllib3.exceptions.ReadTimeoutError)
        why = f"no answer within {READ:g} s" if timed_out else str(error).rpartition(": ")[2]
        return ModelServerError(f"the model server at {self.address} cannot be reached ({why}): is it running?")


class RemoteSession:
    """A network on a model server; see `mien.models.runtime.Network`.

    Args:
        server: computes.
        model: name.
        told: the model's metadata as the server tells it.

    Raises:
        ModelServerError: the metadata are not those of a network with one input.
    """

    def __init__(self, server: ModelServer, model: str, told: Mapping[str, Any]) -> None:
        self.name = f"{model} at {server.address}"
        self._server, self._path = server, f"/v2/models/{model}/infer"
        self._version: str | None = None
        try:
            (entry,) = told["inputs"]
            self.input = str(entry["name"])
            self.shape = tuple(int(side) for side in entry["shape"])
            self.output_shapes = {str(out["name"]): tuple(int(s) for s in out["shape"]) for out in told["outputs"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ModelServerError(
                f"the model server describes {model} in a way that does not fit: {error!r}"
            ) from None
        self.outputs = list(self.output_shapes)

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the outputs by name; see `mien.models.runtime.Session.run`.

        Raises:
            ModelError: the network has no such output.
            ModelServerError: the server does not answer, or has changed the model.
        """
        wanted = list(self.outputs if outputs is None else outputs)
        if missing := set(wanted) - set(self.outputs):
            raise ModelError(f"{self.name} has no output {', '.join(sorted(missing))}")
        data = oip.to_binary(tensor)
        entry = oip.describe(self.input, tensor.shape, parameters={"binary_data_size": len(data)})
        asked = [{"name": name, "parameters": {"binary_data": True}} for name in wanted]
        body, length = oip.join({"inputs": [entry], "outputs": asked}, [data])
        answer = self._server.ask("POST", self._path, body, length)
        self._same(answer.get("model_version"))
        if set(wanted) - set(answer["tensors"]):
            raise ModelServerError(f"{self.name} did not answer with {', '.join(wanted)}")
        return {name: np.asarray(answer["tensors"][name], np.float32) for name in wanted}

    def _same(self, version: object) -> None:
        """Refuse a server that was started anew with another version: the manifest here is not that version's."""
        if self._version is None:
            self._version = str(version)
        elif self._version != str(version):
            raise ModelServerError(
                f"{self.name} is now version {str(version)[:40]}, it was {self._version[:40]}: restart this server"
            )


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.query or parts.fragment:
        raise SettingsError("the model server's address must look like http://127.0.0.1:8500: check --models")
    if "@" in parts.netloc:
        raise SettingsError(f"the model server's address must not hold a password: set its key in {KEY}")
    return address.rstrip("/")


def _said(answer: urllib3.BaseHTTPResponse) -> str:
    """Return what an error's answer says, whoever it is from."""
    try:
        value = orjson.loads(answer.data)
    except orjson.JSONDecodeError:
        value = {}
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    if answer.status == 401 and KEY not in os.environ:
        return f"{error or 'it needs a key'} (set {KEY})"
    return str(error or answer.reason or "")[:300]
