"""Every way in which a service could run the jobs, as columns: type, own or kept instances, and what it is billed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.checkpoint import long_run_hours, young_interval_hours
from costlib.models.interruption import mean_hours_between_interruptions
from costlib.models.overhead import Billed, Terms, billed, group_size
from costlib.planner.quantities import checkpoint_write_hours
from costlib.planner.service.known import MINIMUM_HOURS, QUANTUM_HOURS, SERVICES, ServiceNumbers
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.question import Question, alternatives
from costlib.planner.service.storage import storage_usd_per_hour
from costlib.planner.sources import BANDS
from costlib.units import MINUTES_PER_HOUR

Floats = npt.NDArray[np.float64]
#: Groups at once where nothing limits them: more than any set of jobs has.
ALL_AT_ONCE = 1e9
MODES = {
    "own": "each job starts and ends its own instances",
    "kept": "instances are kept while jobs wait",
    "window": "instances stand for the whole time",
}


@dataclass(frozen=True)
class Candidates:
    """One row of ``table`` a way: the market's columns, service, instance_type, mode (of MODES), slots, lanes, usd_low,
    usd_expected, usd_high (an instance-hour), storage_usd_per_hour (nan: no price held), container_group (jobs in one
    of AWS Batch). ``terms``: for the low, expected and high end, arrays in the rows' order; their ``usd_per_hour``
    includes storage where it is known.
    """

    question: Question
    table: pd.DataFrame
    terms: tuple[Terms, Terms, Terms]

    @property
    def hours(self) -> tuple[float, float, float]:
        """Hours of one job at each end."""
        band = self.question.hours
        return band.low, band.expected, band.high

    def billed(self, end: int) -> Billed:
        """Instance-hours of each row at one end."""
        return billed(self.terms[end], self.hours[end], self.question.count)

    def usd(self, end: int) -> Floats:
        """Cost of each row at one end."""
        terms = self.terms[end]
        return np.asarray(terms.fixed_usd + terms.usd_per_hour * self.billed(end).total_hours)

    def take(self, rows: npt.NDArray[np.int64]) -> Candidates:
        """Some of the rows."""
        low, expected, high = (Terms(*(np.asarray(part)[rows] for part in terms)) for terms in self.terms)
        return Candidates(self.question, self.table.iloc[rows].reset_index(drop=True), (low, expected, high))


def candidates(question: Question, sources: ServiceSources) -> Candidates:
    """All ways that are priced; a service that sells none of the types has no row."""
    numbers = sources.numbers
    types = alternatives(question).reset_index(names="instance_type")
    frames = []
    for service in SERVICES:
        side = "sagemaker" if service == "sagemaker" else "ec2"
        sold = types[types[f"{side}_usd_expected"].notna()]
        if service == "sagemaker":
            sold = sold.assign(slots=1.0)
        for mode in _modes(question, service):
            frames.append(
                sold.assign(service=service, mode=mode, **{f"usd_{end}": sold[f"{side}_usd_{end}"] for end in BANDS})
            )
    table = pd.concat(frames, ignore_index=True)
    start = {end: _start_hours(question, numbers, table, index) for index, end in enumerate(BANDS)}
    units = np.ceil(question.count / table["slots"].to_numpy(float))
    table["lanes"] = _lanes(question, table, units, start["expected"])
    table = table[_pool_waits(question, numbers, table, units)]
    units = units[table.index]
    start = {end: hours[table.index] for end, hours in start.items()}
    table = table.reset_index(drop=True)
    table["container_group"] = np.where(
        table["service"] == "batch",
        group_size(question.hours.expected, numbers.grouped_minutes[0] / MINUTES_PER_HOUR),
        1.0,
    )
    table["storage_usd_per_hour"] = storage_usd_per_hour(question, sources, table)
    low, expected, high = (_terms(question, sources, table, start[end], index) for index, end in enumerate(BANDS))
    return Candidates(question, table, (low, expected, high))


def _modes(question: Question, service: str) -> tuple[str, ...]:
    """How a service may hold its instances for these jobs."""
    jobs = question.jobs
    if jobs.standing and service == "ec2":
        return ("window",)
    if service == "sagemaker" and jobs.purchase == "spot":
        return ("own",)  # facts/service_facts, sagemaker_warm_pool: not usable with spot
    return ("own", "kept") if jobs.over_hours is None else ("own", "window")


def _start_hours(question: Question, numbers: ServiceNumbers, table: pd.DataFrame, end: int) -> Floats:
    """Billed before the first job of an instance: its boot on EC2, and the image's pull."""
    ends = ("low", "expected", "high")
    given = question.jobs.image_minutes
    image = getattr(numbers.image.band, ends[end]) if given is None else given / MINUTES_PER_HOUR
    boot = getattr(numbers.boot.band, ends[end])
    return np.where(table["service"] == "sagemaker", image, boot + image)


