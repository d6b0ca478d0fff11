"""Reports of ``mien evaluate`` as a person reads them: small tables on stdout; and their pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mien.core.errors import InputError, MissingDependencyError

HIDDEN: Final = ("reliability", "risk_coverage")
"""Parts of a report that are curves: in the JSON and on pictures, not in the text."""


def show(report: dict[str, Any]) -> None:
    """Print a report's numbers, a line per part, and its matrices."""
    for key, value in report.items():
        if key in HIDDEN:
            continue
        if key in PARTS:
            print(f"\n{key}:", end=" ")
            PARTS[key](value)
        elif key == "classes":
            _show_classes(value)
        elif isinstance(value, dict) and "rows_true_columns_predicted" in value:
            _show_confusion(key, value)
        elif isinstance(value, dict):
            print(f"{key:22}" + "  ".join(f"{k} {v}" for k, v in value.items()))
        else:
            print(f"{key:22}{value}")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows below headers: the first column to the left, the others to the right, as wide as they need."""
    cells = [[str(h) for h in headers], *([_cell(v) for v in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    for row in cells:
        rest = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([f"{row[0]:{widths[0]}}", *rest]).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return f"{value[0]:.3f}…{value[1]:.3f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show_classes(heads: dict[str, Any]) -> None:
    for head, classes in heads.items():
        print(f"\n{head} by class")
        table(
            ("", "n", "recall", "precision", "f1"),
            ((name, row["n"], row["recall"], row["precision"], row["f1"]) for name, row in classes.items()),
        )


def _show_confusion(title: str, value: dict[str, Any]) -> None:
    print(f"\n{title} (rows labelled, columns predicted)")
    print(" " * 11 + "".join(f"{label[:9]:>10}" for label in value["labels"]))
    for label, row in zip(value["labels"], value["rows_true_columns_predicted"], strict=True):
        print(f"{label:11}" + "".join(f"{count:10}" for count in row))


def show_comparison(report: dict[str, Any]) -> None:
    """Print what `mien.evaluation.compare.compare` returns."""
    print(f"{report['dataset']}, n {report['n']}\n")
    rows = []
    for name, row in report["models"].items():
        seven, eight = row.get("fer2013", {}), row.get("ferplus", {})
        # A model of seven classes is calibrated against other targets: its numbers stand in no line with the others.
        told = row["calibration"] if row["calibration"]["classes"] == 8 else {}
        rows.append(
            (
                name,
                row["precision"],
                row["bytes"],
                seven.get("accuracy"),
                seven.get("interval"),
                seven.get("macro_f1"),
                eight.get("accuracy"),
                told.get("ece"),
                told.get("nll"),
            )
        )
    table(("model", "file", "bytes", "fer2013", "95%", "macro F1", "ferplus", "ece", "nll"), rows)
    if report["differences"]:
        print(f"\nagainst {report['base']}, on the same faces")
        table(
            ("model", "measure", "difference", "95%", "only base", "only it", "p", "p (Holm)"),
            (
                tuple(
                    d.get(key)
                    for key in ("name", "measure", "difference", "interval", "only_base", "only_other", "p", "p_holm")
                )
                for d in report["differences"]
            ),
        )


def show_robustness(report: dict[str, Any]) -> None:
    """Print what `mien.evaluation.robustness.evaluate` returns."""
    print(f"{report['dataset']}, n {report['n']}\n")
    keys = list(report["conditions"]["clean"])
    table(("", *keys), ((name, *(row[k] for k in keys)) for name, row in report["conditions"].items()))


def show_fairness(report: dict[str, Any]) -> None:
    """Print what `mien.evaluation.fairness.evaluate` returns."""
    print(f"{report['dataset']}, n {report['n']}\n{report['note']}")
    for head, told in report["heads"].items():
        print(f"\n{head}: overall {told['overall']}, worst pair of gender and age: {told['worst'] or '–'}")
        labels = next(iter(told["groups"].values()))["recall"]
        table(
            ("predicted group", "n", "accuracy", "95%", "difference", "95%", "p (Holm)", *labels),
            (
                (
                    name,
                    row["n"],
                    row.get("accuracy"),
                    row.get("interval"),
                    row.get("difference"),
                    row.get("difference_interval"),
                    row.get("p_holm"),
                    *(row["recall"][label].get("recall") for label in labels),
                )
                for name, row in told["groups"].items()
            ),
        )


def show_errors(rows: dict[str, Any]) -> None:
    """Print the errors of age and gender per group, as `mien.evaluation.attributes.evaluate` has them."""
    print()
    keys = ("n", "age_mae", "age_mae_interval", "gender_error", "gender_error_interval")
    headers = ("", "n", "years off", "95%", "wrong gender", "95%")
    table(headers, ((name, *(row[key] for key in keys)) for name, row in rows.items()))


PARTS: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "compare": show_comparison,
    "robustness": show_robustness,
    "fairness": show_fairness,
    "groups": show_errors,
    "bands": show_errors,
    "cells": show_errors,
}
"""Parts of a report with tables of their own."""


def need_plots(folder: Path) -> None:
    """Make ``folder``, before anything is computed for it.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        InputError: the folder cannot be made.
    """
    if find_spec("matplotlib") is None:
        raise MissingDependencyError("--plots needs matplotlib: pip install 'mien[train]'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder} for --plots ({error.strerror}): give another") from error


def draw(report: dict[str, Any], folder: Path) -> list[Path]:
    """Write the pictures of an emotion report into ``folder`` and return their paths."""
    from mien.training import plots

    title = f"{report['model']['name']} ({report['model']['precision']}) on {report['dataset']}"
    paths = []
    if report["calibration"]["n"]:
        paths.append(folder / "reliability.png")
        gap = f"ECE {report['calibration']['ece']:.1%}, n {report['calibration']['n']:,}"
        plots.reliability(report["reliability"], f"{title}\n{gap}", paths[-1])
    for head, key in (("fer2013", "confusion"), ("ferplus", "confusion_ferplus")):
        if key in report:
            paths.append(folder / f"confusion-{head}.png")
            matrix = report[key]
            told = f"{head} accuracy {report[head]['accuracy']:.1%}, n {report[head]['n']:,}"
            plots.confusion(matrix["rows_true_columns_predicted"], matrix["labels"], f"{title}\n{told}", paths[-1])
    if "risk_coverage" in report:
        paths.append(folder / "risk-coverage.png")
        certain = report["certain"]
        mark = None if certain["accuracy"] is None else (certain["coverage"], 1 - certain["accuracy"])
        against = "FER2013's label" if "fer2013" in report else "the majority of the votes"
        plots.risk_coverage(report["risk_coverage"], f"{title}\nwrong: not {against}", paths[-1], mark)
    return paths
