"""Run a TensorFlow Lite file; a part of `to_tflite.py` that works in the converter's environment, without Mien.

Usage: python run_tflite.py FILE.tflite IN.npy OUT.npz
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(model: str, given: str, got: str) -> None:
    """Write every output, by number, and the median milliseconds for one face on one thread."""
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    entry, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()
    rows, times = [], []
    for face in np.load(given):
        interpreter.set_tensor(entry["index"], face.transpose(1, 2, 0)[None])
        start = time.perf_counter()
        interpreter.invoke()
        times.append((time.perf_counter() - start) * 1000)
        rows.append([interpreter.get_tensor(output["index"]).copy() for output in outputs])
    joined: dict[str, Any] = {str(i): np.concatenate([row[i] for row in rows]) for i in range(len(outputs))}
    np.savez(got, milliseconds=np.median(times), **joined)


if __name__ == "__main__":
    main(*sys.argv[1:])
