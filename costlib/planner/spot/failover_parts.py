"""What a fail-over is made of: prices of each region or what is missing, hours, deadlines, and the answer in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.failover import copy_hours, readiness
from costlib.planner.quantities import START_UP_SECONDS
from costlib.planner.sources import BANDS
from costlib.prices.price import Price
from costlib.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RegionPrices:
    """One kind of price in each of some regions: nan where it is needed and not held, 0 where it is not needed."""

    usd: Floats
    prices: tuple[Price | None, ...]
    missing: tuple[str, ...]

    @classmethod
    def of(cls, regions: Sequence[str], held: Mapping[str, Price], what: str, needed: Bools) -> RegionPrices:
        """``held`` by region; ``what`` names the price, with {} for the region."""
        prices = tuple(held.get(region) if need else None for region, need in zip(regions, needed, strict=True))
        lacks = [need and price is None for price, need in zip(prices, needed, strict=True)]
        usd = [np.nan if lack else price.amount if price else 0.0 for price, lack in zip(prices, lacks, strict=True)]
        missing = tuple(what.format(region) if lack else "" for region, lack in zip(regions, lacks, strict=True))
        return cls(np.array(usd), prices, missing)


def origins(kinds: Sequence[RegionPrices]) -> pd.DataFrame:
    """One row a region: what is missing, and the oldest date and the sources of its prices."""
    rows = []
    for index in range(len(kinds[0].prices)):
        prices = [price for kind in kinds if (price := kind.prices[index]) is not None]
        rows.append(
            {
                "missing": "; ".join(text for kind in kinds if (text := kind.missing[index])),
                "as_of": min((price.as_of for price in prices), default=""),
                "sources": ", ".join(dict.fromkeys(price.source for price in prices)),
            }
        )
    return pd.DataFrame(rows)


def put_hours(
    table: pd.DataFrame,
    workload: Workload,
    bandwidth_gbps: tuple[float, float, float],
    sync_hours: float,
    interval_hours: float,
) -> None:
    """Adds the hours of copies, until work goes on, and behind, at the three ends of the bandwidth (low: fastest)."""
    restart = START_UP_SECONDS["ec2"][1] / SECONDS_PER_HOUR + workload.checkpoint.restart_minutes / MINUTES_PER_HOUR
    table["ready_hours"] = restart
    # The least hours come from the highest bandwidth.
    for end, gbps in zip(BANDS, reversed(bandwidth_gbps), strict=True):
        one = float(copy_hours(workload.checkpoint.gib, gbps))
        copy = copy_hours(table["dataset_copy_gib"].to_numpy(float), gbps) + one
        table[f"copy_hours_{end}"] = copy
        table[f"sync_busy_fraction_{end}"] = one / sync_hours
        # A sync that takes longer than its turn falls ever further behind: how far is not known.
        lost = sync_hours / 2.0 + one if one <= sync_hours else np.nan
        table[f"ready_behind_hours_{end}"] = restart + lost
        table[f"on_need_hours_{end}"] = copy + restart
        table[f"on_need_behind_hours_{end}"] = copy + restart + interval_hours / 2.0


def put_deadlines(table: pd.DataFrame, deadline_hours: float | None, run_hours: Floats) -> None:
    """Adds the slack and whether each way holds the deadline after one fail-over, in words."""
    table["slack_hours"] = np.nan if deadline_hours is None else deadline_hours - run_hours
    for way in ("ready", "on_need"):
        expected, high = (table[f"{way}_behind_hours_{end}"] for end in ("expected", "high"))
        words = np.select(
            [table["slack_hours"].isna(), expected.isna(), expected > table["slack_hours"],
             ~(high <= table["slack_hours"])],
            ["none set", "not known", "missed", "could be late"],
            default="held",
        )  # fmt: skip
        table[f"{way}_deadline"] = words.astype(object)


def put_costs(
    table: pd.DataFrame,
    cluster_usd_per_hour: Floats,
    chance_fraction: float,
    late_usd_per_hour: float,
    missed_usd: float | None,
) -> None:
    """Adds both ways' cost if needed and as expected, whether being ready pays, and from when it does."""
    restart = table["ready_hours"]
    lost_ready = table["ready_behind_hours_expected"] - restart
    lost_on_need = table["on_need_behind_hours_expected"] - table["on_need_hours_expected"]
    ready = cluster_usd_per_hour * lost_ready + late_usd_per_hour * table["ready_behind_hours_expected"]
    need = table["on_need_transfer_usd"] + table["on_need_storage_usd"]
    need = need + cluster_usd_per_hour * lost_on_need + late_usd_per_hour * table["on_need_behind_hours_expected"]
    fixed = table["ready_fixed_usd"]
    only_ready = (table["ready_deadline"] != "missed") & (table["on_need_deadline"] == "missed")
    valued = readiness(fixed, ready, need, chance_fraction)
    loss = 0.0 if missed_usd is None else missed_usd
    table["ready_if_needed_usd"] = ready + loss * (table["ready_deadline"] == "missed")
    table["on_need_usd"] = need + loss * (table["on_need_deadline"] == "missed")
    found = readiness(fixed, table["ready_if_needed_usd"], table["on_need_usd"], chance_fraction)
    table["ready_expected_usd"], table["on_need_expected_usd"] = found.ready_usd, found.on_need_usd
    known = np.isfinite(found.ready_usd) & np.isfinite(found.on_need_usd)
    table["ready_pays"] = pd.array(found.ready_usd < found.on_need_usd, dtype="boolean")
    table.loc[~known, "ready_pays"] = pd.NA
    table["break_even_chance"] = found.break_even_chance
    table["break_even_loss_usd"] = np.where(only_ready, valued.break_even_loss_usd, np.nan)


def answer(row: Mapping[Hashable, Any]) -> str:
    """When being ready pays, for one region, in a sentence."""
    if row["missing"]:
        return f"not known: no {row['missing']} is held"
    even = float(row["break_even_chance"])
    if np.isnan(even):
        return "not known: copying a checkpoint takes longer than the time between syncs; sync less often"
    pays = (
        "being ready costs nothing"
        if even == 0
        else f"being ready pays from a chance of {even:.3g}"
        if np.isfinite(even)
        else "being ready never pays by cost alone"
    )
    ways = (row["ready_deadline"], row["on_need_deadline"])
    deadline = {
        ("held", "held"): "; both ways hold the deadline",
        ("none set", "none set"): "",
        ("missed", "missed"): "; neither way holds the deadline",
    }.get(ways, f"; the deadline: {ways[0]} when ready, {ways[1]} when copied then")
    loss = float(row["break_even_loss_usd"])
    if np.isnan(loss):
        return pays + deadline
    worth = "even if missing it costs nothing" if loss == 0 else f"where missing it costs {loss:,.0f} USD or more"
    return f"{pays}{deadline}; at the chance given it pays {worth}" if np.isfinite(loss) else pays + deadline
