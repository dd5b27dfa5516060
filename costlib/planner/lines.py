"""The items of an estimate: for each its formula, its numbers, and the rows they come from.

The ranking and the explanation read the same list, so the sum of the lines is the total.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.planner.quantities import Quantities
from costlib.units import HOURS_PER_MONTH
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Inputs = dict[str, Floats]


@dataclass(frozen=True)
class Item:
    """One item: ``inputs`` gives the numbers that ``formula`` names, ``cost`` computes it on columns.

    ``prices`` says which price rows stand behind it: ``offer``, ``ec2`` (EC2's on-demand offer where the plan's own is
    SageMaker's, else the offer), ``home_storage``, ``storage``, ``transfer``.
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
    # A copy elsewhere is made for each month with a run in it, kept for that month, and shared by its runs.
    Item(
        "copy_storage",
        "copy_storage_usd_per_gib_month * dataset_gib / runs_sharing_a_copy",
        ("storage",),
        False,
        lambda w, q: {
            "copy_storage_usd_per_gib_month": q.copy_storage_usd_per_gib_month,
            "dataset_gib": _constant(w.dataset.gib, q),
            "runs_sharing_a_copy": _constant(max(w.runs_per_month, 1.0), q),
        },
        lambda v: v["copy_storage_usd_per_gib_month"] * v["dataset_gib"] / v["runs_sharing_a_copy"],
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
            "runs_sharing_a_copy": _constant(max(w.runs_per_month, 1.0), q),
        },
        lambda v: v["transfer_usd_per_gib"] * v["dataset_gib"] / v["runs_sharing_a_copy"],
    ),
)


#: What no item holds, said beside every total. EBS prices are held for two regions only, so a line for them would be
#: missing, or another region's, in most plans.
NOT_COSTED = (
    "Not costed: EBS root and data volumes, requests to S3 and the time to load the data onto the instances,"
    " transfer out of AWS, tax, support plans, people's time."
)


def total_usd(workload: Workload, quantities: Quantities) -> Floats:
    """The sum of all items for each candidate."""
    total = np.zeros(len(quantities.count))
    for item in ITEMS:
        total += item.cost(item.inputs(workload, quantities))
    return total
