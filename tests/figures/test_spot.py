"""Charts of a run on spot: what is drawn is what the planner says."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures import spot_checkpoints, spot_mixes, spot_odds, spot_policies, spot_pools
from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT
from costlib.planner.spot import checkpoints, drills, mixes, odds, recorded, zones
from costlib.planner.spot.pools import spot_pools as pools_of
from costlib.planner.spot.run import SpotRun, choose
from tests.example import result, sources, workload
from tests.few_traces import LONG, few_traces


@pytest.fixture(scope="module")
def run() -> SpotRun:
    return choose(result(), instance_type="p4d.24xlarge", count=2)


def trace(made: go.Figure, uid: str) -> go.Scatter:
    return next(one for one in made.data if one.uid == uid)


def test_the_curve_has_its_band_and_a_mark_for_each_rule(run: SpotRun) -> None:
    curve, rules = checkpoints.curve(run), checkpoints.intervals(run)
    made = spot_checkpoints.checkpoints(curve, rules, "prices of x")
    assert list(trace(made, "expected").y) == list(curve["added_usd"])
    assert (np.array(trace(made, "low").y) <= np.array(trace(made, "high").y)).all()
    for row in rules.to_dict("records"):
        mark = trace(made, row["interval"])
        assert mark.x[0] == pytest.approx(60 * row["interval_hours"]) and mark.y[0] == row["added_usd"]
    assert "USD" in made.layout.yaxis.title.text and "Minutes" in made.layout.xaxis.title.text


def test_a_run_that_never_ends_has_words_and_no_line(run: SpotRun) -> None:
    curve = checkpoints.curve(run).assign(added_usd=np.inf, added_usd_high=np.inf)
    made = spot_checkpoints.checkpoints(curve, checkpoints.intervals(run).assign(added_usd=np.inf), "x")
    assert any("will not finish" in str(note.text) for note in made.layout.annotations)
    assert not any(one.mode == "markers" for one in made.data)


def test_certainty_has_a_mark_for_each_way() -> None:
    held = odds.by_way(choose(result()), 72.0, few_traces())
    made = spot_odds.price_of_certainty(held, 72.0, "x")
    drawn = sum(len(trace(made, way).x) for way in ("on_demand", "net", "spot_only"))
    assert drawn == len(held)
    assert list(trace(made, "on_demand").x) == [100.0]
    best = held[held["on_curve"]].sort_values("chance")
    assert list(trace(made, "curve").y) == list(best["usd"])
    assert trace(made, "net").text[0] == "1 ×" and "72.0 h" in made.layout.title.text


def test_chances_by_date_end_at_the_last_date() -> None:
    held = odds.by_date(choose(result()), 72.0, few_traces())
    made = spot_odds.chance_by_date(held, 72.0, "x")
    assert list(trace(made, "chance").y) == pytest.approx(list(100 * held["chance"]))
    assert list(trace(made, "chance_at_high_hours").x) == list(held["date_hours"])
    assert any(shape.x0 == 72.0 for shape in made.layout.shapes)


def test_policies_are_bars_with_their_share_in_time(run: SpotRun) -> None:
    held = recorded.by_policy(run, 72.0, few_traces(), ("on_demand", "spot_only", "safety_net"))
    made = spot_policies.by_policy(held, "x")
    (bars,) = made.data
    assert list(bars.x) == list(held["usd"]) and list(bars.y) == ["on-demand", "spot alone", "safety net"]
    said = [str(note.text) for note in made.layout.annotations]
    assert "100 % in time" in said and len([one for one in said if "in time" in one]) == 3


def test_moves_are_bars_for_each_zone_and_way(run: SpotRun) -> None:
    held = zones.by_moves(run, 72.0, few_traces(), LONG)
    (bars,) = spot_policies.by_moves(held, "x").data
    assert list(bars.x) == list(held["usd"])
    assert list(bars.y)[:2] == ["stay in us-west-2a", "stay in us-west-2b"] and "move when cheaper" in list(bars.y)


def test_a_tape_is_drawn_in_whole_stretches() -> None:
    available = np.array([1, 1, 0, 0, 0, 1], dtype=bool)
    modes = {"safety_net": np.array([SPOT, SPOT, IDLE, ON_DEMAND, ON_DEMAND, SPOT], dtype=np.int8)}
    made = spot_policies.tapes(available, 0.5, modes, 3.0, "x")
    mine = {one.name: one for one in made.data if one.y[0] == "safety net"}
    assert list(mine["on spot"].base) == [0.0, 2.5] and list(mine["on spot"].x) == [1.0, 0.5]
    assert list(mine["on demand"].base) == [1.5] and list(mine["on demand"].x) == [1.0]
    there = [one for one in made.data if one.y[0] == spot_policies.CAPACITY]
    assert sum(sum(one.x) for one in there) == 3.0
    assert sum(bool(one.showlegend) for one in made.data) == 3


def test_shares_have_both_kinds_and_drills_both_checkpoints(run: SpotRun, monkeypatch: pytest.MonkeyPatch) -> None:
    held = mixes.by_share(run)
    made = spot_mixes.shares(held, "x")
    for kind in mixes.KINDS:
        assert list(trace(made, kind).y) == list(held[held["kind"] == kind]["usd"])
    monkeypatch.setattr(drills._Bench, "MOST_STEPS", 150)
    table = drills.game_day(run, 72.0)
    bars = spot_mixes.drills(table, "x").data
    assert [bar.uid for bar in bars] == ["as they are", "best for the rate"]
    assert list(bars[0].y) == list(table[table["checkpoints"] == "as they are"]["lost_work_hours"])
    assert spot_mixes.shares(held.iloc[:0], "x").layout.title.text


def test_pools_are_drawn_once_and_the_fleet_s_are_ringed(run: SpotRun) -> None:
    held = pools_of(workload(), sources(), run.plan.instance_type, run.plan.count)
    chosen = held.ranked("run_cost", run.plan.region).head(2)
    made = spot_pools.pools(held.pools, chosen, "x")
    assert sum(len(one.x) for one in made.data) == len(held.pools)
    assert sum(int((np.array(one.marker.size) > 8).sum()) for one in made.data) == len(chosen)
    assert made.layout.yaxis.type == "log"


def test_names_from_data_are_escaped(run: SpotRun) -> None:
    held = zones.by_moves(run, 72.0, few_traces(), LONG).assign(zones="<img src=x>")
    assert list(spot_policies.by_moves(held, "x").data[0].y)[0] == "stay in &lt;img src=x&gt;"
    pools = pools_of(workload(), sources(), run.plan.instance_type, run.plan.count).pools
    made = spot_pools.pools(pools.assign(instance_type="<img src=x>", az="<b>"), pools.head(0), "x")
    assert "<img" not in str(made.data[0].name) and "<b>" not in str(made.data[0].customdata)
