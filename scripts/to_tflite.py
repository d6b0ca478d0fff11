"""Turn the shipped emotion network into a TensorFlow Lite (LiteRT) file, and prove that it computes the same.

Usage: python scripts/to_tflite.py [--out build/tflite] [--data dev.parquet] [--models FOLDER]

The converter, onnx2tf, wants versions of NumPy, ONNX and OpenCV that Mien does not, and a TensorFlow: it gets an
environment of its own below --out (2.6 GB, made on the first run). The faces of --data, a labelled set, are what both
files are compared on; without it they are noise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from mien.core.types import FloatArray
from mien.evaluation import emotion_data
from mien.models import zoo
from mien.training.quantise import widen_weights

CONVERTER = "onnx2tf==1.29.24"
COUNT = 500
RUNNER = Path(__file__).with_name("run_tflite.py")


def environment(folder: Path) -> Path:
    """Return the folder with the programs of the converter's environment; make it if it is not there."""
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    done = folder / "installed.txt"
    if not done.exists() or done.read_text() != CONVERTER:
        print(f"installing {CONVERTER} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", CONVERTER], check=True)
        done.write_text(CONVERTER)
    return programs


def convert(data: bytes, programs: Path, out: Path, name: str) -> list[Path]:
    """Write ``NAME_float32.tflite`` and ``NAME_float16.tflite`` into ``out``.

    Args:
        data: the fp32 ONNX file. Its halved weights are widened first: the converter takes the casts behind them for
            computations and gets the convolutions wrong.
        programs: of the converter's environment.
        out: folder.
        name: of the model.
    """
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work) / f"{name}.onnx"
        onnx.save(widen_weights(onnx.load_from_string(data)), plain)
        options = ["--not_use_onnxsim", "--non_verbose"]
        subprocess.run([programs / "onnx2tf", "-i", plain, "-o", work, *options], check=True, stdout=subprocess.DEVNULL)
        return [Path(shutil.copy(path, out)) for path in sorted(Path(work).glob("*.tflite"))]


def compare(path: Path, programs: Path, tensor: FloatArray, wanted: dict[str, FloatArray]) -> dict[str, Any]:
    """Return how far a file is from the ONNX one on the same faces, its size and its time on one thread."""
    with tempfile.TemporaryDirectory() as work:
        given, got = Path(work) / "in.npy", Path(work) / "out.npz"
        np.save(given, tensor)
        subprocess.run([programs / "python", RUNNER, path, given, got], check=True, stdout=subprocess.DEVNULL)
        results = dict(np.load(got))
    milliseconds = float(results.pop("milliseconds"))
    # The converter keeps no names; the three outputs differ in shape.
    named = {name: next(v for v in results.values() if v.shape == value.shape) for name, value in wanted.items()}
    same = named["emotion"].argmax(1) == wanted["emotion"].argmax(1)
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "faces": len(tensor),
        "same_label": float(same.mean()),
        "largest_difference": {name: float(np.abs(named[name] - value).max()) for name, value in wanted.items()},
        "ms": round(milliseconds, 3),
    }


def main() -> None:
    """Convert, compare, print the comparison as JSON; exit 1 unless the float32 file gives every label."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/tflite"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", type=Path, default=zoo.HERE, help="folder with manifest.json and weights/")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    spec = zoo.catalogue(given.models / "manifest.json")["emotion"]
    programs = environment(given.out / "environment")
    files = convert(zoo.read_checked(spec, "fp32"), programs, given.out, "emotion")
    if given.data is None:
        shape = (COUNT, 1, spec.input.height, spec.input.width)
        tensor = np.random.default_rng(0).uniform(-2, 2, shape).astype(np.float32)
    else:
        tensor = spec.input.tensor(emotion_data.read(given.data).images[:COUNT])
    wanted = zoo.open_checked(spec, "fp32").run(tensor)
    wanted["maps"] = wanted["maps"].transpose(0, 2, 3, 1)  # TensorFlow puts channels last
    report = [compare(path, programs, tensor, wanted) for path in files]
    print(json.dumps(report, indent=2))
    if any(each["same_label"] < 1 for each in report if "float32" in each["file"]):
        raise SystemExit("the float32 file gives other labels than the ONNX file: do not use it")


if __name__ == "__main__":
    main()
