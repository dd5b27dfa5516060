"""Demand of planned training runs: each workload's cheapest on-demand plan, laid on the calendar again and again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.models.commitments_forecast import MONTH
from costlib.planner.answer import read_workload
from costlib.planner.commit.calendar import planned_runs_of, usage_from_runs
from costlib.planner.commit.demand import Demand
from costlib.planner.explain import plans
from costlib.planner.plan import Plan
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook

#: Draws of starts and lengths, each as likely as the other; a Monday to begin with, and a seed.
DRAWS, FIRST_HOUR, SEED = 16, "2024-01-01T00:00Z", 0
RULE = (
    "runs of each workload's cheapest on-demand plan, so many a month, at {spread} times; {draws} draws of how long a"
    " run takes, by the plan's 80 % band, and of when runs start"
)
SPREAD_WORDS = {"even": "even", "random": "random", "working_hours": "random working"}


@dataclass(frozen=True)
class PlannedDemand:
    """The demand, and the plan of each workload that it is of."""

    demand: Demand
    plans: tuple[Plan, ...]


def planned_demand(
    workloads: Sequence[str | os.PathLike[str]], book: PriceBook, months: int, spread: str = "random"
) -> PlannedDemand:
    """What planned runs (paths or example names of workloads) may use over some months.

    Raises InvalidInput with the faults of all workloads; CostlibError where one has no on-demand plan at all.
    """
    sources = Sources.open(book)
    faults: list[Fault] = []
    found: list[Plan] = []
    runs = []
    for given in workloads:
        try:
            workload = read_workload(given, sources.vocabulary)
            result = search(workload.changed({"search.purchase": ["on_demand"]}, sources.vocabulary), sources)
            result.require_on_time()
            plan = plans(result, result.order[:1])[0]
            runs.append(planned_runs_of(plan, workload, spread))
            found.append(plan)
        except InvalidInput as refused:
            faults += [Fault(f"{given}: {fault.field}", fault.value, fault.problem, fault.nearest)
                       for fault in refused.faults]  # fmt: skip
        except CostlibError as impossible:
            faults.append(Fault(str(given), None, str(impossible)))
    if faults:
        raise InvalidInput(faults)
    scenarios = usage_from_runs(runs, pd.Timestamp(FIRST_HOUR), months * MONTH, DRAWS, SEED)
    names = tuple(f"draw {at + 1}" for at in range(DRAWS))
    scenarios = type(scenarios)(scenarios.lines, scenarios.quantity, scenarios.probability, names=names)
    total = scenarios.quantity.sum(axis=(1, 2))
    middle = int(np.argsort(total, kind="stable")[len(total) // 2])
    note = RULE.format(spread=SPREAD_WORDS[spread], draws=DRAWS)
    return PlannedDemand(Demand(scenarios, middle, {}, (note,)), tuple(found))
