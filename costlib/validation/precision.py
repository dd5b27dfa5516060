"""Speed-ups of precisions: each model's measured one against the band of the other models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import NotKnown
from costlib.facts.precision import PrecisionFacts
from costlib.tables import Snapshot

KEYS = ["accelerator", "model_class", "base_precision", "model"]


@dataclass(frozen=True)
class PrecisionCheck:
    """How far the speed-up of one model tells that of another.

    ``rows``: one row a model and accelerator, with ``reference`` (median of its measured pairs), ``low``,
    ``predicted`` and ``high`` (the band without any row of the model), ``error`` (predicted over reference, less 1),
    ``inside``, ``basis`` and ``rule`` of the band. ``summary``: one row a model class and one of all, with ``rows``,
    ``median_error`` (of absolute errors) and ``inside`` (share).
    """

    rows: pd.DataFrame
    summary: pd.DataFrame


def check(snapshot: Snapshot) -> PrecisionCheck:
    """Leaves out one model at a time; models on accelerators that the source does not name have no row."""
    whole = PrecisionFacts.open(snapshot)
    table = whole.speedups.drop(columns="model_class")
    without = {
        model: PrecisionFacts(table[table["model"] != model], whole.hardware) for model in table["model"].unique()
    }
    rows = []
    for key, measured in whole.speedups.dropna(subset=["accelerator"]).groupby(KEYS):
        accelerator, of_class, _, model = map(str, key)
        try:
            band, _ = without[model].band(accelerator, of_class, "fp16")
        except NotKnown:
            continue
        reference = float(np.median(measured["speedup"]))
        ends = {"reference": reference, "low": band.low, "predicted": band.expected, "high": band.high}
        rows.append({**dict(zip(KEYS, key, strict=True)), **ends, "basis": band.basis, "rule": band.rule})
    found = pd.DataFrame(rows)
    found["error"] = found["predicted"] / found["reference"] - 1.0
    found["inside"] = found["reference"].between(found["low"], found["high"])
    parts = [(name, part) for name, part in found.groupby("model_class")]
    summary = [_summary(str(name), part) for name, part in [*parts, ("all", found)]]
    return PrecisionCheck(found, pd.DataFrame(summary))


def _summary(name: str, part: pd.DataFrame) -> dict[str, object]:
    errors = part["error"].abs()
    return {
        "model_class": name,
        "rows": len(part),
        "median_error": float(errors.median()),
        "inside": float(part["inside"].mean()),
    }
