"""When a CPU trains a small model cheaper or faster than a GPU: fixed time a step against FLOP/s."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import finite, not_negative, numeric, positive, same_length

Floats = NDArray[np.float64]


@numeric()
def cpu_peak_flops_per_second(
    vcpus: ArrayLike, vcpus_per_core: ArrayLike, ghz: ArrayLike, flops_per_cycle: ArrayLike
) -> Floats:
    """fp32 FLOP/s of an instance's cores at most; scalars or arrays.

    cores x clock x FLOPs a cycle and core (WikiChip, "FLOPS"); cores = ``vcpus`` / ``vcpus_per_core``. ``ghz`` is
    the sustained clock of all cores in 10**9 cycles a second. Raises InvalidInput unless all are positive.
    """
    cores = positive("vcpus", vcpus) / positive("vcpus_per_core", vcpus_per_core)
    return cores * positive("ghz", ghz) * 1e9 * positive("flops_per_cycle", flops_per_cycle)


@numeric()
def step_seconds(flops_per_step: ArrayLike, flops_per_second: ArrayLike, overhead_seconds: ArrayLike) -> Floats:
    """Seconds of one training step: a fixed time (launches, dispatch, transfer) and the arithmetic.

    overhead + FLOPs / rate, not overlapped: right at both ends (a tiny step is all overhead, a large one all
    arithmetic) and at most 2 times too long between them. Scalars or arrays; nan where a rate is not known.
    Raises InvalidInput for negative numbers and rates that are not positive.
    """
    arithmetic = not_negative("flops_per_step", flops_per_step) / positive("flops_per_second", flops_per_second)
    return not_negative("overhead_seconds", overhead_seconds) + arithmetic


@numeric()
def break_even_flops(
    cpu_flops_per_second: ArrayLike,
    gpu_flops_per_second: ArrayLike,
    cpu_overhead_seconds: ArrayLike,
    gpu_overhead_seconds: ArrayLike,
    cpu_usd_per_hour: ArrayLike = 1.0,
    gpu_usd_per_hour: ArrayLike = 1.0,
) -> Floats:
    """FLOPs of a step at which CPU and GPU cost the same; the CPU is cheaper below. Scalars or arrays.

    With step = overhead + F / rate on each side, and price p: F = (p_g o_g - p_c o_c) / (p_c / r_c - p_g / r_g).
    With prices of 1 (the default) it is where both take as long. 0: there is no size below which the CPU is the
    cheaper one; infinity: it is at every size. Raises InvalidInput for prices and rates that are not positive and
    for negative overheads.
    """
    cpu_usd = positive("cpu_usd_per_hour", cpu_usd_per_hour)
    gpu_usd = positive("gpu_usd_per_hour", gpu_usd_per_hour)
    ahead = gpu_usd * not_negative("gpu_overhead_seconds", gpu_overhead_seconds) - cpu_usd * not_negative(
        "cpu_overhead_seconds", cpu_overhead_seconds
    )
    slope = cpu_usd / positive("cpu_flops_per_second", cpu_flops_per_second) - gpu_usd / positive(
        "gpu_flops_per_second", gpu_flops_per_second
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = ahead / slope
    # A line that starts no lower and rises no slower is never below: at equality both are the same throughout.
    # One that starts lower but rises faster wins until the crossing; the reverse order has the GPU win first, and
    # the CPU from the crossing on: then there is no size below which the CPU is the better one.
    never = (ahead <= 0) & (slope >= 0)
    always = (ahead >= 0) & (slope <= 0)
    late = (ahead < 0) & (slope < 0)
    result = np.where(never | late, 0.0, np.where(always, np.inf, crossing))
    return np.where(np.isnan(ahead) | np.isnan(slope), np.nan, result)


@numeric()
def parameters_of_flops(flops_per_step: ArrayLike, samples_per_step: ArrayLike) -> Floats:
    """Parameters of a dense network whose step takes so many FLOPs: F / (6 B), B ``samples_per_step``.

    2 FLOPs a parameter and sample forward, 4 backward (Kaplan et al. 2020, arXiv 2001.08361, section 2.1); of a
    language model a sample is a token. Convolutions use each parameter many times: not for them. Scalars or
    arrays. Raises InvalidInput for negative FLOPs and samples that are not positive.
    """
    return not_negative("flops_per_step", flops_per_step) / (6.0 * positive("samples_per_step", samples_per_step))


@numeric("sizes", "measured_sizes", "measured_seconds")
def seconds_by_size(sizes: ArrayLike, measured_sizes: ArrayLike, measured_seconds: ArrayLike) -> Floats:
    """Seconds at any size from seconds measured at some sizes of the same job; scalars or arrays of ``sizes``.

    Between two measured sizes on the straight line through them; beyond the largest the line through the last two
    goes on; below the smallest it falls no further than the fixed time allows: the smallest measured time scaled
    by size, or the first line's value, whichever is more. One measured size scales in proportion. Times that
    shrink as sizes grow are noise, and are held level. Raises InvalidInput for sizes and seconds that are not
    positive, not of the same length, or a size that is measured twice.
    """
    at = positive("measured_sizes", finite("measured_sizes", measured_sizes)).ravel()
    seconds = positive("measured_seconds", finite("measured_seconds", measured_seconds)).ravel()
    same_length(measured_sizes=at, measured_seconds=seconds)
    if not len(at):
        raise InvalidInput([Fault("measured_sizes", None, "must have at least one entry")])
    if len(np.unique(at)) != len(at):
        raise InvalidInput([Fault("measured_sizes", None, "names a size twice")])
    wanted = positive("sizes", sizes)
    order = np.argsort(at)
    at, seconds = at[order], np.maximum.accumulate(seconds[order])
    proportional = wanted * seconds[0] / at[0]
    if len(at) == 1:
        return proportional
    first = (seconds[1] - seconds[0]) / (at[1] - at[0])
    last = (seconds[-1] - seconds[-2]) / (at[-1] - at[-2])
    below = np.maximum(proportional, seconds[0] - first * (at[0] - wanted))
    beyond = seconds[-1] + last * (wanted - at[-1])
    inside = np.interp(wanted, at, seconds)
    return np.where(wanted < at[0], below, np.where(wanted > at[-1], beyond, inside))
