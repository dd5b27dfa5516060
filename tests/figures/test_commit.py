"""Charts of commitments: what is drawn is what the report says."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from costlib.figures import commit_cash, commit_ladder, commit_layers, commit_offers, commit_scenarios
from costlib.figures.commit_names import PAYMENT_NAMES, PLAN_NAMES, amount_name, offer_name, scope_name, term_name
from costlib.models.commitments import Line, Usage, break_even, paid_back_month
from costlib.models.commitments_inputs import COMMITTED, PAYMENTS
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.demand import Future
from costlib.planner.commit.report import CommitReport, commit_report
from tests.example import sources


@lru_cache(maxsize=1)
def report() -> CommitReport:
    """A service that runs day and night, more by day, and boxes of office hours; some of it tolerates spot."""
    hour = np.arange(10 * 168)
    day = (hour % 24 >= 8) & (hour % 24 < 18)
    lines = (Line("g5.12xlarge", "us-east-1"), Line("m6i.4xlarge", "us-east-1"))
    usage = Usage(lines, np.stack([4.0 + 3.0 * day, 10.0 * day], axis=1))
    return commit_report(sources().book, usage, Future(), Asked(spot_fraction=0.2))


def trace(made: go.Figure, uid: str) -> Any:
    return next(one for one in made.data if one.uid == uid)


def test_layers_add_up_to_the_usage_and_lost_commitment_lies_below() -> None:
    # Of all futures the one that ends first, where most of the commitment is lost.
    found = report().layers(list(report().demand.scenarios.names).index("ends after month 2"))
    made = commit_layers.layers(found, "p50", "prices of x")
    parts = sum(np.array(trace(made, column).y) for column in commit_layers.LAYERS)
    assert len(parts) == commit_layers.POINTS < len(found.curve)
    # Means of equal stretches: as much area as the hours have, up to the last stretch's length.
    assert parts.mean() == pytest.approx(found.curve["usage_usd"].mean(), rel=2e-3)
    assert found.curve["unused_usd"].sum() > 0 and max(trace(made, "unused_usd").y) <= 0
    assert -np.mean(trace(made, "unused_usd").y) == pytest.approx(found.curve["unused_usd"].mean(), rel=2e-2)
    assert f"{100 * found.saved_fraction:.0f} %" in made.layout.title.text
    assert "on-demand prices" in made.layout.yaxis.title.text


def test_a_point_is_the_mean_of_its_stretch_of_hours() -> None:
    names = ["usage_usd", "committed_usd", "spot_usd", "on_demand_usd", "unused_usd"]
    usd = np.arange(2.0 * commit_layers.POINTS)[::-1]
    curve = pd.DataFrame({name: usd for name in names})
    made = commit_layers.layers(commit_layers.DollarLayers(curve, 1.0, 0.0, 0.0, 1.0, 4.0, 10.0), "p50", "x")
    assert list(trace(made, "on_demand_usd").y) == list((usd[::2] + usd[1::2]) / 2)
    assert trace(made, "on_demand_usd").x[0] == 1.0 and trace(made, "on_demand_usd").x[-1] == len(usd) - 1


def test_a_short_curve_is_drawn_hour_by_hour() -> None:
    found = report().layers()
    short = commit_layers.DollarLayers(found.curve.iloc[:100], 1.0, 0.0, 0.0, 1.0, 4.0, 10.0)
    made = commit_layers.layers(short, "<b>", "x")
    assert list(trace(made, "committed_usd").y) == list(found.curve["committed_usd"][:100])
    assert (
        "&lt;b&gt;" in made.layout.title.text and "50 %" in made.layout.title.text and "$0.20" in made.layout.title.text
    )


def test_each_future_has_its_marks_the_dearest_last() -> None:
    rows, regret, looked = report().portfolio.scenarios, report().portfolio.regret, report().lookbacks
    made = commit_scenarios.by_scenario(rows, "x", regret, looked)
    order = np.argsort(-rows["cost_usd"].to_numpy(), kind="stable")
    for uid, usd in (
        ("ours", rows["cost_usd"]),
        ("bare", rows["uncommitted_usd"]),
        ("hindsight", regret["hindsight_usd"]),
        ("days7", looked["cost_usd"][0]),
        ("days60", looked["cost_usd"][2]),
    ):
        assert list(trace(made, uid).x) == list(np.array(usd)[order]), uid
    assert list(made.layout.yaxis.categoryarray) == list(trace(made, "ours").y)
    assert trace(made, "ours").y[0].startswith(rows["scenario"].iloc[order[0]])
    assert sum(bool(one.showlegend is not False) for one in made.data if one.legendgroup == "rule") == 1


def test_futures_are_drawn_before_the_comparisons_are_there() -> None:
    made = commit_scenarios.by_scenario(report().portfolio.scenarios, "x")
    assert {one.uid for one in made.data} == {"between", "bare", "ours"}
    named = report().portfolio.scenarios.assign(scenario="<img src=x>")
    assert "<img" not in str(commit_scenarios.by_scenario(named, "x").data[1].y)


def test_weights_that_buy_the_same_are_one_point() -> None:
    curve = pd.DataFrame(
        {
            "risk_weight": [0.0, 0.5, 1.0],
            "expected_usd": [100.0, 110.0, 110.0],
            "tail_usd": [300.0, 250.0, 250.0],
            "tail_lost_usd": [30.0, 20.0, 10.0],
            "committed_usd": [10.0, 20.0, 20.0],
        }
    )
    made = commit_scenarios.frontier(curve, curve.iloc[1], "cost", "x")
    assert list(trace(made, "curve").text) == ["0 %", "50 – 100 %"]
    assert list(trace(made, "curve").x) == [300.0, 250.0] and list(trace(made, "curve").y) == [100.0, 110.0]
    assert (trace(made, "now").x, trace(made, "now").y) == ((250.0,), (110.0,)) and "50 %" in trace(made, "now").name
    made = commit_scenarios.frontier(curve, curve.iloc[1], "loss", "x")
    assert list(trace(made, "curve").x) == [30.0, 20.0, 10.0] and "lost" in made.layout.xaxis.title.text
    assert [one.uid for one in commit_scenarios.frontier(None, curve.iloc[1], "loss", "x").data] == ["now"]


def test_cash_is_stacked_by_month_and_the_pay_back_is_marked() -> None:
    table = report().cash
    month = paid_back_month(table)
    made = commit_cash.cash(table, month, "x")
    for column in commit_cash.PARTS:
        assert list(trace(made, column).y) == list(table[column])
    parts = sum(np.array(trace(made, column).y) for column in commit_cash.PARTS)
    assert parts == pytest.approx(table["total_usd"].to_numpy())
    assert list(trace(made, "saved").y) == list(table["saved_so_far_usd"])
    assert month is not None and made.layout.shapes[0].x0 == month + 0.5
    assert f"month {month}" in str(made.layout.annotations)
    assert not commit_cash.cash(table, None, "x").layout.shapes


def test_a_rung_lasts_from_its_month_to_its_end() -> None:
    rows = report().ladder.purchases
    made = commit_ladder.rungs(rows, 12, "x")
    drawn = {
        label: (base, base + length, text)
        for one in made.data
        for label, base, length, text in zip(one.y, one.base, one.x, one.text, strict=True)
    }
    assert len(drawn) == len(rows) > 1
    for at, row in enumerate(rows.to_dict("records")):
        first, last, text = drawn[f"{scope_name(row)} · {at + 1}"]
        assert first == pytest.approx(row["start_hour"] / 730)
        assert last == pytest.approx(first + 12 * row["term_years"]) and text == amount_name(row["amount"], row["unit"])
    assert {one.name for one in made.data} == {PLAN_NAMES[name] for name in rows["plan_type"]}
    assert list(made.layout.yaxis.categoryarray)[-1].endswith("· 1"), "the first stands on top"


def test_break_evens_are_marked_where_the_lines_cross() -> None:
    made = commit_offers.break_even(break_even(0.6, 1.0, 0.3), "g5", "x")
    mark = trace(made, "even-on-demand")
    assert mark.x[0] == pytest.approx(60) and mark.y[0] == pytest.approx(0.6)
    on_demand = trace(made, "on_demand")
    assert np.interp(mark.x[0], on_demand.x, on_demand.y) == pytest.approx(mark.y[0])
    assert not [one for one in made.data if one.uid == "even-spot"], "at 200 % it never is"
    made = commit_offers.break_even(break_even(0.6, 1.0), "<img>", "x")
    assert not [one for one in made.data if one.uid == "spot"] and "<img" not in made.layout.title.text


def test_every_commitment_has_a_name() -> None:
    assert set(COMMITTED) <= set(PLAN_NAMES) and set(PAYMENTS) <= set(PAYMENT_NAMES)
    assert (term_name(1.0), term_name(3), term_name(14 / 365)) == ("1 year", "3 years", "14 days")
    row = {"plan_type": "compute", "term_years": 3, "payment": "no_upfront", "instance_type": None, "family": None,
           "region": None}  # fmt: skip
    assert offer_name(row) == "Compute Savings Plan, 3 years, no upfront" and scope_name(row) == "all of its service"
    assert scope_name({**row, "family": "g5", "region": "us-east-1"}) == "g5 us-east-1"
    assert (amount_name(1200, "instances"), amount_name(7.5, "usd_per_hour")) == ("1,200 instances", "7.500 USD/h")
