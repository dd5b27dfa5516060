"""A run over recorded capacity: weights, known corners, odds that grow with time, zones, one job, drills."""

from dataclasses import replace

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.facts.spot_traces import SpotTraces
from costlib.models.replay import replay
from costlib.models.replay_terms import ON_DEMAND, SPOT
from costlib.planner.spot import drills, odds, one_job, recorded, zones
from costlib.planner.spot.run import SpotRun

DEADLINE_HOURS = 72.0
#: A short and a long trace of one campaign; all of them would take long.
FEW = ("aws1026-us-west-2a_v100_8", "aws1026-us-west-2b_v100_8", "aws1128-us-west-2b_k80_1")


@pytest.fixture(scope="module")
def few(traces: SpotTraces) -> SpotTraces:
    return SpotTraces(traces.table[traces.table["trace"].isin(FEW)].reset_index(drop=True))


def test_each_trace_weighs_the_same(run: SpotRun, few: SpotTraces) -> None:
    jobs = recorded.replayed(few, recorded.terms_of(run, DEADLINE_HOURS), "spot_only", every_hours=6.0)
    sums = np.bincount(jobs.trace, weights=jobs.weight)
    assert sums == pytest.approx(1 / len(FEW)) and jobs.weight.sum() == pytest.approx(1.0)
    assert jobs.quantile(jobs.cost_ratio, 0.0) <= jobs.mean(jobs.cost_ratio) <= jobs.quantile(jobs.cost_ratio, 1.0)


def test_policies_at_their_corners(run: SpotRun, few: SpotTraces) -> None:
    table = recorded.by_policy(run, DEADLINE_HOURS, few, recorded.POLICIES[:4]).set_index("policy")
    assert table.loc["on_demand", "saved_fraction"] == 0.0 and table.loc["on_demand", "spot_fraction"] == 0.0
    for policy in ("on_demand", "safety_net", "uniform_progress"):
        assert table.loc[policy, "met_fraction"] == 1.0
    # One of the three traces never has capacity.
    assert table.loc["spot_only", "met_fraction"] < 2 / 3 and table.loc["spot_only", "ended_fraction"] <= 2 / 3
    # Sums of equal amounts differ in their last digits.
    assert (table["usd_low"] <= table["usd"] + 1e-6).all() and (table["usd"] <= table["usd_high"] + 1e-6).all()
    assert run.price_ratio is not None
    least = recorded.base_usd(run) * run.price_ratio.expected
    assert (table["usd"] >= least).all(), "nobody works for less than the spot price"


def test_it_is_the_replay_of_the_model(run: SpotRun, few: SpotTraces) -> None:
    name = FEW[0]
    alone = SpotTraces(few.table[few.table["trace"] == name].reset_index(drop=True))
    jobs = recorded.replayed(alone, recorded.terms_of(run, DEADLINE_HOURS), "uniform_progress", every_hours=10.0)
    assert run.price_ratio is not None
    by_hand = replay(
        few.of(name), few.step_hours(name), run.work_hours.expected, DEADLINE_HOURS, recorded.changeover_hours(run),
        run.price_ratio.expected, "uniform_progress", np.arange(0, 600, 60),
    )  # fmt: skip
    assert jobs.cost_ratio[:10] == pytest.approx(by_hand.cost_ratio)


def test_certainty_costs(run: SpotRun, few: SpotTraces) -> None:
    table = odds.by_way(run, DEADLINE_HOURS, few)
    nets = table[table["way"] == "net"]
    assert (np.diff(nets["chance"]) <= 0).all(), "a later net is less certain"
    assert (np.diff(nets["usd"]) <= 1e-9).all(), "and cheaper"
    assert table.iloc[0]["way"] == "on_demand" and table.iloc[0]["chance"] == 1.0
    curve = table[table["on_curve"]].sort_values("chance")
    assert (np.diff(curve["usd"]) > 0).all() and len(curve) >= 2
    assert (table["chance_at_high_hours"] <= table["chance"] + 1e-12).all()


def test_chances_grow_with_the_date(run: SpotRun, few: SpotTraces) -> None:
    dates = odds.by_date(run, DEADLINE_HOURS, few)
    assert (np.diff(dates["chance"]) >= 0).all() and (np.diff(dates["chance_at_high_hours"]) >= 0).all()
    assert dates["chance"].iloc[0] == 0.0, "half the deadline is less than the work"
    assert 0 < dates["chance"].iloc[-1] <= 2 / 3 + 1e-9


