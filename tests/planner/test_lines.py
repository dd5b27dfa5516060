"""Estimates are itemised: the lines add up, and each line's formula gives its amount."""

import json

import numpy as np
import pytest

from costlib.basis import BASES
from costlib.paths import repository_dir
from costlib.planner.explain import explain, plans
from costlib.planner.lines import ITEMS, NOT_COSTED
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import Workload

NOTEBOOK, REPORT = "notebooks/13_plan.ipynb", "notebooks/reports/plan.ipynb"


@pytest.fixture(scope="module")
def varied(result: Result) -> list:
    rows = result.best_per("service", "purchase", "instance_type")
    return plans(result, rows[:60])


def test_total_is_the_sum_of_lines_and_of_the_ranking(result: Result, varied: list) -> None:
    rows = result.best_per("service", "purchase", "instance_type")[:60]
    for plan, ranked in zip(varied, result.cost_usd[rows], strict=True):
        assert plan.cost_usd.expected == pytest.approx(sum(line.usd.expected for line in plan.lines))
        assert plan.cost_usd.expected == pytest.approx(ranked)


def test_formulas_give_the_amounts(varied: list) -> None:
    for plan in varied:
        for line in plan.lines:
            amount = eval(line.formula, {"__builtins__": {}}, dict(line.inputs))
            assert amount == pytest.approx(line.usd.expected), (plan.key, line.item)


def test_bands_are_in_order(varied: list) -> None:
    for plan in varied:
        for band in (plan.cost_usd, plan.hours):
            assert band.low <= band.expected + 1e-9
            assert band.expected <= band.high + 1e-9


def test_every_line_has_a_basis_a_source_and_a_date(varied: list) -> None:
    for plan in varied:
        for line in plan.lines:
            assert line.basis in BASES
            assert line.source
            assert line.as_of[:4].isdigit()
            if line.basis == "estimate":
                assert line.rule


def test_only_sagemaker_on_demand_has_a_premium_and_only_spot_reworks(varied: list) -> None:
    seen = set()
    for plan in varied:
        items = {line.item for line in plan.lines}
        seen |= items
        if "service_premium" in items:
            assert (plan.service, plan.purchase) == ("sagemaker", "on_demand")
        if "spot_rework" in items:
            assert plan.purchase == "spot"
        if "unused_commitment" in items:
            assert plan.purchase in ("reserved", "savings_plan", "capacity_block")
    assert {"service_premium", "spot_rework", "unused_commitment", "data_transfer"} <= seen


def test_moving_the_data_costs_only_away_from_home(result: Result) -> None:
    for plan in plans(result, result.best_per("region")):
        items = {line.item for line in plan.lines}
        assert ("data_transfer" in items) == (not plan.region.startswith("us-east-1"))


def test_explain_has_a_row_a_line(varied: list) -> None:
    rows = explain(varied[0])
    assert [row["item"] for row in rows] == [line.item for line in varied[0].lines]
    assert all(row["numbers"] for row in rows)


def test_plans_come_in_the_order_asked(result: Result) -> None:
    rows = np.array([result.order[5], result.order[0]])
    assert [plan.rank for plan in plans(result, rows)] == [6, 1]


def test_the_deadline_is_told_at_both_ends_of_the_hours(result: Result) -> None:
    late = np.nonzero(~result.meets_deadline)[0][:50]
    words = {}
    for plan in plans(result, np.concatenate((result.best_per("instance_type"), late))):
        assert plan.meets_deadline == (plan.hours.expected <= 72)
        assert plan.meets_deadline_at_high == (plan.hours.high <= 72)
        words[plan.meets_deadline, plan.meets_deadline_at_high] = plan.deadline
    assert words == {(True, True): "held", (True, False): "could be late", (False, False): "missed"}


def test_without_a_deadline_nothing_is_late(workload: Workload, sources: Sources) -> None:
    answer = search(workload.changed({"deadline_hours": None}), sources)
    some = plans(answer, answer.best_per("service", "purchase"))
    assert {(plan.deadline, plan.meets_deadline_at_high) for plan in some} == {("none set", True)}


def test_a_plan_is_dated_by_its_own_prices(varied: list) -> None:
    for plan in varied:
        dates = sorted(line.as_of for line in plan.lines)
        assert plan.prices_as_of in (f"{dates[0]} to {dates[-1]}", dates[0])
        assert (" to " in plan.prices_as_of) == (dates[0] != dates[-1])
    assert len({plan.prices_as_of for plan in varied}) > 1


def test_what_is_not_costed_is_told_the_same_everywhere() -> None:
    """Readme, notebooks and answers name the same gaps."""
    gaps = ("EBS root and data volumes", "requests to S3", "load the data", "transfer out of AWS", "support plans")
    root = repository_dir()
    places = [NOT_COSTED, (root / "README.md").read_text("utf-8")]
    for name in (NOTEBOOK, REPORT):
        cells = json.loads((root / name).read_text("utf-8"))["cells"]
        places.append("\n".join("".join(cell["source"]) for cell in cells))
    for text in places:
        assert [gap for gap in gaps if gap not in " ".join(text.split())] == []


def test_a_gap_is_no_line_and_ebs_prices_are_held_for_two_regions_only(sources: Sources) -> None:
    assert not [item.name for item in ITEMS if "ebs" in item.name]
    table = sources.book.table("prices/other_services")
    held = table[(table["service"] == "EBS") & (table["item"] == "gp3_storage")]
    assert len(set(held["region"])) == 2, "with more of them an EBS line would be due, and NOT_COSTED changed"
