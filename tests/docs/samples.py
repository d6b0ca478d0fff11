"""What the pages' commands find in their folder: a portrait, a short clip, tiny labelled sets."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mien.evaluation.emotion_data import VOTES

ROOT: Final = Path(__file__).parents[2]
LINKED: Final = ("benchmarks", "examples", "scripts")
CLASSES: Final = {"anger": (0, 60), "happiness": (3, 190)}
"""Two classes of made-up "faces": FER2013's label and the mean brightness by which they are told apart."""


def make(folder: Path, portrait: NDArray[np.uint8]) -> Path:
    """Fill ``folder`` with one of everything and return it."""
    face = portrait[:256, 100:356]
    for name in ("photo.jpg", "photos/a.jpg", "photos/b.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), face)
    clip(folder / "clip.mp4", face)
    for name in ("lecture.mp4", "crowd.mp4"):
        shutil.copyfile(folder / "clip.mp4", folder / name)
    labelled_sets(folder)
    return folder


def copy(samples: Path, folder: Path) -> Path:
    """Copy what `make` made into a page's folder, and link the repository's programs."""
    shutil.copytree(samples, folder, dirs_exist_ok=True)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    return folder


def clip(path: Path, face: NDArray[np.uint8], frames: int = 12, fps: int = 12) -> None:
    """Write a slow zoom on ``face`` as H.264 in MP4."""
    side = 192
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for index in range(frames):
            zoom = cv2.getRotationMatrix2D((128, 128), 0, 1 + index / 100) * (side / 256)
            picture = cv2.warpAffine(face, zoom, (side, side), borderMode=cv2.BORDER_REPLICATE)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def labelled_sets(folder: Path) -> None:
    """Write the same made-up faces as Parquet with votes, as Kaggle's CSV, and as a folder per class."""
    rng = np.random.default_rng(0)
    names = np.array(list(CLASSES))
    lines = ["emotion,pixels,Usage"]
    (folder / "fer2013").mkdir()
    for split, usage, count in (("train", "Training", 64), ("dev", "PublicTest", 48)):
        classes = names[rng.integers(0, 2, count)]
        images = [np.clip(rng.normal(CLASSES[name][1], 10, (48, 48)), 0, 255).astype(np.uint8) for name in classes]
        columns: dict[str, Any] = {
            "image": [cv2.imencode(".png", image)[1].tobytes() for image in images],
            "fer_label": [CLASSES[name][0] for name in classes],
        }
        for vote in VOTES:
            columns[vote] = pa.array(np.where(classes == vote.removeprefix("votes_"), 10, 0), pa.int8())
        pq.write_table(pa.table(columns), folder / "fer2013" / f"{split}.parquet")
        for name, image in zip(classes, images, strict=True):
            lines.append(f"{CLASSES[name][0]},{' '.join(map(str, image.flatten()))},{usage}")
        for number, (name, image) in enumerate(zip(classes[:8], images, strict=False)):
            (folder / "faces" / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "faces" / name / f"{split}-{number}.png"), image)
    (folder / "fer2013.csv").write_text("\n".join(lines) + "\n")
    shutil.copyfile(folder / "fer2013" / "dev.parquet", folder / "dev.parquet")
