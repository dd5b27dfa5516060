"""The policy that looks ahead: at each step it takes what costs least on average, and never what a trace could punish.

What to expect of a kind of capacity is a table (``replay_outlook``); which kind it is, each job learns from what it has
seen since its own start, and from nothing else. Deadlines are safe by rule, not by expectation: a step is only taken if
on-demand can still finish in time whatever availability does next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.availability_kinds import Kinds, log_likelihoods, normalised, stage_of
from costlib.models.availability_recorded import RECORDED_KINDS
from costlib.models.replay_outlook import NEVER, RUN_ON_DEMAND, RUN_SPOT, START_SPOT, WAIT, outlook_of
from costlib.models.replay_policies import Modes, Now, guard
from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Rounding of sums of seconds.
TINY_SECONDS = 1e-6
#: To change over must pay by more than this many hours of on-demand: ties stay.
TIE_HOURS = 1e-6


@dataclass(frozen=True)
class Lookahead:
    """Least expected cost over kinds of capacity, weighed by how likely each is after what the job has seen."""

    kinds: Kinds = RECORDED_KINDS

    def begin(self, terms: Terms, jobs: int) -> _Watching:
        """The policy at the start of so many jobs, which have seen nothing yet."""
        return _Watching(self.kinds, terms, jobs)


class _Watching:
    """The policy while it runs: what each job has seen."""

    guarded = False

    def __init__(self, kinds: Kinds, terms: Terms, jobs: int) -> None:
        self.outlook = outlook_of(terms, kinds)
        self.step_hours = terms.step_seconds / SECONDS_PER_HOUR
        self.log_likelihoods = log_likelihoods(kinds, self.step_hours)
        self.log_odds = np.tile(np.log(np.array(kinds.shares)), (jobs, 1))
        self.age_hours = np.zeros(jobs)
        self.was_there = np.zeros(jobs, dtype=bool)

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """What costs least of what is safe."""
        stage, odds = self._see(now)
        changeover = terms.changeover_seconds / SECONDS_PER_HOUR
        switching = now.switching_seconds / SECONDS_PER_HOUR
        elapsed = float(now.step) * terms.step_seconds
        work = (terms.work_seconds - now.done_seconds) / SECONDS_PER_HOUR
        left = np.full(len(work), (terms.deadline_seconds - elapsed) / SECONDS_PER_HOUR)
        slack = left - work

        here = (self.outlook.at(left, slack, stage) * odds[:, None, :]).sum(axis=2)
        on_spot, on_demand = now.mode == SPOT, now.mode == ON_DEMAND
        lost = np.where(on_demand, switching, changeover)
        late = (self.outlook.at(left - lost, slack - lost, stage)[:, RUN_ON_DEMAND] * odds).sum(axis=1)
        begun = np.where(on_spot, switching / max(changeover, TINY_SECONDS), 1.0)
        spot = begun * here[:, START_SPOT] + (1.0 - begun) * here[:, RUN_SPOT]
        can_wait, can_spot = self._safe(now, terms, elapsed)
        costs = np.stack(
            [np.where(can_wait, here[:, WAIT], NEVER), np.where(can_spot, spot, NEVER), lost + late], axis=0
        )
        costs[now.mode, np.arange(len(work))] -= TIE_HOURS
        wanted = costs.argmin(axis=0).astype(np.int8)
        # With checkpoints work can be lost, and the common safety net counts that.
        return wanted if terms.interval_seconds is None else guard(wanted, now, terms)

    def _safe(self, now: Now, terms: Terms, elapsed: float) -> tuple[Bools, Bools]:
        """Whether waiting a step, and spot, leave room for on-demand to finish in time whatever comes next.

        A start that is cut short has lost its changeover at the most, and the one to on-demand follows. Spot at work
        loses no slack, so it may go on for as long as it is there.
        """
        slack = terms.deadline_seconds - elapsed - (terms.work_seconds - now.done_seconds) + TINY_SECONDS
        changeover = terms.changeover_seconds
        can_wait = slack >= terms.step_seconds + changeover
        keeps = (now.switching_seconds <= TINY_SECONDS) | (slack >= now.switching_seconds + changeover)
        can_start = slack >= 2 * changeover
        return can_wait, now.available & np.where(now.mode == SPOT, keeps, can_start)

    def _see(self, now: Now) -> tuple[npt.NDArray[np.int64], Floats]:
        """Takes in this step's availability. The stage of each job that still runs, and its odds of the kinds."""
        jobs, there = now.jobs, now.available
        age, was_there = self.age_hours[jobs], self.was_there[jobs]
        if float(now.step) > 0:
            changed = there != was_there
            self.log_odds[jobs] += self.log_likelihoods[changed.astype(np.int64), stage_of(was_there, age)]
            age = np.where(changed, 0.0, age)
        age = age + self.step_hours
        self.age_hours[jobs], self.was_there[jobs] = age, there
        return stage_of(there, age), normalised(self.log_odds[jobs])


assert (IDLE, SPOT, ON_DEMAND) == (WAIT, RUN_SPOT, RUN_ON_DEMAND), "costs are stacked in the order of the modes"
