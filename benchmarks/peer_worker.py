"""One system of `peers.py`, in a process of its own and the Python of its own environment; not for use by hand.

    python peer_worker.py SYSTEM cold PICTURE [OPTIONS]     the first picture of a fresh process, then the end
    python peer_worker.py SYSTEM clip FRAMES [OPTIONS]      frames of a clip, as many as are asked for on stdin

FRAMES is raw BGR, described by a JSON file beside it. OPTIONS is a JSON object. Answers are JSON lines on stdout; what
libraries print goes to stderr. Needs nothing but what the system itself brings, and no Mien.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Look = Callable[[Any, float], list[dict[str, Any]]]
"""Analyses a frame (BGR, with its time in seconds) and returns a box and an emotion per face."""
Start = Callable[[], Look]
"""Begins a clip: nothing that was seen before is remembered."""


def mien(options: dict[str, Any]) -> Start:
    from mien import EMOTIONS, Analyzer, AnalyzerSettings, Frame, TrackingSettings

    tracking = TrackingSettings(**options.pop("tracking", {}))
    analyzer = Analyzer(AnalyzerSettings(tracking=tracking, **options))

    def start() -> Look:
        stream, indices = analyzer.stream(), itertools.count()

        def look(image: Any, at: float) -> list[dict[str, Any]]:
            faces = stream.analyze(Frame(image, next(indices), at, "clip")).faces
            assert faces.label is not None
            pairs = zip(faces.boxes, faces.label, strict=True)
            return [{"box": box.tolist(), "emotion": EMOTIONS[label]} for box, label in pairs]

        return look

    return start


def fer(options: dict[str, Any]) -> Start:
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    if options.get("mtcnn"):
        import torch

        torch.set_num_threads(1)
    from fer.fer import FER

    detector = FER(**options)

    def look(image: Any, _at: float) -> list[dict[str, Any]]:
        found = detector.detect_emotions(image)
        return [
            {
                "box": [float(x), float(y), float(x + width), float(y + height)],
                "emotion": max(one["emotions"], key=one["emotions"].get),
            }
            for one in found
            for x, y, width, height in [one["box"]]
        ]

    return lambda: look


def parts(options: dict[str, Any]) -> Start:
    """A detector of OpenCV and mini-XCEPTION in ONNX Runtime, put together as tutorials do: every face by itself."""
    import cv2
    import numpy as np
    import onnxruntime

    choice = onnxruntime.SessionOptions()
    choice.intra_op_num_threads = choice.inter_op_num_threads = 1
    network = onnxruntime.InferenceSession(options["network"], choice, providers=["CPUExecutionProvider"])
    name = network.get_inputs()[0].name
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    if options["detector"] == "haar":
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

        def boxes(image: Any) -> Any:
            return cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(50, 50))
    else:
        yunet = cv2.FaceDetectorYN.create(options["detector"], "", (320, 320), 0.6)

        def boxes(image: Any) -> Any:
            # At 320 pixels, as ours; at the frame's own size it takes four times as long on 640×360.
            factor = 320 / max(image.shape[:2])
            small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            yunet.setInputSize((small.shape[1], small.shape[0]))
            rows = yunet.detect(small)[1]
            return () if rows is None else (rows[:, :4] / factor).astype(int)

    def look(image: Any, _at: float) -> list[dict[str, Any]]:
        found = []
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        for x, y, width, height in boxes(image):
            crop = grey[max(y - 10, 0) : y + height + 10, max(x - 10, 0) : x + width + 10]
            if not crop.size:
                continue
            seen = cv2.resize(crop, (64, 64)).astype(np.float32)[None, None] / 255
            (logits,) = network.run(None, {name: seen})
            box = [float(x), float(y), float(x + width), float(y + height)]
            found.append({"box": box, "emotion": labels[int(logits[0].argmax())]})
        return found

    return lambda: look


def mediapipe(_options: dict[str, Any]) -> Start:
    """Faces alone: the package reads no expressions."""
    import cv2
    from mediapipe.python.solutions.face_detection import FaceDetection

    detector = FaceDetection(model_selection=0)

    def look(image: Any, _at: float) -> list[dict[str, Any]]:
        found = detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).detections or ()
        height, width = image.shape[:2]
        boxes = [one.location_data.relative_bounding_box for one in found]
        return [
            {
                "box": [b.xmin * width, b.ymin * height, (b.xmin + b.width) * width, (b.ymin + b.height) * height],
                "emotion": None,
            }
            for b in boxes
        ]

    return lambda: look


SYSTEMS = {"mien": mien, "fer": fer, "parts": parts, "mediapipe": mediapipe}


def resident_mb() -> float:
    """Return the most memory that this process ever held, in MB; Linux alone tells.

    `getrusage` would count what the process held that this one was forked from.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit("this system does not tell a process' largest memory: run it on Linux")


def cold(system: str, picture: Path, options: dict[str, Any], say: Callable[[Any], None]) -> None:
    """Import, load, read a picture, analyse it, say what is on it."""
    began = time.perf_counter()
    if system == "mien":
        import mien as package
        from mien import EMOTIONS

        result = package.analyze(picture).faces
        assert result.label is not None
        faces = [{"emotion": EMOTIONS[label]} for label in result.label]
    else:
        import cv2

        faces = SYSTEMS[system](options)()(cv2.imread(str(picture)), 0.0)
    say({"seconds": time.perf_counter() - began, "faces": faces, "rss_mb": resident_mb()})


def clip(system: str, frames: Path, options: dict[str, Any], say: Callable[[Any], None]) -> None:
    """Answer each line ``{"count": n}`` with the milliseconds that the next n frames took, and what was on them."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    shape = json.loads(frames.with_suffix(".json").read_text())
    size = shape["height"] * shape["width"] * 3
    start = SYSTEMS[system](options)
    at = 0
    with frames.open("rb") as file:

        def read() -> Any:
            return np.frombuffer(file.read(size), np.uint8).reshape(shape["height"], shape["width"], 3)

        start()(read(), 0.0)  # warms up
        file.seek(0)
        look = start()
        say({"ready": True})
        for line in sys.stdin:
            milliseconds, found = [], []
            for _ in range(json.loads(line)["count"]):
                if at == shape["count"]:
                    at, look = 0, start()
                    file.seek(0)
                image = read()
                began = time.perf_counter()
                faces = look(image, at / shape["fps"])
                milliseconds.append((time.perf_counter() - began) * 1000)
                found.append({"frame": at, "faces": faces})
                at += 1
            say({"ms": milliseconds, "frames": found, "rss_mb": resident_mb()})


def main() -> None:
    system, way, path, *more = sys.argv[1:]
    # Libraries print to stdout as they like: it is kept for the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(value: Any) -> None:
        print(json.dumps(value), file=answers, flush=True)

    {"cold": cold, "clip": clip}[way](system, Path(path), json.loads(more[0]) if more else {}, say)


if __name__ == "__main__":
    main()