def _lanes(question: Question, table: pd.DataFrame, units: Floats, start: Floats) -> Floats:
    """Groups at once: as asked for, as many as the hours need, or all; within the compute environment of AWS Batch."""
    jobs, slots = question.jobs, table["slots"].to_numpy(float)
    if jobs.parallel is not None:
        lanes = np.ceil(jobs.parallel / slots)
    elif jobs.over_hours is not None:
        lanes = np.ceil(units * (question.hours.expected + start) / jobs.over_hours)
    else:
        lanes = np.full(len(table), ALL_AT_ONCE)
    if jobs.max_vcpus is not None:
        room = np.floor(jobs.max_vcpus / (table["vcpu"].to_numpy(float) * question.instances))
        lanes = np.where(table["service"] == "batch", np.minimum(lanes, np.maximum(room, 1.0)), lanes)
    return np.maximum(lanes, 1.0)


def _pool_waits(
    question: Question, numbers: ServiceNumbers, table: pd.DataFrame, units: Floats
) -> npt.NDArray[np.bool_]:
    """Whether a way may be: a warm pool waits only so long for its next job, and lives only so long."""
    over = question.jobs.over_hours
    if over is None:
        return np.ones(len(table), bool)
    pool = ((table["service"] == "sagemaker") & (table["mode"] == "window")).to_numpy()
    lanes = np.minimum(table["lanes"].to_numpy(float), units)
    gap = over * lanes / units - question.hours.expected
    good = (gap <= numbers.keep_alive_hours) & (over <= numbers.longest_training_hours)
    return ~pool | good


def _terms(question: Question, sources: ServiceSources, table: pd.DataFrame, start: Floats, end: int) -> Terms:
    numbers, jobs, name = sources.numbers, question.jobs, BANDS[end]
    service, count = table["service"], len(table)

    def by(**values: float) -> Floats:
        return np.asarray(service.map(values), float)

    warm = by(sagemaker=getattr(numbers.warm_pool_start.band, name), ec2=0.0,
              batch=getattr(numbers.batch_container.band, name))  # fmt: skip
    staff = jobs.staff_hours
    rate = jobs.staff_usd_per_hour or 0.0
    fixed = {one: rate * ((getattr(staff, one) if staff else None) or 0.0) for one in SERVICES}
    return Terms(
        usd_per_hour=table[f"usd_{name}"].to_numpy(float) + table["storage_usd_per_hour"].fillna(0.0).to_numpy(float),
        start_hours=start,
        warm_hours=warm / table["container_group"].to_numpy(float),
        tail_hours=by(sagemaker=0.0, ec2=(jobs.idle_tail_minutes or 0.0) / MINUTES_PER_HOUR,
                      batch=(jobs.scale_down_minutes or 0.0) / MINUTES_PER_HOUR),
        wait_hours=by(sagemaker=getattr(numbers.provisioning.band, name), ec2=getattr(numbers.pending.band, name),
                      batch=getattr(numbers.batch_scaling.band, name)),
        held=np.where(table["mode"] == "own", 0.0, 1.0),
        lanes=table["lanes"].to_numpy(float),
        slots=table["slots"].to_numpy(float),
        instances=np.full(count, float(question.instances)),
        window_hours=np.full(count, float(jobs.over_hours or 0.0)),
        stretch=_stretch(question, sources, table, start, end),
        quantum_hours=by(**{one: QUANTUM_HOURS[one][end] for one in SERVICES}),
        minimum_hours=by(**MINIMUM_HOURS),
        fixed_usd=by(**fixed),
    )  # fmt: skip


def _stretch(question: Question, sources: ServiceSources, table: pd.DataFrame, start: Floats, end: int) -> Floats:
    """Hours that an hour of a job takes on spot, with rework and restarts, as quantities has it for plans."""
    if question.jobs.purchase != "spot":
        return np.ones(len(table))
    workload, hours = question.workload, getattr(question.hours, BANDS[end])
    rows = table["ec2_row"].to_numpy(int)
    hazards = sources.sources.spot_hazards(workload).hazard[end]
    hazard = np.where(rows >= 0, hazards[np.maximum(rows, 0)], np.nan)
    instances = np.full(len(table), float(question.instances))
    gbps = sources.sources.hardware.instances["network_gbps"].reindex(table["instance_type"]).to_numpy(float)
    restart = workload.checkpoint.restart_minutes / MINUTES_PER_HOUR
    write = checkpoint_write_hours(workload.checkpoint.gib, gbps, instances, restart, BANDS[end])
    mtbi = mean_hours_between_interruptions(hazard, instances)
    often = 1.0 / MINUTES_PER_HOUR
    given = workload.checkpoint.interval_minutes
    hit = np.isfinite(mtbi)
    wanted = (
        np.where(hit, young_interval_hours(np.where(hit, mtbi, 0.0), write), np.inf)
        if given is None
        else np.full(len(table), given / MINUTES_PER_HOUR)
    )
    interval = np.minimum(np.maximum(wanted, often), max(hours, often))
    needed = long_run_hours(np.full(len(table), hours), interval, write, restart + start, mtbi)
    # What takes more than a million years will not finish; sums of it would overflow.
    return np.asarray(np.where(needed < 1e10, needed, np.nan) / hours, float)
