"""What utilisation numbers of a running plan say to do, and what each advice saves in dollars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from costlib.errors import Fault, InvalidInput
from costlib.models.roofline import (
    BUSY_CPU,
    FULL_MEMORY,
    GOOD_GPU,
    HIGH_IO_WAIT,
    LOW_GPU,
    LOW_MEMORY,
    NOTED_IO_WAIT,
    SMALL_BATCH_MEMORY,
    STARVED_GPU,
    Threshold,
    bound_from_utilisation,
    hours_left_fraction,
)
from costlib.planner.explain import plans
from costlib.planner.lines import total_usd
from costlib.planner.quantities import quantities
from costlib.planner.search import Result

#: For each verdict of bound_from_utilisation what to do about it, the cheapest first.
REMEDIES: Mapping[str, str] = {
    "input: storage": "read fewer, larger files in a sequential or columnar format; cache the data on local disk or in"
    " memory; put faster storage in front of S3",
    "input: cpu": "more loader workers with prefetching; decode and augment on the GPU or ahead of the run; an"
    " instance with more vCPUs for each GPU",
    "batch too small": "a larger micro-batch, for which memory has room; mixed precision; fused or compiled kernels",
    "waiting": "profile one step: synchronisations with the host, small kernels, communication, checkpoints",
}


@dataclass(frozen=True)
class Utilisation:
    """What a monitor shows of a run, as fractions of 1; None where it was not looked at."""

    gpu_fraction: float
    memory_fraction: float | None = None
    io_wait_fraction: float | None = None
    cpu_fraction: float | None = None

    @classmethod
    def of_percent(
        cls,
        gpu_percent: float,
        memory_percent: float | None = None,
        io_wait_percent: float | None = None,
        cpu_percent: float | None = None,
    ) -> Utilisation:
        """From percentages, as monitors show them. Raises InvalidInput with everything that is no percentage."""
        given = {
            "gpu_percent": gpu_percent,
            "memory_percent": memory_percent,
            "io_wait_percent": io_wait_percent,
            "cpu_percent": cpu_percent,
        }
        faults = [
            Fault(name, value, "must be a percentage from 0 to 100")
            for name, value in given.items()
            if value is not None and not 0 <= value <= 100
        ]
        if not faults and not gpu_percent:
            faults.append(Fault("gpu_percent", gpu_percent, "must be above 0: nothing ran on the GPU"))
        if io_wait_percent is not None and cpu_percent is not None and io_wait_percent + cpu_percent > 100:
            problem = f"and cpu_percent ({cpu_percent:g}) exceed 100 together: a core waits or works, not both"
            faults.append(Fault("io_wait_percent", io_wait_percent, problem))
        if faults:
            raise InvalidInput(faults)
        return cls(*(None if value is None else value / 100.0 for value in given.values()))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Advice:
    """One thing to do: ``finding`` says why, ``do`` what, and the rest what a run saves (expected values)."""

    kind: str
    finding: str
    do: str
    usd_saved: float
    hours_saved: float
    cost_usd: float
    plan_key: str
    basis: str
    rule: str
    thresholds: tuple[Threshold, ...]

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "kind": self.kind,
            "finding": self.finding,
            "do": self.do,
            "usd_saved": self.usd_saved,
            "hours_saved": self.hours_saved,
            "cost_usd": self.cost_usd,
            "plan": self.plan_key,
            "basis": self.basis,
            "rule": self.rule,
            "thresholds": [
                {"fraction": mark.fraction, "meaning": mark.meaning, "source": mark.source} for mark in self.thresholds
            ],
        }


def advise(result: Result, row: int, seen: Utilisation) -> list[Advice]:
    """What to do about one plan of a search (its row), the greatest saving first; nothing where all is well.

    A GPU that is busy less than LOW_GPU of the time: the remedy of what holds it back, and the cost of the run once it
    is busy GOOD_GPU of it (after I/O wait: no more than the waiting is won). Memory used to less than LOW_MEMORY: the
    cheapest plan of the same service and purchase, on time, whose accelerators have less memory and hold what is used.
    Memory nearly full: a warning that saves nothing. Each saving is alone; together they do not add up.
    """
    memory, waiting, cpu = (
        math.nan if value is None else value
        for value in (seen.memory_fraction, seen.io_wait_fraction, seen.cpu_fraction)
    )
    verdict = str(bound_from_utilisation(seen.gpu_fraction, memory, waiting, cpu).item())
    found = []
    if verdict in REMEDIES:
        found.append(_busier(result, row, seen, verdict))
    if verdict == "memory_capacity" or (seen.memory_fraction or 0.0) >= FULL_MEMORY.fraction:
        found.append(_nearly_full(result, row, seen))
    smaller = _smaller_memory(result, row, seen)
    if smaller is not None:
        found.append(smaller)
    return sorted(found, key=lambda advice: -advice.usd_saved)


def cost_with_hours(result: Result, row: int, factor: float) -> tuple[float, float]:
    """Expected USD and hours from start to finish of one plan, had its work ``factor`` times its hours."""
    grid = replace(result.grid, hours=tuple(end * factor for end in result.grid.hours))  # type: ignore[arg-type]
    one = result.candidates.take(np.array([row]))
    values = quantities(result.workload, result.sources, grid, result.places, one, "expected")
    return total_usd(result.workload, values).item(), values.wall_hours.item()


def _busier(result: Result, row: int, seen: Utilisation, verdict: str) -> Advice:
    left = hours_left_fraction(seen.gpu_fraction).item()
    marks = [LOW_GPU, GOOD_GPU]
    rule = (
        f"the busy share of the hours stays, the GPU busy {GOOD_GPU.fraction:.0%} of the time after it:"
        f" {seen.gpu_fraction:.0%} / {GOOD_GPU.fraction:.0%}"
    )
    finding = f"the GPU is busy {seen.gpu_fraction:.0%} of the time"
    if verdict == "input: storage" and seen.io_wait_fraction is not None:
        left = max(left, 1.0 - seen.io_wait_fraction)
        rule += f"; no more is won than the {seen.io_wait_fraction:.0%} that wait for storage"
        high = seen.io_wait_fraction >= HIGH_IO_WAIT.fraction
        finding += f", and the CPU waits for storage {seen.io_wait_fraction:.0%} of it"
        marks += [HIGH_IO_WAIT if high else NOTED_IO_WAIT]
    elif verdict == "input: cpu" and seen.cpu_fraction is not None:
        finding += f", and the CPU {seen.cpu_fraction:.0%} of it"
        marks += [BUSY_CPU]
    elif verdict == "batch too small" and seen.memory_fraction is not None:
        finding += f", and {seen.memory_fraction:.0%} of its memory is used"
        marks += [SMALL_BATCH_MEMORY]
    if seen.gpu_fraction < STARVED_GPU.fraction:
        marks += [STARVED_GPU]
    cost, hours = cost_with_hours(result, row, left)
    return advice_for(result, row, row, verdict, finding, REMEDIES[verdict], cost, hours, rule, marks)


def _nearly_full(result: Result, row: int, seen: Utilisation) -> Advice:
    finding = f"{seen.memory_fraction or 0.0:.0%} of the accelerator's memory is used"
    do = "leave it, or make room: recomputation, a smaller micro-batch with accumulation, sharded states"
    cost, hours = float(result.cost_usd[row]), float(result.wall_hours[row])
    return advice_for(result, row, row, "memory_capacity", finding, do, cost, hours, "saves nothing", [FULL_MEMORY])


def _smaller_memory(result: Result, row: int, seen: Utilisation) -> Advice | None:
    """The cheapest plan on accelerators with less memory that still hold what is used; None if it saves nothing."""
    if seen.memory_fraction is None or seen.memory_fraction >= LOW_MEMORY.fraction:
        return None
    sources, offers = result.sources, result.sources.offers
    column = sources.hardware.instances["accelerator_memory_gib"].reindex(list(offers.instance_types))
    memory_gib = column.to_numpy(float)[result.column("instance_type")]
    used_gib = seen.memory_fraction * memory_gib[row]
    alike = (result.column("service") == result.column("service")[row]) & (
        result.column("purchase") == result.column("purchase")[row]
    )
    holds = (memory_gib < memory_gib[row]) & (FULL_MEMORY.fraction * memory_gib >= used_gib)
    rows = np.nonzero(alike & holds & result.meets_deadline)[0]
    if not len(rows):
        return None
    best = int(rows[np.lexsort((result.wall_hours[rows], result.cost_usd[rows]))[0]])
    if result.cost_usd[best] >= result.cost_usd[row]:
        return None
    finding = f"{seen.memory_fraction:.0%} of {memory_gib[row]:g} GiB is used on each accelerator"
    (other,) = plans(result, [best])
    machine = f"{other.count} x {other.instance_type}"
    do = f"{machine} ({other.accelerator}, {memory_gib[best]:g} GiB) with the same micro-batch"
    cost, hours = float(result.cost_usd[best]), float(result.wall_hours[best])
    rule = "hours of the smaller machine by the planner's own rules; what is used now fits on each of its accelerators"
    return advice_for(result, row, best, "smaller instance", finding, do, cost, hours, rule, [LOW_MEMORY, FULL_MEMORY])


def advice_for(
    result: Result, row: int, then: int, kind: str, finding: str, do: str, cost: float, hours: float, rule: str,
    marks: Sequence[Threshold] = (),
) -> Advice:  # fmt: skip
    """An advice on the plan at ``row`` whose remedy leads to the plan at ``then``, at ``cost`` USD and ``hours``."""
    (plan,) = plans(result, [then])
    return Advice(
        kind=kind,
        finding=finding,
        do=do,
        usd_saved=float(result.cost_usd[row]) - cost,
        hours_saved=float(result.wall_hours[row]) - hours,
        cost_usd=cost,
        plan_key=plan.key,
        basis="estimate",
        rule=rule,
        thresholds=tuple(marks),
    )
