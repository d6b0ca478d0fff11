"""Without a GPU: every way in which one cannot be used is refused, with its reason and a remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from mien.core.errors import DeviceError, SettingsError
from mien.core.settings import AnalyzerSettings
from mien.models import detector, gpu, zoo

BOTH = ["CUDAExecutionProvider", "CPUExecutionProvider"]


def missing(name: str) -> Callable[[str], object]:
    def load(library: str) -> object:
        if name in library:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return library

    return load


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux machine where everything that the GPU needs can be loaded; the folder of onnxruntime's libraries."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(gpu._OPENERS, "linux", missing("no library at all"))
    (tmp_path / "libonnxruntime_providers_cuda.so").touch()
    return tmp_path


def test_nothing_is_said_where_all_is_well(linux: Path) -> None:
    gpu.require(BOTH, linux)
    gpu.refused(BOTH)


@pytest.mark.parametrize(
    ("installed", "said"),
    [({"onnxruntime"}, "the one for CPUs"), ({"onnxruntime", "onnxruntime-gpu"}, "overwrote onnxruntime-gpu")],
)
def test_an_onnxruntime_without_cuda(
    linux: Path, monkeypatch: pytest.MonkeyPatch, installed: set[str], said: str
) -> None:
    monkeypatch.setattr(gpu, "_version", lambda package: "1.31.1" if package in installed else None)
    with pytest.raises(DeviceError, match=rf"{said}.*pip install 'mien\[gpu\]'"):
        gpu.require(["CPUExecutionProvider"], linux)


def test_no_driver(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gpu._OPENERS, "linux", missing("libcuda.so.1"))
    with pytest.raises(DeviceError, match=r"no NVIDIA driver \(libcuda.so.1: .*nvidia-smi"):
        gpu.require(BOTH, linux)


def test_no_cuda_library(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gpu._OPENERS, "linux", missing("providers_cuda"))
    with pytest.raises(DeviceError, match=r"CUDA or cuDNN cannot be loaded .*onnxruntime-gpu\[cuda,cudnn\]"):
        gpu.require(BOTH, linux)
    (linux / "libonnxruntime_providers_cuda.so").unlink()
    with pytest.raises(DeviceError, match="holds no CUDA library"):
        gpu.require(BOTH, linux)


def test_a_system_that_has_no_cuda(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(gpu, "_version", lambda package: None)
    for available in (["CPUExecutionProvider"], BOTH):
        with pytest.raises(DeviceError, match="no CUDA on darwin"):
            gpu.require(available, linux)


def test_a_session_that_went_over_to_the_cpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # What onnxruntime does when a library is missing: it warns in its log and computes on the CPU.
    monkeypatch.setattr(gpu, "require", lambda available, folder: None)
    with (
        pytest.warns(UserWarning, match="not in available provider names"),
        pytest.raises(DeviceError, match=r"left the GPU out.*nvidia-smi"),
    ):
        zoo.load("emotion", device="cuda")


def test_an_error_of_cuda_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **options: object) -> None:
        assert options["enable_fallback"] == 0
        raise RuntimeError("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version")

    monkeypatch.setattr(gpu, "require", lambda available, folder: None)
    monkeypatch.setattr(ort, "InferenceSession", fails)
    with pytest.raises(DeviceError, match="driver version is insufficient"):
        zoo.load("emotion", device="cuda")


def test_the_gpu_reads_the_fp32_file_in_large_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = ort.InferenceSession, []

    class OnGpu:
        """Says that it computes on the GPU, and does so here."""

        def __init__(self, data: bytes, options: object, providers: list[object], **_: object) -> None:
            asked.append(providers)
            self._session = real(data, providers=["CPUExecutionProvider"])

        def __getattr__(self, name: str) -> object:
            return getattr(self._session, name)

        def get_providers(self) -> list[str]:
            return BOTH

    monkeypatch.setattr(gpu, "require", lambda available, folder: None)
    monkeypatch.setattr(ort, "InferenceSession", OnGpu)
    model = zoo.load("emotion", "int8", device="cuda")
    assert (model.precision, model.batch) == ("fp32", 64)
    assert asked == [[("CUDAExecutionProvider", gpu.OPTIONS), "CPUExecutionProvider"]]
    assert len(model.run(np.zeros((20, 1, 48, 48), np.float32))["emotion"]) == 20


@pytest.mark.parametrize("name", ["haar", "yunet"])
def test_detectors_that_know_no_gpu_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CPU alone"):
        detector.create(AnalyzerSettings(detector=name, weights=tmp_path, device="cuda"))


@pytest.mark.parametrize(
    ("chosen", "said"), [({"device": "tpu"}, "cpu, cuda"), ({"device": "cuda", "models": "http://a:1"}, "model-server")]
)
def test_devices_that_cannot_be_chosen(chosen: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        AnalyzerSettings(**chosen)  # type: ignore[arg-type]
