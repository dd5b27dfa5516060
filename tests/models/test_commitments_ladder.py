"""Ladders, what they foresee, and the rule they are compared with."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments import (
    Line,
    Rule,
    Scenarios,
    Terms,
    Usage,
    best_above,
    best_portfolio,
    climbed,
    grown,
    ladder_plan,
    newsvendor_amount,
    next_rung,
    outlook_from,
    whole_by_month,
)
from costlib.models.commitments_forecast import MONTH, Outlook
from costlib.models.lookback import lookback_amount, lookback_portfolio
from costlib.validation.commitments import trace

LINE = Line("m5.xlarge", "us-east-1")


def rates(usd: float = 0.72) -> pd.DataFrame:
    named = {"instance_type": "m5.xlarge", "region": "us-east-1", "service": "ec2", "term_years": 1}
    return pd.DataFrame(
        [
            {**named, "plan_type": "on_demand", "payment": "", "usd_per_hour": 1.0},
            {**named, "plan_type": "compute", "payment": "no_upfront", "usd_per_hour": usd},
        ]
    )


def test_lookback_sees_its_days_only() -> None:
    usage = np.concatenate([np.full(1000, 50.0), np.full(30 * 24, 20.0), np.full(7 * 24, 5.0)])
    assert lookback_amount(usage, 7, 0.72, 1.0) == 5
    # Seven of thirty days are at 5, fewer than the 28 % that the quantile leaves below: 20.
    assert lookback_amount(usage, 30, 0.72, 1.0) == 20
    with pytest.raises(InvalidInput, match="days"):
        lookback_amount(usage, 14, 0.72, 1.0)
    with pytest.raises(InvalidInput, match="shorter than 60 days"):
        lookback_amount(usage[:100], 60, 0.72, 1.0)


def test_lookback_over_lines_is_the_best_plan_of_its_days() -> None:
    rng = np.random.default_rng(0)
    usage = Usage((LINE,), rng.gamma(3, 5, (2000, 1)))
    found = lookback_portfolio(usage, rates(), 30, "compute")
    alone = lookback_amount(usage.quantity, 30, 0.72, 1.0)
    # The plan is bought in steps of a tenth of a cent, and the search leaves a hair.
    assert found.purchases["amount"].sum() / 0.72 == pytest.approx(alone, rel=0.01)
    other = np.vstack([np.full((1280, 1), 99.0), usage.quantity[1280:]])
    same = lookback_portfolio(Usage((LINE,), other), rates(), 30, "compute")
    assert same.purchases["amount"].sum() == found.purchases["amount"].sum()
    with pytest.raises(InvalidInput, match="shorter than 60 days"):
        lookback_portfolio(Usage((LINE,), other[:100]), rates(), 60, "compute")


def test_an_outlook_goes_on_with_what_is_plain() -> None:
    flat = np.full(24 * MONTH, 7.0)
    found = outlook_from(flat, 0.28, 0.0)
    assert found.level.mean() * found.shape.mean() == pytest.approx(7, rel=1e-3) and not found.ends.any()
    growing = grown(flat[:, None], 0.5)[:, 0]
    ahead = outlook_from(growing, 0.28, 0.0)
    # The middle scenario a year on: the growth of a year, on the level of the last month.
    assert ahead.level[3, 11] / np.quantile(growing[-MONTH:], 0.28) == pytest.approx(1.5, rel=0.01)
    season = 7 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(24 * MONTH) / (12 * MONTH)))
    ahead = outlook_from(season, 0.28, 0.0)
    assert ahead.level[3] == pytest.approx(np.quantile(season[-12 * MONTH :].reshape(12, -1), 0.28, axis=1), rel=0.02)
    stepped = np.concatenate([np.full(20 * MONTH, 70.0), np.full(4 * MONTH, 7.0)])
    assert outlook_from(stepped, 0.28, 0.0).level[3] == pytest.approx(np.full(12, 7.0), rel=0.02), "no trend in a step"
    assert outlook_from(np.concatenate([flat, np.zeros(2 * MONTH)]), 0.28, 0.2).shape.max() == 0


def test_caution_moves_chance_to_the_ends() -> None:
    found = outlook_from(np.full(24 * MONTH, 7.0), 0.28, 0.2)
    assert found.probability.sum() == pytest.approx(1) and found.probability[found.ends].sum() == pytest.approx(0.2)
    careful = found.cautious(0.25)
    assert careful.probability.sum() == pytest.approx(1)
    assert careful.probability[found.ends].sum() == pytest.approx(0.75 * 0.2 + 0.25)
    assert best_above(careful, 0.0, 0.72, 1.0) <= best_above(found, 0.0, 0.72, 1.0)
    # Where nothing ends there is no such tail.
    assert outlook_from(np.full(24 * MONTH, 7.0), 0.28, 0.0).cautious(0.5).probability.sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["steady", "growing", "bursty"])
def test_the_amount_is_the_best_portfolio_of_its_scenarios(kind: str) -> None:
    outlook = outlook_from(trace(kind, np.random.default_rng(1))[: 24 * MONTH], 0.28, 0.2)
    amount = best_above(outlook, 0.0, 0.72, 1.0)
    scenarios = outlook.scenarios(LINE)
    assert scenarios.hours == 8760
    found = best_portfolio(scenarios, rates())
    usage = np.asarray(scenarios.quantity)[..., 0]
    cost = (0.72 * amount + np.maximum(usage - amount, 0)).sum(axis=1) @ scenarios.chance
    # Half a percent of the exact answer is asked of the portfolio; the closed form is no worse than it.
    assert found.expected_usd == pytest.approx(cost, rel=5e-4)
    assert cost <= found.expected_usd * (1 + 1e-6)
    chance = np.repeat(scenarios.chance, scenarios.hours)
    assert amount == pytest.approx(newsvendor_amount(usage, 0.72, 1.0, chance), rel=0.01)


def test_what_is_held_is_not_bought_again() -> None:
    outlook = outlook_from(trace("steady", np.random.default_rng(2))[: 24 * MONTH], 0.28, 0.1)
    whole = best_above(outlook, 0.0, 0.72, 1.0)
    for held in (0.0, 0.3 * whole, whole, 2 * whole):
        assert held + best_above(outlook, held, 0.72, 1.0) == pytest.approx(max(held, whole), rel=1e-3)


def test_a_rung_is_a_part_of_the_whole_beside_what_is_renewed() -> None:
    rule = Rule(first_fraction=0.3, rungs=15)
    cases = pd.DataFrame(
        [
            # whole, held, ended, bought
            (60.0, 0.0, 0.0, 18.0),  # a ladder begins
            (60.0, 18.0, 0.0, 4.0),  # a fifteenth
            (60.0, 58.0, 0.0, 2.0),  # no more than is missing
            (60.0, 70.0, 0.0, 0.0),
            (60.0, 22.0, 18.0, 22.0),  # what ended, and a fifteenth
            (30.0, 22.0, 18.0, 8.0),  # what ended, as far as it is wanted
            (0.0, 0.0, 18.0, 0.0),
            (60.0, 0.0, 18.0, 22.0),  # all has ended: renewed, not begun anew
        ],
        columns=["whole", "held", "ended", "bought"],
    )
    found = next_rung(cases["whole"], cases["held"], cases["ended"], rule)
    assert found == pytest.approx(cases["bought"].to_numpy())
    alone = [float(next_rung(*row[:3], rule)) for row in cases.itertuples(index=False)]
    assert alone == found.tolist()
    assert 7 * found == pytest.approx(
        next_rung(7 * cases["whole"], 7 * cases["held"], 7 * cases["ended"], rule), rel=1e-12
    )


def test_a_ladder_over_flat_usage_fills_in_a_year_and_renews_rung_by_rung() -> None:
    usage = np.full(40 * MONTH, 10.0)
    rule = Rule(stop_chance_fraction=0.0, risk_weight=0.0)
    whole = whole_by_month(usage, 4, 0.72, 1.0, rule)
    found = climbed(whole, rule)
    assert not found.bought[:4].any()
    # The outlook's narrow spread is worth a little less than all of it.
    assert (whole[4:] <= 10.01).all() and (whole[4:] >= 9.5).all()
    assert found.bought[4] == pytest.approx(0.3 * whole[4])
    # Of 0.7 that are missing eleven fifteenths are more than enough.
    assert found.held[15:] == pytest.approx(whole[15:], rel=0.005)
    assert (found.held <= whole + 1e-9).all()
    assert (found.bought[16:28] > 0).sum() >= 11, "most months have their rung"
    # In force is what was bought in the twelve months before.
    for month in (5, 20, 39):
        assert found.held[month] == pytest.approx(found.bought[max(0, month - 11) : month + 1].sum())
    assert found.held_hours.shape == usage.shape and found.held_hours[20 * MONTH] == found.held[20]
    # What comes later cannot change what was bought before.
    other = usage.copy()
    other[30 * MONTH :] = 0
    stopped = climbed(whole_by_month(other, 4, 0.72, 1.0, rule), rule)
    assert stopped.bought[:31] == pytest.approx(found.bought[:31])
    assert stopped.bought[31:].sum() == 0
    # Several at once are each alone.
    both = climbed(np.stack([whole, 2 * whole]), rule)
    assert both.bought[0] == pytest.approx(found.bought) and both.held[1] == pytest.approx(2 * found.held)


def test_the_whole_of_a_month_is_the_best_amount_of_its_outlook() -> None:
    usage, rule = trace("growing", np.random.default_rng(5))[: 20 * MONTH + 100], Rule()
    found = whole_by_month(usage, 12, 0.72, 1.0, rule)
    assert found.shape == (20,) and not found[:12].any()
    for month in (12, 19):
        outlook = outlook_from(usage[: month * MONTH], 0.28, rule.stop_chance_fraction).cautious(rule.risk_weight)
        assert found[month] == best_above(outlook, 0.0, 0.72, 1.0)


def test_a_plan_buys_growth_when_it_comes() -> None:
    base = np.full((8760, 1), 10.0)
    paths = np.stack([grown(base, 1.0), grown(base, 0.6)])
    scenarios = Scenarios((LINE,), paths)
    plan = ladder_plan(scenarios, rates(), every_months=3, rung_fraction=1.0)
    rungs = plan.purchases
    assert rungs["start_hour"].tolist() == [0, 2190, 4380, 6570]
    assert rungs["amount"].iloc[0] / 0.72 >= 10
    once = best_portfolio(scenarios, rates(), terms=Terms(past_horizon="go_on"))
    assert plan.expected_usd < once.expected_usd
    split = ladder_plan(scenarios, rates(), every_months=3, rung_fraction=0.25)
    most = 0.25 * paths.max() * 0.72
    assert split.purchases["amount"].max() <= most + 0.001
    assert plan.expected_usd <= split.expected_usd * (1 + 1e-4)


def test_bad_input_is_refused_by_name() -> None:
    outlook = Outlook(np.ones(MONTH), np.ones((1, 12)), np.ones(1), np.zeros(1, bool))
    for call, named in (
        (lambda: outlook_from(np.ones(MONTH), 0.3, 0.1), "two months"),
        (lambda: outlook_from(np.ones(3 * MONTH), 1.3, -0.1), "quantile.*\n.*stop_chance_fraction"),
        (lambda: outlook_from(-np.ones(3 * MONTH), 0.3, 0.1), "usage"),
        (lambda: outlook.cautious(2.0), "risk_weight"),
        (lambda: best_above(outlook, -1.0, 0.7, 1.0), "held"),
        (lambda: next_rung(1.0, 0.0, 0.0, Rule(rungs=0)), "rungs"),
        (lambda: next_rung(1.0, 0.0, 0.0, Rule(first_fraction=1.1)), "first_fraction"),
        (lambda: next_rung(1.0, -1.0, [0.0, -2.0], Rule()), "held.*\n.*ended"),
        (lambda: climbed(-np.ones(3), Rule()), "whole"),
        (lambda: climbed(np.ones(3), Rule(term_months=0)), "term_months"),
        (lambda: whole_by_month(np.ones(3 * MONTH), 1, 0.7, 1.0, Rule()), "first_month"),
        (lambda: ladder_plan(Scenarios((LINE,), np.ones((1, 9, 1))), rates(), 0, 0.5), "every_months"),
        (lambda: ladder_plan(Scenarios((LINE,), np.ones((1, 9, 1))), rates(), 1, 0.0), "rung_fraction"),
    ):
        with pytest.raises(InvalidInput, match=named):
            call()
