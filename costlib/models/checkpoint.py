"""How often to checkpoint, and how long a run takes when it is interrupted at random.

Interruptions strike at a constant rate 1 / mtbi, also during writes. Hours everywhere; any broadcastable shapes.
References: J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9), 1974, doi
10.1145/361147.361115; J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
FGCS 22(3), 2006, doi 10.1016/j.future.2004.11.016.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative

Floats = npt.NDArray[np.float64]


def young_interval_hours(mtbi_hours: npt.ArrayLike, write_hours: npt.ArrayLike) -> Floats:
    """Hours of work between checkpoints that lose least, to first order: sqrt(2 write mtbi) (Young 1974).

    Holds while ``write_hours`` is well below ``mtbi_hours``. Raises InvalidInput for numbers below zero.
    """
    mtbi, write = none_negative(mtbi_hours=mtbi_hours, write_hours=write_hours)
    return np.sqrt(2.0 * write * mtbi)


def daly_interval_hours(mtbi_hours: npt.ArrayLike, write_hours: npt.ArrayLike) -> Floats:
    """Hours of work between checkpoints that lose least, to higher order (Daly 2006, equation 37).

    sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + (d / 2M) / 9) - d for d < 2 M, else M, with d = write, M = mtbi. Infinite
    where nothing interrupts. Raises InvalidInput for numbers below zero, and for an mtbi of zero.
    """
    mtbi, write = none_negative(mtbi_hours=mtbi_hours, write_hours=write_hours)
    _refuse_zero("mtbi_hours", mtbi)
    half = write / (2.0 * mtbi)
    with np.errstate(invalid="ignore"):
        higher = np.sqrt(2.0 * write * mtbi) * (1.0 + np.sqrt(half) / 3.0 + half / 9.0) - write
    return np.where(np.isinf(mtbi), np.inf, np.where(half < 1.0, higher, mtbi))


def best_interval_hours(
    mtbi_hours: npt.ArrayLike, write_hours: npt.ArrayLike, restart_hours: npt.ArrayLike = 0.0
) -> Floats:
    """Hours of work between checkpoints that make a long run shortest: the exact optimum of ``expected_hours``.

    t = M x, where x in [0, 1) solves -ln(1 - x) - x = d / M, with d = write, M = mtbi: the same as
    M (1 + W(-exp(-d/M - 1))) with Lambert's W (Daly 2006, its exact solution). The restart multiplies every interval's
    time alike, so ``restart_hours`` is checked and moves nothing. Infinite where nothing interrupts. Raises
    InvalidInput for numbers below zero, and for an mtbi of zero.
    """
    mtbi, write, restart = none_negative(mtbi_hours=mtbi_hours, write_hours=write_hours, restart_hours=restart_hours)
    _refuse_zero("mtbi_hours", mtbi)
    ratio = write / mtbi
    # Both bounds lie above the root, and the left side is convex: Newton comes down to it without a miss.
    share = np.minimum(np.sqrt(2.0 * ratio), -np.expm1(-ratio - 1.0))
    for _ in range(60):
        # Near zero the logarithm cancels against x: four terms of its series are exact to rounding there.
        small = share * share * (0.5 + share * (1.0 / 3.0 + share * (0.25 + share * 0.2)))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(share < 1e-3, small, -np.log1p(-share) - share) - ratio
            step = value * (1.0 - share) / share
        step = np.where((share > 0) & (share < 1) & np.isfinite(step), step, 0.0)
        share = share - step
        if np.all(np.abs(step) <= 1e-15 * share):
            break
    with np.errstate(invalid="ignore"):
        best = np.where(np.isinf(mtbi), np.inf, mtbi * share)
    return np.broadcast_to(best, np.broadcast(best, restart).shape).copy()


def expected_hours(
    work_hours: npt.ArrayLike,
    interval_hours: npt.ArrayLike,
    write_hours: npt.ArrayLike,
    restart_hours: npt.ArrayLike,
    mtbi_hours: npt.ArrayLike,
    *,
    safe_restarts: bool = False,
) -> Floats:
    """Expected hours to finish ``work_hours`` with a checkpoint after every ``interval_hours`` of work (Daly 2006).

    The work is cut in n = ceil(W / t) pieces, and no checkpoint follows the last: (n - 1) E(t + d) + E(rest), where
    E(s) = M exp(R/M) (exp(s/M) - 1), with M = mtbi, R = restart, t = interval, d = write; the limit E(s) = s where
    nothing interrupts. Restarts can themselves be interrupted; with ``safe_restarts`` they cannot, and
    E(s) = (M + R)(exp(s/M) - 1).

    Infinite where the run will not finish (see ``why_not_finished``): more than one piece, and a write that takes as
    long as the mean time between interruptions, or longer; also where the exponent overflows. Raises InvalidInput
    for numbers below zero, and for an interval or mtbi of zero.
    """
    work, interval, write, restart, mtbi = none_negative(
        work_hours=work_hours,
        interval_hours=interval_hours,
        write_hours=write_hours,
        restart_hours=restart_hours,
        mtbi_hours=mtbi_hours,
    )
    _refuse_zero("interval_hours", interval)
    _refuse_zero("mtbi_hours", mtbi)
    full = np.maximum(np.ceil(work / interval - 1e-9) - 1.0, 0.0)
    rate = 1.0 / mtbi
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # No full piece: its time may be infinite, and must not be counted.
        whole = np.where(full > 0, full * np.expm1((interval + write) * rate), 0.0)
        rest = work - np.where(full > 0, full * interval, 0.0)
        tries = whole + np.expm1(rest * rate)
        scale = mtbi + restart if safe_restarts else mtbi * np.exp(restart * rate)
        total = np.where(tries > 0, scale * tries, 0.0)
        calm = work + np.where(full > 0, full * write, 0.0)
    result = np.where(rate > 0, np.where(np.isnan(tries), np.nan, total), calm)
    return np.where((full > 0) & (write >= mtbi), np.inf, result)


def long_run_hours(
    work_hours: npt.ArrayLike,
    interval_hours: npt.ArrayLike,
    write_hours: npt.ArrayLike,
    restart_hours: npt.ArrayLike,
    mtbi_hours: npt.ArrayLike,
) -> Floats:
    """``expected_hours`` without its whole pieces: each hour of work costs the same, and the end is saved too.

    M exp(R/M) (exp((t + d)/M) - 1) W/t; the limit W (1 + d/t) where nothing interrupts. It has no steps in any
    argument, so plans compare by it. Infinite where the exponent overflows: such a run will not finish.
    """
    work = np.asarray(work_hours, dtype=float)
    interval = np.asarray(interval_hours, dtype=float)
    write = np.asarray(write_hours, dtype=float)
    rate = 1.0 / np.asarray(mtbi_hours, dtype=float)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        segment = np.where(rate > 0, np.expm1((interval + write) * rate) / rate, interval + write)
        return np.exp(np.asarray(restart_hours, dtype=float) * rate) * segment * work / interval


def expected_hours_with_notice(
    work_hours: npt.ArrayLike, save_hours: npt.ArrayLike, restart_hours: npt.ArrayLike, mtbi_hours: npt.ArrayLike
) -> Floats:
    """Expected hours where every interruption is announced early enough to save the state, and nothing else is written.

    W exp((R + s) / M): a stretch between two interruptions is exponential with mean M, and what is left of it after
    the restart R and the save s is work; the mean of that rest is M exp(-(R + s) / M). The first stretch needs no
    restart, so a run much shorter than M takes less. Work is taken to go on until the save must begin. Infinite where
    the exponent overflows. Raises InvalidInput for numbers below zero, and for an mtbi of zero.
    """
    work, save, restart, mtbi = none_negative(
        work_hours=work_hours, save_hours=save_hours, restart_hours=restart_hours, mtbi_hours=mtbi_hours
    )
    _refuse_zero("mtbi_hours", mtbi)
    with np.errstate(over="ignore"):
        return np.asarray(work * np.exp((restart + save) / mtbi))


def save_seconds(
    state_bytes: npt.ArrayLike, bandwidth_bytes_per_second: npt.ArrayLike, fixed_seconds: npt.ArrayLike = 0.0
) -> Floats:
    """Seconds to write the state: size over bandwidth, and a fixed part (noticing, stopping, flushing).

    ``bandwidth_bytes_per_second`` is what reaches the store: the least of the accelerator's, the network's and the
    store's. Raises InvalidInput for numbers below zero, and for a bandwidth of zero.
    """
    size, rate, fixed = none_negative(
        state_bytes=state_bytes, bandwidth_bytes_per_second=bandwidth_bytes_per_second, fixed_seconds=fixed_seconds
    )
    _refuse_zero("bandwidth_bytes_per_second", rate)
    return np.asarray(size / rate + fixed)


#: EC2 announces an interruption two minutes ahead (EC2 User Guide, "Spot Instance interruption notices").
NOTICE_SECONDS = 120.0


def saved_in_time(
    needed_seconds: npt.ArrayLike, notice_seconds: npt.ArrayLike = NOTICE_SECONDS
) -> npt.NDArray[np.bool_]:
    """Whether a save of so many seconds ends within the notice. Raises InvalidInput for numbers below zero."""
    needed, notice = none_negative(needed_seconds=needed_seconds, notice_seconds=notice_seconds)
    return np.asarray(needed <= notice)


def why_not_finished(
    work_hours: float, interval_hours: float, write_hours: float, restart_hours: float, mtbi_hours: float
) -> str | None:
    """The reason why one run will not finish on spot, in a sentence; None where it will.

    It will not where checkpoints are needed and one takes as long as the mean time between interruptions, or longer,
    and where ``expected_hours`` is infinite.
    """
    expected = float(expected_hours(work_hours, interval_hours, write_hours, restart_hours, mtbi_hours))
    if np.isfinite(expected):
        return None
    if work_hours > interval_hours and write_hours >= mtbi_hours:
        return (
            f"it will not finish: writing a checkpoint takes {write_hours:.3g} h, and interruptions come every"
            f" {mtbi_hours:.3g} h on average"
        )
    piece = min(work_hours, interval_hours)
    return (
        f"it will not finish: {piece:.3g} h of work between checkpoints is hardly ever reached with interruptions every"
        f" {mtbi_hours:.3g} h on average and restarts of {restart_hours:.3g} h"
    )


def _refuse_zero(name: str, array: Floats) -> None:
    if np.any(array == 0):
        raise InvalidInput([Fault(name, 0.0, "must be above 0")])
