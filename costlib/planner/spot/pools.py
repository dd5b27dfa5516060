"""Spot pools that could carry the same run: every stand-in type in every region and zone, priced and ranked alike.

A pool is one instance type in one zone. Where only the region's price is held the region stands for its zones, and
where zones are held the region's mean is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import InvalidInput, unknown
from costlib.facts.interruptions import Interruptions
from costlib.planner.lines import NOT_COSTED, total_usd
from costlib.planner.quantities import CHECKPOINT_WRITE_RULE, SPOT, Quantities, quantities
from costlib.planner.residency import may_hold_data
from costlib.planner.search import Result, search
from costlib.planner.sources import BANDS, Sources
from costlib.planner.spot.hazards import OPEN_BAND_RULE
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.price_history import HISTORY_RULE, with_stability
from costlib.planner.spot.stand_ins import Base, base_of, covered, rows_of, stand_ins
from costlib.workload import SERVICES, Workload

Ints = npt.NDArray[np.int64]

#: What pools may be ranked by, and by which columns, in order. EC2 does not publish the capacity that its
#: price-capacity-optimized strategy looks at first; the advisor's band of interruptions stands for it here.
RANKINGS = {
    "run_cost": ("run_usd_expected",),
    "price": ("usd_per_unit_expected",),
    "price_capacity_optimized": ("monthly_interruption_low_fraction", "usd_per_unit_expected"),
    "interruptions": ("cluster_hazard_per_hour_expected", "run_usd_expected"),
    "stable_price": ("price_cv_fraction", "run_usd_expected"),
}
RANKING_RULE = {
    "run_cost": "expected cost of the whole run, with rework after interruptions",
    "price": "expected spot price of a unit of work",
    "price_capacity_optimized": (
        "the Spot advisor's band first, then the price of a unit of work; the band of the last months stands for the"
        " capacity of the moment, which EC2 looks at and does not publish"
    ),
    "interruptions": "expected interruptions an hour of the whole cluster",
    "stable_price": f"scatter of the price, where it is known: {HISTORY_RULE}",
}


@dataclass(frozen=True)
class SpotPools:
    """The base, its stand-ins (columns: stand_ins.stand_ins) and ``pools``, one row a pool, cheapest run first.

    Columns of ``pools``: instance_type, count (of instances, for the whole run), precision, accelerator, accelerators,
    architecture, processor, region, az (the zone's id; "" where the price is the region's), same_accelerators,
    same_throughput, throughput_ratio; usd_per_hour_low, _expected, _high (of one instance); usd_per_unit_low,
    _expected, _high (price of the pure work, by ``work_unit``); run_usd_low, _expected, _high (the whole run with
    start-up, rework, storage and transfer); run_hours_low, _expected, _high (start to finish); on_demand_usd_per_hour
    and off_on_demand_fraction (nan where EC2's on-demand price is not held); monthly_interruption_low_fraction and
    monthly_interruption_high_fraction (the advisor's band);
    hazard_per_hour_low, _expected, _high (of one instance: _high is infinite where the band is open, and _expected by
    OPEN_BAND_RULE then); cluster_hazard_per_hour_expected (count times that); open_band; checkpoint_interval_hours;
    price_cv_fraction, price_range_fraction, price_samples, price_history_from, price_history_to, price_stability (of
    January 2024 in us-east-1, or why not known; one figure for all zones of a type there, as the history names zones by
    an account's letters, which have no ids); meets_deadline; price_basis, price_rule, price_source, price_as_of,
    interruptions_source, interruptions_as_of; and ``candidate``, the pool's row in ``result``.

    ``left_out`` says which pools with a price could not be costed, and why.
    """

    result: Result
    base: Base
    tolerance_fraction: float
    stand_ins: pd.DataFrame
    pools: pd.DataFrame
    work_unit: str
    left_out: tuple[str, ...]

    def ranked(self, by: str = "run_cost", region: str | None = None) -> pd.DataFrame:
        """The pools, of one region if asked, best first by one of RANKINGS.

        By ``stable_price`` pools whose price history is not held are left out, not put last. Raises InvalidInput.
        """
        faults = [] if by in RANKINGS else [unknown("by", by, RANKINGS, "ranking")]
        regions = self.pools["region"].unique()
        if region is not None and region not in regions:
            faults.append(unknown("region", region, regions, "region with pools of this class"))
        if faults:
            raise InvalidInput(faults)
        rows = self.pools if region is None else self.pools[self.pools["region"] == region]
        rows = rows.dropna(subset=list(RANKINGS[by]))
        return rows.sort_values(list(RANKINGS[by]), kind="stable").reset_index(drop=True)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known or not bounded is null."""
        hidden = ["candidate"]
        codes = ["type_code", "count_index", "precision_index"]
        return {
            "base": self.base.as_dict(),
            "tolerance_fraction": self.tolerance_fraction,
            "work_unit": self.work_unit,
            "stand_ins": plain_rows(self.stand_ins.drop(columns=codes)),
            "pools": plain_rows(self.pools.drop(columns=hidden)),
            "left_out": list(self.left_out),
            "rules": {
                "rankings": RANKING_RULE,
                "open_band": OPEN_BAND_RULE,
                "checkpoints": CHECKPOINT_WRITE_RULE,
                "price_history": HISTORY_RULE,
                "not_costed": NOT_COSTED,
            },
        }


def spot_pools(
    workload: Workload,
    sources: Sources,
    instance_type: str | None = None,
    count: int | None = None,
    tolerance_fraction: float = 0.10,
    match: str = "either",
) -> SpotPools:
    """Every EC2 spot pool that could carry the run in place of the base (default: the cheapest spot plan).

    Regions, families and instance counts are those of ``workload.search``; services and ways to buy are taken as EC2
    and spot whatever it says. ``tolerance_fraction``: by how much hours of work may differ (stand_ins.stand_ins has the
    rule, and ``match``). Raises InvalidInput; also where no spot plan holds the deadline and no type is named.
    """
    wanted = workload.changed({"search.purchase": ["spot"], "search.services": ["ec2"]})
    result = search(wanted, sources)
    base = base_of(result, instance_type, count)
    table = stand_ins(result, base, tolerance_fraction, match)
    rows = rows_of(result, table)
    rows = rows[~covered(result, result.candidates.offer[rows])]
    ends = [quantities(wanted, sources, result.grid, result.places, result.candidates.take(rows), end) for end in BANDS]
    unit, units = unit_of_work(wanted)
    pools = _frame(result, table, rows, ends, units)
    pools = with_stability(pools, sources.book)
    pools = pools.sort_values(["run_usd_expected", "instance_type", "az"], kind="stable").reset_index(drop=True)
    return SpotPools(result, base, tolerance_fraction, table, pools, unit, _left_out(result, table, rows))


def unit_of_work(workload: Workload) -> tuple[str, float]:
    """The unit that prices of work are given by, and how many of it one run has."""
    work = workload.work
    if work.tokens is not None:
        return "billion tokens", work.tokens / 1e9
    if work.samples is not None:
        return "million samples", work.samples / 1e6
    return "run", 1.0


def _frame(result: Result, table: pd.DataFrame, rows: Ints, ends: list[Quantities], units: float) -> pd.DataFrame:
    sources, offers = result.sources, result.sources.offers
    offer = result.candidates.offer[rows]
    place = pd.Index(table["type_code"]).get_indexer(offers.instance_type[offer])
    kept = ["instance_type", "count", "precision", "accelerator", "accelerators", "architecture", "processor"]
    pools = (
        table[[*kept, "same_accelerators", "same_throughput", "throughput_ratio"]].iloc[place].reset_index(drop=True)
    )
    pools.insert(len(kept), "region", np.array(offers.regions, dtype=object)[offers.region[offer]])
    pools.insert(len(kept) + 1, "az", offers.words["az"][offer])
    for name, end in zip(BANDS, ends, strict=True):
        pools[f"usd_per_hour_{name}"] = end.usd_per_hour
        pools[f"usd_per_unit_{name}"] = end.usd_per_hour * end.count * end.work_hours / units
        pools[f"run_usd_{name}"] = total_usd(result.workload, end)
        pools[f"run_hours_{name}"] = end.wall_hours
    pools["on_demand_usd_per_hour"] = offers.ec2_on_demand_usd_per_hour[offer]
    pools["off_on_demand_fraction"] = 1.0 - pools["usd_per_hour_expected"] / pools["on_demand_usd_per_hour"]
    known = sources.spot_hazards(result.workload)
    open_band = known.open_band[offer]
    low, expected, high = (hazard[offer] for hazard in known.hazard)
    band = ["monthly_interruption_low_fraction", "monthly_interruption_high_fraction"]
    advisor = Interruptions.open(sources.book.snapshot).table.set_index(["instance_type", "region"])[band]
    pools[band] = advisor.reindex(pd.MultiIndex.from_frame(pools[["instance_type", "region"]])).to_numpy(float)
    pools["hazard_per_hour_low"], pools["hazard_per_hour_expected"] = low, expected
    pools["hazard_per_hour_high"] = np.where(open_band, np.inf, high)
    pools["cluster_hazard_per_hour_expected"] = expected * ends[1].count
    pools["open_band"] = open_band
    pools["checkpoint_interval_hours"] = ends[1].interval_hours
    pools["meets_deadline"] = result.meets_deadline[rows]
    for name in ("basis", "rule", "source", "as_of"):
        pools[f"price_{name}"] = offers.words[name][offer]
    pools["interruptions_source"], pools["interruptions_as_of"] = known.source[offer], known.as_of[offer]
    return pools.assign(candidate=rows)


def _left_out(result: Result, table: pd.DataFrame, rows: Ints) -> tuple[str, ...]:
    """The spot offers of the class in the regions searched that are not among ``rows``, by what is missing."""
    sources, offers, space = result.sources, result.sources.offers, result.workload.search
    home = sources.partition_of(result.workload.dataset.home_region)
    searched = np.array(
        [
            sources.partition_of(region) == home and (space.regions == "all" or region in space.regions)
            for region in offers.regions
        ]
    )
    searched &= may_hold_data(result.workload, sources)
    is_spot = (offers.service == SERVICES.index("ec2")) & (offers.purchase == SPOT)
    offer = np.nonzero(is_spot & searched[offers.region] & np.isin(offers.instance_type, table["type_code"]))[0]
    offer = offer[~covered(result, offer)]
    offer = offer[~np.isin(offer, result.candidates.offer[rows])]
    unknown_rate = np.isnan(sources.spot_hazards(result.workload).hazard[1][offer])
    found = []
    for reason, mask in (
        ("no interruption rate is known", unknown_rate),
        ("no storage or transfer price is held, or the run will not finish on spot", ~unknown_rate),
    ):
        places = [
            f"{offers.instance_types[kind]} in {az or offers.regions[region]}"
            for kind, az, region in zip(
                offers.instance_type[offer[mask]],
                offers.words["az"][offer[mask]],
                offers.region[offer[mask]],
                strict=True,
            )
        ]
        if places:
            found.append(f"{reason}: {', '.join(places)}")
    return tuple(found)
