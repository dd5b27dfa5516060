"""What holds a training step back: arithmetic, memory bandwidth, memory capacity, or the data that feed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import fraction, known, not_negative, numeric, positive
from costlib.units import BYTES_PER_GB, FLOPS_PER_TFLOPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What a step can be bound by; ``Verdict.bound`` indexes it.
BOUNDS = ("compute", "memory_bandwidth", "memory_capacity", "input")


class Verdict(NamedTuple):
    """One entry a step: seconds that each limit alone would take, and which of BOUNDS it is.

    ``idle_fraction`` is the share of the step in which the arithmetic units wait for the limit that binds.
    """

    compute_seconds: Floats
    memory_seconds: Floats
    input_seconds: Floats
    fits: NDArray[np.bool_]
    bound: Ints
    idle_fraction: Floats


@numeric()
def ridge_flops_per_byte(peak_tflops: ArrayLike, memory_bandwidth_gb_s: ArrayLike) -> Floats:
    """Arithmetic intensity (FLOPs a byte) above which an accelerator is bound by compute; scalars or arrays.

    peak / bandwidth: the ridge point of the roofline (Williams, Waterman & Patterson 2009, doi
    10.1145/1498765.1498785, section 3). ``memory_bandwidth_gb_s`` is in 10**9 bytes a second; nan where either
    is not known. Raises InvalidInput unless both are positive.
    """
    peak = positive("peak_tflops", peak_tflops) * FLOPS_PER_TFLOPS
    return peak / (positive("memory_bandwidth_gb_s", memory_bandwidth_gb_s) * BYTES_PER_GB)


@numeric()
def attainable_tflops(intensity: ArrayLike, peak_tflops: ArrayLike, memory_bandwidth_gb_s: ArrayLike) -> Floats:
    """TFLOP/s that a kernel of an arithmetic ``intensity`` (FLOPs a byte) can reach at most; scalars or arrays.

    min(peak, intensity * bandwidth), Williams et al. 2009. Raises InvalidInput unless all are positive.
    """
    slope = positive("intensity", intensity) * positive("memory_bandwidth_gb_s", memory_bandwidth_gb_s)
    return np.minimum(positive("peak_tflops", peak_tflops), slope * BYTES_PER_GB / FLOPS_PER_TFLOPS)


@numeric()
def transformer_step_flops(parameters: ArrayLike, tokens: ArrayLike) -> Floats:
    """FLOPs of forward and backward of a dense transformer on ``tokens`` tokens: 6 N T (Kaplan et al. 2020,
    arXiv 2001.08361, section 2.1). Raises InvalidInput unless both are positive."""
    return 6.0 * positive("parameters", parameters) * positive("tokens", tokens)


@numeric()
def transformer_step_bytes(
    parameters: ArrayLike,
    tokens: ArrayLike,
    layers: ArrayLike,
    hidden: ArrayLike,
    bytes_per_value: ArrayLike,
    accumulation_steps: ArrayLike = 1,
) -> Floats:
    """Bytes of device memory that one micro-step of training must move at least; scalars or arrays.

    p N (3 + 2 g / m) + 34 p/2 T h L: weights of p ``bytes_per_value`` are read in forward and in backward and
    their gradients written (3 p N); the optimizer step, once every m ``accumulation_steps``, reads gradient and
    writes weight, and reads and writes 12 bytes of fp32 master weight and Adam moments (g p N = 2 p N + 24 N);
    activations kept for backward, 34 s b h bytes a layer at 16 bit (Korthikanti et al. 2022, arXiv 2205.05198,
    equation 1 without the attention scores that fused attention does not keep), are written and read once. A
    lower bound: caches that do not hold, and tensors between fused kernels, add to it. Raises InvalidInput unless
    all are positive.
    """
    width = positive("bytes_per_value", bytes_per_value)
    number = positive("parameters", parameters)
    per_layer = positive("tokens", tokens) * positive("hidden", hidden) * positive("layers", layers)
    optimizer = (2.0 * width + 24.0) / positive("accumulation_steps", accumulation_steps)
    return number * (3.0 * width + optimizer) + 2.0 * 34.0 * (width / 2.0) * per_layer


@numeric()
def bound_by(
    step_flops: ArrayLike,
    step_bytes: ArrayLike,
    peak_tflops: ArrayLike,
    memory_bandwidth_gb_s: ArrayLike,
    needed_bytes: ArrayLike | None = None,
    memory_bytes: ArrayLike | None = None,
    input_seconds: ArrayLike = 0.0,
    reachable_fraction: ArrayLike = 1.0,
) -> Verdict:
    """Which limit holds one step on one device; arrays broadcast together.

    Seconds of compute (``step_flops`` over peak times ``reachable_fraction``, the share that large matrix
    products reach), of memory (``step_bytes`` over bandwidth), and of input (``input_seconds``: making and
    loading the step's samples, overlapped with the device's work as prefetching loaders do). The longest binds;
    equal ones count as compute, then memory. A step whose ``needed_bytes`` exceed ``memory_bytes`` is bound by
    capacity whatever its speed: it does not run. Williams et al. 2009, with input as one more roof. Raises
    InvalidInput for numbers that are not positive (input may be 0), and for one of the two capacities alone.
    """
    if (needed_bytes is None) != (memory_bytes is None):
        missing = "needed_bytes" if needed_bytes is None else "memory_bytes"
        raise InvalidInput([Fault(missing, None, "is needed: needed_bytes and memory_bytes go together")])
    share = fraction("reachable_fraction", reachable_fraction, above_zero=True)
    waiting = not_negative("input_seconds", input_seconds)
    compute = positive("step_flops", step_flops) / (positive("peak_tflops", peak_tflops) * FLOPS_PER_TFLOPS * share)
    memory = positive("step_bytes", step_bytes) / (
        positive("memory_bandwidth_gb_s", memory_bandwidth_gb_s) * BYTES_PER_GB
    )
    fits = np.asarray(True)
    if needed_bytes is not None and memory_bytes is not None:
        needed, held = positive("needed_bytes", needed_bytes), positive("memory_bytes", memory_bytes)
        fits = known("needed_bytes", needed) <= known("memory_bytes", held)
    compute, memory, waiting, fits = np.broadcast_arrays(compute, memory, waiting, fits)
    stacked = np.stack([compute, memory, waiting])
    longest = stacked.max(axis=0)
    # Of the three, input is the last of BOUNDS; what is not known (nan) makes the verdict compute's with nan idle.
    order = np.array([BOUNDS.index(name) for name in ("compute", "memory_bandwidth", "input")])
    bound = np.where(fits, order[np.argmax(np.where(np.isnan(stacked), -1.0, stacked), axis=0)], 2)
    return Verdict(compute, memory, waiting, fits, bound, 1.0 - compute / longest)


@dataclass(frozen=True)
class Threshold:
    """A limit above or below which a utilisation number means something, and who says so."""

    fraction: float
    meaning: str
    source: str


_SMDEBUG = "Amazon SageMaker Debugger's built-in rule"
#: Where utilisation numbers turn into a finding.
LOW_GPU = Threshold(0.70, "the GPU waits for something", f"{_SMDEBUG} LowGPUUtilization (threshold_p95=70)")
STARVED_GPU = Threshold(0.10, "the GPU is idle most of the time", f"{_SMDEBUG} IOBottleneck (gpu_threshold=10)")
BUSY_CPU = Threshold(0.90, "the CPU is the bottleneck", f"{_SMDEBUG} CPUBottleneck (cpu_threshold=90)")
HIGH_IO_WAIT = Threshold(0.50, "the storage is the bottleneck", f"{_SMDEBUG} IOBottleneck (io_threshold=50)")
NOTED_IO_WAIT = Threshold(0.10, "storage takes time that could be hidden", "rule of thumb of this workbook")
LOW_MEMORY = Threshold(0.50, "half as much accelerator memory would do", "arithmetic: half is half")
SMALL_BATCH_MEMORY = Threshold(0.70, "a larger batch has room", f"{_SMDEBUG} BatchSize (gpu_memory_threshold_p95=70)")
FULL_MEMORY = Threshold(0.95, "one larger batch, or fragmentation, ends the run", "rule of thumb of this workbook")
#: What a loop that feeds its GPU well shows; the room above it is not counted as a saving.
GOOD_GPU = Threshold(0.90, "as good as training loops get", "rule of thumb of this workbook")


@numeric()
def bound_from_utilisation(
    gpu_fraction: ArrayLike,
    memory_fraction: ArrayLike = np.nan,
    io_wait_fraction: ArrayLike = np.nan,
    cpu_fraction: ArrayLike = np.nan,
) -> NDArray[np.object_]:
    """What measured utilisation (0 to 1; nan: not measured) says a job is bound by; scalars or arrays.

    In this order: "input: storage" if the GPU is below LOW_GPU and I/O wait above NOTED_IO_WAIT; "input: cpu"
    if the GPU is below LOW_GPU and the CPU above BUSY_CPU; "batch too small" if GPU and its memory are both
    low; "waiting" if the GPU is low and nothing else tells why; "memory_capacity" if memory is above
    FULL_MEMORY; else "accelerator" (compute or memory bandwidth: utilisation cannot tell them apart). Raises
    InvalidInput for numbers outside 0 to 1, and for an unknown GPU utilisation.
    """
    gpu, memory, waiting, cpu = np.broadcast_arrays(
        fraction("gpu_fraction", gpu_fraction),
        fraction("memory_fraction", memory_fraction),
        fraction("io_wait_fraction", io_wait_fraction),
        fraction("cpu_fraction", cpu_fraction),
    )
    if np.any(np.isnan(gpu)):
        raise InvalidInput([Fault("gpu_fraction", float("nan"), "must be known")])
    low = gpu < LOW_GPU.fraction
    cases = (
        (low & (waiting >= NOTED_IO_WAIT.fraction), "input: storage"),
        (low & (cpu >= BUSY_CPU.fraction), "input: cpu"),
        (low & (memory < SMALL_BATCH_MEMORY.fraction), "batch too small"),
        (low, "waiting"),
        (memory >= FULL_MEMORY.fraction, "memory_capacity"),
    )
    return np.select([mask for mask, _ in cases], [word for _, word in cases], "accelerator").astype(object)


@numeric()
def hours_left_fraction(gpu_fraction: ArrayLike, target_fraction: ArrayLike = GOOD_GPU.fraction) -> Floats:
    """Share of the hours that remain once the GPU is busy ``target_fraction`` of the time; scalars or arrays.

    u / target, at most 1: the busy seconds stay, the idle ones go. Utilisation counts time with any kernel
    running, so that busy seconds may themselves be slow: the saving is a floor for the work, not a promise.
    Raises InvalidInput for numbers outside 0 to 1, or 0.
    """
    used = fraction("gpu_fraction", gpu_fraction, above_zero=True)
    target = fraction("target_fraction", target_fraction, above_zero=True)
    return np.minimum(used / target, 1.0)
