"""The search: every candidate is costed or counted out, and cost moves as it must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import Cancelled, InvalidInput
from costlib.planner.explain import plans
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
@given(factor=st.floats(0.1, 50))
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
    assert own.hours.expected == pytest.approx(30, abs=0.01)
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


def test_capacity_blocks_end_at_182_days() -> None:
    assert np.isinf(capacity_block_hours(np.array([183 * 24.0]))[0])


@given(used=st.floats(0.01, 5000), runs=st.floats(0.1, 200))
def test_a_commitment_pays_for_at_least_what_is_used(used: float, runs: float) -> None:
    paid = float(committed_hours(np.array([used]), runs)[0])
    assert paid >= used * (1 - 1e-9)
    # Never a whole fleet more than needed.
    assert paid * runs < used * runs + 730 + 1e-6
