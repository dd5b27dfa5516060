"""A run replayed over the recorded traces, as if its capacity came and went like theirs: policies side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.availability import starts_that_fit
from costlib.models.replay import policy_named, simulate
from costlib.models.replay_policies import SpotOnly
from costlib.models.replay_terms import Terms
from costlib.planner.spot.run import SpotRun, ends_of
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[float, str], None]

POLICIES = ("on_demand", "spot_only", "safety_net", "uniform_progress", "lookahead")
#: The lookahead weighs every step anew: its jobs start this much further apart.
LOOKAHEAD_APART = 12.0
#: What a deadline that is not given is taken to be, over the work.
DEADLINE_OVER_WORK = 1.5
BAND_TAIL = 0.10
COLUMNS = (
    "policy", "usd_low", "usd", "usd_high", "saved_fraction", "met_fraction", "ended_fraction", "hours",
    "spot_fraction", "preemptions", "jobs",
)  # fmt: skip
RULE = (
    "estimate: capacity is taken to come and go as in the recorded traces (AWS and Google Cloud, 2022 to 2025; launches"
    " tried every few minutes), each trace counting the same; an interruption loses the restart, half a checkpoint"
    " interval and a write; the spot price stays as it is"
)


@dataclass(frozen=True)
class Jobs:
    """Replayed jobs, one entry each. ``weight`` sums to 1, each trace having the same; ``cost_ratio`` is over on-demand
    for the bare work."""

    trace: Ints
    weight: Floats
    cost_ratio: Floats
    finish_hours: Floats
    met_deadline: Bools
    spot_hours: Floats
    on_demand_hours: Floats
    preemptions: Ints

    def mean(self, values: npt.ArrayLike) -> float:
        """The weighted mean of one value a job; infinite ones are left out."""
        array = np.asarray(values, float)
        known = np.isfinite(array)
        return float(np.average(array[known], weights=self.weight[known])) if known.any() else float("nan")

    def quantile(self, values: Floats, share: float) -> float:
        """The value that so much of the weight lies at or below; values that are not finite are left out."""
        known = np.isfinite(values)
        order = np.argsort(values[known], kind="stable")
        reached = np.cumsum(self.weight[known][order])
        if not len(order):
            return float("nan")
        place = int(np.searchsorted(reached, share * reached[-1] - 1e-12))
        return float(values[known][order][min(place, len(order) - 1)])

    @property
    def ended(self) -> Bools:
        """The jobs that got done, in time or not."""
        return np.isfinite(self.finish_hours)


def deadline_of(run: SpotRun) -> float:
    """The workload's deadline, or where it has none DEADLINE_OVER_WORK times the work and one start."""
    given = run.result.workload.deadline_hours
    if given is not None:
        return float(given)
    return DEADLINE_OVER_WORK * (run.work_hours.expected + changeover_hours(run))


def changeover_hours(run: SpotRun) -> float:
    """What an interruption loses: start-up and restart, and on average half an interval of work and one write."""
    interval = min(run.interval_hours, run.work_hours.expected)
    return run.restart_hours.expected + interval / 2.0 + run.write_hours.expected


def terms_of(run: SpotRun, deadline_hours: float, end: int = 1) -> Terms:
    """What a replay of the run is asked, at one end of its hours (0 low, 1 expected, 2 high); steps are a trace's own.

    Raises InvalidInput: a deadline shorter than the work and a start, a type without an on-demand price in the region.
    """
    if run.price_ratio is None:
        problem = f"has no on-demand price in {run.plan.region}, which falling back needs"
        raise InvalidInput([Fault("instance_type", run.plan.instance_type, problem)])
    # A step of the terms is never used: each trace brings its own.
    return Terms.of_hours(
        1.0, ends_of(run.work_hours)[end], deadline_hours, changeover_hours(run), run.price_ratio.expected
    )


def distinct(traces: SpotTraces) -> pd.DataFrame:
    """The traces' rows, equal traces once."""
    return traces.table.drop_duplicates(["campaign", "run_lengths"]).reset_index(drop=True)


