"""The chance to finish by a deadline, and what it costs, before a job starts: what came of like moments on record.

A moment is likened by what was known then: whether capacity was there, since when, and its share of the last hours and
days. Jobs replayed from the most alike recorded moments are the forecast. On-demand is certain, spot alone a chance; a
policy with a safety net is certain too, and its cost is the question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.availability import checked, starts_that_fit
from costlib.models.replay import TINY_SECONDS, policy_named, simulate
from costlib.models.replay_policies import Policy
from costlib.models.replay_terms import Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: What a moment is likened by, and what a unit of each weighs: capacity there (0 or 1), doublings of its hours since
#: the last change, and the shares of steps with capacity, where 6 and 48 hours ago count half. Round numbers, judged by
#: how well forecasts fare on campaigns left out.
WEIGHTS: Floats = np.array([1.5, 0.12, 1.5, 2.5])
MEMORIES_HOURS = (6.0, 48.0)
AGE_BOUNDS_HOURS = (0.25, 64.0)
#: How many recorded moments make a forecast.
NEIGHBOURS = 1000
#: Less record than this before a moment says too little of it.
LEAST_RECORD_HOURS = 24.0
#: Hours between the recorded moments that are replayed.
EVERY_HOURS = 1.0
#: The share of outcomes that a band leaves out on each side.
BAND_TAIL = 0.10
#: Moments that are compared with the record at a time.
BLOCK = 256


class Forecast(NamedTuple):
    """One entry a moment: the chance to meet the deadline, and the cost over on-demand's bare work with its band."""

    chance: Floats
    cost_ratio: Floats
    cost_ratio_low: Floats
    cost_ratio_high: Floats


@dataclass(frozen=True)
class Record:
    """What came of jobs replayed from recorded moments; one entry a moment, ``trace`` numbers the trace it is of."""

    moments: Floats
    trace: Ints
    cost_ratio: Floats
    met_deadline: Bools

    def without(self, traces: Sequence[int]) -> Record:
        """The record without these traces."""
        kept = ~np.isin(self.trace, np.asarray(traces, dtype=np.int64))
        return Record(self.moments[kept], self.trace[kept], self.cost_ratio[kept], self.met_deadline[kept])


def moments(trace: npt.ArrayLike, step_hours: float) -> Floats:
    """(steps, 4): what was known at the start of each step, from the steps so far, this one included.

    Columns as WEIGHTS, not yet weighed. Raises InvalidInput.
    """
    flags = checked(trace)
    at = np.arange(len(flags))
    first = np.maximum.accumulate(np.where(np.diff(flags, prepend=~flags[0]), at, 0))
    age = np.log2(np.clip((at - first + 1) * step_hours, *AGE_BOUNDS_HOURS))
    shares = [_recent_share(flags, 0.5 ** (step_hours / memory)) for memory in MEMORIES_HOURS]
    return np.column_stack([flags.astype(float), age, *shares])


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
    parts = []
    for number, (given, step_hours) in traces.items():
        flags = checked(given)
        own = replace(
            terms, step_seconds=round(step_hours * SECONDS_PER_HOUR, 6),
            deadline_seconds=worked_towards * SECONDS_PER_HOUR,
        )  # fmt: skip
        starts = starts_that_fit(len(flags), step_hours, worked_towards)
        starts = starts[starts >= LEAST_RECORD_HOURS / step_hours][:: max(round(EVERY_HOURS / step_hours), 1)]
        if len(starts):
            result = simulate(flags, own, policy_named(policy), starts)
            met = result.finish_hours * SECONDS_PER_HOUR <= terms.deadline_seconds + TINY_SECONDS
            known = moments(flags, step_hours)[starts]
            parts.append(Record(known, np.full(len(starts), number), result.cost_ratio, met))
    if not parts:
        problem = "leaves no recorded moment with a day before and the time to the deadline after it"
        raise InvalidInput([Fault("deadline_hours", worked_towards, problem)])
    return Record(*(np.concatenate([getattr(part, name) for part in parts]) for name in Record.__dataclass_fields__))


def forecast(record: Record, known: Floats) -> Forecast:
    """The forecast at moments ``known`` ((moments, 4), of ``moments``), from the most alike recorded ones.

    The NEIGHBOURS nearest, the nearer the more weight, and a trace with many moments no more than its square root's.
    Raises InvalidInput for an empty record or other columns.
    """
    if known.ndim != 2 or known.shape[1] != len(WEIGHTS) or not len(record.trace):
        raise InvalidInput([Fault("known", str(known.shape), "must be (moments, 4), and the record not empty")])
    neighbours = min(NEIGHBOURS, len(record.trace))
    _, inverse, sizes = np.unique(record.trace, return_inverse=True, return_counts=True)
    of_trace = 1.0 / np.sqrt(sizes[inverse])
    held, asked = record.moments * WEIGHTS, known * WEIGHTS
    out = np.empty((4, len(asked)))
    for begin in range(0, len(asked), BLOCK):
        block = asked[begin : begin + BLOCK]
        far = (block**2).sum(axis=1)[:, None] - 2.0 * block @ held.T + (held**2).sum(axis=1)
        near = np.argpartition(far, neighbours - 1, axis=1)[:, :neighbours]
        far = np.maximum(np.take_along_axis(far, near, axis=1), 0.0)
        weight = (1.05 - far / (far.max(axis=1, keepdims=True) + 1e-9)) * of_trace[near]
        weight /= weight.sum(axis=1, keepdims=True)
        cost = record.cost_ratio[near]
        order = np.argsort(cost, axis=1, kind="stable")
        reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
        cost_in_order = np.take_along_axis(cost, order, axis=1)
        ends = [
            np.minimum((reached < share).sum(axis=1, keepdims=True), neighbours - 1)
            for share in (BAND_TAIL, 1.0 - BAND_TAIL)
        ]
        low, high = (np.take_along_axis(cost_in_order, end, axis=1)[:, 0] for end in ends)
        chance = (weight * record.met_deadline[near]).sum(axis=1)
        out[:, begin : begin + BLOCK] = chance, (weight * cost).sum(axis=1), low, high
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


def _recent_share(flags: Bools, kept: float) -> Floats:
    """The share of steps with capacity, each older step counting ``kept`` of the next."""
    share = np.empty(len(flags))
    held = weight = 0.0
    for step, there in enumerate(flags.tolist()):
        held, weight = held * kept + there, weight * kept + 1.0
        share[step] = held / weight
    return share
