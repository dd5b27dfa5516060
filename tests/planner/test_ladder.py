"""The savings ladder: any order ends at the best plan, and each lever alone is a ladder of one."""

import itertools

import pytest

from costlib.errors import InvalidInput
from costlib.planner.explain import plans
from costlib.planner.ladder import LEVERS, ladder
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import Workload


def test_ends_at_the_best_plan(result: Result) -> None:
    assert ladder(result).end_usd == pytest.approx(result.cost_usd[result.order[0]])


def test_starts_naive(result: Result) -> None:
    start = plans(result, [ladder(result).start_row])[0]
    assert (start.service, start.purchase, start.precision) == ("sagemaker", "on_demand", "fp32")
    assert start.region == "us-east-1"
    assert start.instance_type.startswith("p6")


@pytest.mark.parametrize("order", list(itertools.permutations(LEVERS))[::97])
def test_any_order_has_the_same_ends(result: Result, order: tuple[str, ...]) -> None:
    steps = ladder(result, order)
    reference = ladder(result)
    assert steps.start_usd == reference.start_usd
    assert steps.end_usd == pytest.approx(reference.end_usd)
    assert sum(rung.saved_usd for rung in steps.rungs) == pytest.approx(steps.start_usd - steps.end_usd)


@pytest.mark.parametrize("lever", LEVERS)
def test_alone_is_a_ladder_of_one(result: Result, lever: str) -> None:
    alone = ladder(result, (lever,)).rungs[0]
    in_full = next(rung for rung in ladder(result).rungs if rung.lever == lever)
    assert alone.cost_usd == pytest.approx(in_full.alone_usd)


def test_no_lever_raises_cost_when_the_start_is_on_time(result: Result) -> None:
    steps = ladder(result)
    assert steps.start_meets_deadline
    costs = [steps.start_usd, *(rung.cost_usd for rung in steps.rungs)]
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("order", list(itertools.permutations(LEVERS))[::97])
@pytest.mark.parametrize("deadline_hours", [1.0, 3.0, 8.0])
def test_only_the_lever_that_first_holds_the_deadline_costs_more(
    workload: Workload, sources: Sources, order: tuple[str, ...], deadline_hours: float
) -> None:
    steps = ladder(search(workload.changed({"deadline_hours": deadline_hours}), sources), order)
    on_time = [steps.start_meets_deadline, *(rung.meets_deadline for rung in steps.rungs)]
    assert on_time == sorted(on_time) and not on_time[0] and on_time[-1]
    for was_on_time, rung in zip(on_time, steps.rungs, strict=False):
        dearer = rung.saved_usd < 0
        assert not dearer or (rung.meets_deadline and not was_on_time)
        assert rung.effect.endswith(", and holds the deadline") == dearer
        assert rung.effect.startswith("costs ") == dearer
    assert sum(rung.saved_usd for rung in steps.rungs) == pytest.approx(steps.start_usd - steps.end_usd)


def test_a_start_cheaper_than_what_holds_the_deadline(workload: Workload, sources: Sources) -> None:
    steps = ladder(search(workload.changed({"deadline_hours": 1.0}), sources))
    assert steps.saved_fraction < 0
    assert steps.effect == "costs 30 % more, and holds the deadline"
    assert steps.summary == "The best plan costs 30 % more, and holds the deadline; the naive start misses it."


def test_the_summary_in_words(result: Result) -> None:
    assert ladder(result).summary.startswith("All levers together save 99.")
    assert ladder(result, ()).summary == "All levers together change nothing."


def test_without_sagemaker_the_start_is_what_there_is(workload: Workload, sources: Sources) -> None:
    only_ec2 = search(workload.changed({"search.services": ["ec2"]}), sources)
    assert ladder(only_ec2).start_choices["service"] == "ec2"


def test_unknown_and_repeated_levers_are_refused(result: Result) -> None:
    with pytest.raises(InvalidInput, match="did you mean spot"):
        ladder(result, ("spott",))
    with pytest.raises(InvalidInput, match="twice"):
        ladder(result, ("spot", "spot"))
