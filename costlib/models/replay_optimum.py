"""The least that a job could have cost, had its trace been known: the bound that no policy can beat."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from costlib.models.replay_terms import Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Numbers that one batch of starts may hold for each mode.
BATCH_NUMBERS = 2_000_000


def optimum_seconds(trace: Bools, terms: Terms, starts: Ints, billed_by_second: bool = False) -> Floats:
    """Least cost from each start, in seconds of on-demand; infinite where the deadline cannot be met.

    Dynamic programming over (step, mode, slack lost). Slack is lost by idling (a step) and by starting an instance (a
    changeover, and with checkpoints a write from the second start on: the clairvoyant saves just before each stop);
    work loses none. The job is done by the deadline if it lost no more slack than there is. Exact to the greatest
    common divisor of step, work and changeover, which are taken in whole seconds.
    """
    size, work, first, write = (
        round(value)
        for value in (terms.step_seconds, terms.work_seconds, terms.changeover_seconds, terms.write_seconds)
    )
    again = first + write
    unit = math.gcd(size, work, first, again) or 1
    slack = terms.steps * size - work
    if slack < 0:
        return np.full(len(starts), np.inf)
    states = slack // unit + 1
    batch = max(BATCH_NUMBERS // states, 1)
    sizes = (size // unit, work // unit, first // unit, again // unit)
    parts = [
        _batch(trace, terms, starts[at : at + batch], states, sizes, unit, billed_by_second)
        for at in range(0, len(starts), batch)
    ]
    return np.concatenate(parts)


def _batch(
    trace: Bools,
    terms: Terms,
    starts: Ints,
    states: int,
    sizes: tuple[int, int, int, int],
    unit: int,
    billed_by_second: bool,
) -> Floats:
    """The recursion for some starts: rows are starts, columns the units of slack lost so far."""
    size, work, first, again = sizes
    jobs = len(starts)
    step_seconds = terms.step_seconds
    idle, spot, on_demand = (np.full((jobs, states), np.inf) for _ in range(3))
    best = np.full(jobs, np.inf)
    for step in range(terms.steps):
        there = trace[starts + step]
        # A first start in this step: the steps before it were idle.
        fresh = step * size + first
        new_spot = _started(np.minimum(idle, on_demand), again)
        new_on_demand = _started(np.minimum(idle, spot), again)
        np.minimum(new_spot, spot, out=new_spot)
        np.minimum(new_on_demand, on_demand, out=new_on_demand)
        if fresh < states:
            new_spot[:, fresh] = np.minimum(new_spot[:, fresh], 0.0)
            new_on_demand[:, fresh] = np.minimum(new_on_demand[:, fresh], 0.0)
        new_spot += terms.spot_price_ratio * step_seconds
        new_spot[~there] = np.inf
        new_on_demand += step_seconds
        idle = _started(np.minimum(np.minimum(idle, spot), on_demand), size)
        spot, on_demand = new_spot, new_on_demand
        if billed_by_second:
            # Work done is elapsed less slack lost; what it exceeds the job by was not used of this step.
            most = (step + 1) * size - work
            low, high = max(most - size, 0), min(most, states - 1)
            if high >= low >= 0 and most >= 0:
                over = (most - np.arange(low, high + 1)) * unit
                for mode, price in ((spot, terms.spot_price_ratio), (on_demand, 1.0)):
                    best = np.minimum(best, (mode[:, low : high + 1] - price * over).min(axis=1))
    if not billed_by_second:
        best = np.minimum(np.minimum(idle, spot), on_demand).min(axis=1)
    return best


def _started(costs: Floats, lost: int) -> Floats:
    """The costs with so many more units of slack lost; what loses more than there is drops out."""
    moved = np.full_like(costs, np.inf)
    if lost < costs.shape[1]:
        moved[:, lost:] = costs[:, : costs.shape[1] - lost]
    return moved
