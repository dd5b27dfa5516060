"""Planned runs as demand: what their plans use, no more."""

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.planned import DRAWS, planned_demand
from costlib.planner.commit.report import planned_report
from costlib.prices.book import PriceBook

EXAMPLE = "gpt2-124m"


def test_runs_of_the_cheapest_on_demand_plan_are_laid_on_the_months(book: PriceBook) -> None:
    planned = planned_demand([EXAMPLE], book, 12, "even")
    (plan,) = planned.plans
    assert plan.purchase == "on_demand"
    scenarios = planned.demand.scenarios
    assert scenarios.quantity.shape == (DRAWS, 8760, 1) and scenarios.chance.sum() == pytest.approx(1)
    ran = scenarios.quantity.sum(axis=(1, 2))
    # A run a month, of one length in each draw, which the plan's band says.
    hours = ran / 12 / plan.count
    assert plan.hours.low < np.median(hours) < plan.hours.high
    assert scenarios.quantity.max() == pytest.approx(plan.count)
    assert planned.demand.middle in np.argsort(ran)[DRAWS // 2 - 1 : DRAWS // 2 + 1]


def test_it_is_answered_without_a_past(book: PriceBook) -> None:
    planned = planned_demand([EXAMPLE], book, 12)
    found = planned_report(book, planned.demand, 12, Asked())
    content = found.as_dict(ladder=False)
    assert content["look_back"] == [] and content["ladder"] is None
    assert content["assumptions"]["planned"] is True and content["usage"]["planned"] is True
    assert len(content["scenarios"]) == DRAWS


def test_the_faults_of_all_workloads_come_together(book: PriceBook) -> None:
    with pytest.raises(InvalidInput) as caught:
        planned_demand(["gpt2-124", "gpt-750m", EXAMPLE], book, 12)
    assert len(caught.value.faults) == 2
    assert all("did you mean" in str(fault) for fault in caught.value.faults)
