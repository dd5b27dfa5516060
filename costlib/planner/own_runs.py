"""What the user timed, as hours of the whole work: the known run, measured types, and rows of a benchmark sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from costlib.benchmarks.sheet import Benchmark
from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.throughput import training_flops
from costlib.units import FLOPS_PER_TFLOPS, SECONDS_PER_HOUR
from costlib.workload import PRECISIONS, HoursOn, Workload

if TYPE_CHECKING:
    from costlib.planner.sources import Sources

OWN = "own measurement"
#: A row that was measured on another model says nothing about this one; counts of parameters are often rounded.
SAME_MODEL_FRACTION = 0.05


@dataclass(frozen=True)
class OwnRun:
    """The whole work takes ``hours`` on ``count`` instances of a type; ``said`` names it in rules, ``source`` in lines.

    ``precision`` None: the user did not say.
    """

    instance_type: str
    hours: float
    count: int = 1
    precision: str | None = None
    said: str = "your run"
    source: str = OWN


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
            faults += _accelerator_faults(row, workload, sources)
        elif row.gpu_utilisation_fraction:
            problem = f"cannot be: {name} has no accelerator"
            faults.append(Fault(f"{row.where}, gpu_utilisation_percent", 100 * row.gpu_utilisation_fraction, problem))
    return faults


def measured_faults(workload: Workload, sources: Sources) -> list[Fault]:
    """What cannot be of the rates under ``measured``: precisions and rates beyond the accelerators of their types."""
    faults = []
    for name, measured in workload.measured.items():
        if name not in sources.hardware.instances.index or not sources.accelerators_of(name)[0]:
            continue
        facts = sources.hardware.require(name)
        accelerator, in_each = sources.accelerators_of(name)
        named = PRECISIONS if measured.precision is None else (measured.precision,)
        peaks = [float(facts[f"{precision}_tflops"]) for precision in named]
        peak = max((one for one in peaks if not math.isnan(one)), default=math.nan)
        if math.isnan(peak):
            if measured.precision is not None and accelerator in sources.hardware.accelerators.index:
                problem = f"is not supported by {accelerator}, or no source gives its peak"
                faults.append(Fault(f"measured.{name}.precision", measured.precision, problem))
            continue
        most = _most_tokens_per_second(peak, in_each * measured.count, workload)
        if measured.tokens_per_second is not None and 0 < most < measured.tokens_per_second:
            problem = (
                f"cannot be: {in_each * measured.count:g} x {accelerator} at their whole peak of {peak:g} TFLOP/s each"
                f" train {workload.model.parameters:,} parameters on at most {most:,.4g} tokens a second"
            )
            faults.append(Fault(f"measured.{name}.tokens_per_second", measured.tokens_per_second, problem))
    return faults


def _most_tokens_per_second(peak_tflops: float, devices: float, workload: Workload) -> float:
    """Forward and backward of the weights alone; methods that train few weights skip a third of it (the gradients of
    frozen weights), so that no way of training needs less than 4 N FLOPs a token.
    """
    least_flops = float(training_flops(workload.model.parameters, 1.0)) * 4.0 / 6.0
    return peak_tflops * FLOPS_PER_TFLOPS * devices / least_flops


def _accelerator_faults(row: Benchmark, workload: Workload, sources: Sources) -> list[Fault]:
    facts = sources.hardware.require(row.instance_type)
    accelerator, in_each = sources.accelerators_of(row.instance_type)
    faults = []
    memory_gib = float(facts["accelerator_memory_gib"])
    if row.peak_memory_gib is not None and row.peak_memory_gib > memory_gib:
        problem = f"cannot be: {accelerator} has {memory_gib:g} GiB"
        faults.append(Fault(f"{row.where}, peak_memory_gib", row.peak_memory_gib, problem))
    if accelerator not in sources.hardware.accelerators.index:
        return faults
    peak = float(facts[f"{row.precision}_tflops"])
    if math.isnan(peak):
        problem = f"is not supported by {accelerator}, or no source gives its peak"
        return [*faults, Fault(f"{row.where}, precision", row.precision, problem)]
    devices = in_each * row.count
    model = workload.model
    if row.throughput_unit == "tokens_per_second" and devices > 0:
        most = _most_tokens_per_second(peak, devices, workload)
        if row.throughput > most:
            problem = (
                f"cannot be: {devices:g} x {accelerator} at their whole {row.precision} peak of {peak:g} TFLOP/s each"
                f" train {model.parameters:,} parameters on at most {most:,.4g} tokens a second"
            )
            faults.append(Fault(f"{row.where}, throughput", row.throughput, problem))
    return faults


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
