"""Batch size: accumulating micro-batches, and the batch beyond which a larger one gains little."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import finite, not_negative, numeric, one, positive

Floats = NDArray[np.float64]


class Accumulation(NamedTuple):
    """``micro_steps``: micro-batches that each replica takes a step. ``step_seconds``, and ``ratio``: over one alone.

    ``ratio`` is the step's time over that of a step without accumulation, the whole share of a replica at once.
    """

    micro_steps: Floats
    step_seconds: Floats
    ratio: Floats


class StepCurve(NamedTuple):
    """A straight line through step times: ``fixed_seconds`` + batch x ``seconds_per_sample``.

    Its throughput, b / (fixed + s b), saturates at 1 / s; ``median_error`` is that of the points' throughput.
    """

    fixed_seconds: float
    seconds_per_sample: float
    median_error: float


class DataCurve(NamedTuple):
    """Samples to the target: ``least_samples`` x (1 + batch / ``critical_batch``), McCandlish et al. 2018.

    ``median_error`` is that of the points it was fitted to; ``critical_batch`` is infinite where larger batches cost
    no more samples.
    """

    least_samples: float
    critical_batch: float
    median_error: float


class BatchTrade(NamedTuple):
    """What a batch costs: ``steps`` and ``samples`` to the target, over the least that any batch needs."""

    steps_ratio: Floats
    samples_ratio: Floats


@numeric()
def accumulation_steps(global_batch: ArrayLike, micro_batch: ArrayLike, replicas: ArrayLike) -> Floats:
    """Micro-batches a step that keep the global batch: global / (micro x replicas); scalars or arrays.

    Raises InvalidInput for numbers that are not whole or below 1, and where they do not divide: it rounds nothing.
    """
    total, micro, copies = _whole(global_batch=global_batch, micro_batch=micro_batch, replicas=replicas)
    steps = total / (micro * copies)
    wrong = steps != np.round(steps)
    if np.any(wrong):
        first = [float(np.broadcast_to(values, steps.shape)[wrong][0]) for values in (total, micro, copies)]
        together = int(first[1] * first[2])
        near = sorted({max(together, int(first[0] // together * together)), int(-(-first[0] // together) * together)})
        problem = f"is not a multiple of {first[1]:.0f} samples x {first[2]:.0f} replicas"
        raise InvalidInput([Fault("global_batch", int(first[0]), problem, tuple(map(str, near)))])
    return steps


@numeric()
def largest_divisor(whole: ArrayLike, most: ArrayLike) -> NDArray[np.int64]:
    """The largest whole number up to ``most`` that divides ``whole``: 0 where ``most`` is below 1; arrays broadcast.

    Raises InvalidInput for wholes that are not whole numbers of at least 1.
    """
    (wholes,) = _whole(whole=finite("whole", whole))
    wholes, limits = np.broadcast_arrays(wholes, np.asarray(most, float))
    found = np.zeros(wholes.shape, dtype=np.int64)
    for each in np.unique(wholes):
        small = np.arange(1, int(np.sqrt(each)) + 1)
        small = small[each % small == 0]
        divisors = np.concatenate([[0], small, each // small]).astype(np.int64)
        divisors.sort()
        here = wholes == each
        found[here] = divisors[np.searchsorted(divisors, np.maximum(limits[here], 0.0), side="right") - 1]
    return found


@numeric()
def accumulated_step(
    global_batch: ArrayLike,
    micro_batch: ArrayLike,
    replicas: ArrayLike,
    seconds_per_sample: ArrayLike,
    micro_step_seconds: ArrayLike,
    exchange_seconds: ArrayLike = 0.0,
    optimizer_seconds: ArrayLike = 0.0,
) -> Accumulation:
    """Seconds of a step of k micro-batches m: k (fixed + m per sample) + exchange + optimizer; scalars or arrays.

    ``micro_step_seconds`` is what each micro-batch costs whatever its size (launches, small kernels: the
    ``fixed_seconds`` of ``step_curve``). Gradients are exchanged once a step (``exchange_seconds``, the exposed part
    of ``models.scaling``), as PyTorch's ``no_sync`` does; sharded weights are gathered in every micro-batch: add
    their exposed time to ``micro_step_seconds``. Raises InvalidInput.
    """
    steps = accumulation_steps(global_batch, micro_batch, replicas)
    share = np.asarray(global_batch, float) / np.asarray(replicas, float)
    each = not_negative("seconds_per_sample", seconds_per_sample) * share
    fixed = not_negative("micro_step_seconds", micro_step_seconds)
    once = not_negative("exchange_seconds", exchange_seconds) + not_negative("optimizer_seconds", optimizer_seconds)
    step, alone = steps * fixed + each + once, fixed + each + once
    with np.errstate(invalid="ignore", divide="ignore"):
        return Accumulation(steps, step, np.where(alone > 0, step / alone, 1.0))


@numeric("batch", "samples_per_second")
def step_curve(batch: ArrayLike, samples_per_second: ArrayLike) -> StepCurve:
    """The saturating curve through measured throughputs of at least two batches.

    Least squares of relative throughput errors on step seconds b / r = fixed + s b, neither below 0. Raises
    InvalidInput for fewer than two different batches, and for numbers that are not positive.
    """
    sizes, rates = _points("batch", batch, "samples_per_second", samples_per_second)
    seconds = sizes / rates
    fixed, slope = _line(sizes, seconds)
    fitted = sizes / (fixed + slope * sizes)
    return StepCurve(fixed, slope, float(np.median(np.abs(fitted / rates - 1.0))))


@numeric()
def throughput(curve: StepCurve, batch: ArrayLike) -> Floats:
    """Samples a second at each batch: b / (fixed + s b)."""
    sizes = positive("batch", batch)
    return sizes / (curve.fixed_seconds + curve.seconds_per_sample * sizes)


@numeric()
def batch_at_efficiency(curve: StepCurve, efficiency: ArrayLike = 0.9) -> Floats:
    """The batch at which throughput reaches that share of its limit: (fixed / s) q / (1 - q); scalars or arrays.

    Infinite where the points show no limit (s = 0). Raises InvalidInput unless 0 < efficiency < 1.
    """
    share = np.asarray(efficiency, float)
    wrong = ~((share > 0) & (share < 1))
    if np.any(wrong):
        raise InvalidInput([Fault("efficiency", float(share[wrong].flat[0]), "must be above 0 and below 1")])
    if curve.seconds_per_sample == 0:
        return np.full(share.shape, np.inf)
    return curve.fixed_seconds / curve.seconds_per_sample * share / (1.0 - share)


@numeric("batch", "samples_to_target")
def data_curve(batch: ArrayLike, samples_to_target: ArrayLike) -> DataCurve:
    """The critical batch from measured samples to the same target at several batches.

    E = E_min (1 + B / B_crit): McCandlish et al. 2018, arXiv 1812.06162, section 2.3 with E = B S. Fitted like
    ``step_curve``. Raises InvalidInput for fewer than two different batches, and for numbers that are not positive.
    """
    sizes, samples = _points("batch", batch, "samples_to_target", samples_to_target)
    least, slope = _line(sizes, samples)
    if least == 0:
        problem = "grow as fast as the batch: the smallest is beyond the critical one, which these points do not show"
        raise InvalidInput([Fault("samples_to_target", None, problem)])
    fitted = least + slope * sizes
    critical = least / slope if slope > 0 else np.inf
    return DataCurve(least, float(critical), float(np.median(np.abs(fitted / samples - 1.0))))


@numeric()
def batch_trade(batch: ArrayLike, critical_batch: ArrayLike) -> BatchTrade:
    """Steps and samples of a batch over the least possible: 1 + B_crit / B and 1 + B / B_crit; scalars or arrays.

    (S / S_min - 1) (E / E_min - 1) = 1 (McCandlish et al. 2018, section 2.3): at the critical batch both are twice
    the least. Raises InvalidInput unless both are positive.
    """
    ratio = positive("batch", batch) / positive("critical_batch", critical_batch)
    return BatchTrade(1.0 + 1.0 / ratio, 1.0 + ratio)


@numeric()
def critical_batch_of_noise(
    small_batch: float, large_batch: float, small_squared_norm: float, large_squared_norm: float
) -> float:
    """The simple noise scale, an estimate of the critical batch, from squared gradient norms at two batches.

    tr(S) / |G|^2 with |G|^2 = (B_l n_l - B_s n_s) / (B_l - B_s) and tr(S) = (n_s - n_l) / (1/B_s - 1/B_l):
    McCandlish et al. 2018, appendix A.1. The norms should be means over many batches. Raises InvalidInput where the
    estimates are not positive: then they are too noisy.
    """
    small = float(positive("small_batch", one("small_batch", small_batch)))
    large = float(positive("large_batch", one("large_batch", large_batch)))
    small_squared_norm = one("small_squared_norm", small_squared_norm)
    large_squared_norm = one("large_squared_norm", large_squared_norm)
    if small >= large:
        raise InvalidInput([Fault("large_batch", large, f"must be above the small batch, {small:g}")])
    signal = (large * large_squared_norm - small * small_squared_norm) / (large - small)
    noise = (small_squared_norm - large_squared_norm) / (1.0 / small - 1.0 / large)
    if signal <= 0 or noise <= 0:
        problem = "leaves no positive noise scale: average the norms over more batches"
        raise InvalidInput([Fault("large_squared_norm", large_squared_norm, problem)])
    return noise / signal


class SaturatingBatch(NamedTuple):
    """For each option: whether it ``holds`` the batch, and in how many ``micro_steps`` (nan where it does not).

    ``best`` is the index of the cheapest that holds it, -1 where none does.
    """

    holds: NDArray[np.bool_]
    micro_steps: Floats
    best: int


@numeric()
def cheapest_that_holds(
    batch_per_device: float, largest_micro_batch: ArrayLike, usd_per_hour: ArrayLike, accumulate: bool = False
) -> SaturatingBatch:
    """The cheapest option whose memory holds the batch; one entry an option (an instance, say).

    ``largest_micro_batch`` is from the memory model, 0 where the model does not fit at all; options without a price
    (nan) are not chosen. With ``accumulate`` every option that fits one sample holds any batch, in ``micro_steps``
    micro-batches; without, it must be held at once. Raises InvalidInput.
    """
    largest = np.floor(not_negative("largest_micro_batch", largest_micro_batch))
    price = positive("usd_per_hour", usd_per_hour)
    wanted = float(positive("batch_per_device", one("batch_per_device", batch_per_device, bounded=False)))
    holds = largest >= (1.0 if accumulate else wanted)
    with np.errstate(divide="ignore"):
        steps = np.where(holds, np.maximum(np.ceil(wanted / largest), 1.0), np.nan)
    candidates = np.where(holds & ~np.isnan(price), price, np.inf)
    best = int(np.argmin(candidates)) if np.isfinite(candidates).any() else -1
    return SaturatingBatch(holds, steps, best)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Intercept and slope, neither below 0, with the least squares of relative errors."""
    both = np.column_stack([1.0 / y, x / y])
    intercept, slope = np.linalg.lstsq(both, np.ones(len(x)), rcond=None)[0]
    if slope < 0:
        return float(np.sum(1.0 / y) / np.sum(1.0 / y**2)), 0.0
    if intercept < 0:
        return 0.0, float(np.sum(x / y) / np.sum((x / y) ** 2))
    return float(intercept), float(slope)


def _points(x_name: str, x: ArrayLike, y_name: str, y: ArrayLike) -> tuple[Floats, Floats]:
    sizes = positive(x_name, finite(x_name, x)).ravel()
    values = positive(y_name, finite(y_name, y)).ravel()
    faults = []
    if sizes.shape != values.shape:
        faults.append(Fault(y_name, len(values), f"values are given for {len(sizes)} of {x_name}"))
    if len(np.unique(sizes)) < 2:
        faults.append(Fault(x_name, len(np.unique(sizes)), "must hold at least two different sizes"))
    if faults:
        raise InvalidInput(faults)
    return sizes, values


def _whole(**values: ArrayLike) -> list[Floats]:
    arrays = {name: np.asarray(value, float) for name, value in values.items()}
    faults = []
    for name, array in arrays.items():
        wrong = ~((array >= 1) & (array == np.round(array)))
        if np.any(wrong):
            faults.append(Fault(name, float(array[wrong].flat[0]), "must be a whole number of at least 1"))
    if faults:
        raise InvalidInput(faults)
    return list(arrays.values())
