"""Pictures of a training run and of an evaluation: curves, confusion matrix, reliability, risk and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter

FEW: Final = 30
"""Faces below which a bin of the reliability diagram says little."""


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


def reliability(bins: Sequence[dict[str, Any]], title: str, path: Path) -> None:
    """Draw a reliability diagram with the number of faces per bin below it.

    Args:
        bins: as `mien.evaluation.reliability.diagram` gives them.
        title: above the picture.
        path: of the PNG.
    """
    full = [b for b in bins if b["n"]]
    figure, (axes, below) = plt.subplots(
        2, 1, figsize=(6, 6.6), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="a probability that means what it says")
    width = bins[0]["high"] - bins[0]["low"]
    # Over few faces the height of a bar is chance: it is drawn pale.
    for few, colour, label in ((False, "#9ecae1", "share of votes"), (True, "#e3eef7", f"… under {FEW} faces")):
        these = [b for b in full if (b["n"] < FEW) is few]
        if these:
            axes.bar(
                [b["low"] + width / 2 for b in these],
                [b["agreed"] for b in these],
                0.92 * width,
                0,
                color=colour,
                label=label,
            )
    said, agreed = [b["confidence"] for b in full], [b["agreed"] for b in full]
    axes.plot(said, agreed, "o", color="#08519c", markersize=5, label="share of votes at the bin's mean probability")
    axes.set(ylabel="share of votes (or labels) for the shown label", title=title, xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper left")
    axes.grid(alpha=0.3)
    counts = [b["n"] for b in full]
    drawn = below.bar([b["low"] + width / 2 for b in full], counts, 0.92 * width, color="#bdbdbd")
    below.bar_label(drawn, [str(n) for n in counts], fontsize=7, padding=1)
    below.set(xlabel="probability of the shown label", ylabel="faces", ylim=(0, 1.18 * max(counts, default=1)))
    figure.savefig(path, dpi=120)
    plt.close(figure)


def risk_coverage(curve: dict[str, Any], title: str, path: Path, mark: tuple[float, float] | None = None) -> None:
    """Draw how often the label is wrong against the share of faces that are given one, the surest first.

    Args:
        curve: as `mien.evaluation.reliability.risk_coverage` gives it.
        title: above the picture.
        path: of the PNG.
        mark: coverage and risk of the certainty limit.
    """
    figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    axes.plot(curve["coverage"], curve["risk"], color="#08519c", label=f"wrong (mean {curve['aurc']:.3f})")
    if mark is not None:
        label = f"certain: {mark[0]:.0%} of the faces, {mark[1]:.1%} wrong"
        axes.plot(*mark, "o", color="#d94801", label=label)
    axes.set(xlabel="share of faces with a label, the surest first", ylabel="share of wrong labels", title=title)
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=120)
    plt.close(figure)
