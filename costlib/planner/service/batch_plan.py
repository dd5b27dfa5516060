"""The jobs on AWS Batch: grouped if they are tiny, packed by their shares on one type of instance, in its limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.overhead import group_size, slots_of
from costlib.models.packing import Packing, pack
from costlib.planner.service.known import ServiceNumbers
from costlib.planner.service.question import SHARES, Question
from costlib.units import MINUTES_PER_HOUR

Floats = npt.NDArray[np.float64]
#: Jobs that are packed, of several kinds and of one; of more, so many in proportion.
MOST_JOBS, MOST_ALIKE = 160, 1000
RULE = (
    "best-fit decreasing over time in several orders, and instances filled as they come free; on small cases within"
    " 2 % of an exact search"
)


@dataclass(frozen=True)
class BatchPlan:
    """One packing on ``instance_type``, at most ``most_instances`` at once.

    ``jobs``: one row a placed job of AWS Batch: kind, jobs (of the user's in it), instance, start_hours, end_hours.
    ``share_placed``: of all jobs, how many are placed here (1 unless there are too many).
    ``instance_hours``, ``usd``: of all jobs, in proportion. ``used_fraction``: of the scarcest resource, by the time
    billed. ``group``: jobs run one after another in one job of AWS Batch; ``overhead_fraction``: of the containers'
    time, what their starts take, ``ungrouped_fraction``: without grouping. ``alone_usd``: each on one of its own.
    """

    instance_type: str
    capacity: tuple[float, float, float]
    most_instances: int
    jobs: pd.DataFrame
    packing: Packing
    share_placed: float
    instance_hours: float
    usd: float
    alone_usd: float
    used_fraction: float
    scarcest: str
    makespan_hours: float
    group: int
    overhead_fraction: float
    ungrouped_fraction: float
    arrays: int
    limits: pd.DataFrame

    @property
    def bound_hours(self) -> float:
        """Instance-hours of all jobs below which no packing on this type can be."""
        return self.packing.bound_hours / self.share_placed

    @property
    def bound_usd(self) -> float:
        """What they cost."""
        return self.usd * self.bound_hours / self.instance_hours

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        names = (
            "instance_type", "most_instances", "share_placed", "instance_hours", "usd", "alone_usd", "used_fraction",
            "scarcest", "makespan_hours", "group", "overhead_fraction", "ungrouped_fraction", "arrays",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in names},
            "instances": self.packing.instances,
            "bound_instance_hours": self.bound_hours,
            "rule": RULE,
            "limits": [
                {name: None if pd.isna(value) else value for name, value in row.items()}
                for row in self.limits[["fact", "value", "unit", "source", "as_of", "note"]].to_dict("records")
            ],
        }


def batch_plan(question: Question, numbers: ServiceNumbers) -> BatchPlan | None:
    """The packing of jobs with shares; None where jobs take whole instances. Raises InvalidInput."""
    jobs, row = question.jobs, question.row()
    if not jobs.shared:
        return None
    whole = tuple(float(row[column] or 0.0) for _, column in SHARES)
    kinds = [
        (question.count, question.hours.expected, jobs),
        *((kind.count, kind.hours_each, kind) for kind in jobs.also),
    ]
    count = np.array([number for number, _, _ in kinds], float)
    hours = np.array([each for _, each, _ in kinds], float)
    shares = np.array([[float(getattr(kind, key) or 0.0) for key, _ in SHARES] for _, _, kind in kinds])
    slots = slots_of(whole[0], whole[1], whole[2], shares[:, 0], shares[:, 1], shares[:, 2])
    group = group_size(hours, numbers.grouped_minutes[0] / MINUTES_PER_HOUR)
    # No group is larger than what a slot gets to do anyway.
    most = _most(question, float(np.ceil(count / slots).sum()), float(row["vcpu"]), float(slots[0]))
    group = np.minimum(group, np.ceil(count / (most * slots)))
    container = numbers.batch_container.band.expected
    placed = np.ceil(count / group)
    scale = min(1.0, (MOST_JOBS if len(kinds) > 1 else MOST_ALIKE) / placed.sum())
    shown = np.maximum(np.floor(placed * scale), 1.0).astype(int)
    kind_of = np.repeat(np.arange(len(kinds)), shown)
    each = (hours * group + container)[kind_of]
    start = numbers.boot.band.expected + (
        numbers.image.band.expected if jobs.image_minutes is None else jobs.image_minutes / MINUTES_PER_HOUR
    )
    used = [index for index, size in enumerate(whole) if size > 0]
    most_shown = max(1, round(most * scale)) if scale < 1 else most
    # Jobs that come over some hours, and as many at once as may be, have those hours.
    over = jobs.over_hours if jobs.parallel is None and jobs.max_vcpus is None else None
    deadline = None if over is None or over < start + each.max() else over
    packing = pack(each, shares[kind_of][:, used], [whole[index] for index in used], most_shown, start, deadline)
    placed_share = float((shown * group).sum() / (placed * group).sum())
    billed = packing.instance_hours / placed_share
    price = float(row["ec2_usd_expected"])
    wanted = (each @ shares[kind_of][:, used]) / np.array([whole[index] for index in used]) / packing.instance_hours
    table = pd.DataFrame(
        {
            "kind": kind_of,
            "jobs": group[kind_of].astype(int),
            "instance": packing.instance,
            "start_hours": packing.start_hours,
            "end_hours": packing.start_hours + each,
        }
    )
    units = int(placed.sum())
    return BatchPlan(
        instance_type=question.instance_type,
        capacity=(whole[0], whole[1], whole[2]),
        most_instances=most,
        jobs=table,
        packing=packing,
        share_placed=placed_share,
        instance_hours=billed,
        usd=billed * price,
        alone_usd=float((count * (hours + start)).sum()) * price,
        used_fraction=float(wanted.max()),
        scarcest=SHARES[used[int(np.argmax(wanted))]][0],
        makespan_hours=packing.makespan_hours,
        group=int(group[0]),
        overhead_fraction=container / (container + float(hours[0] * group[0])),
        ungrouped_fraction=container / (container + float(hours[0])),
        arrays=-(-units // numbers.array_children),
        limits=numbers.facts.of("batch_limits"),
    )


def _most(question: Question, all_at_once: float, vcpu: float, slots: float) -> int:
    """Instances at most: of the compute environment, of what may run at once, or as many as all jobs fill."""
    jobs = question.jobs
    limits = [all_at_once]
    if jobs.max_vcpus is not None:
        limits.append(jobs.max_vcpus // vcpu)
    if jobs.parallel is not None:
        limits.append(np.ceil(jobs.parallel / slots))
    return int(max(1.0, min(limits)))
