"""SageMaker managed spot training beside EC2 spot, for every stand-in and region where both can be priced.

Like is compared with like: SageMaker's price is estimated from the region's mean over zones, so EC2's stands beside it,
and the best single zone, which only EC2 lets one choose by price, beside both.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, NoPlan
from costlib.facts.service_facts import ServiceFacts
from costlib.planner.explain import LIST_PRICE_RULE
from costlib.planner.lines import NOT_COSTED, total_usd
from costlib.planner.quantities import START_UP_RULE, Quantities, quantities
from costlib.planner.search import Result, search
from costlib.planner.sources import BANDS, Sources
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.pools import SpotPools
from costlib.planner.spot.stand_ins import rows_of
from costlib.units import HOURS_PER_DAY, SECONDS_PER_HOUR

Ints = npt.NDArray[np.int64]

#: The longest that SageMaker lets a training job run (API Reference, StoppingCondition: 28 days).
LONGEST_RUN_HOURS = 28 * HOURS_PER_DAY
#: Where SageMaker looks for checkpoints unless told otherwise, and what stands where the user's bucket goes.
CHECKPOINT_PATH = "/opt/ml/checkpoints"
CHECKPOINT_PLACEHOLDER = "s3://REPLACE_WITH_YOUR_BUCKET/checkpoints"
TOPICS = ("ec2_spot", "sagemaker_billing", "sagemaker_startup", "sagemaker_warm_pool", "sagemaker_capacity")

RULES = {
    "interruptions": (
        "SageMaker's interruptions are taken as EC2's of the type and region, on which it runs; none of its own are"
        " published"
    ),
    "restart": "both start again after an interruption: instances, container and compilation, then the restart",
    "checkpoints": (
        "SageMaker copies what the job writes to its local checkpoint path to S3, and back when the job restarts; the"
        " job itself must write and read it (SageMaker Developer Guide, Managed Spot Training)"
    ),
    "max_wait": (
        "MaxWaitTimeInSeconds is waiting for capacity and running together, and at least MaxRuntimeInSeconds, which is"
        " at most 28 days (SageMaker API Reference, StoppingCondition); how long one waits for capacity is not known"
    ),
    "without_checkpoints": (
        "SageMaker's own and marketplace algorithms that do not checkpoint may wait 3,600 seconds at most (SageMaker"
        " Developer Guide, Managed Spot Training)"
    ),
    "own_rates": LIST_PRICE_RULE,
}


@dataclass(frozen=True)
class ManagedSpot:
    """One row of ``table`` a stand-in and region, the cheapest run on SageMaker first.

    Columns: instance_type, count, precision, region; prices of one instance-hour: ec2_usd_per_hour_low, _expected,
    _high (spot, the region's mean over zones), sagemaker_usd_per_hour_low, _expected, _high (managed spot, as if by the
    hour), sagemaker_on_demand_usd_per_hour; saving_fraction_low, _expected, _high (of managed spot off SageMaker's
    on-demand); measured_saving_low_fraction, measured_saving_high_fraction, measured_as_of, measured_source (a reported
    job of the type and region; nan and "" where there is none); monthly_interruption_low_fraction and
    monthly_interruption_high_fraction, open_band, interruptions_per_run (of the whole cluster, expected);
    ec2_start_up_hours, sagemaker_start_up_hours (billed, before the first step); ec2_rework_hours,
    sagemaker_rework_hours (expected); ec2_run_hours_low, _expected, _high, and sagemaker_run_hours likewise;
    ec2_run_usd_low, _expected, _high, and sagemaker_run_usd likewise (whole run, with start-up, rework, storage and
    transfer); sagemaker_premium_usd, sagemaker_premium_fraction (over EC2 of the same region); ec2_best_az,
    ec2_best_run_usd (the region's cheapest pool); max_wait ("held", "could be late", "missed", "none set"),
    wait_room_hours (for waiting for capacity, as expected), max_runtime_seconds, max_wait_seconds (0: none set);
    ec2_basis, ec2_rule, ec2_source, ec2_as_of, and of SageMaker's price likewise.

    ``left_out``: where EC2 has pools and SageMaker no row, and why. ``facts``: facts.service_facts of both.
    """

    max_wait_hours: float | None
    table: pd.DataFrame
    left_out: tuple[str, ...]
    facts: pd.DataFrame

    def training_job(self, row: Mapping[Hashable, Any]) -> dict[str, object]:
        """What a row of ``table`` means in a request to CreateTrainingJob; the bucket is to be filled in.

        Without a limit MaxWaitTimeInSeconds is left out, and SageMaker will ask for it.
        """
        stopping = {"MaxRuntimeInSeconds": int(row["max_runtime_seconds"])}
        if row["max_wait_seconds"]:
            stopping["MaxWaitTimeInSeconds"] = int(row["max_wait_seconds"])
        return {
            "EnableManagedSpotTraining": True,
            "StoppingCondition": stopping,
            "CheckpointConfig": {"S3Uri": CHECKPOINT_PLACEHOLDER, "LocalPath": CHECKPOINT_PATH},
        }

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known is null."""
        best = self.training_job(self.table.iloc[0].to_dict()) if len(self.table) else None
        return {
            "max_wait_hours": self.max_wait_hours,
            "rows": plain_rows(self.table),
            "training_job": best,
            "left_out": list(self.left_out),
            "facts": plain_rows(self.facts),
            "rules": {**RULES, "start_up": dict(START_UP_RULE), "not_costed": NOT_COSTED},
        }


def managed_spot(pools: SpotPools, max_wait_hours: float | None = None) -> ManagedSpot:
    """Both services for every stand-in of the pools, at the same count and precision, in every region with both.

    ``max_wait_hours``: how long the job may wait and run in all (default: the workload's deadline; with neither there
    is no limit to hold, and SageMaker needs one to be given). Raises InvalidInput.
    """
    workload = pools.result.workload
    limit = workload.deadline_hours if max_wait_hours is None else max_wait_hours
    if limit is not None and not (np.isfinite(limit) and limit > 0):
        raise InvalidInput([Fault("max_wait_hours", limit, "must be a number above 0")])
    facts = ServiceFacts.open(pools.result.sources.book.snapshot).of(*TOPICS)
    try:
        managed = search(workload.changed({"search.services": ["sagemaker"]}), pools.result.sources)
    except NoPlan:
        return ManagedSpot(limit, pd.DataFrame(), _left_out(pools, set()), facts)
    offers, candidates = pools.result.sources.offers, pools.result.candidates
    rows, ec2 = rows_of(managed, pools.stand_ins), rows_of(pools.result, pools.stand_ins)
    regional = ec2[offers.words["az"][candidates.offer[ec2]] == ""]
    pair = offers.instance_type * len(offers.regions) + offers.region
    at = pd.Index(pair[candidates.offer[regional]]).get_indexer(pair[managed.candidates.offer[rows]])
    table = _frame(pools, managed, rows[at >= 0], regional[at[at >= 0]])
    _limits(table, limit)
    table = table.sort_values(["sagemaker_run_usd_expected", "instance_type"], kind="stable").reset_index(drop=True)
    shown = set(zip(table["instance_type"], table["region"], strict=True))
    return ManagedSpot(limit, table, _left_out(pools, shown), facts)


def _frame(pools: SpotPools, managed: Result, rows: Ints, beside: Ints) -> pd.DataFrame:
    """``rows`` of SageMaker's search with the row ``beside`` each of EC2's: the same type, count and region."""
    sources, offers = managed.sources, managed.sources.offers
    own, ec2 = (
        [quantities(result.workload, sources, result.grid, result.places, result.candidates.take(chosen), band)
         for band in BANDS]
        for result, chosen in ((managed, rows), (pools.result, beside))
    )  # fmt: skip
    offer, ec2_offer = managed.candidates.offer[rows], pools.result.candidates.offer[beside]
    place = pd.Index(pools.stand_ins["type_code"]).get_indexer(offers.instance_type[offer])
    table = pools.stand_ins[["instance_type", "count", "precision"]].iloc[place].reset_index(drop=True)
    table["region"] = np.array(offers.regions, dtype=object)[offers.region[offer]]
    for side, ends, result in (("ec2", ec2, pools.result), ("sagemaker", own, managed)):
        for name, end in zip(BANDS, ends, strict=True):
            table[f"{side}_usd_per_hour_{name}"] = end.usd_per_hour
            table[f"{side}_run_hours_{name}"] = end.wall_hours
            table[f"{side}_run_usd_{name}"] = total_usd(result.workload, end)
        table[f"{side}_start_up_hours"] = ends[1].start_up_hours
        table[f"{side}_rework_hours"] = ends[1].rework_hours
    listed = sources.book.part("sagemaker", "on_demand").set_index(["instance_type", "region"])["usd_expected"]
    key = pd.MultiIndex.from_frame(table[["instance_type", "region"]])
    table["sagemaker_on_demand_usd_per_hour"] = listed.reindex(key).to_numpy(float)
    # The least saving is at the high end of the price.
    for name, price in (("low", "high"), ("expected", "expected"), ("high", "low")):
        share = table[f"sagemaker_usd_per_hour_{price}"] / table["sagemaker_on_demand_usd_per_hour"]
        table[f"saving_fraction_{name}"] = 1.0 - share
    table = table.join(_measured(sources).reindex(key).reset_index(drop=True))
    for name in ("measured_as_of", "measured_source"):
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    _interruptions(table, pools, own[1])
    table["sagemaker_premium_usd"] = table["sagemaker_run_usd_expected"] - table["ec2_run_usd_expected"]
    table["sagemaker_premium_fraction"] = table["sagemaker_premium_usd"] / table["ec2_run_usd_expected"]
    # Pools come cheapest first.
    best = pools.pools.drop_duplicates(["instance_type", "region"]).set_index(["instance_type", "region"]).loc[key]
    table["ec2_best_az"], table["ec2_best_run_usd"] = best["az"].to_numpy(object), best["run_usd_expected"].to_numpy()
    for side, held in (("ec2", ec2_offer), ("sagemaker", offer)):
        for name in ("basis", "rule", "source", "as_of"):
            table[f"{side}_{name}"] = offers.words[name][held]
    return table


def _measured(sources: Sources) -> pd.DataFrame:
    """The savings that somebody reported, by EC2's name of the type and the region."""
    held = sources.book.table("prices/managed_spot_savings")
    return (
        held.assign(instance_type=held["instance_type"].str.removeprefix("ml."))
        .set_index(["instance_type", "region"])[["saving_low_fraction", "saving_high_fraction", "as_of", "source"]]
        .rename(
            columns={
                "saving_low_fraction": "measured_saving_low_fraction",
                "saving_high_fraction": "measured_saving_high_fraction",
                "as_of": "measured_as_of",
                "source": "measured_source",
            }
        )
    )


def _interruptions(table: pd.DataFrame, pools: SpotPools, own: Quantities) -> None:
    """Adds the advisor's band of the type and region, and how often a run on SageMaker is interrupted."""
    names = ["monthly_interruption_low_fraction", "monthly_interruption_high_fraction", "open_band"]
    keys = ["instance_type", "region"]
    band = pools.pools.drop_duplicates(keys).set_index(keys)[names].loc[pd.MultiIndex.from_frame(table[keys])]
    for name in names:
        table[name] = band[name].to_numpy()
    table["interruptions_per_run"] = own.wall_hours / own.mtbi_hours


def _limits(table: pd.DataFrame, max_wait_hours: float | None) -> None:
    """Adds what SageMaker's stopping condition should say, and whether the run ends within it."""
    expected, high = (table[f"sagemaker_run_hours_{end}"].to_numpy(float) for end in ("expected", "high"))
    limit = np.inf if max_wait_hours is None else max_wait_hours
    within = np.minimum(limit, LONGEST_RUN_HOURS)
    words = np.select([expected > within, high > within], ["missed", "could be late"], default="held")
    table["max_wait"] = words.astype(object)
    if max_wait_hours is None:
        table.loc[table["max_wait"] == "held", "max_wait"] = "none set"
    table["wait_room_hours"] = np.nan if max_wait_hours is None else max_wait_hours - expected
    longest = np.ceil(np.minimum(high, within) * SECONDS_PER_HOUR)
    wait = 0.0 if max_wait_hours is None else np.maximum(np.ceil(max_wait_hours * SECONDS_PER_HOUR), longest)
    table["max_runtime_seconds"], table["max_wait_seconds"] = longest.astype(np.int64), np.int64(0)
    table["max_wait_seconds"] = np.asarray(wait + np.zeros(len(table))).astype(np.int64)


def _left_out(pools: SpotPools, shown: set[tuple[str, str]]) -> tuple[str, ...]:
    """The types and regions that have EC2 pools and no row here, by what is missing."""
    listed = pools.result.sources.book.part("sagemaker", "on_demand")
    sold = set(zip(listed["instance_type"], listed["region"], strict=True))
    missing: dict[str, list[str]] = {}
    pairs = pools.pools[["instance_type", "region"]].drop_duplicates()
    for name, region in sorted(pairs.itertuples(index=False, name=None)):
        if (name, region) not in shown:
            reason = (
                "managed spot cannot be priced" if (name, region) in sold else "no SageMaker training price is held"
            )
            missing.setdefault(reason, []).append(f"{name} in {region}")
    return tuple(f"{reason}: {', '.join(places)}" for reason, places in missing.items())
