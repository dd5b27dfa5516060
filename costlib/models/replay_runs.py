"""The replay in strides: each job goes from one change of availability, or of its policy's mind, to the next.

Gives what the loop over single steps gives (a test holds it), for policies that can tell how long their wish holds and
work that is durable at once; it is faster by as many steps as availability stays the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.replay_fleet import Fleet
from costlib.models.replay_policies import Now, SteadyRule, guard
from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Modes = npt.NDArray[np.int8]


def steps_to_change(trace: Bools) -> Floats:
    """For each step of a trace, the steps until availability changes, this one included; the end is a change."""
    ends = np.append(np.nonzero(np.diff(trace))[0] + 1, len(trace))
    here = np.arange(len(trace))
    return (ends[np.searchsorted(ends, here, side="right")] - here).astype(float)


def stride(trace: Bools, terms: Terms, rule: SteadyRule, starts: Ints) -> tuple[Fleet, Floats, Floats]:
    """Every job at its end: the columns, the step in which it finished, and the seconds it used of that step."""
    flags = np.append(trace, False)
    runs = np.append(steps_to_change(trace), np.inf)
    fleet = Fleet.fresh(starts)
    ended = Fleet.fresh(starts)
    step = np.zeros(len(starts))
    last_step, last_used = np.zeros(len(starts)), np.zeros(len(starts))
    size = terms.step_seconds
    while len(fleet.jobs):
        at = np.minimum(fleet.first + step.astype(np.int64), len(trace))
        there = flags[at]
        run_steps = runs[at]
        fleet.preempt(there)
        now = Now(step, there, fleet.mode, fleet.switching, fleet.done, fleet.done, fleet.jobs)
        wanted = rule.wanted(now, terms)
        chosen = guard(wanted, now, terms) if rule.guarded else wanted
        steps = rule.holds_steps(now, chosen, run_steps, terms)
        fleet.switch(chosen, terms)
        if rule.guarded:
            steps = np.where(chosen == wanted, np.minimum(steps, _safe_steps(fleet, step, terms)), steps)
            # Spot that rides past the point of no return goes on to the next change; on-demand, to the end.
            forced = np.where(chosen == SPOT, run_steps, np.inf)
            steps = np.where(chosen == wanted, steps, forced)
        steps = np.maximum(steps, 1.0)
        active = chosen != IDLE
        left = fleet.switching + (terms.work_seconds - fleet.done)
        to_end = np.ceil(left / size - 1e-9)
        finished = active & (to_end <= steps)
        steps = np.where(finished, to_end, steps)
        # Beyond the trace nothing comes: who waits there waits for ever.
        stuck = ~active & (at >= len(trace))
        seconds = np.where(active, steps * size, 0.0)
        waits = np.minimum(fleet.switching, seconds)
        fleet.switching = fleet.switching - waits
        fleet.saved = fleet.done = fleet.done + (seconds - waits)
        fleet.spot_steps += np.where(chosen == SPOT, steps, 0.0)
        fleet.on_demand_steps += np.where(chosen == ON_DEMAND, steps, 0.0)
        step = step + steps
        ends = finished | stuck
        if ends.any():
            jobs, alone = fleet.jobs[ends], stuck[ends]
            last_step[jobs] = np.where(alone, np.inf, step[ends] - 1.0)
            last_used[jobs] = size
            last_used[fleet.jobs[finished]] = left[finished] - (steps[finished] - 1.0) * size
            ended.put(jobs, fleet, ends)
            step = step[~ends]
            fleet.keep(~ends)
    return ended, last_step, last_used


def _safe_steps(fleet: Fleet, step: Floats, terms: Terms) -> Floats:
    """Steps for which the safety net surely stays silent, after the switch, while the mode is kept."""
    spare = terms.latest_seconds(step) - terms.work_seconds + fleet.done
    idle = np.floor((spare - 2 * terms.changeover_seconds) / terms.step_seconds - 1e-6) + 1.0
    # Work keeps its slack; only what is left of a changeover still shrinks it.
    starts = (fleet.switching > 0) & (spare - fleet.switching < terms.changeover_seconds)
    spot = np.where(starts, 1.0, np.inf)
    return np.where(fleet.mode == IDLE, idle, np.where(fleet.mode == SPOT, spot, np.inf))
