"""The chance to finish by a deadline, and what it costs, before a job starts: what came of like moments on record.

Jobs replayed from recorded moments that are like the present one are the forecast. Of a zone without any history that
is all moments on record; with its availability so far, the most alike (``availability_memory``), those of its own past
whose deadline is over among them. On-demand is certain, spot alone a chance; a policy with a safety net is certain too,
and its cost is the question.

How it fares is ``costlib.validation.spot.forecast_check``. On campaigns left out, bands of 80 % hold 76 to 84 % of the
outcomes, costs are 1 % off on average, deciles of the chance 1 to 2.5 points, at most 7. That is as near as observed
shares tell: the starts of a trace share its luck, and drawing the campaigns anew moves shares by standard errors of up
to 7 (6 and 12 h of work) and 11 points (48 h), so that a forecast without any fault would show a largest error of 4 to
10. It leaves nothing to calibrate by. Simulating ahead from fitted kinds of capacity fares worse: zones change their
kind within weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.availability import starts_that_fit
from costlib.models.availability_memory import Memory
from costlib.models.replay import TINY_SECONDS, policy_named, simulate
from costlib.models.replay_policies import Policy
from costlib.models.replay_terms import Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]

#: What a unit of each column of a moment weighs in how alike two are. Round numbers, judged with the other constants
#: here by how well forecasts fare on campaigns left out; half or twice of any of them hardly matters.
WEIGHTS: Floats = np.array([1.5, 0.12, 1.5, 1.5, 1.5])
#: The share of recorded moments that make a forecast: the nearest; all that are equally near count.
NEIGHBOURS_SHARE = 1 / 10
#: How much more a moment of the zone's own past counts than one of another zone.
OWN_WEIGHT = 3.0
#: Less record than this before a moment says too little of it.
LEAST_RECORD_HOURS = 24.0
#: Hours between the recorded moments that are replayed.
EVERY_HOURS = 1.0
#: Histories are cut to these lengths, the next shorter one: likened is what was known after as long a watch.
HISTORIES_HOURS: Floats = 2.0 ** np.arange(-2.0, 9.0, 0.5)
#: The share of outcomes that a band holds.
BAND_SHARE = 0.80
#: Rounding of running shares.
ROUNDING = 1e-12
#: Moments that are compared with the record at a time.
BLOCK = 256


class Forecast(NamedTuple):
    """One entry a moment: the chance to meet the deadline, and the cost over on-demand's bare work with its band."""

    chance: Floats
    cost_ratio: Floats
    cost_ratio_low: Floats
    cost_ratio_high: Floats


class Job(NamedTuple):
    """What was replayed: the terms (their step is not used), the policy, and the deadline that it works towards."""

    terms: Terms
    policy: Policy
    worked_towards_hours: float


class Outcomes(NamedTuple):
    """What came of jobs; one entry a moment: ``trace`` numbers the trace that it is of, ``step`` is its step of it."""

    trace: Ints
    step: Ints
    cost_ratio: Floats
    met_deadline: Bools


@dataclass(frozen=True)
class Record:
    """A job's outcomes from recorded moments, and (histories, moments, COLUMNS) what was known at each of them."""

    job: Job
    outcomes: Outcomes
    known: Singles

    @property
    def trace(self) -> Ints:
        """The number of the trace that each moment is of."""
        return self.outcomes.trace

    @property
    def cost_ratio(self) -> Floats:
        """The cost of the job from each moment, over on-demand's bare work."""
        return self.outcomes.cost_ratio

    @property
    def met_deadline(self) -> Bools:
        """Whether the job from each moment met the deadline."""
        return self.outcomes.met_deadline

    def without(self, traces: Sequence[int]) -> Record:
        """The record without these traces."""
        kept = ~np.isin(self.outcomes.trace, np.asarray(traces, dtype=np.int64))
        trace, step, cost_ratio, met = self.outcomes
        return Record(self.job, Outcomes(trace[kept], step[kept], cost_ratio[kept], met[kept]), self.known[:, kept])

    def weights(self) -> Singles:
        """What each moment counts: a trace with many moments no more than its square root's."""
        _, inverse, sizes = np.unique(self.outcomes.trace, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / np.sqrt(sizes[inverse]), dtype=np.float32)


def moments(trace: npt.ArrayLike, step_hours: float) -> Floats:
    """(steps, columns of ``availability_memory``): what was known at the start of each step, from the steps so far.

    This one's flag included. Raises InvalidInput.
    """
    memory = Memory.of(trace, step_hours)
    return memory.at(np.arange(len(memory.flags)))


