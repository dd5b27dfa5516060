"""Many independent jobs on equal instances, side by side and one after another: where and when each runs.

Each job needs a share of an instance (vCPU, GPUs, memory) for its hours; an instance is billed from its start until its
last job ends. The jobs are placed one at a time where they add least, in several orders, and the cheapest arrangement
within the time is kept: best-fit decreasing over time (list scheduling, Graham 1966; vector packing with several
orders). The problem is NP-hard; the answer is no proof, and ``bound_hours`` says how far it can be off at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import Floats, not_negative, one, positive

Ints = npt.NDArray[np.int64]
_GRAIN = 1e-9
#: Random orders beside the sorted ones, for few jobs: more of them than that add nothing to small cases.
_TRIES, _FEW = 96, 24
#: Of more jobs than these two orders are tried: the rest gain little, and take a second.
_MANY = 120


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
    orders = _orders(hours, needs / whole, seed)
    if deadline_hours is None:
        quick = [_place(hours, needs, whole, order, most_instances, start, np.inf, True) for order in orders[:4]]
        limit = min(float(found[2].max()) for found in quick if found is not None)
    best = None
    for order in orders:
        found = _place(hours, needs, whole, order, most_instances, start, limit + _GRAIN, False)
        if found is not None and (best is None or found[2].sum() < best[2].sum() - _GRAIN):
            best = found
    if best is None and deadline_hours is None:
        best = min((found for found in quick if found is not None), key=lambda found: float(found[2].max()))
    if best is None:
        raise InvalidInput([Fault("deadline_hours", limit, f"is not held on {most_instances} instances")])
    return Packing(best[0], best[1], best[2], bound)


def _in_waves(
    count: int, hours: float, need: Floats, whole: Floats, most: int, start: float, deadline: float | None
) -> tuple[Ints, Floats, Floats]:
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


def _orders(hours: Floats, shares: Floats, seed: int) -> list[Ints]:
    """Orders in which to place the jobs: by length, largest share, area; and, for few jobs, random ones."""
    largest, total = shares.max(axis=1), shares.sum(axis=1)
    keys = [(-total, -hours), (-hours, -largest), (-largest, -hours), (-hours * total, -hours * largest)]
    orders = [np.lexsort((second, first)) for first, second in keys]
    if len(hours) > _MANY:
        return orders[:2]
    if len(hours) <= _FEW:
        made = np.random.default_rng(seed)
        orders += [made.permutation(len(hours)) for _ in range(_TRIES)]
    return orders


def _place(
    hours: Floats, needs: Floats, whole: Floats, order: Ints, most: int, start: float, limit: float, early: bool
) -> tuple[Ints, Floats, Floats] | None:
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
