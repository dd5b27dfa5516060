"""Fills instances as they come free, each time with the kind of job that suits the free resources best.

List scheduling with a dot product for the fit: a job scores the sum over resources of its share times what is free of
it, each resource weighed by how much of it the waiting jobs need in all, so that what is plenty is used first.
"""

from __future__ import annotations

import heapq

import numpy as np

from costlib.models.checks import Floats
from costlib.models.packing_types import Arrangement, Ints

_GRAIN = 1e-9


def in_time(hours: Floats, shares: Floats, kind: Ints, instances: int, start: float, power: float) -> Arrangement:
    """Jobs of some kinds on so many instances, from ``start`` hours on; instances that get no job are left out.

    ``hours`` and ``kind`` of each job; ``shares`` (kinds, resources) of a whole instance. A score is multiplied by the
    kind's hours to the ``power``: at 0 the fit alone counts, at 1 long jobs come first.
    """
    waiting = [np.nonzero(kind == one)[0].tolist() for one in range(len(shares))]
    each = np.array([hours[jobs[0]] if jobs else 1.0 for jobs in waiting])
    left = np.array([len(jobs) for jobs in waiting])
    # A resource that the waiting jobs need more of, in all, weighs more.
    demand = (left * each) @ shares
    weight = shares * (demand / max(float(demand.max()), _GRAIN)) * (each**power)[:, None]
    free = np.ones((instances, shares.shape[1]))
    instance, begins, ends = np.zeros(len(hours), np.int64), np.zeros(len(hours)), np.zeros(instances)
    #: When something comes free: the hour, where, and of which kind (-1: the instance itself).
    events: list[tuple[float, int, int]] = [(start, place, -1) for place in range(instances)]
    heapq.heapify(events)
    while left.any():
        now, place, done = heapq.heappop(events)
        if done >= 0:
            free[place] += shares[done]
        # What ends at the same moment on the same instance is free at once.
        while events and events[0][1] == place and events[0][0] <= now + _GRAIN and events[0][2] >= 0:
            free[place] += shares[heapq.heappop(events)[2]]
        while True:
            room = free[place]
            fits = (left > 0) & (shares <= room + _GRAIN).all(axis=1)
            if not fits.any():
                break
            best = int(np.argmax(np.where(fits, weight @ room, -1.0)))
            job = waiting[best].pop()
            left[best] -= 1
            free[place] = room - shares[best]
            instance[job], begins[job] = place, now
            ends[place] = max(ends[place], now + each[best])
            heapq.heappush(events, (now + each[best], place, best))
    used = np.nonzero(ends > 0)[0]
    return np.searchsorted(used, instance), begins, ends[used]
