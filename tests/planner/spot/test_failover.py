"""Fail-over: every amount and hour by hand, when readiness pays, what is missing said, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.sources import Sources
from costlib.planner.spot.diversified import replace_hours
from costlib.planner.spot.failover import BANDWIDTH_GBPS, fail_over
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.workload import Workload


@pytest.fixture(scope="module")
def pools(workload: Workload, sources: Sources) -> SpotPools:
    return spot_pools(workload, sources)


@pytest.fixture(scope="module")
def tight(workload: Workload, sources: Sources) -> SpotPools:
    """5,000 GiB of data, and an hour of slack: copying when needed takes two and a half."""
    hours = float(spot_pools(workload, sources).pools.iloc[0]["run_hours_expected"])
    return spot_pools(workload.changed({"dataset.gib": 5000, "deadline_hours": hours + 1.03}), sources)


def row_of(pools: SpotPools, region: str, chance: float = 0.1, **arguments: object) -> pd.Series:
    return fail_over(pools, chance, [region], **arguments).table.iloc[0]  # type: ignore[arg-type]


def test_the_base_is_in_us_east_1_and_so_are_the_data(pools: SpotPools) -> None:
    found = fail_over(pools, 0.1)
    assert (found.from_region, found.home_region) == ("us-east-1", "us-east-1")
    assert "us-east-1" not in set(found.table["region"])
    assert found.table["run_usd_expected"].is_monotonic_increasing


def test_standing_copy_by_hand(pools: SpotPools) -> None:
    row = row_of(pools, "us-east-2", sync_hours=2.0)
    # 300 GiB, 4 runs a month; 0.01 USD a GiB from us-east-1, 0.023 a GiB-month; a sync of 18 GiB every 2 h of work.
    syncs = pools.base.work_hours // 2
    run_hours = pools.pools.iloc[0]["run_hours_expected"]
    assert row["ready_dataset_transfer_usd"] == pytest.approx(0.01 * 300 / 4)
    assert row["ready_dataset_storage_usd"] == pytest.approx(0.023 * 300 / 4)
    assert row["checkpoints_synced"] == syncs and 15 < syncs < 25
    assert row["ready_sync_transfer_usd"] == pytest.approx(0.01 * 18 * syncs)
    assert row["ready_checkpoint_storage_usd"] == pytest.approx(0.023 * 18 * run_hours / 730)
    parts = ("dataset_transfer", "dataset_storage", "sync_transfer", "checkpoint_storage")
    assert row["ready_fixed_usd"] == pytest.approx(sum(row[f"ready_{part}_usd"] for part in parts))
    assert row["on_need_transfer_usd"] == pytest.approx(0.01 * (300 + 18))
    assert row["on_need_storage_usd"] == pytest.approx(0.023 * 300 + row["ready_checkpoint_storage_usd"])


def test_hours_by_hand(pools: SpotPools, workload: Workload) -> None:
    row = row_of(pools, "us-east-2", bandwidth_gbps=(2.0, 4.0, 8.0), sync_hours=2.0)
    restart = replace_hours(workload)
    interval = pools.pools.iloc[0]["checkpoint_interval_hours"]
    for end, gbps in (("low", 8.0), ("expected", 4.0), ("high", 2.0)):
        one = 18 * 2**30 * 8 / (gbps * 1e9) / 3600
        whole = one * (318 / 18)
        assert row[f"copy_hours_{end}"] == pytest.approx(whole)
        assert row[f"sync_busy_fraction_{end}"] == pytest.approx(one / 2)
        assert row[f"ready_behind_hours_{end}"] == pytest.approx(restart + 1.0 + one)
        assert row[f"on_need_hours_{end}"] == pytest.approx(whole + restart)
        assert row[f"on_need_behind_hours_{end}"] == pytest.approx(whole + restart + interval / 2)
    assert row["ready_hours"] == pytest.approx(restart)


def test_costs_if_needed_by_hand(tight: SpotPools) -> None:
    row = row_of(tight, "us-east-2", 0.25, sync_hours=1.0, late_usd_per_hour=7.0, missed_usd=1000.0)
    there = tight.ranked("run_cost", "us-east-2").iloc[0]
    hourly = there["usd_per_hour_expected"] * there["count"]
    lost = row["ready_behind_hours_expected"] - row["ready_hours"]
    ready = hourly * lost + 7.0 * row["ready_behind_hours_expected"]
    lost = row["on_need_behind_hours_expected"] - row["on_need_hours_expected"]
    need = row["on_need_transfer_usd"] + row["on_need_storage_usd"] + hourly * lost
    need += 7.0 * row["on_need_behind_hours_expected"] + 1000.0
    assert (row["ready_deadline"], row["on_need_deadline"]) == ("held", "missed")
    assert row["ready_if_needed_usd"] == pytest.approx(ready)
    assert row["on_need_usd"] == pytest.approx(need)
    assert row["ready_expected_usd"] == pytest.approx(row["ready_fixed_usd"] + 0.25 * ready)
    assert row["on_need_expected_usd"] == pytest.approx(0.25 * need)
    assert row["ready_pays"]
    assert row["break_even_chance"] == pytest.approx(row["ready_fixed_usd"] / (need - ready))


def test_the_loss_that_evens_does_even(tight: SpotPools) -> None:
    before = row_of(tight, "us-east-2", 0.1)
    assert not before["ready_pays"] and before["break_even_loss_usd"] > 0
    at = row_of(tight, "us-east-2", 0.1, missed_usd=before["break_even_loss_usd"])
    assert at["ready_expected_usd"] == pytest.approx(at["on_need_expected_usd"])
    assert at["break_even_chance"] == pytest.approx(0.1)
    # What evens does not depend on what was given for it.
    assert at["break_even_loss_usd"] == pytest.approx(before["break_even_loss_usd"])
    assert f"{before['break_even_loss_usd']:,.0f} USD" in before["answer"]


def test_at_the_break_even_chance_both_ways_cost_the_same(tight: SpotPools) -> None:
    even = row_of(tight, "us-west-2", 0.3)["break_even_chance"]
    assert 0 < even < 1
    at = row_of(tight, "us-west-2", even)
    assert at["ready_expected_usd"] == pytest.approx(at["on_need_expected_usd"])
    assert not row_of(tight, "us-west-2", even * 0.99)["ready_pays"]
    assert row_of(tight, "us-west-2", even * 1.01)["ready_pays"]


def test_deadlines_in_words(pools: SpotPools, tight: SpotPools, workload: Workload, sources: Sources) -> None:
    both = row_of(pools, "us-east-2")
    assert (both["ready_deadline"], both["on_need_deadline"]) == ("held", "held")
    assert "both ways hold" in both["answer"] and "never" in both["answer"]
    # Fast enough, copying holds it too; and where only the slow end is late, it could be late.
    fast = row_of(tight, "us-east-2", bandwidth_gbps=(5.0, 100.0, 100.0))
    assert fast["on_need_deadline"] == "could be late"
    none = workload.to_mapping()
    del none["deadline_hours"]
    free = row_of(spot_pools(Workload.from_mapping(none), sources), "us-east-2")
    assert (free["ready_deadline"], free["on_need_deadline"]) == ("none set", "none set")
    assert np.isnan(free["slack_hours"]) and np.isnan(free["break_even_loss_usd"])
    just = float(pools.pools.iloc[0]["run_hours_expected"]) + 0.03
    late = row_of(spot_pools(workload.changed({"deadline_hours": just}), sources, "p4d.24xlarge", 2), "us-east-2")
    assert (late["ready_deadline"], late["on_need_deadline"]) == ("missed", "missed")
    assert "neither way" in late["answer"]


def test_the_home_region_needs_no_copy_of_the_dataset(workload: Workload, sources: Sources) -> None:
    wide = spot_pools(workload.changed({"dataset.home_region": "us-east-2"}), sources, "p4d.24xlarge", 2)
    assert wide.base.region == "us-east-1"
    row = row_of(wide, "us-east-2", sync_hours=1.0)
    assert row["dataset_copy_gib"] == 0.0
    assert row["ready_dataset_transfer_usd"] == row["ready_dataset_storage_usd"] == 0.0
    assert row["on_need_transfer_usd"] == pytest.approx(0.01 * 18)


@pytest.mark.parametrize(("less", "more"), [(2.0, 4.0), (0.5, 1.0)])
def test_syncing_less_often_costs_less_and_loses_more(pools: SpotPools, less: float, more: float) -> None:
    often, seldom = (row_of(pools, "us-east-2", sync_hours=hours) for hours in (less, more))
    assert seldom["ready_fixed_usd"] < often["ready_fixed_usd"]
    assert seldom["ready_behind_hours_expected"] > often["ready_behind_hours_expected"]


def test_nothing_to_copy_costs_nothing(workload: Workload, sources: Sources) -> None:
    row = row_of(spot_pools(workload.changed({"dataset.gib": 0, "checkpoint.gib": 0}), sources), "us-east-2")
    assert row["ready_fixed_usd"] == row["on_need_transfer_usd"] == row["copy_hours_high"] == 0.0
    assert row["on_need_hours_expected"] == row["ready_hours"] and row["missing"] == ""


def test_a_missing_price_is_said_and_nothing_is_made_up(workload: Workload) -> None:
    fresh = Sources.open()
    held = dict(fresh.transfer_prices("us-east-2"))
    held.pop("us-west-2")
    fresh._transfer["us-east-2"] = held
    away = workload.changed({"search.regions": ["us-east-2", "us-west-2", "eu-central-1"]})
    pools = spot_pools(away, fresh)
    table = fail_over(pools, 0.2).table.set_index("region")
    row = table.loc["us-west-2"]
    assert row["missing"] == "transfer price from us-east-2 to us-west-2"
    assert row["answer"].startswith("not known: no transfer price from us-east-2 to us-west-2")
    for name in (
        "ready_sync_transfer_usd",
        "ready_fixed_usd",
        "on_need_usd",
        "ready_expected_usd",
        "break_even_chance",
    ):
        assert np.isnan(row[name]), name
    assert pd.isna(row["ready_pays"])
    # What is known of it stays: hours need no price.
    assert np.isfinite(row["copy_hours_expected"])
    assert table.loc["eu-central-1", "missing"] == ""
    assert np.isfinite(table.loc["eu-central-1", "break_even_chance"]) or "never" in table.loc["eu-central-1", "answer"]


def test_a_sync_that_does_not_keep_up_is_said(pools: SpotPools) -> None:
    row = row_of(pools, "us-east-2", bandwidth_gbps=(0.05, 0.1, 10.0))
    assert row["sync_busy_fraction_expected"] > 1 > row["sync_busy_fraction_low"]
    assert np.isnan(row["ready_behind_hours_expected"]) and np.isfinite(row["ready_behind_hours_low"])
    assert "longer than the time between syncs" in row["answer"]
    assert row["ready_deadline"] == "not known"


def test_json(pools: SpotPools) -> None:
    plain = json.loads(json.dumps(fail_over(pools, 0.1).as_dict(), allow_nan=False))
    assert plain["bandwidth_gbps"] == list(BANDWIDTH_GBPS)
    assert plain["regions"][0]["break_even_chance"] is None
    assert "19.85" in plain["rules"]["bandwidth"]
    given = json.loads(json.dumps(fail_over(pools, 0.1, bandwidth_gbps=(1.0, 2.0, 3.0)).as_dict(), allow_nan=False))
    assert given["rules"]["bandwidth"] == "given"


def test_refusals(pools: SpotPools, workload: Workload, sources: Sources) -> None:
    with pytest.raises(InvalidInput) as refused:
        fail_over(
            pools,
            1.5,
            ["us-east-2", "us-wst-2", "us-east-1"],
            bandwidth_gbps=(5.0, 1.0, 10.0),
            sync_hours=0.01,
            late_usd_per_hour=-1.0,
            missed_usd=-1.0,
        )
    assert [fault.field for fault in refused.value.faults] == [
        "chance_fraction",
        "bandwidth_gbps",
        "sync_hours",
        "late_usd_per_hour",
        "missed_usd",
        "to_regions",
        "to_regions",
    ]
    assert "us-west-2" in refused.value.faults[5].nearest
    alone = spot_pools(workload.changed({"search.regions": ["us-east-1"]}), sources)
    with pytest.raises(InvalidInput) as refused:
        fail_over(alone, 0.1)
    assert refused.value.faults[0].field == "to_regions"
