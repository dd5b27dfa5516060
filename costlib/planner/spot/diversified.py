"""Several pools instead of one: their cost on average, how often they are interrupted, and the chance to lose all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.diversification import diversified
from costlib.planner.plan import Band
from costlib.planner.quantities import START_UP_RULE, START_UP_SECONDS
from costlib.planner.sources import BANDS
from costlib.planner.spot.hazards import OPEN_BAND_RULE
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.pools import RANKING_RULE, SpotPools
from costlib.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR
from costlib.workload import Workload

#: What the figures of several pools rest on.
SPREAD_RULE = (
    "spread evenly: the run sits in one pool at a time, in each as long, and goes to another when interrupted; what"
    " share EC2 gives to each pool is not published"
)
TOGETHER_RULE = (
    "best case: pools are interrupted independently; worst case: together, as much as their rates allow; what AWS's"
    " pools do is not published, and pools of one region or type share causes"
)


@dataclass(frozen=True)
class DiversifiedPools:
    """k pools (``pools``: rows of SpotPools.pools, best first) that share a run evenly; bands hold the mean over them.

    ``interruptions_per_hour`` is of the whole cluster; ``high`` is infinite where a band of the advisor is open.
    Within ``window_hours``: ``lost_fraction`` is the expected share of pools interrupted (however they go together),
    ``any_fraction`` the chance that one or more are (if independent), ``all_best_fraction`` that all are if
    independent, and ``all_worst_fraction`` if together. ``alone_fraction``: that the best pool alone is.
    """

    ranking: str
    region: str | None
    pools: pd.DataFrame
    window_hours: float
    usd_per_unit: Band
    run_usd: Band
    run_hours: Band
    off_on_demand_fraction: float
    interruptions_per_hour: Band
    interruptions_per_run: float
    lost_fraction: Band
    any_fraction: Band
    all_best_fraction: Band
    all_worst_fraction: Band
    alone_fraction: Band

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known or not bounded is null."""
        bands = ("usd_per_unit", "run_usd", "run_hours", "interruptions_per_hour", "lost_fraction", "any_fraction",
                 "all_best_fraction", "all_worst_fraction", "alone_fraction")  # fmt: skip
        off = self.off_on_demand_fraction
        return {
            "ranking": self.ranking,
            "region": self.region,
            "number": len(self.pools),
            "window_hours": self.window_hours,
            **{name: getattr(self, name).as_dict() for name in bands},
            "off_on_demand_fraction": off if np.isfinite(off) else None,
            "interruptions_per_run": self.interruptions_per_run,
            "pools": plain_rows(self.pools.drop(columns=["candidate"])),
            "rules": {
                "ranking": RANKING_RULE[self.ranking],
                "spread": SPREAD_RULE,
                "together": TOGETHER_RULE,
                "open_band": OPEN_BAND_RULE,
                "start_up": START_UP_RULE["ec2"],
            },
        }


def diversify_by_region(
    pools: SpotPools, number: int, by: str = "price_capacity_optimized", window_hours: float | None = None
) -> pd.DataFrame:
    """The best ``number`` of pools in each region, or all that it has: where a fleet would stand best, cheapest first.

    Columns: region, pools (taken), types and zones (of those; a region's price is no zone), usd_per_unit, run_usd,
    run_hours, interruptions_per_hour, all_best_fraction, all_worst_fraction (all expected, as in DiversifiedPools),
    open_band (of any). Regions without a pool that can be ranked are left out. Raises InvalidInput as ``diversify``.
    """
    ranked = pools.ranked(by)
    if len(ranked) == 0:
        raise InvalidInput([Fault("by", by, "ranks no pool: what it looks at is known of none")])
    rows = []
    for region, held in ranked.groupby("region"):
        found = diversify(pools, min(number, len(held)), by, str(region), window_hours)
        zones = found.pools["az"]
        rows.append(
            {
                "region": region,
                "pools": len(found.pools),
                "types": found.pools["instance_type"].nunique(),
                "zones": zones[zones != ""].nunique(),
                "usd_per_unit": found.usd_per_unit.expected,
                "run_usd": found.run_usd.expected,
                "run_hours": found.run_hours.expected,
                "interruptions_per_hour": found.interruptions_per_hour.expected,
                "all_best_fraction": found.all_best_fraction.expected,
                "all_worst_fraction": found.all_worst_fraction.expected,
                "open_band": bool(found.pools["open_band"].any()),
            }
        )
    return pd.DataFrame(rows).sort_values("run_usd", kind="stable").reset_index(drop=True)


def replace_hours(workload: Workload) -> float:
    """Hours to replace a cluster, as expected: start-up of new instances and the workload's restart."""
    return START_UP_SECONDS["ec2"][1] / SECONDS_PER_HOUR + workload.checkpoint.restart_minutes / MINUTES_PER_HOUR


def diversify(
    pools: SpotPools,
    number: int,
    by: str = "price_capacity_optimized",
    region: str | None = None,
    window_hours: float | None = None,
) -> DiversifiedPools:
    """The best ``number`` of pools by a ranking (pools.RANKINGS), in one region if asked, spread evenly.

    A fleet of EC2 is of one region; over all regions a scheduler of one's own must do it. ``window_hours`` is what "at
    once" means: by default the time to replace a cluster. Raises InvalidInput for more pools than there are.
    """
    ranked = pools.ranked(by, region)
    faults = []
    if number < 1 or number != int(number):
        faults.append(Fault("number", number, "must be a whole number of at least 1"))
    elif number > len(ranked):
        place = f" in {region}" if region else ""
        faults.append(
            Fault("number", number, f"is more than the {len(ranked)} pools{place} that can be ranked by {by}")
        )
    window = replace_hours(pools.result.workload) if window_hours is None else window_hours
    if not (np.isfinite(window) and window > 0):
        faults.append(Fault("window_hours", window, "must be a number above 0"))
    if faults:
        raise InvalidInput(faults)
    chosen = ranked.iloc[: int(number)]
    # (band, pool): the hazard of the whole cluster.
    hazard = np.stack([chosen[f"hazard_per_hour_{end}"] * chosen["count"] for end in BANDS])
    found = diversified(hazard, np.full(len(BANDS), window))
    alone = diversified(hazard[:, :1], np.full(len(BANDS), window))

    def mean(name: str) -> Band:
        return Band(*(float(chosen[f"{name}_{end}"].mean()) for end in BANDS))

    hours = mean("run_hours")
    return DiversifiedPools(
        by,
        region,
        chosen,
        window,
        mean("usd_per_unit"),
        mean("run_usd"),
        hours,
        # Unknown for one is unknown for all: a mean of the rest would be of other pools.
        float(chosen["off_on_demand_fraction"].mean(skipna=False)),
        Band(*map(float, found.mean_hazard_per_hour)),
        float(found.mean_hazard_per_hour[1]) * hours.expected,
        Band(*map(float, found.lost_fraction)),
        Band(*map(float, found.any_fraction)),
        Band(*map(float, found.all_best_fraction)),
        Band(*map(float, found.all_worst_fraction)),
        Band(*map(float, alone.all_best_fraction)),
    )
