"""A set of jobs on a service, event by event: what overhead computes in closed form is held against this."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.checks import count, one, positive
from costlib.models.overhead import Terms, round_up


@dataclass
class _Group:
    """One group: when its billing began, and when the last of its jobs ends."""

    began_hours: float
    ends_hours: float


@dataclass(frozen=True)
class Replay:
    """``instance_hours`` billed over all instances, ``usd`` with what is fixed, ``makespan_hours``, ``groups`` used."""

    instance_hours: float
    usd: float
    makespan_hours: float
    groups: int


def replay(terms: Terms, job_hours: npt.ArrayLike) -> Replay:
    """Runs each job of ``job_hours`` (one number a job, in the order of the queue) and bills what was kept.

    A job takes a slot of a group that just started, else a new group while fewer than ``lanes`` run, else the next slot
    that comes free: of a kept group, or of one that starts when another has ended. Raises InvalidInput.
    """
    t = Terms(*(one(name, value) for name, value in terms._asdict().items()))
    slots, start, warm = int(count("slots", t.slots)), float(t.start_hours), float(t.warm_hours)
    count("lanes", t.lanes)
    hours = positive("job_hours", np.ravel(np.asarray(job_hours, float)), bounded=True) * t.stretch
    groups: list[_Group] = []
    running = 0
    #: Slots of the newest group where no job ran yet, and slots whose job has ended: free from when, of which group.
    fresh: list[tuple[float, int]] = []
    free: list[tuple[float, int]] = []

    def launch(at_hours: float) -> None:
        began = at_hours + float(t.wait_hours)
        groups.append(_Group(began, began))
        fresh.extend([(began + start, len(groups) - 1)] * slots)

    for job in hours.tolist():
        if not fresh and running < t.lanes:
            launch(0.0)
            running += 1
        elif not fresh and not t.held:
            # The group that ends first: when all its slots have, the next group starts in its place.
            ends = {place: max(when for when, of in free if of == place) for _, place in free}
            first = min(ends, key=lambda place: ends[place])
            free = [slot for slot in free if slot[1] != first]
            launch(ends[first])
        if fresh:
            when, place = fresh.pop()
            end = when + job
        else:
            when, place = heapq.heappop(free)
            end = when + warm + job
        groups[place].ends_hours = max(groups[place].ends_hours, end)
        heapq.heappush(free, (end, place))
    window = float(t.window_hours) if t.held else 0.0
    spans = [max(group.ends_hours - group.began_hours, window) + float(t.tail_hours) for group in groups]
    paid = float(np.sum(round_up(np.array(spans), t.quantum_hours, t.minimum_hours)) * t.instances)
    last = max(group.ends_hours for group in groups)
    total = float(t.fixed_usd + np.asarray(t.usd_per_hour) * paid)
    return Replay(paid, total, max(last, float(np.asarray(t.window_hours))), len(groups))
