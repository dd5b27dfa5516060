"""What a set of equal jobs is billed on a service: work, starts, idle instances, rounding; and how long it takes.

A *group* is the instances of one job, or one instance that runs ``slots`` jobs at once. Groups either run one job each
(``held`` 0) or are kept for further jobs (1). Hours and USD everywhere; any broadcastable shapes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.models.checks import Floats, count, finite, fraction, not_negative, numeric, positive

Number = float | Floats
#: Less of a billing step than this is rounding of floats, not time.
_GRAIN = 1e-9


class Terms(NamedTuple):
    """How a service starts, keeps, bills and ends the groups of a set of jobs; numbers, or arrays that broadcast.

    ``usd_per_hour``: one instance. ``start_hours``: billed from an instance's first second until its first job starts;
    ``warm_hours``: billed before each further job on a kept group; ``tail_hours``: billed after a group's last job;
    ``wait_hours``: before the billing starts. ``lanes``: groups at most at once. ``window_hours``: kept groups stay at
    least so long. ``stretch``: hours that an hour of a job takes here. ``quantum_hours``, ``minimum_hours``: billing
    step and least of one group's time; ``fixed_usd``: once for the whole set.
    """

    usd_per_hour: Number
    start_hours: Number = 0.0
    warm_hours: Number = 0.0
    tail_hours: Number = 0.0
    wait_hours: Number = 0.0
    held: Number = 0.0
    lanes: Number = 1.0
    slots: Number = 1.0
    instances: Number = 1.0
    window_hours: Number = 0.0
    stretch: Number = 1.0
    quantum_hours: Number = 0.0
    minimum_hours: Number = 0.0
    fixed_usd: Number = 0.0


class Billed(NamedTuple):
    """Instance-hours of each kind, which add up to ``total_hours``; ``makespan_hours`` from the start to the last end.

    ``work_hours``: in which jobs run, whole instances; ``unused_hours`` of shares of instances without a job beside.
    """

    work_hours: Floats
    unused_hours: Floats
    start_hours: Floats
    idle_hours: Floats
    rounding_hours: Floats
    total_hours: Floats
    makespan_hours: Floats


def billed(terms: Terms, job_hours: npt.ArrayLike, jobs: npt.ArrayLike) -> Billed:
    """Instance-hours that ``jobs`` jobs of ``job_hours`` each are billed, and when the last of them ends.

    Each group gets as many jobs as the others, or one more. Raises InvalidInput for hours that are not above zero,
    counts that are not whole, and negative terms.
    """
    t = _checked(terms)
    hours, number = positive("job_hours", job_hours, bounded=True) * t.stretch, count("jobs", jobs)
    units = np.ceil(number / t.slots)
    lanes = np.minimum(t.lanes, units)
    groups = np.where(t.held > 0, lanes, units)
    few = np.floor(units / groups)
    more = units - few * groups
    paid = kept = np.zeros(())
    for each, of in ((few, groups - more), (few + 1.0, more)):
        busy = t.start_hours + each * hours + (each - 1.0) * t.warm_hours
        span = np.where(t.held > 0, np.maximum(busy, t.window_hours), busy) + t.tail_hours
        paid = paid + of * round_up(span, t.quantum_hours, t.minimum_hours)
        kept = kept + of * (span - busy)
    work, used = units * hours, number * hours / t.slots
    start = groups * t.start_hours + (units - groups) * t.warm_hours
    waves = np.ceil(units / lanes)
    cold = waves * (t.wait_hours + t.start_hours + hours)
    warm = t.wait_hours + t.start_hours + waves * hours + (waves - 1.0) * t.warm_hours
    made = Billed(
        used * t.instances,
        (work - used) * t.instances,
        start * t.instances,
        kept * t.instances,
        (paid - work - start - kept) * t.instances,
        paid * t.instances,
        np.maximum(np.where(t.held > 0, warm, cold), t.window_hours),
    )
    return Billed(*np.broadcast_arrays(*made))


def usd(terms: Terms, job_hours: npt.ArrayLike, jobs: npt.ArrayLike) -> Floats:
    """What the set costs: ``fixed_usd`` and all billed instance-hours at ``usd_per_hour``. Raises as ``billed``."""
    return np.asarray(terms.fixed_usd, float) + np.asarray(terms.usd_per_hour, float) * (
        billed(terms, job_hours, jobs).total_hours
    )


@numeric()
def round_up(hours: npt.ArrayLike, quantum_hours: npt.ArrayLike, minimum_hours: npt.ArrayLike) -> Floats:
    """Hours as they are billed: whole steps of ``quantum_hours`` (0: no steps), and ``minimum_hours`` at least."""
    hours, quantum = not_negative("hours", hours), not_negative("quantum_hours", quantum_hours)
    steps = np.where(quantum > 0, quantum, 1.0)
    whole = np.where(quantum > 0, np.ceil(hours / steps - _GRAIN) * steps, hours)
    return np.maximum(whole, not_negative("minimum_hours", minimum_hours))


@numeric()
def slots_of(
    vcpu: npt.ArrayLike,
    gpus: npt.ArrayLike,
    memory_gib: npt.ArrayLike,
    job_vcpu: npt.ArrayLike,
    job_gpus: npt.ArrayLike,
    job_memory_gib: npt.ArrayLike,
) -> Floats:
    """Equal jobs that fit on an instance at once, by their shares; a share of 0 binds nothing. 0: not even one.

    With all shares 0 a job takes the whole instance: 1. Raises InvalidInput for numbers below zero.
    """
    pairs = (
        (not_negative("vcpu", vcpu), not_negative("job_vcpu", job_vcpu)),
        (not_negative("gpus", gpus), not_negative("job_gpus", job_gpus)),
        (not_negative("memory_gib", memory_gib), not_negative("job_memory_gib", job_memory_gib)),
    )
    most = np.array(np.inf)
    for whole, share in pairs:
        fits = np.floor(whole / np.where(share > 0, share, 1.0) + _GRAIN)
        most = np.minimum(most, np.where(share > 0, fits, np.inf))
    return np.where(np.isinf(most), 1.0, most)


def group_size(job_hours: npt.ArrayLike, least_hours: npt.ArrayLike) -> Floats:
    """How many short jobs make one of at least ``least_hours`` when run one after another; 1 for longer ones.

    Raises InvalidInput for hours that are not above zero.
    """
    hours, least = positive("job_hours", job_hours, bounded=True), not_negative("least_hours", least_hours)
    return np.maximum(np.ceil(least / hours - _GRAIN), 1.0)


def _checked(terms: Terms) -> Terms:
    """The terms as arrays. Raises InvalidInput for negative ones, and lanes, slots and instances that are not whole."""
    made = {}
    for name, value in terms._asdict().items():
        if name in ("lanes", "slots", "instances"):
            made[name] = count(name, value)
        elif name == "stretch":
            made[name] = positive(name, value, bounded=True)
        elif name == "held":
            made[name] = fraction(name, value)
        else:
            made[name] = not_negative(name, value, bounded=True)
    finite("usd_per_hour", made["usd_per_hour"])
    return Terms(**made)
