"""Spot pools: the class by hand, every pool as the planner costs it, honest columns, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.interruption import hazard_per_hour
from costlib.planner.explain import plans
from costlib.planner.search import Result
from costlib.planner.sources import Sources
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.planner.spot.price_history import price_stability
from costlib.planner.spot.stand_ins import base_of, covered, stand_ins
from costlib.workload import Workload


@pytest.fixture(scope="module")
def pools(workload: Workload, sources: Sources) -> SpotPools:
    return spot_pools(workload, sources)


@pytest.fixture(scope="module")
def wide(workload: Workload, sources: Sources) -> SpotPools:
    """The A10G class, with types of the same accelerators that are slower over the network."""
    return spot_pools(workload, sources, "g5.48xlarge", 1, tolerance_fraction=0.25)


def test_the_base_is_the_cheapest_spot_plan(pools: SpotPools, result: Result) -> None:
    rows = result.order[(result.column("purchase")[result.order] == 1) & (result.column("service")[result.order] == 0)]
    cheapest = plans(result, rows[:1])[0]
    base = pools.base
    assert (base.instance_type, base.count, base.region, base.az) == (
        cheapest.instance_type,
        cheapest.count,
        cheapest.region,
        cheapest.az,
    )
    first = pools.pools.iloc[0]
    assert first["run_usd_expected"] == pytest.approx(cheapest.cost_usd.expected)
    assert (first["run_usd_low"], first["run_usd_high"]) == pytest.approx(
        (cheapest.cost_usd.low, cheapest.cost_usd.high)
    )


def test_a_base_is_a_pool_also_where_zones_are_as_dear_as_their_mean(pools: SpotPools) -> None:
    result = pools.result
    kept = ~covered(result, result.candidates.offer)
    names = {result.sources.offers.instance_types[code] for code in result.column("instance_type")}
    for name in names:
        assert kept[base_of(result, name).row], name
    # However cheap, a region's price must not become the base beside its zones.
    cheaper = np.where(kept, result.cost_usd, result.cost_usd * 0.01)
    odd = replace(result, cost_usd=cheaper)
    assert kept[base_of(odd).row] and kept[base_of(odd, "p4d.24xlarge", 2).row]


def test_every_pool_costs_what_its_plan_costs(pools: SpotPools) -> None:
    table = pools.pools
    for row, plan in zip(table.itertuples(), plans(pools.result, table["candidate"].to_numpy()), strict=True):
        assert plan.key.startswith(f"ec2:{row.instance_type}*{row.count}@{row.az or row.region} spot")
        ends = (plan.cost_usd.low, plan.cost_usd.expected, plan.cost_usd.high)
        assert (row.run_usd_low, row.run_usd_expected, row.run_usd_high) == pytest.approx(ends)
        assert row.run_hours_expected == pytest.approx(plan.hours.expected)


def test_price_of_a_unit_of_work_by_hand(pools: SpotPools, workload: Workload) -> None:
    first = pools.pools.iloc[0]
    assert pools.work_unit == "billion tokens"
    assert workload.work.tokens is not None
    by_hand = first["usd_per_hour_expected"] * first["count"] * pools.base.work_hours / (workload.work.tokens / 1e9)
    assert first["usd_per_unit_expected"] == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("work", "unit", "units"),
    [
        ({"samples": 25e6, "model_class": "resnet50"}, "million samples", 25.0),
        ({"hours_on": {"instance_type": "g5.xlarge", "hours": 50}}, "run", 1.0),
    ],
)
def test_units_of_other_work(workload: Workload, sources: Sources, work: dict, unit: str, units: float) -> None:
    found = spot_pools(workload.changed({"work": work}), sources)
    first = found.pools.iloc[0]
    assert found.work_unit == unit
    by_hand = first["usd_per_hour_expected"] * first["count"] * found.base.work_hours / units
    assert first["usd_per_unit_expected"] == pytest.approx(by_hand)


def test_stand_ins_keep_the_tolerance_or_the_accelerators(wide: SpotPools) -> None:
    table = wide.stand_ins
    apart = np.maximum(table["throughput_ratio"], 1 / table["throughput_ratio"]) - 1
    assert ((apart <= 0.25 + 1e-9) == table["same_throughput"]).all()
    same = (table["accelerator"] == wide.base.accelerator) & (table["accelerators"] == wide.base.accelerators)
    assert (same == table["same_accelerators"]).all()
    assert (table["same_throughput"] | table["same_accelerators"]).all()
    assert (table["precision"] == wide.base.precision).all()
    grid = wide.result.grid
    cell = (table["type_code"], table["count_index"], grid.precisions.index(wide.base.precision))
    assert table["work_hours"].to_numpy() == pytest.approx(grid.hours[1][cell])
    # g5.12xlarge has 4 A10G of the 8; over the network two of them are slower than one g5.48xlarge.
    assert table["instance_type"].is_unique and "g5.12xlarge" in set(table["instance_type"])


def test_what_only_another_precision_would_match_is_no_stand_in(pools: SpotPools) -> None:
    grid, types = pools.result.grid, pools.result.sources.offers.instance_types
    hours, base = grid.hours[1], pools.base.work_hours
    alike = np.maximum(hours / base, base / hours) - 1.0 < pools.tolerance_fraction
    alike &= grid.reason == 0
    mine = grid.precisions.index(pools.base.precision)
    others = [number for number in range(len(grid.precisions)) if number != mine]
    only = alike[:, :, others].any(axis=(1, 2)) & ~alike[:, :, mine].any(axis=1)
    names = {types[code] for code in np.nonzero(only)[0]}
    assert names, "some types take as long in another precision, and in no other way"
    by_work = stand_ins(pools.result, pools.base, pools.tolerance_fraction, "throughput")
    assert not names & set(by_work["instance_type"])


def test_ways_to_match(wide: SpotPools) -> None:
    for match in ("accelerators", "throughput"):
        found = stand_ins(wide.result, wide.base, 0.25, match)
        assert found[f"same_{match}"].all()
        assert wide.base.instance_type in set(found["instance_type"])
    # Eight A10G one by one: as many, and the slow network does not put them out.
    found = stand_ins(wide.result, wide.base, 0.0, "accelerators").set_index("instance_type")
    assert found.at["g5.xlarge", "count"] == 8
    assert found.at["g5.12xlarge", "count"] == 2
    assert found.at["g5.xlarge", "throughput_ratio"] < 1


def test_without_tolerance_and_accelerators_only_twins_stay(pools: SpotPools) -> None:
    found = stand_ins(pools.result, pools.base, 0.0, "throughput")
    assert found["instance_type"].tolist() == [pools.base.instance_type]


@pytest.mark.parametrize(("narrow", "loose"), [(0.05, 0.10), (0.10, 0.30), (0.30, 1.0)])
def test_more_tolerance_never_loses_a_type(pools: SpotPools, narrow: float, loose: float) -> None:
    few, many = (set(stand_ins(pools.result, pools.base, share)["instance_type"]) for share in (narrow, loose))
    assert few <= many
    assert len(many) > 1


def test_bands_are_in_order(pools: SpotPools) -> None:
    for name in ("usd_per_hour", "usd_per_unit", "run_usd", "run_hours", "hazard_per_hour"):
        low, middle, high = (pools.pools[f"{name}_{end}"].to_numpy() for end in ("low", "expected", "high"))
        assert (low <= middle + 1e-9).all() and (middle <= high + 1e-9).all(), name


def test_an_open_band_has_no_end(pools: SpotPools) -> None:
    table = pools.pools
    is_open = table["monthly_interruption_high_fraction"] == 1.0
    assert is_open.any() and not is_open.all()
    assert (table["open_band"] == is_open).all()
    assert (np.isinf(table["hazard_per_hour_high"]) == is_open).all()
    closed = table[~is_open]
    assert closed["hazard_per_hour_high"].to_numpy() == pytest.approx(
        hazard_per_hour(closed["monthly_interruption_high_fraction"])
    )
    assert table["cluster_hazard_per_hour_expected"].to_numpy() == pytest.approx(
        (table["hazard_per_hour_expected"] * table["count"]).to_numpy()
    )


def test_off_on_demand_is_of_the_same_type_and_region(pools: SpotPools, sources: Sources) -> None:
    for row in pools.pools.iloc[:10].itertuples():
        listed = sources.book.on_demand(row.instance_type, row.region).amount
        assert row.off_on_demand_fraction == pytest.approx(1 - row.usd_per_hour_expected / listed)


def test_a_region_stands_only_where_no_zone_is_held(pools: SpotPools) -> None:
    table = pools.pools
    assert not table.duplicated(["instance_type", "region", "az"]).any()
    by_pair = table.groupby(["instance_type", "region"])["az"]
    assert not (by_pair.transform("size").gt(1) & table["az"].eq("")).any()
    assert table["az"].eq("").any() and table["az"].ne("").any()


def test_stability_is_dated_or_not_known(pools: SpotPools, sources: Sources) -> None:
    table = pools.pools
    known = table["price_cv_fraction"].notna()
    assert (table.loc[known, "region"] == "us-east-1").all() and known.any()
    assert table.loc[known, "price_history_from"].str.startswith("2024-01").all()
    assert table.loc[~known, "price_stability"].str.startswith("not known").all()
    ranked = pools.ranked("stable_price")
    assert len(ranked) == known.sum()
    assert ranked["price_cv_fraction"].is_monotonic_increasing


def test_stability_of_one_type_by_hand(sources: Sources) -> None:
    samples = sources.book.spot_history("p5.48xlarge")["usd"]
    assert samples.size == 11
    held = price_stability(sources.book).set_index("instance_type").loc["p5.48xlarge"]
    # One zone only: the textbook figure.
    assert held["price_cv_fraction"] == pytest.approx(samples.std(ddof=1) / samples.mean())
    assert held["price_range_fraction"] == pytest.approx((samples.max() - samples.min()) / samples.mean())
    assert (held["price_samples"], held["price_zones"]) == (11, 1)


def test_rankings_order_what_they_say(pools: SpotPools) -> None:
    by_band = pools.ranked("price_capacity_optimized")
    assert by_band["monthly_interruption_low_fraction"].is_monotonic_increasing
    least = by_band[by_band["monthly_interruption_low_fraction"] == 0.0]
    assert least["usd_per_unit_expected"].is_monotonic_increasing
    assert pools.ranked("price")["usd_per_unit_expected"].is_monotonic_increasing
    assert set(pools.ranked("run_cost", "us-east-1")["region"]) == {"us-east-1"}


def test_what_cannot_be_costed_is_told(pools: SpotPools) -> None:
    told = " ".join(pools.left_out)
    assert told.startswith("no interruption rate is known: ")
    assert "p4d.24xlarge in eun1-az3" in told
    shown = pools.pools[(pools.pools["az"] == "eun1-az3") & (pools.pools["instance_type"] == "p4d.24xlarge")]
    assert shown.empty


def test_chosen_regions_hold_for_pools_and_for_what_is_left_out(workload: Workload, sources: Sources) -> None:
    found = spot_pools(workload.changed({"search.regions": ["us-east-1", "us-east-2"]}), sources, "p4d.24xlarge")
    assert set(found.pools["region"]) == {"us-east-1", "us-east-2"}
    assert found.left_out == ()


def test_the_search_may_exclude_spot_and_still_be_asked_for_pools(workload: Workload, sources: Sources) -> None:
    found = spot_pools(workload.changed({"search.purchase": ["on_demand"]}), sources)
    assert len(found.pools) > 0


def test_json(pools: SpotPools) -> None:
    plain = json.loads(json.dumps(pools.as_dict(), allow_nan=False))
    assert len(plain["pools"]) == len(pools.pools)
    assert plain["pools"][0]["hazard_per_hour_high"] is None
    assert plain["pools"][1]["price_cv_fraction"] is None
    assert plain["base"]["instance_type"] == pools.base.instance_type


def test_refusals(workload: Workload, sources: Sources, pools: SpotPools) -> None:
    with pytest.raises(InvalidInput) as refused:
        spot_pools(workload, sources, "p4d.24xlrge")
    assert refused.value.faults[0].nearest[0] == "p4d.24xlarge"
    for arguments, field in (({"instance_type": "p4d.24xlarge", "count": 9}, "count"), ({"count": 2}, "count")):
        with pytest.raises(InvalidInput) as refused:
            base_of(pools.result, **arguments)  # type: ignore[arg-type]
        assert refused.value.faults[0].field == field
    with pytest.raises(InvalidInput) as refused:
        stand_ins(pools.result, pools.base, -0.1, "acelerators")
    assert [fault.field for fault in refused.value.faults] == ["tolerance_fraction", "match"]
    with pytest.raises(InvalidInput) as refused:
        pools.ranked("prise", "us-est-1")
    assert [fault.field for fault in refused.value.faults] == ["by", "region"]
    with pytest.raises(InvalidInput) as refused:
        spot_pools(workload.changed({"deadline_hours": 0.01}), sources)
    assert refused.value.faults[0].field == "deadline_hours"


def test_a_named_base_may_be_late(workload: Workload, sources: Sources) -> None:
    found = spot_pools(workload.changed({"deadline_hours": 0.01}), sources, "p4d.24xlarge")
    assert not found.pools["meets_deadline"].any()


def test_residency_holds_for_pools_and_for_what_is_left_out(workload: Workload, sources: Sources) -> None:
    found = spot_pools(workload.changed({"dataset.residency": ["US"]}, sources.vocabulary), sources)
    assert set(found.pools["region"]) <= {"us-east-1", "us-east-2", "us-west-1", "us-west-2"}
    assert not any(name in " ".join(found.left_out) for name in ("eu-", "ap-", "sa-"))
