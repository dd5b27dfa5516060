"""A month of endpoints against what they used: which to shrink, merge, make serverless or delete, with dollars."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, nearest, unknown
from costlib.facts.serving_facts import ServingFacts
from costlib.models.commitments_inputs import refuse, rows_fault
from costlib.planner.serve.instance_facts import instance_facts
from costlib.planner.serve.prices import serving_prices
from costlib.planner.serve.untested_serverless import RULE as UNTESTED
from costlib.planner.serve.untested_serverless import untested_serverless_usd
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.table_file import column_faults, read_bytes, table_of
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]

NUMBERS = ("instances", "requests", "mean_use_percent", "peak_use_percent", "peak_memory_percent")
REQUIRED = ("endpoint", "instance_type", *NUMBERS)
COLUMNS = (*REQUIRED, "mean_ms", "hours")
#: What the fullest hour may use after shrinking or merging.
TARGET_PERCENT = 60.0
#: How full the memory of merged endpoints may be.
MOST_MEMORY_PERCENT = 80.0
RULES = {
    "delete": "no request in the whole month",
    "serverless": "cheaper by the request than all else, in memory for half of what is in use on the instance; "
    + UNTESTED,
    "merge": "together on one endpoint with the others of its type: the fullest hours added up stay within"
    f" {TARGET_PERCENT:g} % of the instances that are left, and the models fit in memory side by side",
    "shrink": f"the fullest hour stays within {TARGET_PERCENT:g} % on fewer instances",
    "keep": "used as it should be",
}


@dataclass(frozen=True)
class Review:
    """``endpoints``: each with what it costs, ``advice`` (a key of RULES), ``to_instances``, ``usd_per_month_after``
    and ``saved_usd_per_month``; the largest saving first."""

    endpoints: pd.DataFrame

    @property
    def saved_usd_per_month(self) -> float:
        """All of it."""
        return float(self.endpoints["saved_usd_per_month"].sum())

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "endpoints": plain_rows(self.endpoints),
            "saved_usd_per_month": self.saved_usd_per_month,
            "rules": RULES,
        }


def read_endpoints(path: str | os.PathLike[str], book: PriceBook) -> pd.DataFrame:
    """A table of endpoints and their metrics: ``endpoint, instance_type, instances, requests, mean_use_percent,
    peak_use_percent`` (of the scarcer of CPU and GPU), ``peak_memory_percent``, and ``mean_ms``, ``hours`` (of the
    month that was looked at, 730 if not given). Raises InvalidInput with everything that is wrong."""
    return endpoints_of(read_bytes(path, "endpoints"), Path(path).name, book)


def endpoints_of(content: bytes, name: str, book: PriceBook) -> pd.DataFrame:
    """As ``read_endpoints``, from what a file holds."""
    cells = table_of(content, name, "endpoints")
    faults, strange = column_faults([str(column) for column in cells], REQUIRED, COLUMNS, "endpoints")
    # An optional column that is misspelt would else be taken as not given.
    faults += [unknown("endpoints columns", column, COLUMNS, "column") for column in strange]
    found = pd.DataFrame(index=cells.index)
    for column in ("endpoint", "instance_type"):
        if column in cells:
            found[column] = cells[column].astype(object)
    if "instance_type" in found:
        known = set(book.table("prices/sagemaker_instances").query("component == 'Hosting'")["instance_type"])
        for name in found["instance_type"].unique():
            if name not in known:
                at = (found["instance_type"] == name).to_numpy()
                told = rows_fault("instance_type", found["instance_type"], at, "has no Hosting price")
                assert told is not None
                faults.append(Fault(told.field, told.value, told.problem, nearest(name, known)))
    for column in (*NUMBERS, "mean_ms", "hours"):
        if column not in cells:
            continue
        words = cells[column].astype(object)
        values = pd.to_numeric(words.where(words != ""), errors="coerce")
        most = 100.0 if column.endswith("percent") else np.inf
        wrong = (values < 0) | (values > most) | np.isinf(values) | (values.isna() & (column in NUMBERS))
        wrong |= values.isna() & (words != "")
        if column in ("instances", "hours", "mean_ms"):
            wrong |= values <= 0
        fault = rows_fault(column, cells[column], wrong.to_numpy(),
                           "must be a number from 0" + (" to 100" if most == 100 else ""))  # fmt: skip
        faults += [fault] if fault else []
        found[column] = values
    refuse(faults)
    for column, usual in (("mean_ms", np.nan), ("hours", HOURS_PER_MONTH)):
        found[column] = found[column].fillna(usual) if column in found else usual
    return found.reset_index(drop=True)


def reviewed(book: PriceBook, endpoints: pd.DataFrame, region: str, least: int = 2) -> Review:
    """What to do with each endpoint. Raises InvalidInput for types without a price in the region."""
    types = [str(name) for name in endpoints["instance_type"]]
    prices = serving_prices(book, types, region)
    usd = prices.hourly["hosting"].loc[types].to_numpy(float)
    missing = sorted({name for name, price in zip(types, usd, strict=True) if not np.isfinite(price)})
    refuse(Fault("instance_type", name, f"has no Hosting price in {region}") for name in missing)
    number = {name: endpoints[name].to_numpy(float) for name in (*NUMBERS, "mean_ms", "hours")}
    count, peak = number["instances"], number["peak_use_percent"]
    fewer = np.minimum(np.maximum(np.ceil(peak * count / TARGET_PERCENT - 1e-9), least), count)
    advice = np.where(fewer < count, "shrink", "keep").astype(object)
    _merge(types, number, fewer, advice, least)
    after = usd * fewer * HOURS_PER_MONTH
    monthly = number["requests"] * HOURS_PER_MONTH / number["hours"]
    described = instance_facts(book, types)
    # Half of the machine's memory in use is taken to be the operating system's and what serves beside the model.
    in_use = described.host_gib * number["peak_memory_percent"] / 100.0 / 2
    in_use = np.where(np.isfinite(described.accelerators), np.nan, in_use)
    serverless = untested_serverless_usd(
        monthly,
        number["mean_ms"] / 1000.0,
        in_use,
        prices.serverless_usd_per_gib_second,
        ServingFacts.open(book.snapshot),
    )
    idle = number["requests"] == 0
    cheaper = (np.nan_to_num(serverless, nan=np.inf) < after) & ~idle
    advice[cheaper], advice[idle] = "serverless", "delete"
    now = usd * count * HOURS_PER_MONTH
    after = np.where(idle, 0.0, np.where(cheaper, serverless, after))
    rows = endpoints.assign(
        usd_per_month=now,
        advice=advice,
        to_instances=np.where(idle | cheaper, 0.0, fewer),
        usd_per_month_after=after,
        saved_usd_per_month=now - after,
    )
    return Review(rows.sort_values("saved_usd_per_month", ascending=False, kind="stable", ignore_index=True))


def _merge(types: Sequence[str], number: dict[str, Floats], fewer: Floats, advice: Any, least: int) -> None:
    """Endpoints of one type whose models fit in memory together and whose fullest hours add up to less: onto one.

    Changes ``fewer`` (a merged endpoint's share of the instances that are left) and ``advice``.
    """
    memory, used = number["peak_memory_percent"], number["peak_use_percent"] * number["instances"]
    for name in dict.fromkeys(types):
        own = [at for at, other in enumerate(types) if other == name and number["requests"][at] > 0]
        taken: list[int] = []
        for at in sorted(own, key=lambda row: memory[row]):
            if memory[[*taken, at]].sum() <= MOST_MEMORY_PERCENT:
                taken.append(at)
        together = max(float(np.ceil(used[taken].sum() / TARGET_PERCENT - 1e-9)), float(least))
        if len(taken) > 1 and together < fewer[taken].sum():
            total = used[taken].sum()
            share = used[taken] / total if total > 0 else np.full(len(taken), 1.0 / len(taken))
            fewer[taken] = together * share
            advice[taken] = "merge"
