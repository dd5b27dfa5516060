"""Utilisation to advice to dollars: what is advised, what it saves, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.advice import REMEDIES, Utilisation, advise, cost_with_hours
from costlib.planner.explain import plans
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import PURCHASES, Workload


@pytest.fixture(scope="module")
def on_demand(workload: Workload, sources: Sources) -> Result:
    """EC2 on demand only, in the home region: costs are hours times a price, and storage."""
    changes = {"search.purchase": ["on_demand"], "search.services": ["ec2"], "search.regions": ["us-east-1"]}
    return search(workload.changed({**changes, "deadline_hours": None}), sources)


def row_of(result: Result, instance_type: str, count: int = 1, precision: str = "bf16") -> int:
    code = result.sources.offers.instance_types.index(instance_type)
    mine = (result.column("instance_type") == code) & (result.grid.counts[result.candidates.count_index] == count)
    return int(np.nonzero(mine & (result.column("precision") == result.grid.precisions.index(precision)))[0][0])


def test_same_hours_same_cost(on_demand: Result, result: Result) -> None:
    for searched in (on_demand, result):
        for row in (0, len(searched.candidates) // 2, len(searched.candidates) - 1):
            usd, hours = cost_with_hours(searched, row, 1.0)
            assert usd == pytest.approx(searched.cost_usd[row]) and hours == pytest.approx(searched.wall_hours[row])


def test_from_45_to_90_percent_halves_hours_and_compute(on_demand: Result) -> None:
    row = row_of(on_demand, "p4d.24xlarge")
    (advice,) = advise(on_demand, row, Utilisation.of_percent(45))
    (plan,) = plans(on_demand, [row])
    lines = {line.item: line.usd.expected for line in plan.lines}
    # What is left beside half the work: start-up, and storage by the hour, which is next to nothing.
    assert advice.usd_saved == pytest.approx(lines["compute"] / 2, rel=0.001)
    work = lines["compute"] / on_demand.sources.book.on_demand("p4d.24xlarge", "us-east-1").amount
    assert advice.hours_saved == pytest.approx(work / 2)
    assert advice.kind == "waiting" and advice.plan_key == plan.key and advice.basis == "estimate"


@pytest.mark.parametrize(
    ("percents", "kind", "word"),
    [
        ((45, 60, 30, 20), "input: storage", "format"),
        ((45, 60, 2, 95), "input: cpu", "workers"),
        ((45, 60, 2, 30), "batch too small", "larger micro-batch"),
        ((45, 90, 2, 30), "waiting", "profile"),
    ],
)
def test_the_remedy_is_that_of_what_binds(on_demand: Result, percents: tuple[float, ...], kind: str, word: str) -> None:
    found = {
        advice.kind: advice
        for advice in advise(on_demand, row_of(on_demand, "p4d.24xlarge"), Utilisation.of_percent(*percents))
    }
    assert word in found[kind].do and found[kind].do == REMEDIES[kind] and found[kind].usd_saved > 0
    assert all(mark.source for mark in found[kind].thresholds)


def test_no_more_is_won_than_storage_takes(on_demand: Result) -> None:
    row = row_of(on_demand, "p4d.24xlarge")
    little, much = (advise(on_demand, row, Utilisation.of_percent(45, None, wait))[0] for wait in (20, 80))
    assert little.usd_saved == pytest.approx(0.2 / 0.5 * much.usd_saved, rel=0.001)


def test_a_smaller_instance_is_cheaper_and_holds_what_is_used(on_demand: Result) -> None:
    row = row_of(on_demand, "p5en.48xlarge")
    (advice,) = advise(on_demand, row, Utilisation.of_percent(95, 20))
    assert advice.kind == "smaller instance" and advice.usd_saved > 0
    assert advice.cost_usd == pytest.approx(on_demand.cost_usd[row] - advice.usd_saved)
    name = advice.plan_key.split(":")[1].split("*")[0]
    memory = on_demand.sources.hardware.instances.loc[name, "accelerator_memory_gib"]
    assert 0.2 * 141 / 0.95 <= memory < 141
    # More than half is in use: no smaller one is looked for. Nor is one advised that costs more.
    assert advise(on_demand, row, Utilisation.of_percent(95, 60)) == []
    cheapest = int(np.argmin(on_demand.cost_usd))
    assert advise(on_demand, cheapest, Utilisation.of_percent(95, 20)) == []


def test_what_runs_well_needs_no_advice_and_full_memory_is_a_warning(on_demand: Result) -> None:
    row = row_of(on_demand, "p4d.24xlarge")
    assert advise(on_demand, row, Utilisation.of_percent(95, 80, 2, 40)) == []
    (full,) = advise(on_demand, row, Utilisation.of_percent(95, 97))
    assert full.kind == "memory_capacity" and full.usd_saved == 0


def test_committed_plans_save_what_the_planner_says(workload: Workload, sources: Sources) -> None:
    # A Savings Plan is paid by the month: half the work of one run a month saves less than half of its cost.
    only = workload.changed(
        {"search.purchase": ["savings_plan"], "search.regions": ["us-east-1"], "deadline_hours": None}
    )
    found = search(only, sources)
    row = int(np.argmin(found.cost_usd))
    assert PURCHASES[found.column("purchase")[row]] == "savings_plan"
    (advice,) = advise(found, row, Utilisation.of_percent(45))
    assert 0 <= advice.usd_saved < 0.5 * found.cost_usd[row]


def test_greatest_saving_first_and_as_json(on_demand: Result) -> None:
    found = advise(on_demand, row_of(on_demand, "p5en.48xlarge"), Utilisation.of_percent(40, 20, 60, 10))
    assert len(found) == 2 and found[0].usd_saved >= found[1].usd_saved
    keys = {"kind", "finding", "do", "usd_saved", "hours_saved", "cost_usd", "plan", "basis", "rule", "thresholds"}
    assert set(found[0].as_dict()) == keys


def test_refuses_what_is_no_percentage() -> None:
    with pytest.raises(InvalidInput) as refused:
        Utilisation.of_percent(145, -1, 60, 60)
    assert [fault.field for fault in refused.value.faults] == ["gpu_percent", "memory_percent", "io_wait_percent"]
    with pytest.raises(InvalidInput, match="nothing ran on the GPU"):
        Utilisation.of_percent(0)