def replayed(traces: SpotTraces, terms: Terms, policy: str, every_hours: float = 1.0) -> Jobs:
    """The terms and policy over every distinct trace, a job every so many hours whose time to the deadline fits in.

    Raises InvalidInput where no trace is long enough, and for unknown policies.
    """
    rule = policy_named(policy)
    parts, numbers = [], []
    for group in _tapes(traces, terms, every_hours, apart=isinstance(rule, SpotOnly)):
        parts.append(simulate(group.available, group.terms, rule, group.starts))
        numbers.append(group.trace)
    if not parts:
        problem = "is longer than every recorded trace"
        raise InvalidInput([Fault("deadline_hours", terms.deadline_seconds / SECONDS_PER_HOUR, problem)])
    number = np.concatenate(numbers)
    jobs_of = np.bincount(number)
    each = 1.0 / (jobs_of[number] * np.count_nonzero(jobs_of))
    names = ("cost_ratio", "finish_hours", "met_deadline", "spot_hours", "on_demand_hours", "preemptions")
    order = np.argsort(number, kind="stable")
    columns = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    return Jobs(trace=number[order], weight=each[order], **columns)


class _Tape(NamedTuple):
    """Traces of one step, one after another, the terms at that step, and the jobs: their starts, and of which trace."""

    available: Bools
    terms: Terms
    starts: Ints
    trace: Ints


def _tapes(traces: SpotTraces, terms: Terms, every_hours: float, apart: bool) -> Iterator[_Tape]:
    """The distinct traces that jobs fit in, those of equal steps on one tape, so that their jobs run at once.

    ``apart``: one tape a trace, for a policy that may run past its deadline, and so into the next trace.
    """
    names = distinct(traces)["trace"]
    steps_hours = np.array([traces.step_hours(name) for name in names])
    group_of = np.arange(len(names)) if apart else steps_hours
    for group in np.unique(group_of):
        members = np.nonzero(group_of == group)[0]
        step_hours = float(steps_hours[members[0]])
        own = replace(terms, step_seconds=round(step_hours * SECONDS_PER_HOUR, 6))
        flags, starts, number, begin = [], [], [], 0
        for member in members:
            trace = traces.of(names[member])
            first = starts_that_fit(len(trace), own.step_seconds, own.deadline_seconds)
            first = first[:: max(round(every_hours / step_hours), 1)]
            if len(first):
                flags.append(trace)
                starts.append(begin + first)
                number.append(np.full(len(first), member))
                begin += len(trace)
        if flags:
            yield _Tape(np.concatenate(flags), own, np.concatenate(starts), np.concatenate(number))


def base_usd(run: SpotRun) -> float:
    """On-demand dollars of the instances for the bare work, at the expected hours: what cost ratios are over."""
    assert run.on_demand_usd_per_hour is not None
    return run.on_demand_usd_per_hour * run.count * run.work_hours.expected


def by_policy(
    run: SpotRun,
    deadline_hours: float,
    traces: SpotTraces,
    policies: Sequence[str] = POLICIES,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """What each policy would have come to over the recorded traces; columns: COLUMNS.

    ``usd``: mean of the instances' dollars of the jobs that got done, with their P10 and P90; ``saved_fraction``: below
    on-demand; ``met_fraction``: of jobs that met the deadline, ``ended_fraction``: that got done at all before their
    trace ended; ``hours``: mean to the end, of those; ``spot_fraction`` of the billed hours; ``jobs``: how many were
    replayed. Raises InvalidInput as terms_of and replayed do.
    """
    tell = progress or (lambda share, what: None)
    terms = terms_of(run, deadline_hours)
    base = base_usd(run)
    on_demand = replayed(traces, terms, "on_demand")
    rows = []
    for number, policy in enumerate(policies):
        tell(number / len(policies), f"replaying {policy.replace('_', ' ')}")
        jobs = replayed(traces, terms, policy, LOOKAHEAD_APART if policy == "lookahead" else 1.0)
        usd = np.where(jobs.ended, jobs.cost_ratio * base, np.nan)
        billed = jobs.spot_hours + jobs.on_demand_hours
        rows.append(
            {
                "policy": policy,
                "usd_low": jobs.quantile(usd, BAND_TAIL),
                "usd": jobs.mean(usd),
                "usd_high": jobs.quantile(usd, 1.0 - BAND_TAIL),
                "met_fraction": jobs.mean(jobs.met_deadline),
                "ended_fraction": jobs.mean(jobs.ended),
                "hours": jobs.mean(jobs.finish_hours),
                "spot_fraction": jobs.mean(jobs.spot_hours) / jobs.mean(billed),
                "preemptions": jobs.mean(jobs.preemptions),
                "jobs": len(usd),
            }
        )
    table = pd.DataFrame(rows)
    # The same jobs give the same sums: on-demand itself saves nothing, to the last digit.
    on_demand_usd = on_demand.mean(np.where(on_demand.ended, on_demand.cost_ratio * base, np.nan))
    return table.assign(saved_fraction=1.0 - table["usd"] / on_demand_usd)[list(COLUMNS)]
