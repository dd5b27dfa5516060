"""The policy that looks ahead: at each step it takes what costs least on average, and never what a trace could punish.

What to expect of a kind of capacity is a table (``replay_outlook``); which kind it is, each job learns from what it has
seen since its own start, and from nothing else. Deadlines are safe by rule, not by expectation: a step is only taken if
on-demand can still finish in time whatever availability does next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.models.availability_kinds import Kinds, log_likelihoods, normalised, stage_of
from costlib.models.availability_recorded import RECORDED_KINDS
from costlib.models.replay_outlook import NEVER, RUN_ON_DEMAND, RUN_SPOT, START_SPOT, STEP_HOURS, WAIT, outlook_of
from costlib.models.replay_policies import Modes, Now, guard
from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Rounding of sums of seconds.
TINY_SECONDS = 1e-6
#: While nothing changes, a decision holds for so long (or a step, if that is longer): the table's own steps.
REVIEW_HOURS = STEP_HOURS
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
    """The policy while it runs: what each job has seen, and what it last decided.

    A job decides anew when availability changes, and every REVIEW_HOURS or step, whichever is longer; spot at work goes
    on for as long as it is there.
    """

    guarded = False

    def __init__(self, kinds: Kinds, terms: Terms, jobs: int) -> None:
        self.outlook = outlook_of(replace(terms, step_seconds=1.0), kinds)
        self.step_hours = terms.step_seconds / SECONDS_PER_HOUR
        # With checkpoints work can be lost, and the common safety net counts that at every step.
        each_step = terms.interval_seconds is not None
        self.review_steps = 1.0 if each_step else max(np.floor(REVIEW_HOURS / self.step_hours + 1e-9), 1.0)
        self.seen = _Seen(kinds, self.step_hours, terms.steps, jobs)
        self.wish = np.zeros(jobs, dtype=np.int8)
        self.holds_until = np.zeros(jobs)

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """What costs least of what is safe; what was decided, until it is time to decide anew."""
        step = np.broadcast_to(np.asarray(now.step, dtype=float), now.mode.shape)
        rows = np.nonzero((step >= self.holds_until[now.jobs]) | self.seen.changes(now.jobs, now.available))[0]
        if len(rows):
            self._decide(
                Now(
                    step[rows], now.available[rows], now.mode[rows], now.switching_seconds[rows],
                    now.done_seconds[rows], now.saved_seconds[rows], now.jobs[rows],
                ),
                terms,
            )  # fmt: skip
        return self.wish[now.jobs]

    def holds_steps(self, now: Now, chosen: Modes, run_steps: Floats, terms: Terms) -> Floats:
        """Until it is time to decide anew."""
        return np.minimum(run_steps, self.holds_until[now.jobs] - now.step)

    def _decide(self, now: Now, terms: Terms) -> None:
        stage, odds = self.seen.see(now)
        changeover = terms.changeover_seconds / SECONDS_PER_HOUR
        switching = now.switching_seconds / SECONDS_PER_HOUR
        step = np.asarray(now.step, dtype=float)
        left_seconds = terms.deadline_seconds - step * terms.step_seconds
        slack_seconds = left_seconds - (terms.work_seconds - now.done_seconds)
        left, slack = left_seconds / SECONDS_PER_HOUR, slack_seconds / SECONDS_PER_HOUR

        here = self.outlook.at(left, slack, stage, odds)
        on_spot, on_demand = now.mode == SPOT, now.mode == ON_DEMAND
        lost = np.where(on_demand, switching, changeover)
        late = self.outlook.at(left - lost, slack - lost, stage, odds)[:, RUN_ON_DEMAND]
        begun = np.where(on_spot, switching / max(changeover, TINY_SECONDS), 1.0)
        spot = begun * here[:, START_SPOT] + (1.0 - begun) * here[:, RUN_SPOT]
        can_wait, can_spot = self._safe(now, terms, slack_seconds + TINY_SECONDS)
        costs = np.stack(
            [np.where(can_wait, here[:, WAIT], NEVER), np.where(can_spot, spot, NEVER), lost + late], axis=0
        )
        costs[now.mode, np.arange(len(left))] -= TIE_HOURS
        wanted = costs.argmin(axis=0).astype(np.int8)
        if terms.interval_seconds is not None:
            wanted = guard(wanted, now, terms)
        # Waiting uses slack up: no longer than leaves room for on-demand.
        room = np.floor((slack_seconds + TINY_SECONDS - terms.changeover_seconds) / terms.step_seconds)
        holds = np.where(wanted == IDLE, np.minimum(room, self.review_steps), self.review_steps)
        if terms.interval_seconds is None:
            # No hour of work is cheaper than one on spot that runs.
            holds[on_spot & (wanted == SPOT) & (now.switching_seconds <= TINY_SECONDS)] = np.inf
        self.holds_until[now.jobs] = step + np.maximum(holds, 1.0)
        self.wish[now.jobs] = wanted

    def _safe(self, now: Now, terms: Terms, slack: Floats) -> tuple[Bools, Bools]:
        """Whether waiting a step, and spot, leave room for on-demand to finish in time whatever comes next.

        A start that is cut short has lost its changeover at the most, and the one to on-demand follows. Spot at work
        loses no slack, so it may go on for as long as it is there.
        """
        changeover = terms.changeover_seconds
        can_wait = slack >= terms.step_seconds + changeover
        keeps = (now.switching_seconds <= TINY_SECONDS) | (slack >= now.switching_seconds + changeover)
        can_start = slack >= 2 * changeover
        return can_wait, now.available & np.where(now.mode == SPOT, keeps, can_start)


class _Seen:
    """What jobs have seen of availability since their start, and what it says of the kinds of capacity."""

    def __init__(self, kinds: Kinds, step_hours: float, steps: int, jobs: int) -> None:
        self.step_hours = step_hours
        self.log_likelihoods = log_likelihoods(kinds, step_hours)
        ages = np.arange(steps + 2) * step_hours
        stays = [self.log_likelihoods[0, stage_of(np.full(len(ages), there), ages)] for there in (False, True)]
        # A stretch of age n has stayed at the ages 1 to n - 1.
        self.log_staying = np.cumsum(np.insert(np.array(stays)[:, 1:], 0, 0.0, axis=1), axis=1)
        self.log_staying = np.insert(self.log_staying, 0, 0.0, axis=1)
        self.log_odds = np.tile(np.log(np.array(kinds.shares)), (jobs, 1))
        self.last_step = np.full(jobs, -1.0)
        self.age_steps = np.zeros(jobs)
        self.was_there = np.zeros(jobs, dtype=bool)

    def changes(self, jobs: Ints, there: Bools) -> Bools:
        """Whether availability is not what each job saw last."""
        return there != self.was_there[jobs]

    def see(self, now: Now) -> tuple[Ints, Floats]:
        """Takes in availability at a step, and that it stayed as it was since the last. Stages, and odds of kinds."""
        jobs, there, step = now.jobs, now.available, np.asarray(now.step)
        age, was_there, steps = self.age_steps[jobs], self.was_there[jobs], step - self.last_step[jobs]
        later = self.last_step[jobs] >= 0
        changed = later & (there != was_there)
        # The last of these steps may have brought the change, those before it did not.
        stayed = np.where(later, steps - 1.0, 0.0)
        self.log_odds[jobs] += self._staying(was_there, age + stayed) - self._staying(was_there, age)
        last = self.log_likelihoods[changed.astype(np.int64), stage_of(was_there, (age + stayed) * self.step_hours)]
        self.log_odds[jobs] += np.where(later[:, None], last, 0.0)
        age = np.where(changed | ~later, 1.0, age + steps)
        self.age_steps[jobs], self.was_there[jobs], self.last_step[jobs] = age, there, step
        return stage_of(there, age * self.step_hours), normalised(self.log_odds[jobs])

    def _staying(self, there: Bools, age_steps: Floats) -> Floats:
        """(jobs, kinds): log of the chance that a stretch of an age 1 gets this old."""
        age = np.minimum(age_steps.astype(np.int64), self.log_staying.shape[1] - 1)
        return self.log_staying[there.astype(np.int64), age]


assert (IDLE, SPOT, ON_DEMAND) == (WAIT, RUN_SPOT, RUN_ON_DEMAND), "costs are stacked in the order of the modes"
