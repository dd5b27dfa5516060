"""The jobs of a workload made whole: type, hours, count and place, each given or of the workload's cheapest plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, NoPlan, nearest
from costlib.models.overhead import slots_of
from costlib.planner.explain import plans
from costlib.planner.plan import Band
from costlib.planner.quantities import START_UP_SECONDS
from costlib.planner.search import search
from costlib.planner.service.market import Market, ServiceSources
from costlib.units import SECONDS_PER_HOUR
from costlib.workload import Jobs, Workload

#: Resources of a share: the job's key and the market's column.
SHARES = (("vcpu", "vcpu"), ("gpu", "gpus"), ("memory_gib", "memory_gib"))


@dataclass(frozen=True)
class Question:
    """What is asked: ``count`` jobs of ``hours`` each on ``instances`` x ``instance_type``, or on a share of one.

    ``origin`` says where the hours are from (basis, rule, source, as_of); ``notes``: what was taken where nothing was
    given.
    """

    workload: Workload
    jobs: Jobs
    market: Market
    instance_type: str
    instances: int
    count: int
    hours: Band
    origin: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def region(self) -> str:
        """Where the jobs run."""
        return self.market.region

    @property
    def shares(self) -> tuple[float, float, float]:
        """vCPU, GPUs and GiB of one job; zeros where it takes whole instances."""
        jobs = self.jobs
        return float(jobs.vcpu or 0), float(jobs.gpu or 0), float(jobs.memory_gib or 0)

    def row(self) -> dict[str, Any]:
        """The market's row of the type."""
        return {str(name): value for name, value in self.market.table.loc[self.instance_type].items()}


def asked(workload: Workload, sources: ServiceSources) -> Question:
    """The workload's jobs. Raises InvalidInput with everything that cannot be, NoPlan where no plan gives the hours."""
    jobs = workload.jobs or Jobs()
    region = jobs.region or workload.dataset.home_region
    market = sources.market(region, jobs.purchase)
    notes: list[str] = []
    faults: list[Fault] = []
    count = jobs.count
    if count is None:
        count = max(1, math.ceil(workload.runs_per_month))
        notes.append(f"{count} jobs: the workload's runs a month")
    if jobs.instance_type is not None and jobs.hours_each is not None:
        found = (jobs.instance_type, jobs.instances or 1, Band(*[float(jobs.hours_each)] * 3),
                 {"basis": "user", "rule": "as given", "source": "the workload", "as_of": ""})  # fmt: skip
    else:
        found = _of_plan(workload, sources, region, notes)
    instance_type, instances, hours, origin = found
    faults += _sold(instance_type, market) or _fits(jobs, instance_type, instances, market)
    if faults:
        raise InvalidInput(faults)
    return Question(workload, jobs, market, instance_type, instances, count, hours, origin, tuple(notes))


def _of_plan(
    workload: Workload, sources: ServiceSources, region: str, notes: list[str]
) -> tuple[str, int, Band, dict[str, str]]:
    """Type, instances and hours of work of the cheapest on-demand plan on EC2 in the region."""
    asked = {"search.regions": [region], "search.services": ["ec2"], "search.purchase": ["on_demand"]}
    result = search(workload.changed(asked), sources.sources)
    if not len(result.order):
        raise NoPlan(f"no on-demand plan on EC2 in {region} holds the deadline; give jobs.hours_each and instance_type")
    plan = plans(result, result.order[:1])[0]
    start = [seconds / SECONDS_PER_HOUR for seconds in START_UP_SECONDS["ec2"]]
    hours = Band(plan.hours.low - start[0], plan.hours.expected - start[1], plan.hours.high - start[2])
    notes.append(
        f"a job is one run by the cheapest on-demand plan on EC2 in {region}: {plan.count} x {plan.instance_type},"
        f" {plan.precision}"
    )
    origin = {"basis": plan.hours_basis, "rule": plan.hours_rule, "source": plan.hours_source, "as_of": ""}
    return plan.instance_type, plan.count, hours, origin


def _sold(instance_type: str, market: Market) -> list[Fault]:
    """A fault where EC2 has no price of the type here: AWS Batch and hands both need it."""
    table, way = market.table, market.purchase.replace("_", "-")
    held = table[table["ec2_usd_expected"].notna()]
    if instance_type in held.index:
        return []
    if held.empty:
        return [Fault("jobs.region", market.region, f"has no EC2 {way} prices in the snapshot")]
    what = f"has no EC2 {way} price in {market.region}"
    return [Fault("jobs.instance_type", instance_type, what, nearest(instance_type, held.index))]


def _fits(jobs: Jobs, instance_type: str, instances: int, market: Market) -> list[Fault]:
    """Faults of shares larger than the instance, and of a compute environment smaller than one job."""
    row = market.table.loc[instance_type]
    faults = []
    kinds = [("jobs", jobs), *((f"jobs.also.{number}", kind) for number, kind in enumerate(jobs.also))]
    for place, kind in kinds:
        for key, column in SHARES:
            share, whole = getattr(kind, key), row[column]
            if share is None:
                continue
            if pd.isna(whole):
                problem = f"cannot be held against {instance_type}, of which it is not known how much it has"
                faults.append(Fault(f"{place}.{key}", share, problem))
            elif share > whole + 1e-9:
                roomy = market.table[(market.table[column] >= share) & market.table["ec2_usd_expected"].notna()]
                same = roomy[roomy["accelerator"].eq(row["accelerator"]) | roomy["accelerator"].isna()]
                hint = tuple(same.sort_values("ec2_usd_expected").index[:3])
                faults.append(Fault(f"{place}.{key}", share, f"is more than {instance_type} has, {whole:g}", hint))
    if jobs.max_vcpus is not None and pd.notna(row["vcpu"]) and jobs.max_vcpus < row["vcpu"] * instances:
        least = row["vcpu"] * instances
        problem = f"is less than one job's instances have, {least:g}: no job could ever start"
        faults.append(Fault("jobs.max_vcpus", jobs.max_vcpus, problem))
    if "efa" in jobs.needs and not row["efa_interfaces"] >= 1:
        able = market.table[(market.table["efa_interfaces"] >= 1) & market.table["ec2_usd_expected"].notna()].index
        faults.append(Fault("jobs.instance_type", instance_type, "is not known to have EFA, which the jobs need",
                            nearest(instance_type, able)))  # fmt: skip
    return faults


def alternatives(question: Question) -> pd.DataFrame:
    """Types that could run the jobs, in the market's columns, with ``slots``: how many jobs at once on one instance.

    Jobs that take whole instances: their own type. Jobs with a share: every type with the same accelerator (without
    one: of the same family) that holds at least one; the hours are taken to be the same on each.
    """
    table, row = question.market.table, question.row()
    if not question.jobs.shared:
        return table.loc[[question.instance_type]].assign(slots=1.0)
    if isinstance(row["accelerator"], str) and row["accelerator"] and question.shares[1]:
        like = (table["accelerator"] == row["accelerator"]).to_numpy()
    else:
        like = np.asarray(table.index.str.split(".").str[0] == question.instance_type.split(".")[0])
    found = table[like & table["vcpu"].notna().to_numpy()]
    vcpu, gpus, memory_gib = (found[column].fillna(0.0).to_numpy(float) for _, column in SHARES)
    found = found.assign(slots=slots_of(vcpu, gpus, memory_gib, *question.shares))
    return found[found["slots"] >= 1]
