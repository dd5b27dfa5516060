"""Shares of on-demand instances, and schedules of asking again."""

import numpy as np
import pytest

from costlib.facts.spot_traces import SpotTraces
from costlib.models.backoff import Backoff
from costlib.planner.search import Result
from costlib.planner.spot.mixes import by_share
from costlib.planner.spot.run import SpotRun, choose
from costlib.planner.spot.waiting import SCHEDULES, by_schedule


def test_all_on_demand_is_on_demand_and_all_spot_is_cheapest_here(run: SpotRun) -> None:
    table = by_share(run)
    assert len(table) == 2 * (run.count + 1)
    assert run.on_demand_usd_per_hour is not None
    full = table[table["spot_instances"] == 0]
    bare = run.on_demand_usd_per_hour * run.count * run.work_hours.expected
    assert full["usd"].to_numpy() == pytest.approx(bare) and (full["progress_fraction"] == 1).all()
    for _, rows in table.groupby("kind"):
        assert (np.diff(rows["usd"]) > 0).all(), "each instance moved to on-demand costs more at these prices"
        assert (np.diff(rows["hours"]) <= 0).all(), "and none makes the run slower"


def test_a_run_that_can_shrink_makes_more_progress(result: Result) -> None:
    wide = choose(result, instance_type="g6e.12xlarge", count=4)
    table = by_share(wide).set_index(["kind", "on_demand_instances"])["progress_fraction"]
    assert (table["elastic"] >= table["not elastic"]).all()
    assert table["elastic", 0] > table["not elastic", 0]


def test_without_an_on_demand_price_there_is_nothing_to_mix(run: SpotRun) -> None:
    from dataclasses import replace

    assert by_share(replace(run, on_demand_usd_per_hour=None)).empty


def test_schedules_on_recorded_gaps(traces: SpotTraces) -> None:
    table = by_schedule(traces, Backoff(120, 1.5, 1800, jitter=0.5)).set_index("schedule")
    assert list(table.index) == [*SCHEDULES, "yours"]
    each_minute, slow = table.loc["every minute"], table.loc["doubling, 1 minute to 1 hour"]
    assert each_minute["missed_fraction"] == pytest.approx(0.0, abs=1e-3)
    assert slow["missed_fraction"] > 0.1 and slow["calls"] < each_minute["calls"] / 10
    assert (table["wait_minutes"] >= each_minute["wait_minutes"] - 1e-9).all()
    again = by_schedule(traces, Backoff(120, 1.5, 1800, jitter=0.5)).set_index("schedule")
    assert again.equals(table), "jitter is drawn with a fixed seed"
