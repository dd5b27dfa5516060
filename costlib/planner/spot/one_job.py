"""One job of a run on one recorded trace, step by step under each policy, beside the least that it could have cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.availability import starts_that_fit
from costlib.models.replay import policy_named, simulate
from costlib.models.replay_optimum import optimum_seconds
from costlib.models.replay_tape import tape
from costlib.models.replay_terms import Terms
from costlib.planner.spot.recorded import base_usd, terms_of
from costlib.planner.spot.run import SpotRun
from costlib.units import SECONDS_PER_HOUR

#: Steps times units of slack that the optimum may look at: a second or two.
MOST_CELLS = 1e8
POLICIES = ("safety_net", "uniform_progress", "lookahead")


@dataclass(frozen=True)
class OneJob:
    """``available``: recorded capacity from the start to the deadline; ``modes``: by policy, what the job did in each
    step (models.replay_terms: waits, spot, on-demand); ``usd`` of the instances by policy, ``optimum`` among them."""

    trace: str
    start_step: int
    step_hours: float
    available: npt.NDArray[np.bool_]
    modes: Mapping[str, npt.NDArray[np.int8]]
    usd: Mapping[str, float]
    met: Mapping[str, bool]


def last_start_hours(traces: SpotTraces, trace: str, deadline_hours: float) -> float:
    """Hours into a trace of the last start whose time to the deadline lies in it. Raises InvalidInput if none does."""
    step_hours = traces.step_hours(trace)
    fits = starts_that_fit(len(traces.of(trace)), step_hours, deadline_hours)
    if not len(fits):
        problem = f"is longer than {trace} was recorded, {len(traces.of(trace)) * step_hours:,.0f} h"
        raise InvalidInput([Fault("deadline_hours", deadline_hours, problem)])
    return float(fits[-1]) * step_hours


def one_job(
    run: SpotRun,
    deadline_hours: float,
    traces: SpotTraces,
    trace: str,
    start_hours: float,
    policies: Sequence[str] = POLICIES,
) -> OneJob:
    """The job that begins ``start_hours`` into the trace. Raises NotKnown for another trace, InvalidInput as terms_of
    does and for a start that is negative or leaves the trace before its deadline."""
    last = last_start_hours(traces, trace, deadline_hours)
    if not 0 <= start_hours <= last + 1e-9:
        problem = f"must be from 0 to {last:,.6g}: then the time to the deadline lies in the trace"
        raise InvalidInput([Fault("start_hours", start_hours, problem)])
    flags, step_hours = traces.of(trace), traces.step_hours(trace)
    terms: Terms = replace(terms_of(run, deadline_hours), step_seconds=round(step_hours * SECONDS_PER_HOUR, 6))
    start = int(start_hours / step_hours + 1e-9)
    base = base_usd(run)
    modes, usd, met = {}, {}, {}
    for name in policies:
        policy = policy_named(name)
        modes[name] = tape(flags, terms, policy, start)
        found = simulate(flags, terms, policy, np.array([start]))
        usd[name], met[name] = float(found.cost_ratio[0]) * base, bool(found.met_deadline[0])
    whole = _in_units(terms)
    best = float(optimum_seconds(flags, whole, np.array([start]))[0]) / terms.work_seconds * base
    return OneJob(
        trace, start, step_hours, flags[start : start + terms.steps], modes, {**usd, "optimum": best},
        {**met, "optimum": bool(np.isfinite(best))},
    )  # fmt: skip


def _in_units(terms: Terms) -> Terms:
    """Work and changeover in the units that the optimum counts in: seconds, or more of them for a long job.

    Units divide the step, and what is left over of the longer ones is dropped: a bound stays a bound.
    """
    step = round(terms.step_seconds)
    slack = max(terms.steps * step - terms.work_seconds, 0.0)
    divisors = [unit for unit in range(1, step + 1) if step % unit == 0]
    unit = next((unit for unit in divisors if terms.steps * slack / unit <= MOST_CELLS), step)
    if unit == 1:
        work, changeover = round(terms.work_seconds), round(terms.changeover_seconds)
    else:
        work, changeover = (int(held // unit) * unit for held in (terms.work_seconds, terms.changeover_seconds))
    return replace(terms, work_seconds=max(work, unit), changeover_seconds=changeover)
