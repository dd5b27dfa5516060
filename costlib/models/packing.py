"""Many independent jobs on equal instances, side by side and one after another: where and when each runs.

Each job needs a share of an instance (vCPU, GPUs, memory) for its hours; an instance is billed from its start until
its last job ends. Two kinds of rules compete, and the cheapest arrangement within the time is kept: jobs one at a time
where they add least, in several orders (best-fit decreasing, over time), and instances filled as they come free with
what suits their free resources best (packing_in_time). The problem is NP-hard; the answer is no proof, and
``bound_hours`` says how far it can be off at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import Floats, not_negative, one, positive
from costlib.models.packing_in_time import in_time
from costlib.models.packing_types import Arrangement, Ints

_GRAIN = 1e-9
#: Random orders beside the sorted ones, for few jobs: more of them than that add nothing to small cases.
_TRIES, _FEW = 64, 16
#: Of more jobs than these two orders are tried: the rest gain little, and take a second.
_MANY = 120
#: Up to so many kinds of jobs, arrangements in time are tried, too.
_KINDS = 12


@dataclass(frozen=True)
class Packing:
    """``instance`` and ``start_hours`` of each job, in the order given; an instance's clock starts with its billing.

    ``ends_hours`` of each instance's last job; ``instance_hours`` is their sum. ``bound_hours``: no arrangement on such
    instances is billed less. ``makespan_hours``: the latest end.
    """

    instance: Ints
    start_hours: Floats
    ends_hours: Floats
    bound_hours: float

    @property
    def instances(self) -> int:
        """How many instances are used."""
        return len(self.ends_hours)

    @property
    def instance_hours(self) -> float:
        """What is billed, over all instances."""
        return float(self.ends_hours.sum())

    @property
    def makespan_hours(self) -> float:
        """When the last job ends."""
        return float(self.ends_hours.max())


def pack(
    job_hours: npt.ArrayLike,
    shares: npt.ArrayLike,
    capacity: npt.ArrayLike,
    most_instances: int,
    start_hours: float = 0.0,
    deadline_hours: float | None = None,
    seed: int = 0,
) -> Packing:
    """The cheapest arrangement found that ends by ``deadline_hours``; without one, as early as is found.

    ``job_hours``: (jobs,); ``shares``: (jobs, resources), of ``capacity`` (resources,); ``start_hours``: before the
    first job on each instance. ``seed`` orders ties. Raises InvalidInput for shares larger than an instance, hours that
    are not above zero, and a deadline that is not held on so many instances.
    """
    hours = positive("job_hours", np.atleast_1d(np.asarray(job_hours, float)), bounded=True)
    whole = positive("capacity", capacity, bounded=True)
    needs = not_negative("shares", np.asarray(shares, float).reshape(len(hours), -1), bounded=True)
    start = one("start_hours", not_negative("start_hours", start_hours))
    faults = []
    if needs.shape[1] != whole.size:
        faults.append(Fault("shares", needs.shape[1], f"resources are given; an instance has {whole.size}"))
    elif (needs > whole + _GRAIN).any():
        job = int(np.argmax((needs > whole + _GRAIN).any(axis=1)))
        faults.append(Fault("shares", needs[job].tolist(), f"are more than an instance has, {whole.tolist()}"))
    if not (isinstance(most_instances, (int, np.integer)) and most_instances >= 1):
        faults.append(Fault("most_instances", most_instances, "must be a whole number of at least 1"))
    if faults:
        raise InvalidInput(faults)
    limit = np.inf if deadline_hours is None else one("deadline_hours", deadline_hours)
    bound = max(float((hours @ (needs / whole)).max()) + start, float(hours.max()) + start)
    if len(np.unique(np.column_stack([hours, needs]), axis=0)) == 1:
        equal = _in_waves(len(hours), float(hours[0]), needs[0], whole, most_instances, start, deadline_hours)
        return Packing(*equal, bound)
    found = list(_arrangements(hours, needs, whole, most_instances, start, limit, seed))
    if deadline_hours is None:
        # Within the soonest end that was found, again: what was only soon may now be had for less.
        limit = min(float(ends.max()) for _, _, ends in found)
        found += _arrangements(hours, needs, whole, most_instances, start, limit, seed)
    good = [one for one in found if float(one[2].max()) <= limit + _GRAIN]
    if not good:
        raise InvalidInput([Fault("deadline_hours", limit, f"is not held on {most_instances} instances")])
    best = min(good, key=lambda one: float(one[2].sum()))
    return Packing(best[0], best[1], best[2], bound)


def _in_waves(
    count: int, hours: float, need: Floats, whole: Floats, most: int, start: float, deadline: float | None
) -> Arrangement:
    """Equal jobs, as many beside each other as fit, wave after wave: on no more instances than end in time."""
    with np.errstate(divide="ignore"):
        beside = float(np.floor(np.min(np.where(need > 0, whole / need, np.inf)) + _GRAIN))
    slots = int(min(beside, count))
    units = -(-count // slots)
    waves = -(-units // most) if deadline is None else min(int((deadline + _GRAIN - start) / hours), units)
    if waves < -(-units // most):
        raise InvalidInput([Fault("deadline_hours", deadline, f"is not held on {most} instances")])
    used = -(-units // waves)
    unit = np.arange(count) // slots
    place, wave = unit % used, unit // used
    begins = start + wave * hours
    ends = np.zeros(used)
    np.maximum.at(ends, place, begins + hours)
    return place.astype(np.int64), np.asarray(begins, float), np.asarray(ends, float)


def _arrangements(
    hours: Floats, needs: Floats, whole: Floats, most: int, start: float, limit: float, seed: int
) -> Iterator[Arrangement]:
    """Arrangements by several rules; without a limit the soonest of each, else the cheapest that ends within it."""
    early = not np.isfinite(limit)
    for order in _orders(hours, needs / whole, seed, _TRIES // 4 if early else _TRIES):
        placed = _place(hours, needs, whole, order, most, start, limit + _GRAIN, early)
        if placed is not None:
            yield placed
    kinds, kind = np.unique(np.column_stack([hours, needs / whole]), axis=0, return_inverse=True)
    if len(kinds) > _KINDS:
        return
    # No fewer instances hold the work; more than all are of no use.
    least = (
        int(np.ceil(float((hours @ (needs / whole)).max()) / max(limit - start, _GRAIN) - _GRAIN))
        if not early
        else most
    )
    for count in _few(min(max(least, 1), most), most):
        for power in (0.0, 0.5, 1.0):
            yield in_time(hours, kinds[:, 1:], kind.ravel(), count, start, power)


def _few(low: int, high: int) -> list[int]:
    """Some whole numbers from ``low`` to ``high``, each of the first ones."""
    return sorted({*range(low, min(low + 8, high + 1)), *np.linspace(low, high, 4).astype(int).tolist()})


def _orders(hours: Floats, shares: Floats, seed: int, tries: int) -> list[Ints]:
    """Orders in which to place the jobs: by length, largest share, area; and, for few jobs, random ones."""
    largest, total = shares.max(axis=1), shares.sum(axis=1)
    keys = [(-total, -hours), (-hours, -largest), (-largest, -hours), (-hours * total, -hours * largest)]
    orders = [np.lexsort((second, first)) for first, second in keys]
    if len(hours) > _MANY:
        return orders[:2]
    if len(hours) <= _FEW:
        made = np.random.default_rng(seed)
        orders += [made.permutation(len(hours)) for _ in range(tries)]
    return orders


def _place(
    hours: Floats, needs: Floats, whole: Floats, order: Ints, most: int, start: float, limit: float, early: bool
) -> Arrangement | None:
    """Places the jobs in ``order``; None where one ends after ``limit`` wherever it goes.

    ``early``: each where it ends first; else where it adds least to what is billed, then where it starts first. An
    open instance is the starts, ends and shares of its jobs, one a column; a job may go to its first hour, or the end
    of one of its jobs.
    """
    count = len(hours)
    begins, ends = np.full((0, 0), np.inf), np.full((0, 0), -np.inf)
    taken = np.zeros((0, 0, whole.size))
    last = np.zeros(0)
    held = np.zeros(0, np.int64)
    instance, at = np.zeros(count, np.int64), np.zeros(count)
    for job in order:
        spot, fresh = None, len(last) < most
        if len(last):
            spot = _cheapest(hours[job], needs[job], whole, begins, ends, taken, last, start, limit, early)
        opened = (start + hours[job], start + hours[job], start) if fresh and start + hours[job] <= limit else None
        if spot is None and opened is None:
            return None
        if spot is None or (opened is not None and opened < spot[0]):
            place, when = len(last), start
            last, held = np.append(last, 0.0), np.append(held, 0)
            begins = np.vstack([begins, np.full((1, begins.shape[1]), np.inf)])
            ends = np.vstack([ends, np.full((1, ends.shape[1]), -np.inf)])
            taken = np.concatenate([taken, np.zeros((1, *taken.shape[1:]))])
        else:
            place, when = spot[1], spot[2]
        if held[place] == begins.shape[1]:
            more = max(4, begins.shape[1])
            begins = np.pad(begins, ((0, 0), (0, more)), constant_values=np.inf)
            ends = np.pad(ends, ((0, 0), (0, more)), constant_values=-np.inf)
            taken = np.pad(taken, ((0, 0), (0, more), (0, 0)))
        column = held[place]
        begins[place, column], ends[place, column], taken[place, column] = when, when + hours[job], needs[job]
        held[place] += 1
        last[place] = max(last[place], when + hours[job])
        instance[job], at[job] = place, when
    return instance, at, last


def _cheapest(
    hours: float,
    need: Floats,
    whole: Floats,
    begins: Floats,
    ends: Floats,
    taken: Floats,
    last: Floats,
    start: float,
    limit: float,
    early: bool,
) -> tuple[tuple[float, float, float], int, float] | None:
    """The best place on open instances: (what it is judged by), instance, start; None where there is none."""
    free = whole + _GRAIN - need
    times = np.concatenate([np.full((len(last), 1), start), np.where(ends > 0, ends, np.inf)], axis=1)
    # Who runs at each start that the job may have, and at each start of a job that is there: [instance, time, job].
    moments = np.concatenate([times, begins], axis=1)
    runs = (begins[:, None, :] <= moments[:, :, None] + _GRAIN) & (ends[:, None, :] > moments[:, :, None] + _GRAIN)
    fits = (np.einsum("itj,ijr->itr", runs.astype(float), taken) <= free).all(axis=2)
    here, there = fits[:, : times.shape[1]], fits[:, times.shape[1] :]
    meets = (begins[:, None, :] > times[:, :, None] + _GRAIN) & (
        begins[:, None, :] < times[:, :, None] + hours - _GRAIN
    )
    good = here & ~(meets & ~there[:, None, :]).any(axis=2) & (times + hours <= limit)
    if not good.any():
        return None
    done = np.where(good, times + hours, np.inf)
    added = np.where(good, np.maximum(done - last[:, None], 0.0), np.inf)
    first, second = (done, added) if early else (added, done)
    key = np.lexsort((times.ravel(), second.ravel(), first.ravel()))[0]
    place, column = divmod(int(key), times.shape[1])
    judged = (float(first[place, column]), float(second[place, column]), float(times[place, column]))
    return judged, place, float(times[place, column])
