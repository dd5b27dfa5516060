"""One dataset in each class over how often it is read: which class is cheapest where, and where they cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.storage import CLASSES, TIERING, strata_of
from costlib.models.storage_bill import bill, daily_use
from costlib.models.storage_policy import Policy
from costlib.planner.store.policies import Held

Floats = npt.NDArray[np.float64]
#: Full reads a month, evenly over the whole life.
RATES = np.concatenate([[0.0], np.geomspace(0.01, 100.0, 61)])


@dataclass(frozen=True)
class Frequency:
    """``table``: per_month, and the USD of each class over the horizon; ``crossings``: where the cheapest changes.

    These are per_month, cheaper_below and cheaper_above, of the classes that answer at once and may hold the
    dataset; ``waiting``: those that do not answer at once.
    """

    table: pd.DataFrame
    crossings: pd.DataFrame
    waiting: tuple[str, ...]


def by_frequency(held: Held, horizon_days: int, rates: Sequence[float] | Floats = RATES) -> Frequency:
    """USD over the horizon of the dataset, uploaded to each class and read in full so many times a month.

    Dollars are a straight line over the reads in all classes but Intelligent-Tiering, whose tiers depend on them.
    Archives are among them, though their reads wait.
    """
    rates = np.asarray(rates, float)
    usd: dict[str, Floats] = {}
    for name in CLASSES:
        if name not in held.classes.terms:
            continue
        if name == TIERING:
            usd[name] = np.array([_usd(held, name, rate, horizon_days) for rate in rates])
        else:
            none, once = (_usd(held, name, rate, horizon_days) for rate in (0.0, 1.0))
            usd[name] = none + rates * (once - none)
    table = pd.DataFrame({"per_month": rates, **usd})
    waiting = tuple(name for name in usd if held.classes.terms[name].wait_hours > 0)
    compared = [name for name in usd if name in held.allowed and name not in waiting]
    return Frequency(table, _crossings(table[["per_month", *compared]]), waiting)


def _usd(held: Held, name: str, per_month: float, horizon_days: int) -> float:
    ages = held.stored[1].ages
    stored = replace(held.stored[1], strata=strata_of([(0.0, float(ages), per_month, 1.0)], ages))
    terms = held.classes.terms
    lines = bill([terms], [daily_use(terms, stored, Policy(((name, 0),)), horizon_days)], horizon_days)[0]
    return float(sum(line.usd.sum() for line in lines))


def _crossings(table: pd.DataFrame) -> pd.DataFrame:
    """Where the cheapest class changes: between two rates by a straight line."""
    names = np.array(table.columns[1:])
    costs, rates = table[names].to_numpy(float), table["per_month"].to_numpy(float)
    # Of equal costs the first class counts, so that rounding does not make them cross.
    best = (costs <= costs.min(axis=1, keepdims=True) * (1 + 1e-9)).argmax(axis=1)
    rows = []
    for at in np.nonzero(np.diff(best))[0]:
        below, above = best[at], best[at + 1]
        first, second = (costs[at + step, below] - costs[at + step, above] for step in (0, 1))
        share = first / (first - second) if first != second else 0.0
        rows.append((rates[at] + share * (rates[at + 1] - rates[at]), names[below], names[above]))
    return pd.DataFrame(rows, columns=["per_month", "cheaper_below", "cheaper_above"])
