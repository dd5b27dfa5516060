"""Fail-over to another region: data standing ready there, or copied when needed; hours, cost, and when which pays.

Standing ready: the dataset is copied to the other region before the run, and a checkpoint at each sync. When needed:
dataset and last checkpoint are copied then, while the home bucket still answers: spot capacity is gone, not the region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.lines import NOT_COSTED
from costlib.planner.quantities import START_UP_RULE
from costlib.planner.spot.failover_parts import RegionPrices, answer, origins, put_costs, put_deadlines, put_hours
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.pools import SpotPools
from costlib.units import HOURS_PER_MONTH

#: Gigabits a second between the buckets of two regions, from slow to fast, and where each is from.
BANDWIDTH_GBPS = (1.0, 5.0, 19.85)
BANDWIDTH_RULE = (
    "1 Gbit/s: as far as S3 Replication Time Control holds its promise by default (S3 User Guide, Best practices and"
    " guidelines for S3 RTC); 5 Gbit/s: the most that one instance with fewer than 32 vCPUs sends to another region"
    " (EC2 User Guide, Amazon EC2 instance network bandwidth); 19.85 Gbit/s: measured from S3 in ap-southeast-2 to S3"
    " in eu-west-3 with 8 instances a side (skyplane.org/en/0.1.3/benchmark_replicate.html)"
)
RULES = (
    "the dataset comes from its home region, checkpoints from where the run is; each at the price of the pair",
    "a standing copy is kept for a month, and shared by the runs of the month, as in every plan",
    "one fail-over in a run; after it the run needs as long as it would have from the start in the slower of both"
    " regions (the most that can be left)",
    "lost work: half the time between syncs and the copy of one checkpoint; when needed, half the time between"
    " checkpoints; done again at the other region's expected spot price",
    "instances are not paid while data are copied: they start after it",
    "not held: what S3 Replication Time Control, requests and copying instances cost",
)


@dataclass(frozen=True)
class FailOver:
    """One row of ``table`` a region to fail over to, with its cheapest pool; the cheapest run first.

    Columns: region, instance_type, count, az (of that pool), run_usd_expected (the whole run there);
    dataset_copy_gib (0 in the home region), checkpoints_synced; standing copy, paid whether needed or not:
    ready_dataset_transfer_usd, ready_dataset_storage_usd, ready_sync_transfer_usd, ready_checkpoint_storage_usd,
    ready_fixed_usd (their sum); copying when needed: on_need_transfer_usd, on_need_storage_usd; hours, _low with the
    fastest copy, _expected and _high: ready_hours and on_need_hours (until work goes on), copy_hours,
    ready_behind_hours and on_need_behind_hours (until work goes on, and lost work), sync_busy_fraction (share of the
    time that a checkpoint is under way; above 1 the sync does not keep up, and ready_behind_hours is not known);
    slack_hours (deadline less the run; nan without a deadline), ready_deadline, on_need_deadline ("held", "could be
    late", "missed", "not known", "none set"); if needed: ready_if_needed_usd, on_need_usd (with lost work, lateness,
    and a missed deadline if it is valued); at the chance given: ready_expected_usd, on_need_expected_usd, ready_pays;
    break_even_chance (nan where not known, infinite where never), break_even_loss_usd (what missing the deadline must
    cost for readiness to pay, where only readiness holds it; else nan); missing (prices that are not held), as_of (the
    oldest price), sources, answer (in words).
    """

    from_region: str
    home_region: str
    chance_fraction: float
    bandwidth_gbps: tuple[float, float, float]
    sync_hours: float
    deadline_hours: float | None
    late_usd_per_hour: float
    missed_usd: float | None
    table: pd.DataFrame

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known or never is null."""
        return {
            "from_region": self.from_region,
            "home_region": self.home_region,
            "chance_fraction": self.chance_fraction,
            "bandwidth_gbps": list(self.bandwidth_gbps),
            "sync_hours": self.sync_hours,
            "deadline_hours": self.deadline_hours,
            "late_usd_per_hour": self.late_usd_per_hour,
            "missed_usd": self.missed_usd,
            "regions": plain_rows(self.table),
            "rules": {
                "bandwidth": BANDWIDTH_RULE if self.bandwidth_gbps == BANDWIDTH_GBPS else "given",
                "start_up": START_UP_RULE["ec2"],
                "assumed": list(RULES),
                "not_costed": NOT_COSTED,
            },
        }


