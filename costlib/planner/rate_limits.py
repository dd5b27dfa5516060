"""The most that hardware can do of a workload in a second: what measured rates are held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costlib.errors import Fault
from costlib.models.cpu_or_gpu import cpu_peak_flops_per_second
from costlib.models.throughput import training_flops
from costlib.units import FLOPS_PER_TFLOPS
from costlib.workload import PRECISIONS, Workload

if TYPE_CHECKING:
    from costlib.planner.sources import Sources


@dataclass(frozen=True)
class RateLimit:
    """``per_second`` is infinite where it is not known, and ``unchecked`` says why; ``said`` is why no more can be."""

    per_second: float
    said: str = ""
    unchecked: str = ""

    def faults(self, field: str, value: float, per_second: float) -> list[Fault]:
        """The fault of a rate above the limit; ``value`` is what was given."""
        return [Fault(field, value, f"cannot be: {self.said}")] if per_second > self.per_second else []


def precision_faults(field: str, instance_type: str, precision: str | None, sources: Sources) -> list[Fault]:
    """The fault of a precision that the type's accelerators lack, or whose peak no source gives; CPUs have none."""
    accelerator, _ = sources.accelerators_of(instance_type)
    if precision is None or accelerator not in sources.hardware.accelerators.index:
        return []
    if math.isnan(float(sources.hardware.accelerators[f"{precision}_tflops"].loc[accelerator])):
        problem = f"is not supported by {accelerator}, or no source gives its peak"
        return [Fault(field, precision, problem)]
    return []


def rate_limit(
    instance_type: str, count: float, precision: str | None, unit: str, workload: Workload, sources: Sources
) -> RateLimit:
    """The most ``unit`` (tokens, samples) a second of ``count`` instances; ``precision`` None: in the fastest it has.

    Whole peak over the least FLOPs of a unit: 4 N a token (forward, and backward of activations; methods that train
    few weights skip the gradients of the rest), 4 N times the sequence for a sample that is a sequence.
    """
    flops = least_flops(unit, workload)
    if flops is None:
        return RateLimit(math.inf, unchecked=f"the FLOPs of {_ONE[unit]} are not known")
    accelerator, in_each = sources.accelerators_of(instance_type)
    if accelerator:
        peak_tflops, words = _accelerator_peak(accelerator, precision, sources)
        if math.isnan(peak_tflops) or not in_each * count > 0:
            return RateLimit(math.inf, unchecked=f"no peak of {accelerator} is held")
        peak = peak_tflops * FLOPS_PER_TFLOPS * in_each * count
        machine = f"{in_each * count:g} x {accelerator} at their whole {words}peak of {peak_tflops:g} TFLOP/s each"
    else:
        if precision != "fp32":
            return RateLimit(math.inf, unchecked="of CPUs only fp32 peaks are held")
        if instance_type not in sources.cpus.index:
            return RateLimit(math.inf, unchecked=f"clock and cores of {instance_type} are not held")
        cpu = sources.cpus.loc[instance_type]
        each = float(cpu_peak_flops_per_second(cpu["vcpus"], cpu["vcpus_per_core"], cpu["ghz"], cpu["flops_per_cycle"]))
        peak = each * count
        machine = f"{count:g} x {instance_type} at their cores' whole fp32 peak of {each / 1e12:,.3g} TFLOP/s each"
    most = peak / flops
    said = f"{machine} train {workload.model.parameters:,} parameters on at most {most:,.4g} {unit} a second"
    return RateLimit(most, said)


_ONE = {"tokens": "a token", "samples": "a sample"}


def least_flops(unit: str, workload: Workload) -> float | None:
    """The fewest FLOPs that training on one token or sample takes; None where a sample's are not known."""
    token = float(training_flops(workload.model.parameters, 1.0, trained_fraction=0.0))
    if unit == "tokens":
        return token
    length = workload.model.sequence_length
    return None if length is None else token * length


def _accelerator_peak(accelerator: str, precision: str | None, sources: Sources) -> tuple[float, str]:
    held = sources.hardware.accelerators
    if accelerator not in held.index:
        return math.nan, ""
    names = PRECISIONS if precision is None else (precision,)
    peaks = [float(held[f"{name}_tflops"].loc[accelerator]) for name in names]
    known = [peak for peak in peaks if not math.isnan(peak)]
    return max(known, default=math.nan), f"{precision} " if precision else ""
