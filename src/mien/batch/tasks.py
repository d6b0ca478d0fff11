"""From inputs to tasks: names of outputs, what an earlier run has done, in which order to begin."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mien import __version__
from mien.batch.ledger import Entry, Ledger, digest
from mien.batch.plan import Outputs, Plan, output_names, partition_name, spare_inputs
from mien.batch.worker import Task
from mien.core.settings import AnalyzerSettings
from mien.models import zoo
from mien.outputs.json import plain_text
from mien.sources.inputs import Input


def make(
    inputs: Sequence[Input], plan: Plan, settings: AnalyzerSettings, ledger: Ledger | None = None, fresh: bool = False
) -> list[Task]:
    """Return a task per input, in the same order.

    Args:
        inputs: the files.
        plan: what is wanted; with an output folder.
        settings: of the analysis.
        ledger: of the output folder, for the names of outputs and for what is finished; takes the settings.
        fresh: do also what is finished.

    Raises:
        SettingsError: an output would overwrite an input.
        SourceError: the weights of a detector cannot be read.
    """
    assert plan.out is not None
    keys = [str(item.path.resolve()) for item in inputs]
    if plan.partition:
        names = [partition_name(item.path) for item in inputs]
    else:
        known = {} if ledger is None else ledger.names
        own = {item.path: known[key] for item, key in zip(inputs, keys, strict=True) if key in known}
        names = output_names([item.path for item in inputs], {Path(key): name for key, name in known.items()} | own)
    outputs = [Outputs.of(name, item.kind, plan) for name, item in zip(names, inputs, strict=True)]
    spare_inputs(inputs, outputs, plan.out)
    value = chosen(plan, settings)
    mark = fingerprint(value)
    if ledger is not None:
        ledger.choose(mark, value)
    tasks = []
    for index, (item, key, name, to) in enumerate(zip(inputs, keys, names, outputs, strict=True)):
        blank = Entry(key, plain_text(str(item.path)), name, "failed", settings=mark)
        former = None if ledger is None or fresh else ledger.get(key)
        tasks.append(Task(index, item, to, blank, _size(item.path), former))
    return tasks


def largest_first(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks such that no long one is begun last, when the other workers have nothing left to do.

    Graham, "Bounds on multiprocessing timing anomalies", 1969. The size of a file stands for the time that it takes.
    """
    return sorted(tasks, key=lambda task: -task.size)


def chosen(plan: Plan, settings: AnalyzerSettings) -> dict[str, Any]:
    """Return everything but the input that decides about the outputs: options, models, Mien's version.

    Of a detector's own ``weights`` it is the content that counts.

    Raises:
        SourceError: the weights cannot be read.
    """
    options = {name: value for name, value in asdict(plan).items() if name not in ("out", "lines")}
    analysis = {name: value for name, value in asdict(settings).items() if name not in ("threads", "weights")}
    models = {
        name: [spec.version, *(file.sha256 for file in spec.files.values())]
        for name, spec in sorted((zoo.own() | zoo.catalogue()).items())
        if name in zoo.catalogue() or name == settings.emotion
    }
    weights = None if settings.weights is None else digest(settings.weights)
    return {"mien": __version__, "plan": options, "analysis": analysis, "weights": weights, "models": models}


def fingerprint(value: Mapping[str, Any]) -> str:
    """Return the hash of what was `chosen`."""
    text = json.dumps(value, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the worker that opens it says why
        return 0