def record_of(
    traces: Mapping[int, tuple[npt.ArrayLike, float]],
    terms: Terms,
    policy: str | Policy,
    net_deadline_hours: float | None = None,
) -> Record:
    """A job's terms and policy replayed from recorded moments, an hour apart, each with a day of record before it.

    ``traces``: by number, availability and hours a step; the terms' own step is not used. With ``net_deadline_hours``
    the policy works towards that later deadline, and ``met_deadline`` is still of the terms': less certain, and
    cheaper. Raises InvalidInput; also where no trace is long enough.
    """
    hours = terms.deadline_seconds / SECONDS_PER_HOUR
    worked_towards = hours if net_deadline_hours is None else net_deadline_hours
    if worked_towards < hours:
        problem = f"must not be before the deadline, {hours:.6g} h"
        raise InvalidInput([Fault("net_deadline_hours", net_deadline_hours, problem)])
    job = Job(terms, policy_named(policy), worked_towards)
    memories = {number: Memory.of(*given) for number, given in traces.items()}
    parts = [_replayed(number, memory, job, LEAST_RECORD_HOURS) for number, memory in memories.items()]
    outcomes = Outcomes(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else None
    if outcomes is None or not len(outcomes.trace):
        problem = "leaves no recorded moment with a day before and the time to the deadline after it"
        raise InvalidInput([Fault("deadline_hours", worked_towards, problem)])
    known = [_known(memory, part.step) for memory, part in zip(memories.values(), parts, strict=True)]
    return Record(job, outcomes, np.concatenate(known, axis=1))


def forecast(
    record: Record, history: npt.ArrayLike | None = None, step_hours: float = 1.0, steps: npt.ArrayLike | None = None
) -> Forecast:
    """The forecast for a job that starts in a zone whose availability so far is ``history``, of ``step_hours``.

    At each of ``steps`` of the history, from the steps until then, that one included; by default at its last alone.
    Without a history: one entry, from all moments on record. Raises InvalidInput: an empty record, steps that are not
    in the history, what ``checked`` refuses.
    """
    if not len(record.outcomes.trace):
        raise InvalidInput([Fault("record", 0, "must hold at least one moment")])
    if history is None:
        order = np.argsort(record.outcomes.cost_ratio, kind="stable")
        cost, met = record.outcomes.cost_ratio[order], record.outcomes.met_deadline[order]
        return Forecast(*_summed(record.weights()[None, order], cost, met))
    memory = Memory.of(history, step_hours)
    asked = np.atleast_1d(np.asarray(len(memory.flags) - 1 if steps is None else steps))
    if asked.dtype.kind not in "iu" or asked.ndim != 1 or ((asked < 0) | (asked >= len(memory.flags))).any():
        raise InvalidInput([Fault("steps", str(asked[:5]), f"must be whole steps, 0 to {len(memory.flags) - 1}")])
    own = _replayed(-1, memory, record.job, 0.0)
    weights = record.weights()
    weights = np.append(weights, np.full(len(own.step), OWN_WEIGHT * weights.mean(), dtype=np.float32))
    both = Outcomes(*(np.concatenate(columns) for columns in zip(record.outcomes, own, strict=True)))
    # By cost, so that bands can be read off running sums.
    order = np.argsort(both.cost_ratio, kind="stable")
    cost, met, weights, owned = both.cost_ratio[order], both.met_deadline[order], weights[order], both.trace[order] < 0
    over_at = both.step[order] + record.job.worked_towards_hours / step_hours - 1e-9
    known, own_known = _known(memory, asked), _known(memory, own.step)
    length = np.searchsorted(HISTORIES_HOURS, (asked + 1) * step_hours + 1e-9, side="right") - 1
    out = np.empty((4, len(asked)))
    for number in np.unique(np.maximum(length, 0)):
        held = np.concatenate([record.known[number], own_known[number]])[order]
        rows = np.nonzero(np.maximum(length, 0) == number)[0]
        for begin in range(0, len(rows), BLOCK):
            block = rows[begin : begin + BLOCK]
            alike = _alike(known[number, block], held, ~owned)
            # Of the zone's own past counts what was over by then.
            alike[:, owned] *= over_at[owned] <= asked[block, None]
            alike *= weights
            out[:, block] = _summed(alike, cost, met)
    return Forecast(*out)


def price_of_certainty(forecasts: Sequence[Forecast], moment: int = 0) -> Floats:
    """(points, 2) of chance and cost at one moment: of these forecasts, those that none beats in both, by chance.

    Forecasts of one job under other policies, or nets set at later deadlines: the curve of what more certainty costs.
    """
    points = np.array([(held.chance[moment], held.cost_ratio[moment]) for held in forecasts]).reshape(-1, 2)
    # From the most certain down; of equal chance the cheapest first. A less certain one must be cheaper.
    ordered = points[np.lexsort((points[:, 1], -points[:, 0]))]
    cheapest_before = np.concatenate([[np.inf], np.minimum.accumulate(ordered[:, 1])[:-1]])
    return ordered[ordered[:, 1] < cheapest_before][::-1]


def _replayed(number: int, memory: Memory, job: Job, least_hours: float) -> Outcomes:
    """The job from the moments of one trace that have so much record before them."""
    step_hours = memory.step_hours
    own = replace(
        job.terms, step_seconds=round(step_hours * SECONDS_PER_HOUR, 6),
        deadline_seconds=job.worked_towards_hours * SECONDS_PER_HOUR,
    )  # fmt: skip
    starts = starts_that_fit(len(memory.flags), step_hours, job.worked_towards_hours)
    starts = starts[starts >= least_hours / step_hours][:: max(round(EVERY_HOURS / step_hours), 1)]
    if not len(starts):
        return Outcomes(starts, starts, np.zeros(0), np.zeros(0, dtype=bool))
    result = simulate(memory.flags, own, job.policy, starts)
    met = result.finish_hours * SECONDS_PER_HOUR <= job.terms.deadline_seconds + TINY_SECONDS
    return Outcomes(np.full(len(starts), number), starts, result.cost_ratio, met)


def _known(memory: Memory, steps: Ints) -> Singles:
    """(histories, steps, COLUMNS): what is known at these steps, weighed, from histories of each length."""
    return np.stack([memory.at(steps, hours) * WEIGHTS for hours in HISTORIES_HOURS]).astype(np.float32)


def _alike(known: Singles, held: Singles, recorded: Bools) -> Singles:
    """(known, held): how alike, 1 at no distance to 0 just beyond the NEIGHBOURS_SHARE nearest of the recorded."""
    # Column by column: for so few of them a matrix product costs its threads more than its sums.
    far = np.zeros((len(known), len(held)), dtype=np.float32)
    apart = np.empty_like(far)
    for of_known, of_held in zip(known.T, np.ascontiguousarray(held.T), strict=True):
        np.subtract(of_known[:, None], of_held, out=apart)
        np.multiply(apart, apart, out=apart)
        far += apart
    last = max(int(recorded.sum() * NEIGHBOURS_SHARE), 1) - 1
    edge = np.partition(far if recorded.all() else far[:, recorded], last, axis=1)[:, last : last + 1]
    # Room for rounding: where all that is known is equal, all of it is near.
    edge = edge + np.float32(1e-5)
    near = far <= edge
    far /= -edge
    far += np.float32(1.05)
    far *= near
    return far


def _summed(weights: Singles, cost: Floats, met: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Chance, mean cost and the ends of its band under each row of weights; columns in the order of cost."""
    reached = np.cumsum(weights, axis=1, dtype=np.float64)
    total = reached[:, -1]
    chance, mean = ((weights * of.astype(np.float32)).sum(axis=1, dtype=np.float64) / total for of in (met, cost))
    low, high = _band(reached / total[:, None], cost)
    return np.minimum(chance, 1.0), mean, low, high


def _band(reached: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """The ends of the band that holds BAND_SHARE, by (moments, outcomes) running shares over outcomes by cost.

    It leaves out as much above as below. Where many outcomes cost just as much at one end, as on spot that is never
    lost, the end is held whole; what it holds too much is left out at the other.
    """
    tail, most = (1.0 - BAND_SHARE) / 2.0, len(cost) - 1
    first = np.searchsorted(cost, cost, side="left")
    last = np.searchsorted(cost, cost, side="right") - 1
    low, high = np.empty(len(reached)), np.empty(len(reached))
    for number, row in enumerate(reached):
        begin = min(int(np.searchsorted(row, tail)), most)
        below = row[first[begin] - 1] if first[begin] else 0.0
        end = min(int(np.searchsorted(row, below + BAND_SHARE - ROUNDING)), most)
        spare = row[last[end]] - BAND_SHARE
        if spare > row[begin]:
            begin = min(int(np.searchsorted(row, spare + ROUNDING)), end)
        low[number], high[number] = cost[begin], cost[end]
    return low, high
