"""A month of endpoints against what they used: which to shrink, merge, make serverless or delete, with dollars."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from costlib.errors import Fault, nearest
from costlib.facts.serving_facts import ServingFacts
from costlib.models.commitments_inputs import refuse, rows_fault
from costlib.models.serverless import usd_per_request
from costlib.planner.commit.table_file import column_faults, read_bytes, table_of
from costlib.planner.serve.prices import serving_prices
from costlib.planner.spot.plain_rows import plain_rows
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH

NUMBERS = ("instances", "requests", "mean_use_percent", "peak_use_percent", "peak_memory_percent")
REQUIRED = ("endpoint", "instance_type", *NUMBERS)
COLUMNS = (*REQUIRED, "mean_ms", "hours")
#: What the fullest hour may use after shrinking or merging.
TARGET_PERCENT = 60.0
RULES = {
    "delete": "no request in the whole month",
    "serverless": "cheaper by the request, in the least memory size that holds half of the instance's memory in use;"
    " its time there must be tested, and cold starts allowed",
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
    cells = table_of(read_bytes(path, "endpoints"), Path(path).name, "endpoints")
    faults, _ = column_faults([str(column) for column in cells], REQUIRED, COLUMNS, "endpoints")
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
    prices = serving_prices(book, list(endpoints["instance_type"]), region)
    facts = ServingFacts.open(book.snapshot)
    usd = prices.hourly["hosting"].loc[endpoints["instance_type"]].to_numpy(float)
    missing = sorted(set(endpoints.loc[~np.isfinite(usd), "instance_type"]))
    refuse(Fault("instance_type", name, f"has no Hosting price in {region}") for name in missing)
    rows = endpoints.assign(usd_per_month=usd * endpoints["instances"] * HOURS_PER_MONTH)
    peak, count = rows["peak_use_percent"].to_numpy(float), rows["instances"].to_numpy(float)
    fewer = np.maximum(np.ceil(peak * count / TARGET_PERCENT - 1e-9), min(least, int(count.min()) or 1))
    fewer = np.minimum(np.maximum(fewer, least), count)
    rows["advice"] = np.where(fewer < count, "shrink", "keep")
    rows["to_instances"] = fewer
    rows["usd_per_month_after"] = usd * fewer * HOURS_PER_MONTH
    _merge(rows, usd, least)
    monthly = rows["requests"] * HOURS_PER_MONTH / rows["hours"]
    serverless = _serverless_usd(book, rows, monthly.to_numpy(float), prices.serverless_usd_per_gib_second, facts)
    cheaper = np.nan_to_num(serverless, nan=np.inf) < rows["usd_per_month_after"].to_numpy(float)
    rows.loc[cheaper, "advice"] = "serverless"
    rows.loc[cheaper, "usd_per_month_after"] = serverless[cheaper]
    rows.loc[cheaper, "to_instances"] = 0.0
    idle = (rows["requests"] == 0).to_numpy()
    rows.loc[idle, ["advice", "to_instances", "usd_per_month_after"]] = ["delete", 0.0, 0.0]
    rows["saved_usd_per_month"] = rows["usd_per_month"] - rows["usd_per_month_after"]
    return Review(rows.sort_values("saved_usd_per_month", ascending=False, kind="stable", ignore_index=True))


def _merge(rows: pd.DataFrame, usd: np.ndarray, least: int) -> None:
    """Endpoints of one type whose models fit in memory together and whose fullest hours add up to less: onto one."""
    for _, group in rows[rows["requests"] > 0].groupby("instance_type"):
        order = group.sort_values("peak_memory_percent").index
        taken: list[int] = []
        memory = 0.0
        for at in order:
            if memory + rows.at[at, "peak_memory_percent"] <= 100.0 * 0.8:
                memory += float(rows.at[at, "peak_memory_percent"])
                taken.append(int(at))
        if len(taken) < 2:
            continue
        used = float((rows.loc[taken, "peak_use_percent"] * rows.loc[taken, "instances"]).sum())
        together = max(np.ceil(used / TARGET_PERCENT - 1e-9), least)
        if together < rows.loc[taken, "to_instances"].sum():
            part = rows.loc[taken, "peak_use_percent"] * rows.loc[taken, "instances"]
            share = part / part.sum() if part.sum() > 0 else 1.0 / len(taken)
            rows.loc[taken, "advice"] = "merge"
            rows.loc[taken, "to_instances"] = together * share
            rows.loc[taken, "usd_per_month_after"] = usd[taken] * together * share * HOURS_PER_MONTH


def _serverless_usd(
    book: PriceBook, rows: pd.DataFrame, requests: np.ndarray, usd: float, facts: ServingFacts
) -> np.ndarray:
    """USD a month by the request; nan where time, memory or price are not known, or the type has accelerators."""
    table = book.table("facts/instances").set_index("instance_type")
    types = rows["instance_type"].str.removeprefix("ml.")
    known = types.isin(table.index).to_numpy()
    held = table.reindex(types)
    in_use = held["memory_gib"].to_numpy(float) * rows["peak_memory_percent"].to_numpy(float) / 100.0
    step = facts.number("sagemaker_serverless", "least_memory_mb") / 1024.0
    size = np.maximum(np.ceil(in_use / 2 / step), 1.0) * step
    most = facts.number("sagemaker_serverless", "most_memory_mb") / 1024.0
    ok = known & ~np.isfinite(held["accelerator_count"].to_numpy(float)) & (size <= most)
    each = usd_per_request(np.nan_to_num(rows["mean_ms"].to_numpy(float)) / 1000.0, np.nan_to_num(size), usd)
    return np.where(ok & rows["mean_ms"].notna().to_numpy(), each * requests, np.nan)
