"""A replay's first part in leaps over whole stretches of availability: up to where a job may end, or its net may fall.

Until then a stretch does in closed form what single steps do: spot loses a changeover and what follows its last
checkpoint; Uniform Progress waits until it is behind its line, and keeps on-demand until it is ahead. Of spot whenever
it is there even the sum over stretches is known beforehand. What is left is for ``replay_runs``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from costlib.models.availability import runs_of
from costlib.models.replay_fleet import TINY_SECONDS, Fleet
from costlib.models.replay_policies import Rule, SafetyNet, SpotOnly, UniformProgress, line_lost_seconds
from costlib.models.replay_terms import IDLE, ON_DEMAND, Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Steps of what is taken to follow a trace: more than any job runs.
FOR_EVER_STEPS = 1e9
#: Nearer to the net than this, a job is left to the strides: room for rounding.
ROOM_SECONDS = 1e-3
#: Jobs that have left are dropped once they are one in so many.
COMPACT_AT = 6


def leap(trace: Bools, terms: Terms, rule: Rule, starts: Ints) -> tuple[Fleet, Floats]:
    """The jobs at a step up to which nothing but the above happens, and that step of each; 0 where no leap is known."""
    fleet = Fleet.fresh(starts)
    step = np.zeros(len(starts))
    if isinstance(rule, SafetyNet | SpotOnly):
        _sum(_Stretches.of(trace, terms), terms, rule.guarded, fleet, step)
    elif isinstance(rule, UniformProgress) and not rule.waits_when_ahead and _never_cut(terms):
        _walk(_Stretches.of(trace, terms), terms, rule.hysteresis, fleet, step)
    return fleet, step


def _never_cut(terms: Terms) -> bool:
    """Whether no stretch can cut a changeover to on-demand short: it fits in a step. Others are left to the strides."""
    return terms.changeover_seconds <= terms.step_seconds


def spot_work(steps: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """Seconds of work that spot from a start to a preemption so many steps later keeps, and seconds that it loses."""
    ran = steps * terms.step_seconds
    ran -= terms.changeover_seconds
    np.maximum(ran, 0.0, out=ran)
    if terms.interval_seconds is None:
        return ran, np.zeros(1)
    cycle = terms.interval_seconds + terms.write_seconds
    cycles = np.floor((ran + TINY_SECONDS) / cycle)
    within = np.minimum(np.maximum(ran - cycles * cycle, 0.0), terms.interval_seconds)
    return cycles * terms.interval_seconds, within


@dataclass(frozen=True)
class _Stretches:
    """Stretches in order, the first an absence, so that those with capacity are odd: ``first`` step, and ``steps``."""

    first: Ints
    steps: Floats

    @classmethod
    def of(cls, trace: Bools, terms: Terms) -> _Stretches:
        runs = runs_of(trace)
        first, steps = runs.first_step, runs.steps.astype(float)
        if runs.up[0]:
            first, steps = np.append(0, first), np.append(0.0, steps)
        # What follows a trace is never leapt over, so it does not matter which of it counts as what.
        beyond = len(trace) + np.array([0, FOR_EVER_STEPS, 2 * FOR_EVER_STEPS], dtype=np.int64)
        return cls(np.append(first, beyond), np.append(steps, np.full(3, FOR_EVER_STEPS)))

    @property
    def longest(self) -> float:
        """Steps of the longest one that was recorded."""
        return float(self.steps[:-3].max())

    @property
    def up(self) -> Bools:
        return np.arange(len(self.steps)) % 2 == 1

    def at(self, steps: Ints) -> Ints:
        """The stretch that each step is of."""
        return np.searchsorted(self.first, steps, side="right") - 1


def _unsaved(terms: Terms) -> float:
    return 0.0 if terms.interval_seconds is None else terms.interval_seconds + terms.write_seconds


def _sum(held: _Stretches, terms: Terms, guarded: bool, fleet: Fleet, step: Floats) -> None:
    """Spot whenever it is there: all sums over stretches are differences of two running sums."""
    size, up = terms.step_seconds, held.up
    kept, lost = spot_work(held.steps, terms)
    began = up & (held.steps > 0)

    def running(values: Floats | Bools) -> Floats:
        return np.concatenate([[0.0], np.cumsum(np.where(began, values, 0.0))])

    work, losses, spot, number = running(kept), running(lost), running(held.steps), running(began)
    here = held.at(fleet.first)
    after = here + 1
    left = held.first[here] + held.steps[here] - fleet.first
    on_spot = up[here]
    first_kept, first_lost = (np.where(on_spot, values, 0.0) for values in spot_work(left, terms))
    done = first_kept - work[after]
    # Stretches in which a job may end, whatever it loses there.
    ends = np.maximum.accumulate(work[:-1] + np.where(up, held.steps * size, 0.0))
    last = np.searchsorted(ends, terms.work_seconds - TINY_SECONDS - done, side="left")
    whole_first = first_kept + np.where(on_spot, left * size - first_kept, 0.0) >= terms.work_seconds - TINY_SECONDS
    if guarded:
        # Stretches in which the net may fall: waiting loses slack, spot what it may not have saved.
        unsaved = _unsaved(terms)
        cut = np.zeros(len(held.steps))
        if terms.interval_seconds is not None:
            cut = terms.changeover_seconds + unsaved + held.steps * size * terms.write_seconds / unsaved + 2 * size
        slack_used = np.where(up, held.first * size + cut, (held.first + held.steps) * size) - work[:-1]
        room = terms.latest_seconds(np.zeros(1)) - terms.work_seconds - 2 * terms.changeover_seconds - unsaved
        safe = room + fleet.first * size + done - ROOM_SECONDS
        last = np.minimum(last, np.searchsorted(np.maximum.accumulate(slack_used), safe, side="right"))
        # The first stretch is a part of one.
        whole_first |= np.where(on_spot, cut[here], left * size) > room - ROOM_SECONDS
    last = np.minimum(last, len(held.steps) - 1)
    goes = (last >= after) & ~whole_first
    last, after = last[goes], after[goes]
    step[goes] = held.first[last] - fleet.first[goes]
    fleet.done[goes] = work[last] + done[goes]
    fleet.saved[goes] = fleet.base[goes] = fleet.done[goes]
    begins = on_spot[goes]
    fleet.lost[goes] = losses[last] - losses[after] + first_lost[goes]
    fleet.spot_steps[goes] = spot[last] - spot[after] + np.where(begins, left[goes], 0.0)
    fleet.starts[goes] = (number[last] - number[after]).astype(np.int64) + begins
    fleet.preemptions[goes] = fleet.starts[goes]


def _walk(held: _Stretches, terms: Terms, hysteresis: bool, fleet: Fleet, step: Floats) -> None:
    """Uniform Progress: one absence and one presence at a time, for all jobs at once."""
    size, changeover, unsaved = terms.step_seconds, terms.changeover_seconds, _unsaved(terms)
    rate = terms.work_seconds / terms.deadline_seconds
    ahead = 2 * line_lost_seconds(terms)
    line = size * rate
    per_line, per_gain, early = 1.0 / line, 1.0 / max(size - line, 1e-9), 1.0 - 1e-6
    first = held.first.astype(float)
    # What a pair of stretches must leave: work to do, and slack, of saved work. Slack only falls, but for what a write
    # saves; off spot the net asks for two changeovers and what may be unsaved, on spot for one.
    most_done = terms.work_seconds - TINY_SECONDS
    room = float(terms.latest_seconds(np.zeros(1))[0]) - terms.work_seconds - 2 * changeover - unsaved - ROOM_SECONDS
    now = _begun(held, terms, fleet, most_done, room)
    table = None if terms.interval_seconds is None else spot_work(np.arange(held.longest + 1.0), terms)
    gone = 0
    while len(now.jobs):
        stretch = now.stretch
        absent_until = first.take(stretch + 1, mode="clip") - now.begin
        until = first.take(stretch + 2, mode="clip") - now.begin
        absent, present = absent_until - now.step, until - absent_until
        # Absence: wait until behind the line. Estimates err to the early side; the comparison itself is the rule's.
        waits = now.done * per_line
        waits -= now.step
        waits += early
        np.maximum(np.floor(waits, out=waits), 0.0, out=waits)
        line_then = now.step + waits
        line_then *= size
        line_then *= rate
        waits += now.done >= line_then
        np.minimum(waits, absent, out=waits)
        waits *= now.off
        steady = absent - waits
        held_on = steady > 0
        begins = held_on & now.off
        done = steady * size
        done += now.done
        done -= begins * changeover
        # Presence: on-demand goes on until it is ahead of the line, then spot.
        reach = present * size
        reach += done
        spot = present
        if hysteresis:
            keeps = absent_until * line
            keeps -= done
            keeps += ahead * rate
            keeps *= per_gain
            keeps += early
            np.maximum(np.floor(keeps, out=keeps), 0.0, out=keeps)
            line_then = absent_until + keeps
            line_then *= size
            line_then += ahead
            line_then *= rate
            keeps += done + keeps * size <= line_then
            np.minimum(keeps, present, out=keeps)
            keeps *= held_on
            spot = present - keeps
            steady += keeps
            keeps *= size
            done += keeps
        if table is None:
            kept, _ = spot_work(spot, terms)
        else:
            place = np.fmax(spot, 0.0).astype(np.int64)
            kept, lost = (column.take(place, mode="clip") for column in table)
        done += kept
        leaves = np.nonzero((reach >= most_done) | (done < until * size - room))[0]
        if len(leaves):
            now.leave(leaves, fleet, step)
            done[leaves] = np.nan
            gone += len(leaves)
        on_spot = spot > 0
        now.done, now.off, now.step, now.stretch = done, on_spot, until, stretch + 2
        now.spot_steps += spot
        now.on_demand_steps += steady
        now.starts += begins
        now.preemptions += on_spot
        if table is not None:
            now.lost += lost
        # To drop rows moves all columns, so it waits; what they do meanwhile is not read.
        if gone * COMPACT_AT >= len(now.jobs):
            now.keep(np.nonzero(done == done)[0])
            gone = 0


@dataclass
class _Walking:
    """Jobs at the start of an absence; ``begin`` is their first step, ``step`` counts from it; ``off``: not on-demand.
    Each start of spot ends in a preemption, so ``starts`` are those of on-demand."""

    jobs: Ints
    stretch: Ints
    begin: Floats
    step: Floats
    done: Floats
    off: Bools
    spot_steps: Floats
    on_demand_steps: Floats
    starts: Floats
    preemptions: Floats
    lost: Floats

    def leave(self, rows: Ints, fleet: Fleet, step: Floats) -> None:
        """Hands these rows over as they stand."""
        jobs = self.jobs[rows]
        step[jobs] = self.step[rows]
        fleet.mode[jobs] = np.where(self.off[rows], np.int8(IDLE), np.int8(ON_DEMAND))
        fleet.done[jobs] = fleet.saved[jobs] = fleet.base[jobs] = self.done[rows]
        fleet.spot_steps[jobs], fleet.on_demand_steps[jobs] = self.spot_steps[rows], self.on_demand_steps[rows]
        fleet.preemptions[jobs] = self.preemptions[rows]
        fleet.starts[jobs] = self.preemptions[rows] + self.starts[rows]
        fleet.lost[jobs] = self.lost[rows]

    def keep(self, rows: Ints) -> None:
        """Goes on with these rows alone."""
        for column in fields(self):
            setattr(self, column.name, getattr(self, column.name).take(rows))


def _begun(held: _Stretches, terms: Terms, fleet: Fleet, most_done: float, room: float) -> _Walking:
    """The jobs at their first absence, but for those that may end, or meet their net, before it."""
    here = held.at(fleet.first)
    on_spot = held.up[here]
    left = np.where(on_spot, held.first[here + on_spot] - fleet.first, 0).astype(float)
    kept, lost = spot_work(left, terms)
    fits = np.nonzero((left * terms.step_seconds < most_done) & (kept >= left * terms.step_seconds - room))[0]
    begun, left, begin = on_spot[fits].astype(float), left[fits], fleet.first[fits].astype(float)
    return _Walking(
        jobs=fits,
        stretch=here[fits] + on_spot[fits],
        begin=begin,
        step=left,
        done=kept[fits],
        off=np.ones(len(fits), dtype=bool),
        spot_steps=left.copy(),
        on_demand_steps=np.zeros(len(fits)),
        starts=np.zeros(len(fits)),
        preemptions=begun,
        lost=np.broadcast_to(lost, len(kept))[fits],
    )
