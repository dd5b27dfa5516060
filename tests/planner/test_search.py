"""The search: every candidate is costed or counted out, and cost moves as it must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import Cancelled, InvalidInput
from costlib.planner.explain import plans
from costlib.planner.hours import hours_grid
from costlib.planner.quantities import capacity_block_hours, committed_hours
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates as OwnRates
from costlib.workload import PURCHASES, Workload


def costs_by_key(result: Result, rows: np.ndarray) -> dict[tuple[int, int, int], float]:
    chosen = result.candidates.take(rows)
    keys = zip(chosen.offer.tolist(), chosen.count_index.tolist(), chosen.precision_index.tolist(), strict=True)
    return dict(zip(keys, result.cost_usd[rows].tolist(), strict=True))


def test_every_candidate_is_costed_or_counted_out(result: Result) -> None:
    lost = {item.reason: item.candidates for item in result.exclusions}
    late = lost.pop("misses the deadline")
    assert len(result.candidates) + sum(lost.values()) == result.enumerated
    assert np.count_nonzero(~result.meets_deadline) == late
    offers = len(result.sources.offers.service)
    assert result.enumerated == offers * 8 * 3


def test_order_is_by_cost_and_holds_the_deadline(result: Result) -> None:
    assert np.all(np.diff(result.cost_usd[result.order]) >= 0)
    assert result.wall_hours[result.order].max() <= 72


def test_front_is_what_nothing_beats_in_both(result: Result) -> None:
    rows = result.order
    cost, hours = result.cost_usd[rows], result.wall_hours[rows]
    on_front = set(result.front.tolist())
    rng = np.random.default_rng(0)
    for index in rng.choice(len(rows), 300, replace=False).tolist() + list(range(50)):
        beaten = np.any((cost <= cost[index]) & (hours < hours[index]) | (cost < cost[index]) & (hours <= hours[index]))
        if rows[index] in on_front:
            assert not beaten
        elif not beaten:
            # A tie in both with a row of the front is no improvement on it.
            assert np.any((cost == cost[index]) & (hours == hours[index]) & np.isin(rows, result.front))


def test_a_cheaper_price_never_raises_cost(workload: Workload, sources: Sources, result: Result) -> None:
    cheaper = Sources.open(PriceBook.open(rates=OwnRates.discounts({"ec2": 10})))
    discounted = search(workload, cheaper)
    rows = result.order[:2000]
    before = costs_by_key(result, rows)
    after = costs_by_key(discounted, np.arange(len(discounted.candidates)))
    assert all(after[key] <= cost + 1e-9 for key, cost in before.items())
    ec2 = [key for key in before if sources.offers.service[key[0]] == 0]
    assert all(after[key] < before[key] for key in ec2)


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.1, 1.5))  # up to 5e20 FLOPs: from there on large runs lose more than their benchmarks
def test_scaling_the_work_scales_hours_and_compute(factor: float, workload: Workload, sources: Sources) -> None:
    small = workload.changed(
        {"search.purchase": ["on_demand"], "search.regions": ["us-east-1"], "deadline_hours": None}
    )
    scaled = small.changed({"work.tokens": small.work.tokens * factor})
    one, many = search(small, sources), search(scaled, sources)
    for before, after in zip(plans(one, np.arange(20)), plans(many, np.arange(20)), strict=True):
        assert after.key == before.key
        compute = {line.item: line.usd.expected for line in before.lines}["compute"]
        assert {line.item: line.usd.expected for line in after.lines}["compute"] == pytest.approx(compute * factor)


def test_a_large_run_takes_more_than_its_share(workload: Workload, sources: Sources) -> None:
    # GPT-2 1.5B is below 5e20 FLOPs, ten times as many tokens are above 2e21.
    small = workload.changed({"search.max_instances": 1, "deadline_hours": None})
    hours = [
        hours_grid(small.changed({"work.tokens": small.work.tokens * factor}), sources).hours[1]
        for factor in (1, 10, 20)
    ]
    known = np.isfinite(hours[0])
    assert (hours[1][known] > 10.5 * hours[0][known]).all() and (hours[1][known] < 13 * hours[0][known]).all()
    assert hours[2][known] == pytest.approx(2 * hours[1][known])


def test_an_own_measurement_is_trusted_first(workload: Workload, sources: Sources) -> None:
    measured = workload.changed({"measured": {"p4d.24xlarge": {"tokens_per_second": 180000, "precision": "bf16"}}})
    result = search(measured.changed({"search.instance_families": ["p4d"]}), sources)
    rows = np.nonzero((result.candidates.count_index == 0) & (result.candidates.precision_index == 2))[0]
    on_demand = rows[result.column("purchase")[rows] == PURCHASES.index("on_demand")]
    plan = plans(result, on_demand[:1])[0]
    assert plan.hours_basis == "user"
    hours = 33_554_432_000 / 180_000 / 3600
    start_up = plan.hours.expected - hours
    assert 0 < start_up < 0.2
    assert plan.hours.low == pytest.approx(hours, abs=0.2)


def test_a_known_run_is_carried_to_other_types(workload: Workload, sources: Sources) -> None:
    known = workload.changed(
        {"work": {"hours_on": {"instance_type": "p4d.24xlarge", "hours": 30, "precision": "bf16"}}}
    ).changed({"search.purchase": ["on_demand"], "search.regions": ["us-east-1"], "search.services": ["ec2"]})
    result = search(known, sources)
    hours = {
        (plan.instance_type, plan.count, plan.precision): plan
        for plan in plans(result, np.arange(len(result.candidates)))
    }
    own = hours["p4d.24xlarge", 1, "bf16"]
    assert own.hours.expected == pytest.approx(30, abs=0.2)
    other = hours["p5.48xlarge", 1, "bf16"]
    assert other.hours.expected < 30
    assert other.hours_basis == "estimate"
    assert "p4d.24xlarge" in other.hours_rule


def test_an_impossible_deadline_names_the_fastest_time(workload: Workload, sources: Sources) -> None:
    hasty = search(workload.changed({"deadline_hours": 0.01}), sources)
    assert len(hasty.order) == 0
    with pytest.raises(InvalidInput, match=r"deadline_hours: 0.01 cannot be met: the fastest .* takes"):
        hasty.require_on_time()


def test_govcloud_is_searched_only_from_a_govcloud_home(workload: Workload, sources: Sources, result: Result) -> None:
    regions = {sources.offers.regions[code] for code in np.unique(result.column("region"))}
    assert not any("gov" in name for name in regions)
    from_gov = search(workload.changed({"dataset.home_region": "us-gov-west-1"}), sources)
    assert {sources.offers.regions[code] for code in np.unique(from_gov.column("region"))} <= {
        "us-gov-west-1",
        "us-gov-east-1",
    }


def test_progress_can_cancel(workload: Workload, sources: Sources) -> None:
    def stop(share: float, what: str) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        search(workload, sources, stop)


@pytest.mark.parametrize(
    ("used_hours", "bought_hours"), [(1, 24), (24, 24), (24.1, 48), (14 * 24, 14 * 24), (15 * 24, 21 * 24)]
)
def test_capacity_blocks_are_whole_days_then_weeks(used_hours: float, bought_hours: float) -> None:
    assert capacity_block_hours(np.array([used_hours]))[0] == bought_hours


def test_after_182_days_another_capacity_block_follows() -> None:
    assert capacity_block_hours(np.array([183 * 24.0]))[0] == 183 * 24.0
    assert capacity_block_hours(np.array([(182 + 20) * 24.0]))[0] == (182 + 21) * 24.0


@given(used=st.floats(0.01, 5000), runs=st.floats(0.1, 200))
def test_a_commitment_pays_for_at_least_what_is_used(used: float, runs: float) -> None:
    paid = float(committed_hours(np.array([used]), runs)[0])
    assert paid >= used * (1 - 1e-9)
    # Never a whole fleet more than needed.
    assert paid * runs < used * runs + 730 + 1e-6


def only_p4d(workload: Workload, **changes: object) -> Workload:
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    space = {"search.instance_families": ["p4d"], "search.services": ["ec2"], "deadline_hours": None}
    return workload.changed({**space, **dotted})


def test_a_run_timed_in_a_precision_that_is_not_searched_is_carried_over(workload: Workload, sources: Sources) -> None:
    timed = {"p4d.24xlarge": {"tokens_per_second": 180000, "precision": "bf16"}}
    alone = search(only_p4d(workload, measured=timed, precision=["fp32"]), sources)
    beside = search(only_p4d(workload, measured=timed, precision=["fp32", "bf16"]), sources)
    fp32_alone = plans(alone, alone.order[-1:])[0]
    rows = np.nonzero(beside.candidates.precision_index == 0)[0]
    fp32_beside = plans(beside, rows[np.argsort(beside.cost_usd[rows])][-1:])[0]
    assert fp32_alone.hours_basis == "estimate"
    assert fp32_alone.hours == fp32_beside.hours
    one = next(plan for plan in plans(alone, alone.order) if plan.count == 1)
    assert one.hours.expected > 3 * 33_554_432_000 / 180_000 / 3600


def test_what_the_user_timed_did_fit(workload: Workload, sources: Sources) -> None:
    small = workload.changed(
        {
            "measured": {"g5.xlarge": {"tokens_per_second": 2000, "precision": "bf16"}},
            "search.instance_families": ["g5"],
            "search.max_instances": 1,
            "deadline_hours": None,
        }
    )
    result = search(small, sources)
    names = {plan.instance_type for plan in plans(result, result.best_per("instance_type"))}
    assert "g5.xlarge" in names
    without = search(small.changed({"measured": {}}), sources)
    assert "g5.xlarge" not in {plan.instance_type for plan in plans(without, without.best_per("instance_type"))}


def test_a_count_that_was_timed_is_searched(workload: Workload, sources: Sources) -> None:
    timed = only_p4d(
        workload,
        measured={"p4d.24xlarge": {"tokens_per_second": 1e6, "count": 10, "precision": "bf16"}},
        search__max_instances=16,
    )
    result = search(timed, sources)
    own = [plan for plan in plans(result, result.order) if plan.hours_basis == "user"]
    assert own and {plan.count for plan in own} == {10}


@pytest.mark.parametrize(
    "changes",
    [
        {"checkpoint.gib": 0},
        {"dataset.gib": 0},
        {"checkpoint.interval_minutes": 60000},
        {"checkpoint.interval_minutes": 1},
        {"runs_per_month": 0.2},
        {"runs_per_month": 500},
        {"precision": ["fp8"]},
        {"search.max_instances": 512},
        {"deadline_hours": None},
        {"dataset.home_region": "us-east-1-atl-1"},
    ],
)
def test_odd_workloads_have_finite_ordered_bands(
    changes: dict[str, object], workload: Workload, sources: Sources
) -> None:
    result = search(workload.changed(changes), sources)
    rows = np.random.default_rng(3).choice(len(result.candidates), 300)
    for plan in plans(result, rows):
        for band in (plan.cost_usd, plan.hours):
            assert np.isfinite([band.low, band.expected, band.high]).all(), plan.key
            assert 0 <= band.low <= band.expected * (1 + 1e-9) <= band.high * (1 + 2e-9), plan.key


def test_an_interval_longer_than_the_run_is_no_checkpoint_at_all(workload: Workload, sources: Sources) -> None:
    spot = workload.changed({"search.purchase": ["spot"]})
    endless = search(spot.changed({"checkpoint.interval_minutes": 90000}), sources)
    longer = search(spot.changed({"checkpoint.interval_minutes": 99000}), sources)
    assert endless.cost_usd[endless.order] == pytest.approx(longer.cost_usd[longer.order])


def test_a_local_zone_is_not_the_home_region(result: Result) -> None:
    zones = {(plan.region, plan.az) for plan in plans(result, result.order[:3000]) if plan.az and "-atl" in plan.az}
    assert all(region.startswith("us-east-1-atl") for region, _ in zones)


def test_more_instances_never_make_a_run_cheaper_on_demand(workload: Workload, sources: Sources) -> None:
    result = search(only_p4d(workload, search__purchase=["on_demand"], search__regions=["us-east-1"]), sources)
    by_precision: dict[str, list[tuple[int, float]]] = {}
    for plan in plans(result, result.order):
        compute = next(line.usd.expected for line in plan.lines if line.item == "compute")
        by_precision.setdefault(plan.precision, []).append((plan.count, compute))
    for costs in by_precision.values():
        assert len(costs) == 8
        in_order = [cost for _, cost in sorted(costs)]
        assert all(later >= earlier * (1 - 1e-9) for earlier, later in zip(in_order, in_order[1:], strict=False))


def test_sagemaker_compute_cites_the_ec2_row_it_uses(result: Result, sources: Sources) -> None:
    row = next(
        row
        for row in result.best_per("service", "purchase", "instance_type").tolist()
        if result.column("service")[row] == 1 and result.column("purchase")[row] == 0
    )
    lines = {line.item: line for line in plans(result, [row])[0].lines}
    ec2 = sources.offers.frame.iloc[sources.offers.ec2_on_demand_row[result.candidates.offer[row]]]
    assert lines["compute"].source == ec2["source"]
    assert lines["compute"].inputs["usd_per_hour"] == ec2["usd_expected"]
    assert ec2["source"] in lines["service_premium"].source


def test_hours_from_flops_are_an_estimate(result: Result) -> None:
    assert {plan.hours_basis for plan in plans(result, result.order[:200])} == {"estimate"}
