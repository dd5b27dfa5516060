"""What a job still costs at least, on average, if availability goes on as a kind of capacity does.

By dynamic programming. The state is the time left, the slack (time left less work left), the stage of availability,
and what the job runs on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from costlib.models.availability_kinds import AGES, STAGES, Kinds, transitions
from costlib.models.replay_terms import Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A state that cannot be, or must not be entered; far above any cost, in hours of on-demand.
NEVER = 1e6
#: The grid: steps of ten minutes, or as long as this many of them take to the deadline; and of slack.
STEP_HOURS, MOST_STEPS = 1.0 / 6.0, 480
SLACK_STEP_HOURS, MOST_SLACK_STEPS = 1.0 / 30.0, 120
#: What a job can go on with: the last axis but one of ``Outlook.cost``.
WAIT, RUN_SPOT, RUN_ON_DEMAND, START_SPOT = range(4)


@dataclass(frozen=True)
class Outlook:
    """``cost[t, s, stage, choice, kind]``: hours of on-demand to be paid yet, at t steps left and s steps of slack."""

    cost: npt.NDArray[np.float32]
    step_hours: float
    slack_step_hours: float

    def at(self, time_left_hours: Floats, slack_hours: Floats, stage: Ints, odds: Floats) -> Floats:
        """(jobs, 4): the costs between the grid's points, linear in time left and in slack, at (jobs, kinds) odds."""
        times, slacks, stages, choices, kinds = self.cost.shape
        time = np.clip(time_left_hours / self.step_hours, 0.0, times - 1 - 1e-6)
        slack = np.clip(slack_hours / self.slack_step_hours, 0.0, slacks - 1 - 1e-6)
        low_time, low_slack = time.astype(np.int64), slack.astype(np.int64)
        of_time, of_slack = (time - low_time)[:, None, None], (slack - low_slack)[:, None, None]
        rows = self.cost.reshape(-1, choices, kinds)
        row = (low_time * slacks + low_slack) * stages + stage
        after = slacks * stages
        below = rows.take(row, axis=0) * (1 - of_slack) + rows.take(row + stages, axis=0) * of_slack
        above = rows.take(row + after, axis=0) * (1 - of_slack) + rows.take(row + after + stages, axis=0) * of_slack
        costs = below * (1 - of_time) + above * of_time
        return np.asarray((costs @ odds[:, :, None])[:, :, 0])


@lru_cache(maxsize=2)
def outlook_of(terms: Terms, kinds: Kinds) -> Outlook:
    """The table for these terms: backwards in time left, all slacks, stages and kinds at once.

    A changeover to spot can itself be cut short, so it is walked through in steps; one to on-demand cannot. Waiting
    is left while one changeover still fits, and spot is started while two do: then any trace can still be finished.
    """
    deadline, changeover = (value / SECONDS_PER_HOUR for value in (terms.deadline_seconds, terms.changeover_seconds))
    most_slack = deadline - terms.work_seconds / SECONDS_PER_HOUR
    step = max(STEP_HOURS, deadline / MOST_STEPS)
    grid = max(SLACK_STEP_HOURS, most_slack / MOST_SLACK_STEPS)
    steps, slacks = int(np.ceil(deadline / step)) + 1, int(np.ceil(most_slack / grid)) + 2
    slack = np.arange(slacks) * float(grid)
    walk = _Walk(kinds, terms.spot_price_ratio, changeover, step, grid, slack)
    # A last row and column repeat the ones before, for looking up between points.
    cost = np.zeros((steps + 1, slacks + 1, STAGES, 4, len(kinds.shares)), dtype=np.float32)
    for left in range(1, steps + 1):
        for choice, values in enumerate(walk.back(left * step)):
            cost[left, :-1, :, choice] = np.moveaxis(values, 0, -1)
    cost[:, -1] = cost[:, -2]
    return Outlook(cost, step, grid)


class _Walk:
    """The recursion: (kinds, slacks, STAGES) least costs of each mode, one step of time left after the other."""

    def __init__(
        self, kinds: Kinds, price: float, changeover: float, step: float, grid: float, slack: npt.NDArray[np.floating]
    ) -> None:
        self.chances = transitions(kinds, step).transpose(0, 2, 1).copy()
        self.price, self.changeover, self.step, self.grid, self.slack = price, changeover, step, grid, slack
        self.stages_of_start = max(int(np.ceil(changeover / step - 1e-9)), 1)
        shape = (len(kinds.shares), len(slack), STAGES)
        self.idle, self.on_demand = np.zeros(shape), np.zeros(shape)
        # On spot, by how many steps of its changeover are over; the last is at work.
        self.spot = [np.zeros(shape) for _ in range(self.stages_of_start + 1)]

    def back(self, time_left: float) -> tuple[Floats, Floats, Floats, Floats]:
        """The costs of waiting, running on spot and on-demand, and starting spot, with a step more time left."""
        up = np.arange(STAGES) >= AGES
        lost, step = self.changeover, self.step
        work = np.maximum(time_left - self.slack, 0.0)[None, :, None]
        over = work <= 1e-9
        used = np.minimum(work, step)

        run_on_demand = used + self.on_demand @ self.chances
        start_on_demand = lost + self._after_losing(np.where(over, 0.0, run_on_demand), lost)
        tight = (self.slack < lost + step - 1e-9)[None, :, None]
        wait = np.where(tight, work + lost, self._after_losing(self.idle @ self.chances, step))
        run_spot = np.where(up, self.price * used + self.spot[-1] @ self.chances, NEVER)
        starting = []
        for stage in range(self.stages_of_start):
            rest = lost - stage * step
            after = self._after_losing(self.spot[stage + 1] @ self.chances, min(rest, step))
            starting.append(np.where(up, self.price * np.minimum(work + rest, step) + after, NEVER))
        no_room = (self.slack < 2 * lost - 1e-9)[None, :, None]
        start_spot = np.where(no_room, NEVER, starting[0])

        off_spot = np.minimum(wait, start_on_demand)
        idle = np.minimum(off_spot, start_spot)
        self.idle = np.where(over, 0.0, idle)
        self.on_demand = np.where(over, 0.0, np.minimum(np.minimum(run_on_demand, start_spot), wait))
        for stage in range(1, self.stages_of_start):
            no_room = (self.slack < 2 * lost - stage * step - 1e-9)[None, :, None]
            goes_on = np.minimum(np.where(no_room, NEVER, starting[stage]), off_spot)
            self.spot[stage] = np.where(over, 0.0, np.where(up, goes_on, idle))
        self.spot[-1] = np.where(over, 0.0, np.where(up, np.minimum(run_spot, off_spot), idle))
        wait, run_spot, run_on_demand, begin = (
            np.where(over, 0.0, values) for values in (wait, run_spot, run_on_demand, starting[0])
        )
        return wait, run_spot, run_on_demand, begin

    def _after_losing(self, costs: Floats, hours: float) -> Floats:
        """The costs at so much less slack, linear between the grid's points; below none as at none."""
        at = np.maximum(self.slack - hours, 0.0) / self.grid
        low = np.minimum(at.astype(np.int64), len(self.slack) - 2)
        share = (at - low)[None, :, None]
        return costs[:, low] * (1 - share) + costs[:, low + 1] * share
