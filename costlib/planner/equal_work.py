"""Few large accelerators or many small ones: the same run on every type and count, in hours and dollars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.planner.cluster_steps import ClusterSteps
from costlib.planner.sources import Sources
from costlib.workload import PURCHASES, SERVICES, Workload

Floats = npt.NDArray[np.float64]

#: The ways to buy that are compared: without commitment.
BOUGHT = ("on_demand", "spot")


def equal_work_table(workload: Workload, sources: Sources, most: int, layout: str = "auto") -> pd.DataFrame:
    """The same run, with the same global batch, on 1 to ``most`` instances of every type sold in the home region.

    One row a type and count, in the listed precision that is fastest there; types with parts of an accelerator are
    left out. Columns: instance_type, accelerator, accelerators_per_instance, count, accelerators, precision, sharded,
    hours_low, hours, hours_high, efficiency (of the accelerators, beside sharing out the work without loss), and of
    on_demand and spot:
    usd_per_hour_* of one instance (EC2; spot: the cheapest zone), usd_*, usd_low_*, usd_high_* for the work alone.
    """
    steps = ClusterSteps.of(workload.changed({"search.max_instances": most}), sources, layout)
    prices = {purchase: _cheapest(sources, workload.dataset.home_region, purchase) for purchase in BOUGHT}
    sold = np.zeros(len(sources.offers.instance_types), dtype=bool)
    for low, _, _ in prices.values():
        sold |= np.isfinite(low)
    families = workload.search.instance_families
    if families != "all":
        sold &= np.isin(np.array(sources.offers.families, dtype=object), list(families))
    hours = steps.hours()
    usable = steps.runs & np.isfinite(hours[1]) & sold[:, None, None]
    ranked = np.where(usable, hours[1], np.inf)
    best = ranked.argmin(axis=2)
    row, count = np.nonzero(np.isfinite(ranked.min(axis=2)))
    kind = best[row, count]
    cell = (row, count, kind)
    counts = np.array(steps.grid.counts)[count]
    inside = steps.inside[row, 0, 0]
    names = np.array(sources.offers.instance_types, dtype=object)[row]
    table = pd.DataFrame(
        {
            "instance_type": names,
            "accelerator": sources.hardware.instances["accelerator"].reindex(names).to_numpy(object),
            "accelerators_per_instance": inside.astype(int),
            "count": counts,
            "accelerators": (inside * counts).astype(int),
            "precision": np.array(steps.grid.precisions, dtype=object)[kind],
            "sharded": np.broadcast_to(steps.sharded, usable.shape)[cell],
            "hours_low": hours[0][cell],
            "hours": hours[1][cell],
            "hours_high": hours[2][cell],
            "efficiency": steps.efficiency(hours[1])[cell],
        }
    )
    for purchase, (low, expected, high) in prices.items():
        table[f"usd_per_hour_{purchase}"] = expected[row]
        table[f"usd_{purchase}"] = expected[row] * counts * table["hours"]
        table[f"usd_low_{purchase}"] = low[row] * counts * table["hours_low"]
        table[f"usd_high_{purchase}"] = high[row] * counts * table["hours_high"]
    return table


def front(table: pd.DataFrame, purchase: str) -> pd.DataFrame:
    """The rows that no other beats on both hours and dollars, cheapest first."""
    rows = table[table[f"usd_{purchase}"].notna()].sort_values([f"usd_{purchase}", "hours"], kind="stable")
    hours = rows["hours"].to_numpy(float)
    return rows[hours < np.concatenate(([np.inf], np.minimum.accumulate(hours)[:-1]))] if len(rows) else rows


def best_by_size(table: pd.DataFrame, purchase: str, deadline_hours: float | None) -> pd.DataFrame:
    """The cheapest cluster of single-accelerator machines, of mid-sized ones and of machines of 8 or more.

    Those that hold the deadline at the expected hours, if there is one; ``machines`` names the group.
    """
    rows = table[table[f"usd_{purchase}"].notna()]
    if deadline_hours is not None:
        rows = rows[rows["hours"] <= deadline_hours]
    size = rows["accelerators_per_instance"].to_numpy()
    names = np.array(["1 accelerator each", "2 to 7 accelerators each", "8 or more accelerators each"], dtype=object)
    rows = rows.assign(machines=names[(size >= 2).astype(int) + (size >= 8)])
    rows = rows.sort_values([f"usd_{purchase}", "hours"], kind="stable")
    return rows.drop_duplicates("machines").reset_index(drop=True)


def _cheapest(sources: Sources, region: str, purchase: str) -> tuple[Floats, Floats, Floats]:
    """Low, expected and high USD an hour of EC2's cheapest offer of each type in a region; nan where none is held."""
    offers = sources.offers
    rows = np.nonzero(
        (offers.service == SERVICES.index("ec2"))
        & (offers.purchase == PURCHASES.index(purchase))
        & (np.array(offers.regions, dtype=object)[offers.region] == region)
    )[0]
    # Written dearest first, the cheapest offer of each type is what remains.
    rows = rows[np.argsort(-offers.usd_per_hour[1][rows], kind="stable")]
    ends = []
    for usd in offers.usd_per_hour:
        held = np.full(len(offers.instance_types), np.nan)
        held[offers.instance_type[rows]] = usd[rows]
        ends.append(held)
    return ends[0], ends[1], ends[2]