def fail_over(
    pools: SpotPools,
    chance_fraction: float,
    to_regions: Sequence[str] | None = None,
    bandwidth_gbps: tuple[float, float, float] = BANDWIDTH_GBPS,
    sync_hours: float | None = None,
    late_usd_per_hour: float = 0.0,
    missed_usd: float | None = None,
) -> FailOver:
    """The base's run made ready to go on in each other region (default: every region with a pool), or not.

    ``chance_fraction``: that fail-over is needed in a run. ``bandwidth_gbps``: slow, expected and fast.
    ``sync_hours``: of work between checkpoints that are copied over (default: every checkpoint). ``late_usd_per_hour``
    and ``missed_usd``: what an hour of delay and a missed deadline cost beside AWS's bill; what is not given counts
    nothing, and ``break_even_loss_usd`` says from where on it would. Raises InvalidInput.
    """
    base = pools.pools[pools.pools["candidate"] == pools.base.row].iloc[0]
    interval = float(base["checkpoint_interval_hours"])
    sync = interval if sync_hours is None else sync_hours
    workload, sources = pools.result.workload, pools.result.sources
    home = sources.parent_region(workload.dataset.home_region)
    origin = sources.parent_region(pools.base.region)
    faults = _faults(chance_fraction, bandwidth_gbps, sync, interval, late_usd_per_hour, missed_usd)
    there = _targets(pools, origin, to_regions, faults)
    table = there[["region", "instance_type", "count", "az", "run_usd_expected"]].copy()
    place = [sources.parent_region(region) for region in table["region"]]
    dataset, checkpoint = workload.dataset.gib, workload.checkpoint
    copied = np.array([0.0 if region == home else dataset for region in place])
    saved = np.full(len(table), checkpoint.gib > 0)
    storage = RegionPrices.of(place, sources.storage_prices, "storage price in {}", saved | (copied > 0))
    from_home = RegionPrices.of(place, sources.transfer_prices(home), f"transfer price from {home} to {{}}", copied > 0)
    from_run = RegionPrices.of(place, sources.transfer_prices(origin), f"transfer price from {origin} to {{}}", saved)
    run = float(base["run_hours_expected"])
    table["dataset_copy_gib"] = copied
    table["checkpoints_synced"] = np.floor(pools.base.work_hours / sync)
    sharing = max(workload.runs_per_month, 1.0)
    parts = {
        "ready_dataset_transfer_usd": from_home.usd * copied / sharing,
        "ready_dataset_storage_usd": storage.usd * copied / sharing,
        "ready_sync_transfer_usd": from_run.usd * checkpoint.gib * table["checkpoints_synced"],
        "ready_checkpoint_storage_usd": storage.usd * checkpoint.gib * checkpoint.kept * run / HOURS_PER_MONTH,
    }
    table = table.assign(**parts)
    table["ready_fixed_usd"] = table[list(parts)].sum(axis=1, skipna=False)
    table["on_need_transfer_usd"] = from_home.usd * copied + from_run.usd * checkpoint.gib
    table["on_need_storage_usd"] = storage.usd * copied + table["ready_checkpoint_storage_usd"]
    put_hours(table, workload, bandwidth_gbps, sync, interval)
    put_deadlines(table, workload.deadline_hours, np.maximum(run, there["run_hours_expected"].to_numpy(float)))
    usd_per_hour = (there["usd_per_hour_expected"] * there["count"]).to_numpy(float)
    put_costs(table, usd_per_hour, chance_fraction, late_usd_per_hour, missed_usd)
    table = pd.concat([table, origins([storage, from_home, from_run])], axis=1)
    table["answer"] = [answer(row) for row in table.to_dict("records")]
    return FailOver(
        origin,
        home,
        chance_fraction,
        bandwidth_gbps,
        sync,
        workload.deadline_hours,
        late_usd_per_hour,
        missed_usd,
        table,
    )


def _targets(pools: SpotPools, origin: str, to_regions: Sequence[str] | None, faults: Sequence[Fault]) -> pd.DataFrame:
    """The cheapest pool of each region to go to. A Local Zone of the base's own region is no other region."""
    place = pools.pools["region"].map(pools.result.sources.parent_region)
    # Pools come cheapest first.
    there = pools.pools[place != origin].drop_duplicates("region").reset_index(drop=True)
    held = there["region"].tolist()
    faults = list(faults)
    faults += [
        unknown("to_regions", name, held, f"region with pools of this class, other than {origin}")
        for name in (to_regions or ())
        if name not in held
    ]
    if not held or (to_regions is not None and not to_regions):
        faults.append(Fault("to_regions", None, f"has no region other than {origin} with pools of this class"))
    if faults:
        raise InvalidInput(faults)
    return there if to_regions is None else there[there["region"].isin(to_regions)].reset_index(drop=True)


def _faults(
    chance_fraction: float,
    bandwidth_gbps: tuple[float, float, float],
    sync_hours: float,
    interval_hours: float,
    late_usd_per_hour: float,
    missed_usd: float | None,
) -> list[Fault]:
    faults = []
    if not 0 <= chance_fraction <= 1:
        faults.append(Fault("chance_fraction", chance_fraction, "must be at least 0 and at most 1"))
    rates = np.asarray(bandwidth_gbps, dtype=float)
    if rates.shape != (3,) or not (np.isfinite(rates).all() and (rates > 0).all() and (np.diff(rates) >= 0).all()):
        faults.append(Fault("bandwidth_gbps", bandwidth_gbps, "must be three numbers above 0: slow, expected, fast"))
    # Rounding must not refuse the interval itself.
    if not (np.isfinite(sync_hours) and sync_hours >= interval_hours * (1 - 1e-9)):
        problem = f"must not be below the {interval_hours:.3g} h between checkpoints"
        faults.append(Fault("sync_hours", sync_hours, problem))
    for name, value in (("late_usd_per_hour", late_usd_per_hour), ("missed_usd", missed_usd)):
        if value is not None and not (np.isfinite(value) and value >= 0):
            faults.append(Fault(name, value, "must be a number not below 0"))
    return faults
