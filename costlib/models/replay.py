"""One job over a recorded availability trace, from many starts at once: what it costs, when it ends, what is lost.

The model of Wu et al. (NSDI 2024, section 3.1), in steps of the trace: a decision is taken at the start of a step; spot
that is gone at the start of a step is preempted; every start of an instance loses and bills a changeover; prices are
constant. A loop runs over the steps to the deadline, and arrays over the starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.availability import checked, starts_that_fit
from costlib.models.replay_fleet import TINY_SECONDS, Fleet
from costlib.models.replay_lookahead import Lookahead
from costlib.models.replay_optimum import optimum_seconds
from costlib.models.replay_policies import (
    Now,
    OnDemand,
    Policy,
    Rule,
    SafetyNet,
    SpotOnly,
    SteadyRule,
    UniformProgress,
    guard,
)
from costlib.models.replay_runs import stride
from costlib.models.replay_terms import IDLE, SPOT, Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

POLICIES: Mapping[str, Policy] = {
    "on_demand": OnDemand(),
    "spot_only": SpotOnly(),
    "safety_net": SafetyNet(),
    "uniform_progress": UniformProgress(),
    "uniform_progress_plain": UniformProgress(hysteresis=False),
    "uniform_progress_literal": UniformProgress(waits_when_ahead=True),
    "lookahead": Lookahead(),
}
#: The names used in the literature, for the policies' own names here.
ALIASES = {
    "greedy": "safety_net",
    "up": "uniform_progress",
    "up_plain": "uniform_progress_plain",
    "up_paper": "uniform_progress_literal",
}


class Replayed(NamedTuple):
    """One entry a start. ``cost_ratio`` is over on-demand for the bare work: 1 is on-demand without any start-up.

    ``finish_hours`` is infinite for a job that never gets done (``spot_only`` alone can come to that).
    """

    cost_ratio: Floats
    finish_hours: Floats
    met_deadline: Bools
    lost_work_hours: Floats
    spot_hours: Floats
    on_demand_hours: Floats
    starts: Ints
    preemptions: Ints


def policy_named(name: str | Policy) -> Policy:
    """A policy by its name, or by its alias in the literature. Raises InvalidInput with near names."""
    if not isinstance(name, str):
        return name
    known = ALIASES.get(name, name)
    if known not in POLICIES:
        raise InvalidInput([unknown("policy", name, [*POLICIES, *ALIASES], "policy")])
    return POLICIES[known]


def replay(
    available: npt.ArrayLike,
    step_hours: float,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    spot_price_ratio: float,
    policy: str | Policy,
    starts: npt.ArrayLike | None = None,
    *,
    checkpoint_interval_hours: float | None = None,
    checkpoint_write_hours: float = 0.0,
    billed_by_second: bool = False,
) -> Replayed:
    """A job of ``work_hours`` with a deadline, over the trace ``available`` (0 or 1 a step), from each of ``starts``.

    ``starts`` are steps of the trace (default: all whose time to the deadline lies within it). ``spot_price_ratio``
    is the spot price over the on-demand price. Work is durable at once, unless ``checkpoint_interval_hours`` is given:
    then spot loses what follows the last checkpoint, and a voluntary stop saves first where that beats losing the work.
    Every started step is billed whole, unless ``billed_by_second``: then the last one is billed to its end of work.

    Raises InvalidInput: a deadline shorter than the work and a start, a trace with gaps, a window that leaves the
    trace, numbers out of range, an unknown policy.
    """
    trace = checked(available)
    terms = Terms.of_hours(
        step_hours,
        work_hours,
        deadline_hours,
        changeover_hours,
        spot_price_ratio,
        checkpoint_interval_hours,
        checkpoint_write_hours,
    )
    rule = policy_named(policy)
    return simulate(trace, terms, rule, checked_starts(starts, len(trace), terms), billed_by_second)


def checked_starts(starts: npt.ArrayLike | None, steps_in_trace: int, terms: Terms) -> Ints:
    """The starts as integers; all that fit where none are given. InvalidInput where a window leaves the trace."""
    fitting = starts_that_fit(steps_in_trace, terms.step_seconds, terms.deadline_seconds)
    if starts is None:
        if not len(fitting):
            hours = steps_in_trace * terms.step_seconds / SECONDS_PER_HOUR
            problem = f"is longer than the trace, {hours:.6g} h: no start fits"
            raise InvalidInput([Fault("deadline_hours", terms.deadline_seconds / SECONDS_PER_HOUR, problem)])
        return fitting
    given = np.atleast_1d(np.asarray(starts))
    if given.ndim != 1 or given.dtype.kind not in "iu" or not len(given):
        raise InvalidInput([Fault("starts", str(given.dtype), "must be whole steps of the trace, at least one")])
    outside = given[(given < 0) | (given >= len(fitting))]
    if len(outside):
        problem = f"leaves the trace before its deadline; the last start that fits is {len(fitting) - 1}"
        raise InvalidInput([Fault("starts", int(outside[0]), problem)])
    return given.astype(np.int64)


def optimum(
    available: npt.ArrayLike,
    step_hours: float,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    spot_price_ratio: float,
    starts: npt.ArrayLike | None = None,
    *,
    checkpoint_interval_hours: float | None = None,
    checkpoint_write_hours: float = 0.0,
    billed_by_second: bool = False,
) -> Floats:
    """The least cost over on-demand for the bare work that any policy could have reached, with the trace known.

    Arguments and faults as of ``replay``; infinite where the deadline cannot be met. It takes some 0.05 s a start.
    """
    trace = checked(available)
    terms = Terms.of_hours(
        step_hours, work_hours, deadline_hours, changeover_hours, spot_price_ratio, checkpoint_interval_hours,
        checkpoint_write_hours,
    )  # fmt: skip
    first = checked_starts(starts, len(trace), terms)
    return optimum_seconds(trace, terms, first, billed_by_second) / terms.work_seconds


def simulate(trace: Bools, terms: Terms, policy: Policy, starts: Ints, billed_by_second: bool = False) -> Replayed:
    """The replay on checked input: in strides where the policy allows it, else step by step."""
    rule = policy.begin(terms, len(starts))
    if isinstance(rule, SteadyRule):
        return _result(*stride(trace, terms, rule, starts), terms, billed_by_second)
    return _result(*step_by_step(trace, terms, rule, starts), terms, billed_by_second)


def step_by_step(trace: Bools, terms: Terms, rule: Rule, starts: Ints) -> tuple[Fleet, Floats, Floats]:
    """Every job at its end: the columns, the step in which it finished, and the seconds it used of that step.

    Runs on past the deadline until every job is done; beyond the trace nothing is taken to be available, and a job
    that still waits there ends undone, in step infinity.
    """
    flags = np.append(trace, False)
    fleet, ended = Fleet.fresh(starts), Fleet.fresh(starts)
    last_step, last_used = np.zeros(len(starts)), np.zeros(len(starts))
    step = 0
    while len(fleet.jobs):
        there = flags[np.minimum(fleet.first + step, len(trace))]
        fleet.preempt(there)
        now = Now(step, there, fleet.mode, fleet.switching, fleet.done, fleet.saved, fleet.jobs)
        wanted = rule.wanted(now, terms)
        fleet.switch(guard(wanted, now, terms) if rule.guarded else wanted, terms)
        used, finished = fleet.advance(terms)
        # Beyond the trace nothing comes: who waits there waits for ever.
        stuck = (fleet.mode == IDLE) & (fleet.first + step >= len(trace))
        finished = finished | stuck
        if finished.any():
            jobs = fleet.jobs[finished]
            last_step[jobs] = np.where(stuck[finished], np.inf, step)
            last_used[jobs] = np.where(stuck[finished], terms.step_seconds, used[finished])
            ended.put(jobs, fleet, finished)
            fleet.keep(~finished)
        step += 1
    return ended, last_step, last_used


def _result(fleet: Fleet, last_step: Floats, last_used: Floats, terms: Terms, billed_by_second: bool) -> Replayed:
    on_spot = fleet.mode == SPOT
    refund = terms.step_seconds - last_used if billed_by_second else np.zeros(len(last_used))
    spot = fleet.spot_steps * terms.step_seconds - np.where(on_spot, refund, 0.0)
    on_demand = fleet.on_demand_steps * terms.step_seconds - np.where(on_spot, 0.0, refund)
    finish = last_step * terms.step_seconds + last_used
    return Replayed(
        (on_demand + terms.spot_price_ratio * spot) / terms.work_seconds,
        finish / SECONDS_PER_HOUR,
        finish <= terms.deadline_seconds + TINY_SECONDS,
        fleet.lost / SECONDS_PER_HOUR,
        spot / SECONDS_PER_HOUR,
        on_demand / SECONDS_PER_HOUR,
        fleet.starts,
        fleet.preemptions,
    )
