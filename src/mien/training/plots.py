"""Pictures of a training run: loss, accuracy, confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt


def curves(history: Sequence[dict[str, Any]], keys: Sequence[str], title: str, path: Path) -> None:
    """Draw the values ``keys`` of a run's log over its epochs and write a PNG."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for key in keys:
        rows = [(line["epoch"], line[key]) for line in history if key in line]
        if rows:
            axes.plot(*zip(*rows, strict=True), label=f"{key.replace('_', ' ')} (last {rows[-1][1]:.4g})")
    axes.set(xlabel="epoch", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def confusion(matrix: Any, labels: Sequence[str], title: str, path: Path) -> None:
    """Draw a confusion matrix (rows true, columns predicted): shares of each row, counts in the cells."""
    counts = np.asarray(matrix)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6.5, 6), layout="constrained")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        text = f"{share[row, column]:.0%}\n{counts[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="predicted", ylabel="labelled", title=title)
    figure.savefig(path, dpi=120)
    plt.close(figure)
