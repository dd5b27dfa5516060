"""The spot plan looked at closely: chosen by name, with numbers that are the search's own."""

import numpy as np
import pytest

from costlib.errors import InvalidInput, NoPlan
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.planner.spot.run import SpotRun, choose, instance_usd, names_of, run_of, spot_rows
from costlib.workload import PURCHASES, Workload


def test_the_cheapest_spot_plan_on_time_is_chosen(result: Result) -> None:
    rows = spot_rows(result)
    ec2 = rows[result.column("service")[rows] == 0]
    on_time = ec2[result.meets_deadline[ec2]]
    assert choose(result).plan.cost_usd.expected == pytest.approx(result.cost_usd[on_time].min())


def test_it_is_the_plan_that_was_asked_for(result: Result) -> None:
    found = choose(result, instance_type="p5.48xlarge", region="us-east-2", count=1, precision="bf16")
    assert (found.plan.instance_type, found.plan.region, found.plan.count) == ("p5.48xlarge", "us-east-2", 1)
    managed = choose(result, service="sagemaker", instance_type="p5.48xlarge")
    assert managed.plan.service == "sagemaker" and managed.plan.option == "managed spot"


def test_unknown_choices_are_refused_together_with_near_names(result: Result) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(result, instance_type="p4d.24xlarg", region="us-eat-1")
    faults = {fault.field: fault for fault in refused.value.faults}
    assert "p4d.24xlarge" in faults["instance_type"].nearest and "us-east-1" in faults["region"].nearest
    best = choose(result)
    elsewhere = next(
        name
        for name in result.sources.offers.regions
        if name not in ("", best.plan.region) and np.any(names_of(result, "region", spot_rows(result)) == name)
    )
    with pytest.raises(InvalidInput, match="not together"):
        choose(result, az=best.plan.az, region=elsewhere)
    with pytest.raises(InvalidInput, match="cout"):
        choose(result, cout=2)


def test_without_spot_there_is_nothing_to_look_at(workload: Workload, sources: Sources) -> None:
    with pytest.raises(NoPlan, match="no spot plan"):
        choose(search(workload.changed({"search.purchase": ["on_demand"]}), sources))


def test_its_numbers_add_up_to_the_plan(run: SpotRun) -> None:
    assert run.on_demand is not None and run.on_demand_usd_per_hour is not None and run.price_ratio is not None
    assert run.price_ratio.expected == pytest.approx(run.spot_usd_per_hour.expected / run.on_demand_usd_per_hour)
    assert run.price_ratio.high <= 1.0
    assert run.mtbi_hours.expected == pytest.approx(1 / (run.hazard_per_hour.expected * run.count))
    # The plan's own billed hours give the plan's own dollars.
    billed = run.plan.hours.expected - run.start_up_hours.expected - run.requeue_hours.expected
    assert instance_usd(run, np.array([billed]), 1)[0] == pytest.approx(run.plan.cost_usd.expected)
    assert run.on_demand.count == run.count and run.on_demand.region == run.plan.region
    assert run.as_dict()["price_ratio"]["expected"] == run.price_ratio.expected  # type: ignore[index]


def test_other_purchases_are_no_spot_run(result: Result) -> None:
    row = int(np.nonzero(result.column("purchase") == PURCHASES.index("on_demand"))[0][0])
    with pytest.raises(InvalidInput, match="not spot"):
        run_of(result, row)
