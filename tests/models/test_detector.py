from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mien.core.errors import ModelError, SettingsError
from mien.core.settings import AnalyzerSettings
from mien.core.types import FloatArray, Image
from mien.models import zoo
from mien.models.detector import MAX_CANDIDATES, NetworkDetector, create, decode, letterbox
from mien.models.spec import InputSpec

SPEC = InputSpec(320, 256, "bgr")


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def maps(width: int, height: int) -> dict[str, FloatArray]:
    """Outputs of a network that sees nothing."""
    return {f"out_{s}": np.full((1, 16, height // s, width // s), -20, np.float32) for s in (8, 16, 32)}


def put(
    outputs: Mapping[str, FloatArray], stride: int, box: tuple[float, ...], points: FloatArray, cls: float, obj: float
) -> None:
    """Encode a face, as the training does, in the cell nearest to its centre."""
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x, y = int(cx / stride), int(cy / stride)
    cell = np.array([x, y], np.float32) * stride
    outputs[f"out_{stride}"][0, :, y, x] = [
        logit(cls),
        logit(obj),
        *((np.array([cx, cy]) - cell) / stride),
        math.log((box[2] - box[0]) / stride),
        math.log((box[3] - box[1]) / stride),
        *((points - cell) / stride).ravel(),
    ]


def five(box: tuple[float, ...]) -> FloatArray:
    """Plausible points of a face."""
    low, size = np.array(box[:2]), np.array([box[2] - box[0], box[3] - box[1]])
    places = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
    return np.asarray(low + size * np.array(places), np.float32)


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_decode_inverts_the_encoding(stride: int) -> None:
    box = (37.0, 20.5, 90.0, 101.0)
    outputs = maps(160, 128)
    put(outputs, stride, box, five(box), cls=0.9, obj=0.4)
    boxes, scores, points = decode(outputs, 0.5)
    np.testing.assert_allclose(boxes, [box], atol=1e-3)
    np.testing.assert_allclose(scores, [0.6], atol=1e-5)
    np.testing.assert_allclose(points[0], five(box), atol=1e-3)
    assert len(decode(outputs, 0.61)[0]) == 0


def test_decode_keeps_the_best_of_too_many() -> None:
    outputs = maps(640, 640)
    outputs["out_8"][0, :2] = np.random.default_rng(0).uniform(-1, 3, (2, 80, 80))
    outputs["out_8"][0, 2:] = 0
    boxes, scores, _ = decode(outputs, 0.0)
    assert len(boxes) == MAX_CANDIDATES
    everything = np.sqrt(1 / (1 + np.exp(-outputs["out_8"][0, 0])) / (1 + np.exp(-outputs["out_8"][0, 1])))
    np.testing.assert_allclose(np.sort(scores), np.sort(everything.ravel())[-MAX_CANDIDATES:], atol=1e-5)


def test_decode_survives_extreme_values() -> None:
    outputs = maps(64, 64)
    outputs["out_8"][:] = 1e4
    boxes, scores, points = decode(outputs, 0.5)
    assert np.isfinite(boxes).all()
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(scores, 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (33, 64), (480, 640), (640, 480), (4320, 7680)])
def test_letterbox_fits_any_picture(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    canvas, (width, height) = letterbox(image, 320, 127.5)
    assert max(width, height) == 320
    assert (
        width / height == pytest.approx(shape[1] / shape[0], rel=0.5 / min(width, height) + 0.01)
        or min(width, height) == 1
    )
    assert canvas.shape[0] % 32 == canvas.shape[1] % 32 == 0
    assert 0 <= canvas.shape[0] - height < 32
    assert 0 <= canvas.shape[1] - width < 32
    assert (canvas[:height, :width] == 200).all()
    assert (canvas[height:] == 128).all()
    assert (canvas[:, width:] == 128).all()


class Network:
    """Stands in for the network: answers with fixed maps and remembers what it was given."""

    def __init__(self, *faces: tuple[int, tuple[float, ...], float]) -> None:
        self.faces, self.seen = faces, np.empty(0, np.float32)

    def __call__(self, tensor: FloatArray) -> dict[str, FloatArray]:
        self.seen = tensor
        outputs = maps(tensor.shape[3], tensor.shape[2])
        for stride, box, score in self.faces:
            put(outputs, stride, box, five(box), score, score)
        return outputs


def picture(width: int, height: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_coordinates_are_those_of_the_picture_and_faces_are_sorted() -> None:
    small, large = (20.0, 30.0, 50.0, 60.0), (100.0, 40.0, 200.0, 150.0)
    network = Network((8, small, 0.99), (16, large, 0.7))
    faces = NetworkDetector(network, SPEC, 0.5, 0.4, AnalyzerSettings()).detect(picture(1280, 800))
    assert list(network.seen.shape) == [1, 3, 224, 320]
    np.testing.assert_allclose(faces.boxes, np.array([large, small]) * 4, rtol=1e-4)
    np.testing.assert_allclose(faces.points[0], five(large) * 4, rtol=1e-4)
    np.testing.assert_allclose(faces.scores, [0.7, 0.99], rtol=1e-4)


def test_overlapping_boxes_leave_the_best() -> None:
    network = Network((8, (20.0, 30.0, 80.0, 90.0), 0.8), (16, (22.0, 30.0, 82.0, 92.0), 0.9))
    faces = NetworkDetector(network, SPEC, 0.5, 0.4, AnalyzerSettings()).detect(picture(320, 256))
    np.testing.assert_allclose(faces.scores, [0.9], rtol=1e-4)


def test_limits() -> None:
    network = Network((8, (20.0, 30.0, 50.0, 60.0), 0.6), (16, (100.0, 40.0, 200.0, 150.0), 0.9))
    image = picture(320, 256)
    assert len(NetworkDetector(network, SPEC, 0.5, 0.4, AnalyzerSettings()).detect(image)) == 2
    assert len(NetworkDetector(network, SPEC, 0.5, 0.4, AnalyzerSettings(max_faces=1)).detect(image)) == 1
    assert len(NetworkDetector(network, SPEC, 0.8, 0.4, AnalyzerSettings()).detect(image)) == 1


def test_the_network_reads_normalised_bgr() -> None:
    network = Network()
    image = picture(320, 256)
    assert len(NetworkDetector(network, SPEC, 0.5, 0.4, AnalyzerSettings()).detect(image)) == 0
    expected = (image.transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5
    np.testing.assert_allclose(network.seen[0], expected, atol=1e-6)


def test_create_by_name(tmp_path: Path) -> None:
    assert create(AnalyzerSettings(detector="haar")).name == "haar"
    with pytest.raises(SettingsError, match="mien, haar, yunet"):
        create(AnalyzerSettings(detector="nobody"))
    with pytest.raises(SettingsError, match="--weights"):
        create(AnalyzerSettings(detector="yunet"))
    with pytest.raises(ModelError, match="no detector file"):
        create(AnalyzerSettings(detector="yunet", weights=tmp_path / "missing.onnx"))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(ModelError, match="cannot be read as a YuNet"):
        create(AnalyzerSettings(detector="yunet", weights=broken))


def test_ours_comes_from_the_zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network((8, (20.0, 30.0, 50.0, 60.0), 0.6))
    asked = []

    class Spec:
        name = "face-detector"
        input = SPEC
        thresholds = {"score": 0.5, "nms": 0.4}  # noqa: RUF012

    class Model:
        spec = Spec()

        def run(self, tensor: FloatArray) -> dict[str, FloatArray]:
            return network(tensor)

    def load(name: str, precision: str, threads: int, device: str) -> Model:
        asked.append((name, precision, threads))
        return Model()

    monkeypatch.setattr(zoo, "load", load)
    image = picture(320, 256)
    detector = create(AnalyzerSettings(detector="mien", precision="fp32", threads=2))
    assert detector.name == "mien"
    assert len(detector.detect(image)) == 1
    assert asked == [("face-detector", "fp32", 2)]
    assert len(create(AnalyzerSettings(detector="mien", min_score=0.7)).detect(image)) == 0
    Spec.thresholds = {"score": 0.5}
    with pytest.raises(ModelError, match="nms"):
        create(AnalyzerSettings(detector="mien"))


@pytest.mark.parametrize(
    ("closer", "streaming", "looks"),
    [(True, False, 2), (False, True, 1), (True, True, 2), (False, False, 1)],
)
def test_a_closer_look_is_a_second_one(closer: bool, streaming: bool, looks: int) -> None:
    asked: list[tuple[int, ...]] = []
    network = Network((8, (20.0, 30.0, 50.0, 60.0), 0.6))

    def run(tensor: FloatArray) -> dict[str, FloatArray]:
        asked.append(tensor.shape)
        return network(tensor)

    detector = NetworkDetector(run, SPEC, 0.5, 0.4, AnalyzerSettings())
    detector.detect(picture(1280, 640), streaming, closer)
    assert len(asked) == looks


def test_small_faces_are_looked_for_a_second_time_closer() -> None:
    asked: list[tuple[int, ...]] = []
    network = Network((8, (20.0, 30.0, 50.0, 60.0), 0.6))

    def run(tensor: FloatArray) -> dict[str, FloatArray]:
        asked.append(tensor.shape[2:])
        return network(tensor)

    settings = AnalyzerSettings(detect_size=320)
    detector = NetworkDetector(run, SPEC, 0.5, 0.4, settings)
    faces = detector.detect(picture(1280, 640), closer=True)
    assert asked == [(160, 320), (480, 960)]
    # The same place in the network's input is another place in the picture at another size: two faces.
    assert sorted(np.round(faces.sizes)) == [40, 120]
    asked.clear()
    detector.detect(picture(300, 200), closer=True)
    assert len(asked) == 1
