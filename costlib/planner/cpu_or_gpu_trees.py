"""CPU or GPU for boosted trees: measured times between the measured sizes, on demand in one region."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.small_jobs import SmallJobs
from costlib.models.cpu_or_gpu import seconds_by_size
from costlib.planner.cpu_or_gpu_verdict import COLUMNS, Verdict, machine_prices
from costlib.planner.sources import Sources
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

#: How far off times of trees were at worst when one measured size was left out and predicted from the others, between
#: two sizes and beyond them (validation.cpu_or_gpu); hours go from over it to times it.
WORST_BETWEEN, WORST_BEYOND = 1.7, 3.3
#: Where trees are looked at for the number of rows at which GPUs become cheaper.
TREE_ROWS = np.logspace(3, 9, 601)


def compare_trees(data_rows: float, sources: Sources, region: str, library: str | None = None) -> Verdict:
    """100 boosted trees of depth 10 on ``data_rows`` rows of a dozen columns: measured CPU and GPU machines.

    Seconds are those measured at 0.1, 1, 10 and 100 million rows and straight lines between them; of one machine the
    best number of cores counts. ``library``: xgboost, lightgbm, ...; all if not given, each machine with the one that
    is cheapest on it. Raises InvalidInput for a number of rows that is not positive, and NotKnown for names that are
    not held.
    """
    if not 0 < data_rows < math.inf:
        raise InvalidInput([Fault("data_rows", data_rows, "must be a number above 0")])
    measured = SmallJobs.open(sources.book.snapshot).trees(library)
    prices = machine_prices(measured["instance_type"].unique(), sources, region)
    sizes = np.append(TREE_ROWS, data_rows)
    rows, curves = [], []
    for (name, of), held in measured[measured["instance_type"].isin(prices)].groupby(["instance_type", "library"]):
        best = held.loc[held.groupby("samples")["seconds"].idxmin()]
        seconds = seconds_by_size(sizes, best["samples"], best["seconds"])
        curves.append((str(name), seconds))
        at, first, last = data_rows, best["samples"].min(), best["samples"].max()
        basis = "measured" if at in set(best["samples"]) else "derived" if first < at < last else "estimate"
        rule = (
            "" if basis == "measured" else "straight line between" if basis == "derived" else "line through the ends of"
        )
        off = {"measured": 1.0, "derived": WORST_BETWEEN, "estimate": WORST_BEYOND}[basis]
        hours = float(seconds[-1]) / SECONDS_PER_HOUR
        rows.append(
            {
                "instance_type": name,
                "kind": "cpu" if pd.isna(best["accelerator"].iloc[0]) else "gpu",
                "accelerator": "" if pd.isna(best["accelerator"].iloc[0]) else best["accelerator"].iloc[0],
                "precision": "fp32",
                "hours_low": hours / off,
                "hours": hours,
                "hours_high": hours * off,
                "usd_per_hour": prices[str(name)],
                "usd": hours * prices[str(name)],
                "basis": basis,
                "rule": f"{of}" + (f"; {rule} the times at {_sizes(best['samples'])} rows" if rule else ""),
                "source": "; ".join(dict.fromkeys(best["source"])),
                "as_of": max((str(day) for day in best["as_of"].dropna()), default=""),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kind = table["kind"].to_numpy()
    seconds = np.array([curve for _, curve in curves])[:, :-1]
    usd = seconds * table["usd_per_hour"].to_numpy(float)[:, None]
    rule = f"the cheapest (fastest) GPU against the cheapest (fastest) CPU at each of {len(TREE_ROWS)} sizes"
    return Verdict(
        _one_a_machine(table), region, "rows", _crossing(usd, kind), _crossing(seconds, kind), rule
    )  # fmt: skip


def _sizes(samples: pd.Series) -> str:
    return ", ".join(f"{size:,.0f}" for size in sorted(samples))


def _one_a_machine(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(["usd", "hours"]).drop_duplicates("instance_type").reset_index(drop=True)


def _crossing(values: Floats, kind: npt.NDArray[np.object_]) -> float:
    """The size from which on the best GPU is never behind the best CPU; 0 if at all sizes, infinity if at none."""
    if not (kind == "gpu").any() or not (kind == "cpu").any():
        return math.nan
    ahead = values[kind == "gpu"].min(axis=0) <= values[kind == "cpu"].min(axis=0)
    if not ahead[-1]:
        return math.inf
    behind = np.nonzero(~ahead)[0]
    return 0.0 if not len(behind) else float(TREE_ROWS[behind[-1] + 1])
