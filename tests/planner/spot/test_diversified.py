"""k pools together: means by hand, both ends of the chance to lose all, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.sources import Sources
from costlib.planner.spot.diversified import diversify, diversify_by_region, replace_hours
from costlib.planner.spot.pools import RANKINGS, SpotPools, spot_pools
from costlib.workload import Workload


@pytest.fixture(scope="module")
def pools(workload: Workload, sources: Sources) -> SpotPools:
    return spot_pools(workload, sources)


def test_one_pool_is_that_pool(pools: SpotPools) -> None:
    best = pools.ranked("run_cost").iloc[0]
    found = diversify(pools, 1, "run_cost", window_hours=2.0)
    assert found.run_usd.expected == pytest.approx(best["run_usd_expected"])
    assert found.interruptions_per_hour.expected == pytest.approx(best["cluster_hazard_per_hour_expected"])
    chance = 1 - np.exp(-2.0 * best["cluster_hazard_per_hour_expected"])
    for band in (found.all_best_fraction, found.all_worst_fraction, found.any_fraction, found.alone_fraction):
        assert band.expected == pytest.approx(chance)


def test_three_pools_by_hand(pools: SpotPools) -> None:
    three = pools.ranked("price_capacity_optimized").iloc[:3]
    found = diversify(pools, 3, window_hours=5.0)
    hazards = (three["hazard_per_hour_expected"] * three["count"]).to_numpy()
    chances = 1 - np.exp(-5.0 * hazards)
    assert found.usd_per_unit.expected == pytest.approx(three["usd_per_unit_expected"].mean())
    assert found.interruptions_per_hour.expected == pytest.approx(hazards.mean())
    assert found.interruptions_per_run == pytest.approx(hazards.mean() * three["run_hours_expected"].mean())
    assert found.all_best_fraction.expected == pytest.approx(chances.prod())
    assert found.all_worst_fraction.expected == pytest.approx(chances.min())
    assert found.lost_fraction.expected == pytest.approx(chances.mean())
    assert found.alone_fraction.expected == pytest.approx(chances[0])


def test_at_once_means_while_a_cluster_is_replaced(pools: SpotPools, workload: Workload) -> None:
    # Start-up 29.3 s + 196 s and a restart of 6 minutes.
    assert replace_hours(workload) == pytest.approx((29.3 + 196.0) / 3600 + 0.1)
    assert diversify(pools, 2).window_hours == pytest.approx(replace_hours(workload))


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
def test_more_pools_cost_more_and_are_lost_together_less(pools: SpotPools, ranking: str) -> None:
    several = [diversify(pools, number, ranking) for number in (1, 2, 3, 4)]
    for few, many in zip(several, several[1:], strict=False):
        assert many.all_best_fraction.expected < few.all_best_fraction.expected
        assert many.all_worst_fraction.expected <= few.all_worst_fraction.expected
        assert many.all_best_fraction.expected < many.all_worst_fraction.expected
        if ranking == "run_cost":
            assert many.run_usd.expected >= few.run_usd.expected


def test_an_open_band_leaves_the_high_end_open(pools: SpotPools) -> None:
    found = diversify(pools, 2, "run_cost", "us-east-1")
    assert found.pools["open_band"].all()
    assert np.isinf(found.interruptions_per_hour.high)
    assert found.all_worst_fraction.high == 1.0
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["interruptions_per_hour"]["high"] is None
    assert plain["number"] == 2 and len(plain["pools"]) == 2


def test_regions_side_by_side(pools: SpotPools) -> None:
    table = diversify_by_region(pools, 3).set_index("region")
    assert table["run_usd"].is_monotonic_increasing
    held = pools.pools["region"].value_counts()
    assert set(table.index) == set(held.index)
    assert (table["pools"] == held.reindex(table.index).clip(upper=3)).all()
    for region in table.index[:3]:
        row, found = table.loc[region], diversify(pools, int(table.at[region, "pools"]), region=region)
        assert row["run_usd"] == pytest.approx(found.run_usd.expected)
        assert row["all_worst_fraction"] == pytest.approx(found.all_worst_fraction.expected)
        assert row["types"] == found.pools["instance_type"].nunique()
        assert row["open_band"] == found.pools["open_band"].any()
    # Of ap-northeast-2 the g6e.48xlarge has the region's price only, which is no zone.
    wide = diversify_by_region(pools, 100).set_index("region")
    held = pools.pools[pools.pools["region"] == "ap-northeast-2"]["az"]
    assert (held == "").any() and wide.at["ap-northeast-2", "zones"] == held[held != ""].nunique()
    assert diversify_by_region(pools, 2, "stable_price")["region"].tolist() == ["us-east-1"]
    with pytest.raises(InvalidInput):
        diversify_by_region(pools, 0)
    away = replace(pools, pools=pools.pools[pools.pools["region"] != "us-east-1"])
    with pytest.raises(InvalidInput) as refused:
        diversify_by_region(away, 2, "stable_price")
    assert refused.value.faults[0].field == "by"


def test_refusals(pools: SpotPools) -> None:
    with pytest.raises(InvalidInput) as refused:
        diversify(pools, 10_000, window_hours=0.0)
    assert [fault.field for fault in refused.value.faults] == ["number", "window_hours"]
    with pytest.raises(InvalidInput) as refused:
        diversify(pools, 0)
    assert refused.value.faults[0].field == "number"
    with pytest.raises(InvalidInput) as refused:
        diversify(pools, len(pools.ranked("stable_price")) + 1, "stable_price")
    assert "stable_price" in refused.value.faults[0].problem