def test_a_deadline_that_a_start_passes_and_a_type_without_on_demand_are_refused(run: SpotRun) -> None:
    with pytest.raises(InvalidInput, match="deadline_hours"):
        recorded.terms_of(run, 1.0)
    with pytest.raises(InvalidInput, match="no on-demand price"):
        recorded.terms_of(replace(run, on_demand_usd_per_hour=None), DEADLINE_HOURS)


def test_without_a_deadline_one_is_taken_from_the_work(run: SpotRun) -> None:
    workload = run.result.workload.changed({"deadline_hours": None})
    free = replace(run, result=replace(run.result, workload=workload))
    assert recorded.deadline_of(free) > 1.5 * run.work_hours.expected
    assert recorded.deadline_of(run) == DEADLINE_HOURS


def test_several_zones_are_worth_more_than_one(run: SpotRun, traces: SpotTraces) -> None:
    names = zones.campaigns(traces)
    assert any("5 zones" in name for name in names) and not any(name.startswith("gcpcpu") for name in names)
    campaign = next(name for name in names if name.startswith("gcph100"))
    table = zones.by_moves(run, DEADLINE_HOURS, traces, campaign, every_hours=48.0).set_index("moves")
    moving = table.loc["on_preemption", "usd"]
    assert len(table.loc[["stay"]]) == 8 and moving < table.loc["stay", "usd"].mean()
    assert (table["met_fraction"] == 1.0).all()
    with pytest.raises(NotKnown, match="set of zones"):
        zones.by_moves(run, DEADLINE_HOURS, traces, "gcph10")


def test_prices_of_the_zones_are_those_of_the_cheapest_pools(run: SpotRun) -> None:
    ratios = zones.pool_ratios(run, 3)
    assert run.price_ratio is not None and ratios[0] <= run.price_ratio.expected + 1e-9
    assert (np.diff(ratios) >= 0).all() and (ratios <= 1).all()
    many = zones.pool_ratios(run, 500)
    assert len(many) == 500, "where fewer are held the list begins again"


def test_one_job_step_by_step(run: SpotRun, traces: SpotTraces) -> None:
    trace = "aws1026-us-west-2b_v100_1"
    job = one_job.one_job(run, DEADLINE_HOURS, traces, trace, 100.0)
    base = recorded.base_usd(run)
    assert run.price_ratio is not None
    for name, modes in job.modes.items():
        hours = {mode: float((modes == mode).sum()) * job.step_hours for mode in (SPOT, ON_DEMAND)}
        paid = hours[ON_DEMAND] + run.price_ratio.expected * hours[SPOT]
        assert job.usd[name] == pytest.approx(paid / run.work_hours.expected * base), name
        assert job.met[name]
        there = job.available[: len(modes)]
        assert not np.any((modes[: len(there)] == SPOT) & ~there), "spot only where it was there"
        assert job.usd["optimum"] <= job.usd[name] * 1.0005, "the optimum counts in whole seconds"
    last = one_job.last_start_hours(traces, trace, DEADLINE_HOURS)
    with pytest.raises(InvalidInput, match="start_hours"):
        one_job.one_job(run, DEADLINE_HOURS, traces, trace, last + 1)
    with pytest.raises(InvalidInput, match="longer than"):
        one_job.last_start_hours(traces, trace, 1e5)


def test_a_game_day_shows_what_checkpoints_are_worth(run: SpotRun) -> None:
    drill = drills.Drill(rate_per_hour=0.2, burst=3, before_interval_hours=4.0, draws=8)
    table = drills.game_day(run, DEADLINE_HOURS, drill).set_index(["drill", "checkpoints"])
    assert set(table.index.get_level_values(0)) == set(drills.DRILLS)
    for name in ("at random", "burst", "worst moment"):
        before, after = table.loc[(name, "as they are")], table.loc[(name, "best for the rate")]
        assert before["lost_work_hours"] > after["lost_work_hours"]
        assert before["usd"] > after["usd"]
    none = table.loc[("none", "as they are")]
    assert none["lost_work_hours"] == 0 and none["interruptions"] == 0
    # The most that one interruption can lose is an interval.
    assert 3.5 < table.loc[("worst moment", "as they are"), "lost_work_hours"] <= 4.0
    assert table.loc[("burst", "best for the rate"), "interruptions"] == 3


def test_drills_that_cannot_be_are_refused_together(run: SpotRun) -> None:
    with pytest.raises(InvalidInput) as refused:
        drills.game_day(run, DEADLINE_HOURS, drills.Drill(rate_per_hour=0, burst=0, before_interval_hours=-1))
    assert [fault.field for fault in refused.value.faults] == ["rate_per_hour", "burst", "before_interval_hours"]
    with pytest.raises(InvalidInput, match="burst"):
        drills.game_day(run, DEADLINE_HOURS, drills.Drill(burst=500))
