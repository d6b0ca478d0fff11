"""Why the GPU cannot be used, and what to do about it.

onnxruntime computes on the CPU without a word when it cannot use the GPU that it was told to use. Nobody who asks for a
GPU wants that, so Mien looks first, looks again afterwards, and refuses with the reason.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from mien.core.errors import DeviceError

PROVIDER: Final = "CUDAExecutionProvider"
INSTALL: Final = (
    "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'mien[gpu]' && pip uninstall -y onnxruntime && "
    "pip install --force-reinstall --no-deps onnxruntime-gpu"
)
"""Both packages write the same folder: the one for the CPU has to go, and the other to be written once more."""

OPTIONS: Final[dict[str, str]] = {
    # Without TF32, so that the GPU computes what the CPU does and the self-test's tolerance holds.
    "use_tf32": "0",
    # The exhaustive search would start anew for every number of faces.
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
}
"""How onnxruntime is to use CUDA.
https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
"""

_OPENERS: Final[dict[str, Callable[[str], object]]] = {"linux": ctypes.CDLL, "win32": ctypes.CDLL}
_DRIVERS: Final = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def require(available: Sequence[str], folder: Path) -> None:
    """Raise unless onnxruntime can be expected to use an NVIDIA GPU here.

    Args:
        available: the providers that this onnxruntime was built with.
        folder: in which its libraries lie.

    Raises:
        DeviceError: says why and what to install.
    """
    if PROVIDER not in available:
        raise DeviceError(f"--device cuda cannot be used: {_without_provider()}: {INSTALL}")
    if problem := _driver():
        raise DeviceError(f"--device cuda cannot be used: {problem}")
    if problem := _library(folder):
        raise DeviceError(
            f"--device cuda cannot be used: CUDA or cuDNN cannot be loaded ({problem}): "
            "pip install 'onnxruntime-gpu[cuda,cudnn]' installs the ones it was built for"
        )


def refused(providers: Sequence[str]) -> None:
    """Raise when a session that was told to use the GPU does not.

    Args:
        providers: what the session says it computes with.

    Raises:
        DeviceError: it left the GPU out.
    """
    if PROVIDER not in providers:
        raise DeviceError(
            "--device cuda cannot be used: onnxruntime left the GPU out without saying why and would compute on the "
            "CPU; see whether nvidia-smi shows a GPU with free memory, and whether its driver is new enough for "
            f"onnxruntime-gpu {_version('onnxruntime-gpu') or ''}".rstrip()
        )


def _without_provider() -> str:
    if _version("onnxruntime-gpu") and _version("onnxruntime"):
        return "the package onnxruntime overwrote onnxruntime-gpu, as both write the same folder"
    if sys.platform not in _DRIVERS:
        return f"onnxruntime has no CUDA on {sys.platform}"
    return "the installed onnxruntime is the one for CPUs"


def _driver() -> str | None:
    """Return why NVIDIA's driver cannot be used, None when it can be loaded."""
    try:
        _OPENERS[sys.platform](_DRIVERS[sys.platform])
    except KeyError:
        return f"onnxruntime has no CUDA on {sys.platform}"
    except OSError as error:
        return (
            f"there is no NVIDIA driver ({error}): install it (nvidia-smi shows whether it works); in a container, "
            "start it with the GPU (docker run --gpus all)"
        )
    return None


def _library(folder: Path) -> str | None:
    """Return why onnxruntime's CUDA library cannot be loaded: it names the library that is missing."""
    for name in ("libonnxruntime_providers_cuda.so", "onnxruntime_providers_cuda.dll"):
        if (folder / name).exists():
            try:
                _OPENERS[sys.platform](str(folder / name))
            except OSError as error:
                # A symbol that the main library brings in at run time is not missing; a library is.
                return None if "undefined symbol" in str(error) else str(error)
            return None
    return f"{folder} holds no CUDA library"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
