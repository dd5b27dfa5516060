"""The items of an estimate: for each its formula, its numbers, and the rows they come from.

The ranking and the explanation read the same list, so the sum of the lines is the total.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.transfer import (
    copy_requests_usd,
    initial_copy_usd,
    replica_storage_usd,
    sync_usd,
)
from costlib.planner.quantities import Quantities
from costlib.units import HOURS_PER_MONTH
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Inputs = dict[str, Floats]


@dataclass(frozen=True)
class Item:
    """One item: ``inputs`` gives the numbers that ``formula`` names, ``cost`` computes it on columns.

    ``prices`` says which price rows stand behind it: ``offer``, ``ec2`` (EC2's on-demand offer where the plan's own is
    SageMaker's, else the offer), ``home_storage``, ``storage``, ``transfer``, ``results``, ``requests``.
    ``uses_hours``: the item is only as well known as the hours of the run.
    """

    name: str
    formula: str
    prices: tuple[str, ...]
    uses_hours: bool
    inputs: Callable[[Workload, Quantities], Inputs]
    cost: Callable[[Inputs], Floats]


def _known_ec2(quantities: Quantities) -> Floats:
    """The EC2 price where the offer is SageMaker on-demand and EC2's price is held, else the offer's own."""
    ec2 = quantities.ec2_usd_per_hour
    return np.where(np.isnan(ec2), quantities.usd_per_hour, ec2)


def _constant(value: float, quantities: Quantities) -> Floats:
    return np.full(len(quantities.count), value)


def months_kept(workload: Workload) -> float:
    """How long a copy elsewhere is kept: the campaign, or without one the month that has a run in it."""
    return 1.0 if workload.campaign_months is None else workload.campaign_months


def runs_sharing_a_copy(workload: Workload) -> float:
    """The runs of that time; at least one, since a copy is made for a run."""
    return max(workload.runs_per_month * months_kept(workload), 1.0)


def changed_gib_per_month(workload: Workload) -> float:
    """What of the dataset changes each month; nothing where the workload does not say."""
    return workload.dataset.changed_gib_per_month or 0.0


def objects_copied(workload: Workload) -> float:
    """Objects that are sent to a copy over its time, changed ones again; they are as large as the others."""
    dataset = workload.dataset
    if not dataset.objects:
        return 0.0
    return dataset.objects * (1.0 + changed_gib_per_month(workload) * months_kept(workload) / dataset.gib)


ITEMS: tuple[Item, ...] = (
    Item(
        "compute",
        "usd_per_hour * count * work_hours",
        ("ec2",),
        True,
        lambda _, q: {"usd_per_hour": _known_ec2(q), "count": q.count, "work_hours": q.work_hours},
        lambda v: v["usd_per_hour"] * v["count"] * v["work_hours"],
    ),
    Item(
        "service_premium",
        "(sagemaker_usd_per_hour - ec2_usd_per_hour) * count * work_hours",
        ("ec2", "offer"),
        True,
        lambda _, q: {
            "sagemaker_usd_per_hour": q.usd_per_hour,
            "ec2_usd_per_hour": _known_ec2(q),
            "count": q.count,
            "work_hours": q.work_hours,
        },
        lambda v: (v["sagemaker_usd_per_hour"] - v["ec2_usd_per_hour"]) * v["count"] * v["work_hours"],
    ),
    Item(
        "start_up",
        "usd_per_hour * count * start_up_hours",
        ("offer",),
        False,
        lambda _, q: {"usd_per_hour": q.usd_per_hour, "count": q.count, "start_up_hours": q.start_up_hours},
        lambda v: v["usd_per_hour"] * v["count"] * v["start_up_hours"],
    ),
    Item(
        "spot_rework",
        "usd_per_hour * count * rework_hours",
        ("offer",),
        True,
        lambda _, q: {
            "usd_per_hour": q.usd_per_hour,
            "count": q.count,
            "rework_hours": q.rework_hours,
            "work_hours": q.work_hours,
            "mean_hours_between_interruptions": q.mtbi_hours,
            "checkpoint_interval_hours": q.interval_hours,
            "checkpoint_write_hours": q.checkpoint_write_hours,
            "unbilled_wait_for_capacity_hours": q.requeue_hours,
        },
        lambda v: v["usd_per_hour"] * v["count"] * v["rework_hours"],
    ),
    Item(
        "unused_commitment",
        "usd_per_hour * count * idle_hours",
        ("offer",),
        True,
        lambda _, q: {"usd_per_hour": q.usd_per_hour, "count": q.count, "idle_hours": q.idle_hours},
        lambda v: v["usd_per_hour"] * v["count"] * v["idle_hours"],
    ),
    Item(
        "dataset_storage",
        "home_storage_usd_per_gib_month * dataset_gib / runs_per_month",
        ("home_storage",),
        False,
        lambda w, q: {
            "home_storage_usd_per_gib_month": q.home_storage_usd_per_gib_month,
            "dataset_gib": _constant(w.dataset.gib, q),
            "runs_per_month": _constant(w.runs_per_month, q),
        },
        lambda v: v["home_storage_usd_per_gib_month"] * v["dataset_gib"] / v["runs_per_month"],
    ),
    # A copy elsewhere is made for each month with a run in it, or for the campaign, kept for that time, and shared by
    # its runs.
    Item(
        "copy_storage",
        "copy_storage_usd_per_gib_month * dataset_gib * months_kept / runs_sharing_a_copy",
        ("storage",),
        False,
        lambda w, q: {
            "copy_storage_usd_per_gib_month": q.copy_storage_usd_per_gib_month,
            "dataset_gib": _constant(w.dataset.gib, q),
            "months_kept": _constant(months_kept(w), q),
            "runs_sharing_a_copy": _constant(runs_sharing_a_copy(w), q),
        },
        lambda v: (
            replica_storage_usd(v["dataset_gib"], v["copy_storage_usd_per_gib_month"], v["months_kept"])
            / v["runs_sharing_a_copy"]
        ),
    ),
    Item(
        "checkpoint_storage",
        f"storage_usd_per_gib_month * checkpoint_gib * checkpoints_kept * wall_hours / {HOURS_PER_MONTH:g}",
        ("storage",),
        True,
        lambda w, q: {
            "storage_usd_per_gib_month": q.storage_usd_per_gib_month,
            "checkpoint_gib": _constant(w.checkpoint.gib, q),
            "checkpoints_kept": _constant(w.checkpoint.kept, q),
            "wall_hours": q.wall_hours,
        },
        lambda v: (
            v["storage_usd_per_gib_month"]
            * v["checkpoint_gib"]
            * v["checkpoints_kept"]
            * v["wall_hours"]
            / HOURS_PER_MONTH
        ),
    ),
    Item(
        "data_transfer",
        "transfer_usd_per_gib * dataset_gib / runs_sharing_a_copy",
        ("transfer",),
        False,
        lambda w, q: {
            "transfer_usd_per_gib": q.transfer_usd_per_gib,
            "dataset_gib": _constant(w.dataset.gib, q),
            "runs_sharing_a_copy": _constant(runs_sharing_a_copy(w), q),
        },
        lambda v: initial_copy_usd(v["dataset_gib"], v["transfer_usd_per_gib"]) / v["runs_sharing_a_copy"],
    ),
    Item(
        "data_sync",
        "transfer_usd_per_gib * changed_gib_per_month * months_kept / runs_sharing_a_copy",
        ("transfer",),
        False,
        lambda w, q: {
            "transfer_usd_per_gib": q.transfer_usd_per_gib,
            "changed_gib_per_month": _constant(changed_gib_per_month(w), q),
            "months_kept": _constant(months_kept(w), q),
            "runs_sharing_a_copy": _constant(runs_sharing_a_copy(w), q),
        },
        lambda v: (
            sync_usd(v["changed_gib_per_month"], v["transfer_usd_per_gib"], v["months_kept"]) / v["runs_sharing_a_copy"]
        ),
    ),
    Item(
        "copy_requests",
        "put_usd_per_1000_requests / 1000 * objects_copied / runs_sharing_a_copy",
        ("requests",),
        False,
        lambda w, q: {
            "put_usd_per_1000_requests": q.put_usd_per_1000_requests,
            "objects_copied": _constant(objects_copied(w), q),
            "runs_sharing_a_copy": _constant(runs_sharing_a_copy(w), q),
        },
        lambda v: copy_requests_usd(v["objects_copied"], v["put_usd_per_1000_requests"]) / v["runs_sharing_a_copy"],
    ),
    Item(
        "result_transfer",
        "result_usd_per_gib * result_gib_per_run",
        ("results",),
        False,
        lambda w, q: {
            "result_usd_per_gib": q.result_usd_per_gib,
            "result_gib_per_run": _constant(w.dataset.result_gib_per_run or 0.0, q),
        },
        lambda v: v["result_usd_per_gib"] * v["result_gib_per_run"],
    ),
)


#: What no item holds, said beside every total. EBS prices are held for two regions only, so a line for them would be
#: missing, or another region's, in most plans.
NOT_COSTED = (
    "Not costed: EBS root and data volumes, requests to S3 (but those that copy the dataset's objects, where given)"
    " and the time to load the data onto the instances, transfer out of AWS (but that of results, where asked for),"
    " tax, support plans, people's time."
)

#: The items that go by where the data are; the others are what a price list of instances tells.
DATA_ITEMS = frozenset(
    {"dataset_storage", "copy_storage", "checkpoint_storage", "data_transfer", "data_sync", "copy_requests",
     "result_transfer"}
)  # fmt: skip


def total_usd(workload: Workload, quantities: Quantities, only: Collection[str] | None = None) -> Floats:
    """The sum of all items for each candidate, or of those named in ``only``."""
    total = np.zeros(len(quantities.count))
    for item in ITEMS:
        if only is not None and item.name not in only:
            continue
        total += item.cost(item.inputs(workload, quantities))
    return total
