"""When to run on spot, when on-demand and when to wait: rules that look at the past only, for many jobs at once.

A policy says what it wants; the safety net (``guarded``) overrules it at the last safe moment.
Reference: Z. Wu et al., "Can't Be Late: Optimizing Spot Instance Savings under Deadlines", NSDI 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Modes = npt.NDArray[np.int8]


@dataclass(slots=True)
class Now:
    """What a policy sees at the start of a step: (jobs,) arrays. ``mode`` is after this step's preemptions.

    ``step`` counts from the job's start (one number, or one a job); ``switching_seconds`` are left of a changeover;
    ``saved_seconds`` of the ``done_seconds`` of work cannot be lost. ``jobs`` are the jobs' numbers, of which finished
    ones drop out.
    """

    step: float | Floats
    available: Bools
    mode: Modes
    switching_seconds: Floats
    done_seconds: Floats
    saved_seconds: Floats
    jobs: npt.NDArray[np.int64]


class Policy(Protocol):
    """What jobs can be run by."""

    def begin(self, terms: Terms, jobs: int) -> Rule:
        """The rule for so many jobs at their start; itself, if it remembers nothing."""
        ...


class Rule(Protocol):
    """A policy at work; ``guarded`` ones are held to the safety net."""

    guarded: bool

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """IDLE, SPOT (only where available) or ON_DEMAND for each job."""
        ...


@runtime_checkable
class SteadyRule(Rule, Protocol):
    """A rule that can tell how long it will want the same while availability stays as it is."""

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """Whole steps, this one included, for which ``chosen`` surely stays the wish; below 1 counts as 1.

        ``run_steps``: steps, this one included, until availability changes.
        """
        ...


def guard(wanted: Modes, now: Now, terms: Terms) -> Modes:
    """The safety net over what a policy wants: on-demand at the last moment from which the deadline is safe.

    Wu et al., safety net and exploitation rules in whole steps, as in the authors' code: not on spot, two
    changeovers must still fit; on spot, one, and past that point spot that makes progress may go on (its slack does
    not shrink) while a start is given up. With checkpoints the unsaved work is taken as lost at the next step.
    """
    latest = terms.latest_seconds(np.asarray(now.step, dtype=float))
    on_spot = now.mode == SPOT
    if terms.interval_seconds is not None:
        unsaved = terms.interval_seconds + terms.write_seconds
        needed = np.where(
            on_spot,
            terms.work_seconds - now.saved_seconds + terms.changeover_seconds,
            terms.work_seconds - now.done_seconds + 2 * terms.changeover_seconds + unsaved,
        )
        return np.where(needed > latest, np.int8(ON_DEMAND), wanted)
    spare = latest - terms.work_seconds + now.done_seconds
    if spare.min() >= 2 * terms.changeover_seconds:
        return wanted
    past = spare < terms.changeover_seconds
    late = past | (~on_spot & (spare < 2 * terms.changeover_seconds))
    rides = past & on_spot & (now.switching_seconds < 1e-3)
    return np.where(late, np.where(rides, np.int8(SPOT), np.int8(ON_DEMAND)), wanted)


def line_lost_seconds(terms: Terms) -> float:
    """What Uniform Progress takes a start to lose: the changeover, and half an interval and a write of checkpoints."""
    if terms.interval_seconds is None:
        return terms.changeover_seconds
    return terms.changeover_seconds + (terms.interval_seconds / 2 + terms.write_seconds)


class OnDemand:
    """On-demand from start to end."""

    guarded = False

    def begin(self, terms: Terms, jobs: int) -> OnDemand:
        """Itself."""
        return self

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """ON_DEMAND."""
        return np.full(len(now.mode), ON_DEMAND, dtype=np.int8)

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """For good."""
        return np.full(len(chosen), np.inf)


class SpotOnly:
    """Spot whenever it is there, else wait, past any deadline."""

    guarded = False

    def begin(self, terms: Terms, jobs: int) -> SpotOnly:
        """Itself."""
        return self

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """SPOT where available, else IDLE."""
        return now.available.view(np.int8)

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """Until availability changes."""
        return run_steps


class SafetyNet:
    """Spot whenever it is there, else wait; on-demand, for good, from the last safe moment on (section 3.4)."""

    guarded = True

    def begin(self, terms: Terms, jobs: int) -> SafetyNet:
        """Itself."""
        return self

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """ON_DEMAND once there, else SPOT where available, else IDLE."""
        held = now.mode == ON_DEMAND
        return np.where(held, np.int8(ON_DEMAND), now.available.view(np.int8))

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """On-demand for good, else until availability changes."""
        return np.where(chosen == ON_DEMAND, np.inf, run_steps)


@dataclass(frozen=True)
class UniformProgress:
    """Keeps progress at or above the straight line to the deadline, with spot where it is there (section 4.3).

    ``hysteresis``: on-demand is left only when progress is ahead of the line by two changeovers.
    ``waits_when_ahead``: on-demand is left for idling as soon as progress is ahead, which is how the paper's third
    rule reads; the authors' code, and the paper's numbers, leave on-demand only for spot that is there.
    """

    hysteresis: bool = True
    waits_when_ahead: bool = False
    guarded = True

    def begin(self, terms: Terms, jobs: int) -> UniformProgress:
        """Itself."""
        return self

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """The rule before the safety net."""
        rate = terms.work_seconds / terms.deadline_seconds
        elapsed = now.step * terms.step_seconds
        lost = line_lost_seconds(terms)
        line = elapsed * rate
        line_ahead = (elapsed + 2 * lost) * rate
        behind = now.done_seconds < line
        wanted = np.where(now.available, np.int8(SPOT), np.where(behind, np.int8(ON_DEMAND), np.int8(IDLE)))
        on_demand = now.mode == ON_DEMAND
        stays = np.zeros(len(wanted), dtype=bool)
        if self.hysteresis:
            stays = now.done_seconds <= line_ahead
        if not self.waits_when_ahead:
            stays = stays | ~now.available
        return np.where(on_demand & stays, np.int8(ON_DEMAND), wanted)

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """Until availability changes, or progress falls behind the line (idle) or gets ahead of it (on-demand)."""
        rate = terms.work_seconds / terms.deadline_seconds
        elapsed = now.step * terms.step_seconds
        # Above the line by so much progress; it moves by a step's share of the line, or what on-demand gains on it.
        above = now.done_seconds - elapsed * rate
        line = terms.step_seconds * rate
        bound = np.where(chosen == IDLE, above / line, np.inf)
        leaves = chosen == ON_DEMAND
        if not self.waits_when_ahead:
            leaves = leaves & now.available
        if self.hysteresis:
            gain = max(terms.step_seconds - line, 1e-9)
            bound = np.where(leaves, (2 * line_lost_seconds(terms) * rate - above) / gain, bound)
        else:
            bound[leaves] = 0.0
        # Room for rounding: to review a step too early costs time, a step too late would be wrong.
        return np.minimum(run_steps, np.floor(bound - 1e-6) + 1.0)
