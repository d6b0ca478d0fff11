"""The shapes of the Open Inference Protocol v2, for the API's description."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from mien.server.schemas import Strict


class ServerMetadata(Strict):
    """What serves, and what it can beside the protocol's core."""

    name: Literal["mien"] = "mien"
    version: str
    extensions: list[str]


class Live(Strict):
    """The server is up."""

    live: bool


class Ready(Strict):
    """The models can be asked."""

    ready: bool


class ModelReady(Strict):
    """The model can be asked."""

    name: str
    ready: bool


class ModelNames(Strict):
    """The models that can be asked."""

    models: list[str]


class TensorMetadata(Strict):
    """One input or output."""

    name: str
    datatype: Literal["FP32"]
    shape: list[int] = Field(description="-1 where any length will do")


class ModelMetadata(Strict):
    """One model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, str] = Field(description="Which file it is: precision and SHA-256")


class Tensor(BaseModel):
    """Values of one input or output."""

    name: str
    datatype: Literal["FP32"]
    shape: list[int]
    data: list[float] | None = Field(None, description="Flat; absent where the values stand behind the JSON")
    parameters: dict[str, Any] | None = None


class InferenceAnswer(BaseModel):
    """What a network computed."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]


class PlainError(Strict):
    """An error, as other servers of the protocol tell it."""

    error: str


ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": PlainError, "description": text}
    for status, text in {
        400: "The request does not fit the model",
        401: "A key is needed",
        403: "The key does not allow it",
        404: "There is no such model or version",
        408: "Sending took too long",
        413: "Too many bytes",
        429: "Too many requests at once",
        503: "Being started, shutting down, out of reach, or it took too long",
    }.items()
}

INFER_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["inputs"],
                "properties": {
                    "id": {"type": "string", "maxLength": 256},
                    "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}},
                    "outputs": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                    },
                    "parameters": {"type": "object"},
                },
            }
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}

PREDICT_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "signature_name": {"type": "string"},
                    "instances": {"type": "array", "items": {}},
                    "inputs": {},
                },
            }
        }
    },
}
