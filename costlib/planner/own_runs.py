"""What the user timed, as hours of the whole work: the known run, measured types, and rows of a benchmark sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from costlib.benchmarks.sheet import Benchmark
from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.rate_limits import precision_faults, rate_limit
from costlib.units import SECONDS_PER_HOUR
from costlib.workload import HoursOn, Workload

if TYPE_CHECKING:
    from costlib.planner.sources import Sources

OWN = "own measurement"
#: A row that was measured on another model says nothing about this one; counts of parameters are often rounded.
SAME_MODEL_FRACTION = 0.05


@dataclass(frozen=True)
class OwnRun:
    """The whole work takes ``hours`` on ``count`` instances of a type; ``said`` names it in rules, ``source`` in lines.

    ``precision`` None: the user did not say. ``unchecked``: why its rate could not be held against the hardware.
    """

    instance_type: str
    hours: float
    count: int = 1
    precision: str | None = None
    said: str = "your run"
    source: str = OWN
    unchecked: str = ""


def own_runs(workload: Workload, benchmarks: Sequence[Benchmark] = ()) -> list[OwnRun]:
    """Everything the user timed, least trusted first: the known run, ``measured`` types, rows of the sheet.

    Of rows that differ only in their batch the fastest counts: the batch is the user's to choose. Raises InvalidInput
    for rows that cannot be of this workload.
    """
    reference = workload.work.reference_run
    runs = [] if reference is None else [_of_known(reference)]
    for name, measured in workload.measured.items():
        amount = workload.work.tokens if measured.tokens_per_second else workload.work.samples
        rate = measured.tokens_per_second or measured.samples_per_second
        assert rate is not None and amount is not None, "Workload checks that rates match the work"
        runs.append(OwnRun(name, amount / rate / SECONDS_PER_HOUR, measured.count, measured.precision))
    faults = workload_faults(benchmarks, workload)
    if faults:
        raise InvalidInput(faults)
    fastest: dict[tuple[str, int, str], Benchmark] = {}
    for row in sorted(benchmarks, key=lambda row: row.throughput):
        fastest[row.instance_type, row.count, row.precision] = row
    return runs + [_of_row(row, workload) for row in fastest.values()]


def _of_known(run: HoursOn) -> OwnRun:
    return OwnRun(run.instance_type, run.hours, run.count, run.precision)


def _of_row(row: Benchmark, workload: Workload) -> OwnRun:
    amount = workload.work.tokens if row.throughput_unit == "tokens_per_second" else workload.work.samples
    assert amount is not None, "workload_faults refuses rows in the other unit"
    hours = amount / row.throughput / SECONDS_PER_HOUR
    said = f"your benchmark with a batch of {row.batch:,}"
    return OwnRun(row.instance_type, hours, row.count, row.precision, said, f"{OWN} ({row.where})")


def workload_faults(benchmarks: Sequence[Benchmark], workload: Workload) -> list[Fault]:
    """What keeps rows from being of this workload: another unit of work, or another model."""
    work, faults = workload.work, []
    wanted = "tokens_per_second" if work.tokens is not None else "samples_per_second"
    for row in benchmarks:
        if work.hours_on is not None:
            problem = "needs work in tokens or samples; this workload gives hours_on"
            faults.append(Fault(f"{row.where}, throughput_unit", row.throughput_unit, problem))
        elif row.throughput_unit != wanted:
            problem = f"does not match the workload: its work is in {wanted.split('_')[0]}"
            faults.append(Fault(f"{row.where}, throughput_unit", row.throughput_unit, problem, (wanted,)))
        if row.parameters is not None:
            off = abs(math.log(row.parameters / workload.model.parameters))
            if off > SAME_MODEL_FRACTION:
                problem = f"is another model than the workload's, which has {workload.model.parameters:,} parameters"
                faults.append(Fault(f"{row.where}, parameters", row.parameters, problem))
    return faults


def hardware_faults(benchmarks: Sequence[Benchmark], workload: Workload, sources: Sources) -> list[Fault]:
    """What cannot be on the machines that the rows name: unknown types, precisions, memory or rates above theirs."""
    faults = []
    known, described = sources.vocabulary.instance_types, sources.hardware.instances.index
    for row in benchmarks:
        name = row.instance_type
        if name not in known:
            bare = name.removeprefix("ml.")
            if bare in known:
                problem = "is SageMaker's name of a type; write EC2's"
                faults.append(Fault(f"{row.where}, instance_type", name, problem, (bare,)))
            else:
                faults.append(unknown(f"{row.where}, instance_type", name, known, "instance type"))
        elif name not in described:
            continue
        elif sources.accelerators_of(name)[0]:
            faults += _accelerator_faults(row, sources)
        elif row.gpu_utilisation_fraction:
            problem = f"cannot be: {name} has no accelerator"
            faults.append(Fault(f"{row.where}, gpu_utilisation_percent", 100 * row.gpu_utilisation_fraction, problem))
        faults += _rate_faults(row, workload, sources)
    return faults


def given_faults(workload: Workload, sources: Sources) -> list[Fault]:
    """What cannot be of the rates in the workload (``measured``, the known run): beyond the hardware of their types."""
    faults = []
    for name, measured in workload.measured.items():
        unit = "tokens" if measured.tokens_per_second is not None else "samples"
        rate = measured.tokens_per_second or measured.samples_per_second or 0.0
        at = f"measured.{name}"
        faults += precision_faults(f"{at}.precision", name, measured.precision, sources) or rate_limit(
            name, measured.count, measured.precision, unit, workload, sources
        ).faults(f"{at}.{unit}_per_second", rate, rate)
    known, timed = workload.work.hours_on, workload.work.seconds_per_sample_on
    if known is not None:
        faults += precision_faults("work.hours_on.precision", known.instance_type, known.precision, sources)
    if timed is not None:
        at = "work.seconds_per_sample_on"
        faults += precision_faults(f"{at}.precision", timed.instance_type, timed.precision, sources) or rate_limit(
            timed.instance_type, timed.count, timed.precision, "samples", workload, sources
        ).faults(f"{at}.seconds", timed.seconds, 1.0 / timed.seconds)
    return faults


def held_against_hardware(runs: Sequence[OwnRun], workload: Workload, sources: Sources) -> list[OwnRun]:
    """The runs, each with why its rate could not be held against its hardware, where it could not."""
    work = workload.work
    if work.tokens is None and work.samples is None:
        return [replace(run, unchecked="hours alone tell no rate") for run in runs]
    unit = "tokens" if work.tokens is not None else "samples"
    limits = [rate_limit(run.instance_type, run.count, run.precision, unit, workload, sources) for run in runs]
    return [replace(run, unchecked=limit.unchecked) for run, limit in zip(runs, limits, strict=True)]


def _accelerator_faults(row: Benchmark, sources: Sources) -> list[Fault]:
    accelerator, _ = sources.accelerators_of(row.instance_type)
    memory_gib = float(sources.hardware.require(row.instance_type)["accelerator_memory_gib"])
    faults = []
    if row.peak_memory_gib is not None and row.peak_memory_gib > memory_gib:
        problem = f"cannot be: {accelerator} has {memory_gib:g} GiB"
        faults.append(Fault(f"{row.where}, peak_memory_gib", row.peak_memory_gib, problem))
    return faults + precision_faults(f"{row.where}, precision", row.instance_type, row.precision, sources)


def _rate_faults(row: Benchmark, workload: Workload, sources: Sources) -> list[Fault]:
    unit = row.throughput_unit.split("_")[0]
    limit = rate_limit(row.instance_type, row.count, row.precision, unit, workload, sources)
    return limit.faults(f"{row.where}, throughput", row.throughput, row.throughput)


def nearest_run(
    runs: Sequence[OwnRun], counts: Sequence[int], precisions: Sequence[str], taken_as: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Which of the runs of one type each cell (count x precision) is carried over from, as an index into ``runs``.

    One in the same precision (``taken_as``: the precision's index of each run) before others, then the nearest count
    by ratio, then the most trusted, which is the later one.
    """
    same = np.array([[code == index for index in range(len(precisions))] for code in taken_as])
    away = np.abs(np.log(np.asarray(counts, float)[None, :] / np.array([[float(run.count)] for run in runs])))
    distance = away[:, :, None] + np.where(same, 0.0, 1e6)[:, None, :]
    return len(runs) - 1 - np.argmin(distance[::-1], axis=0)
