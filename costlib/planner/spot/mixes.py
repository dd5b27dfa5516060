"""Part of a run's instances on demand, the rest on spot: progress, hours and dollars for each share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.models import mixes as models
from costlib.planner.quantities import requeue_hours
from costlib.planner.spot.run import SpotRun, ends_of

KINDS = ("elastic", "not elastic")
COLUMNS = (
    "kind", "on_demand_instances", "spot_instances", "progress_fraction", "hours", "usd_low", "usd", "usd_high",
)  # fmt: skip
RULE = (
    "long-run averages: each spot instance is interrupted at its own constant rate and replaced after the wait for"
    " capacity and a start-up, independently of the others, which is the best case; work scales with the instances"
)


def by_share(run: SpotRun) -> pd.DataFrame:
    """Every share of on-demand instances in the run, once elastic and once not; columns: COLUMNS.

    Elastic: the run goes on with the instances that are there, and stops for a restart at each change. Not elastic: it
    waits until all are there, and then loses the restart and half a checkpoint interval. ``usd`` is of the instances
    alone (no storage, no start-up); its ends take work, price and interruptions at the cheap and the dear end. Empty
    where no on-demand price of the type is held in the region.
    """
    if run.on_demand_usd_per_hour is None:
        return pd.DataFrame(columns=list(COLUMNS))
    fixed = np.arange(run.count + 1)
    parts = []
    for kind in KINDS:
        columns: dict[str, object] = {
            "kind": kind, "on_demand_instances": fixed, "spot_instances": run.count - fixed
        }  # fmt: skip
        for end, suffix in enumerate(("_low", "", "_high")):
            mixed = _mixed(run, kind, fixed, end)
            work = ends_of(run.work_hours)[end]
            columns[f"usd{suffix}"] = mixed.cost_ratio * run.on_demand_usd_per_hour * run.count * work
            if end == 1:
                columns["progress_fraction"] = mixed.progress_fraction
                columns["hours"] = run.start_up_hours.expected + work / mixed.progress_fraction
        parts.append(pd.DataFrame(columns)[list(COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def _mixed(run: SpotRun, kind: str, fixed: np.ndarray, end: int) -> models.Mixed:
    assert run.price_ratio is not None
    hazard, restart, price = (ends_of(held)[end] for held in (run.hazard_per_hour, run.restart_hours, run.price_ratio))
    replaced = requeue_hours(run.result.workload)[end] + ends_of(run.start_up_hours)[end]
    lost = restart if kind == "elastic" else restart + run.interval_hours / 2.0
    model = models.elastic if kind == "elastic" else models.non_elastic
    return model(fixed, run.count - fixed, hazard, replaced, lost, price)
