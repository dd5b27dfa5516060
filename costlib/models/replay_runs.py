"""The replay in strides: each job goes from one change of availability, or of its policy's mind, to the next.

Gives what the loop over single steps gives (a test holds it), for policies that can tell how long their wish holds;
it is faster by as many steps as availability stays the same, and by what ``replay_leap`` skips.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.replay_fleet import Fleet
from costlib.models.replay_leap import leap
from costlib.models.replay_policies import Now, SteadyRule, guard
from costlib.models.replay_terms import IDLE, SPOT, Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Modes = npt.NDArray[np.int8]


#: Finished jobs are dropped once they are one in so many.
COMPACT_AT = 6


def steps_to_change(trace: Bools) -> Floats:
    """For each step of a trace, the steps until availability changes, this one included; the end is a change."""
    ends = np.append(np.nonzero(np.diff(trace))[0] + 1, len(trace))
    here = np.arange(len(trace))
    return (ends[np.searchsorted(ends, here, side="right")] - here).astype(float)


def stride(trace: Bools, terms: Terms, rule: SteadyRule, starts: Ints) -> tuple[Fleet, Floats, Floats]:
    """Every job at its end: the columns, the step in which it finished, and the seconds it used of that step."""
    flags = np.append(trace, False)
    runs = np.append(steps_to_change(trace), np.inf)
    fleet, step = leap(trace, terms, rule, starts)
    ended = Fleet.fresh(starts)
    last_step, last_used = np.zeros(len(starts)), np.zeros(len(starts))
    over = np.zeros(len(starts), dtype=bool)
    done_with = 0
    size = terms.step_seconds
    durable = terms.interval_seconds is None
    while len(fleet.jobs):
        at = np.minimum(fleet.first + step.astype(np.int64), len(trace))
        there = flags[at]
        run_steps = runs[at]
        fleet.preempt(there)
        now = Now(step, there, fleet.mode, fleet.switching, fleet.done, fleet.saved, fleet.jobs)
        wanted = rule.wanted(now, terms)
        chosen = guard(wanted, now, terms) if rule.guarded else wanted
        steps = rule.holds_steps(now, chosen, run_steps, terms)
        fleet.switch(chosen, terms)
        active = chosen != IDLE
        on_spot = chosen == SPOT
        if rule.guarded:
            safe = _safe_steps(fleet, step, active, on_spot, terms)
            steps = np.minimum(steps, safe if durable else np.minimum(safe, _safe_unsaved_steps(fleet, step, terms)))
            if chosen is not wanted:
                # Spot that rides past the point of no return goes on to the next change; on-demand, to the end.
                forced = np.where(on_spot, run_steps, np.inf)
                steps = np.where(chosen == wanted, steps, forced)
        steps = np.maximum(steps, 1.0)
        left = fleet.switching + (fleet.running_seconds(terms) if not durable else terms.work_seconds - fleet.done)
        to_end = np.ceil(left / size - 1e-9)
        finished = active & (to_end <= steps)
        steps = np.where(finished, to_end, steps)
        # Beyond the trace nothing comes: who waits there waits for ever.
        stuck = ~active & (at >= len(trace))
        steps = np.where(stuck, 0.0, steps)
        fleet.go(steps, active, on_spot, terms)
        step = step + steps
        ends = np.nonzero((finished | stuck) & ~over)[0]
        if len(ends):
            jobs, alone = fleet.jobs[ends], stuck[ends]
            last_step[jobs] = np.where(alone, np.inf, step[ends] - 1.0)
            last_used[jobs] = np.where(alone, size, left[ends] - (steps[ends] - 1.0) * size)
            ended.put(jobs, fleet, ends)
            over[ends] = True
            done_with += len(ends)
            # To drop rows moves all columns, so it waits until enough are over; what they do meanwhile is not read.
            if done_with * COMPACT_AT >= len(over):
                step, kept, done_with = step[~over], ~over, 0
                fleet.keep(kept)
                over = np.zeros(len(step), dtype=bool)
    return ended, last_step, last_used


def _safe_steps(fleet: Fleet, step: Floats, active: Bools, on_spot: Bools, terms: Terms) -> Floats:
    """Steps for which the safety net surely stays silent, after the switch, while the mode is kept."""
    spare = terms.latest_seconds(step) - terms.work_seconds + fleet.done
    if terms.interval_seconds is not None:
        spare -= terms.interval_seconds + terms.write_seconds
    # Work keeps its slack; only what is left of a changeover still shrinks it, and waiting all of it.
    idle = np.floor((spare - 2 * terms.changeover_seconds) / terms.step_seconds - 1e-6) + 1.0
    idle[active] = np.inf
    if terms.interval_seconds is None:
        idle[on_spot & (spare - fleet.switching < terms.changeover_seconds)] = 1.0
    return idle


def _safe_unsaved_steps(fleet: Fleet, step: Floats, terms: Terms) -> Floats:
    """Steps for which spot may surely go on though its unsaved work could be lost; infinite for what is not on spot.

    Slack shrinks by all time until a checkpoint is written, and over many cycles by their writes alone.
    """
    assert terms.interval_seconds is not None
    size, interval = terms.step_seconds, terms.interval_seconds
    cycle = interval + terms.write_seconds
    spare = terms.latest_seconds(step) - terms.work_seconds + fleet.saved - terms.changeover_seconds
    until_saved = np.floor(spare / size - 1e-6) + 1.0
    # So many steps on, this many seconds at least are saved: all but one interval, of what ran less the writes.
    ran = fleet.base + (fleet.ran - fleet.switching) * (interval / cycle) - interval - fleet.saved
    shrinks = size * max(terms.write_seconds / cycle, 1e-9)
    over_cycles = np.floor((spare + np.minimum(ran, 0.0)) / shrinks - 1e-6) + 1.0
    return np.where(fleet.mode == SPOT, np.maximum(until_saved, over_cycles), np.inf)
