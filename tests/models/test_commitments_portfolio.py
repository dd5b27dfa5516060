"""The best portfolio against brute force and closed forms, and how it must move."""

import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models import commitments_portfolio, commitments_problem
from costlib.models.commitments import (
    Block,
    Commitment,
    Rates,
    Scenarios,
    Terms,
    Usage,
    apply_discounts,
    best_portfolio,
    newsvendor_amount,
)
from costlib.models.commitments_problem import problem_of
from costlib.models.commitments_solve import Search
from costlib.models.commitments_value import Value
from costlib.validation.commitments_grid import LINES, WITHIN, grid_check, grid_costs, least_on_grids, random_case
from tests.models.portfolio_rates import rates, row

M5, M5_BIG, C5 = LINES
GO_ON = Terms(past_horizon="go_on")
ROOT = Path(__file__).resolve().parent.parent.parent


def test_within_half_a_percent_of_brute_force() -> None:
    found = grid_check()
    assert len(found) == 32 and (found["above"] <= WITHIN).all()
    # A grid that is too coarse would be beaten by more than the rounding of its last step.
    assert (found["above"] >= -1e-4).all()
    # The bound holds against the brute force, which cannot go below it.
    assert (found["bound"] <= found["reference"] * (1 + 1e-9)).all()


def test_the_brute_force_finds_what_is_known() -> None:
    # Ten of the first type in all hours, its plan at its own rate only: all of it, and nothing of the other plan.
    usage = np.zeros((1, 60, 3))
    usage[..., 0] = 10.0
    _, held = random_case(0)
    first = held.usd(LINES[0], "ec2_instance", 1, "no_upfront")
    found = least_on_grids(Scenarios(LINES, usage), held, 0.0, 20 * first)
    assert found == pytest.approx(60 * 10 * min(first, held.usd(LINES[0], "compute", 1, "no_upfront")), rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_its_costs_are_those_of_discounts_as_applied(seed: int) -> None:
    scenarios, held = random_case(seed)
    found = best_portfolio(scenarios, held, 0.3, 0.3, GO_ON)
    bought = [
        Commitment(each["plan_type"], each["amount"], 1, "no_upfront", family=each["family"], region=each["region"])
        for each in found.purchases.to_dict("records")
    ]
    applied = [apply_discounts(Usage(LINES, usage), bought, held) for usage in scenarios.quantity]
    assert found.cost_usd == pytest.approx([each.total_usd.sum() for each in applied])
    grid = grid_costs(
        scenarios,
        held,
        np.array([sum(each.amount for each in bought if each.plan_type == "ec2_instance")]),
        np.array([sum(each.amount for each in bought if each.plan_type == "compute")]),
    )
    assert found.cost_usd == pytest.approx(grid[0, 0]), "the brute force, too, knows how AWS bills"
    table = found.scenarios
    assert table["cost_usd"].tolist() == pytest.approx(found.cost_usd.tolist())
    usable = [each.covered_usd.sum() / (each.covered_usd + each.unused_usd).sum() for each in applied]
    assert table["utilisation"].tolist() == pytest.approx(usable)
    on_demand = np.array([held.usd(line, "on_demand") for line in LINES])
    covered = [(each.covered_quantity @ on_demand).sum() for each in applied]
    assert (table["coverage"] * table["on_demand_usd"]).tolist() == pytest.approx(covered)


@pytest.mark.parametrize("rate", [0.3, 0.55, 0.8, 0.95])
def test_one_offer_is_the_newsvendors_quantile(rate: float) -> None:
    rng = np.random.default_rng(3)
    usage = rng.gamma(3, 5, (5, 200, 1))
    probability = rng.dirichlet(np.ones(5))
    held = rates({M5: 1.0}, compute={M5: rate})
    found = best_portfolio(Scenarios((M5,), usage, probability), held, terms=GO_ON)
    closed = newsvendor_amount(usage, rate, 1.0, np.repeat(probability, 200))
    assert found.purchases["amount"].sum() / rate == pytest.approx(closed, abs=0.02 * usage.mean())
    above = np.maximum(usage[..., 0] - closed, 0).sum(axis=1) @ probability
    # The plan is bought in steps of a tenth of a cent an hour.
    assert found.expected_usd == pytest.approx(closed * rate * 200 + above, rel=1e-4)


def test_on_a_sample_of_the_hours_it_is_as_good_and_its_cost_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    scenarios, held = random_case(5)
    usage = rng.gamma(2, 3, (4, 4000, 3)) * rng.uniform(0.3, 1.5, (4, 1, 3))
    scenarios = Scenarios(LINES, usage, scenarios.chance)
    exact = best_portfolio(scenarios, held, 0.3, 0.3, GO_ON)
    monkeypatch.setattr(commitments_portfolio, "EXACT_ROWS", 1000)
    sampled = best_portfolio(scenarios, held, 0.3, 0.3, GO_ON)
    assert exact._search.sample is exact._search.full and sampled._search.sample is not sampled._search.full
    assert sampled.objective_usd == pytest.approx(exact.objective_usd, rel=1e-3)
    assert sampled.bound_usd <= exact.objective_usd
    again = best_portfolio(Scenarios(LINES, usage[:1]), held, 0.0, 0.3, GO_ON)
    assert again.cost_usd[0] == pytest.approx(again.objective_usd)


def test_a_sample_that_misleads_does_not_lead_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every eleventh hour, which is what is looked at, is a peak.
    rng = np.random.default_rng(6)
    usage = rng.gamma(9, 0.5, (3, 4400, 3))
    usage[:, :: commitments_portfolio.EVERY] *= 3
    _, held = random_case(5)
    exact = best_portfolio(Scenarios(LINES, usage), held, 0.3, 0.4, GO_ON)
    monkeypatch.setattr(commitments_portfolio, "EXACT_ROWS", 1000)
    found = best_portfolio(Scenarios(LINES, usage), held, 0.3, 0.4, GO_ON)
    assert found._search.sample.hours.uncovered_usd().mean() > 1.5 * found._search.full.hours.uncovered_usd().mean()
    assert found.objective_usd <= exact.objective_usd * (1 + WITHIN)


def test_a_moved_risk_weight_is_found_again_from_what_is_known() -> None:
    scenarios, held = random_case(2)
    start = best_portfolio(scenarios, held, 0.0, 0.3, GO_ON)
    weights = (0.0, 0.25, 0.5, 1.0)
    found = [start.at(weight) for weight in weights]
    for weight, quick in zip(weights, found, strict=True):
        fresh = best_portfolio(scenarios, held, weight, 0.3, GO_ON)
        assert quick.objective_usd == pytest.approx(fresh.objective_usd, rel=WITHIN)
    frontier = start.frontier(weights)
    # More weight on the tail never makes it worse, nor the mean better, but for what a quick search leaves.
    assert (np.diff(frontier["tail_usd"]) <= WITHIN * frontier["tail_usd"].max()).all()
    assert (np.diff(frontier["expected_usd"]) >= -WITHIN * frontier["expected_usd"].max()).all()


def test_fear_of_loss_buys_less_and_fear_of_cost_more() -> None:
    """What hurts who commits is demand that goes; what hurts who pays is demand that comes."""
    level = np.array([1.0, 5.0, 10.0, 15.0])
    demand = Scenarios((M5,), np.repeat(level, 100).reshape(4, 100, 1))
    held = rates({M5: 1.0}, compute={M5: 0.7})
    neutral, cost, loss = (
        best_portfolio(demand, held, weight, 0.25, replace(GO_ON, tail_of=tail)).committed_usd
        for weight, tail in ((0.0, "cost"), (0.8, "cost"), (0.8, "loss"))
    )
    assert loss < neutral < cost
    safe = best_portfolio(demand, held, 1.0, 0.25, replace(GO_ON, tail_of="loss"))
    # With nothing but the worst future in view, no more is bought than is used there.
    assert safe.purchases["amount"].tolist() == pytest.approx([0.7]) and safe.lost_usd == pytest.approx(-30.0)


def test_the_bound_of_losses_holds_from_wherever_it_is_worked_out() -> None:
    for seed in range(4):
        scenarios, held = random_case(seed)
        terms = replace(GO_ON, tail_of="loss")
        best = best_portfolio(scenarios, held, 0.5, 0.3, terms)
        problem = problem_of(scenarios, held, terms)
        full = Value(problem.hours, problem.pools)
        search = Search(full, full, problem.columns, scenarios.chance, best.risk)
        # Nothing but "buy nothing" has been looked at: what is proven there must hold for the best, too.
        search.fix(best.risk, np.zeros(len(problem.columns.usd)))
        search._look(np.zeros(len(problem.columns.usd)))
        assert search.bound_usd(best.risk) <= best.objective_usd * (1 + 1e-9)


def test_the_bound_is_close_where_sizes_cost_in_proportion() -> None:
    # There AWS's order of service is the best one, so what is proven is the answer's own distance from the best.
    on_demand = {M5: 0.2, M5_BIG: 0.4, C5: 0.17}
    discounts = {"standard": 0.6, "ec2_instance": 0.62, "compute": 0.72}
    held = rates(
        on_demand,
        **{plan: {line: share * usd for line, usd in on_demand.items()} for plan, share in discounts.items()},
    )
    usage = np.random.default_rng(8).gamma(2, 30, (5, 3000, 3)) * np.linspace(0.7, 1.3, 5)[:, None, None]
    for weight, tail_of in ((0.0, "cost"), (0.5, "cost"), (0.5, "loss")):
        found = best_portfolio(Scenarios(LINES, usage), held, weight, 0.3, replace(GO_ON, tail_of=tail_of))
        assert found.objective_usd * (1 - WITHIN) <= found.bound_usd <= found.objective_usd
        assert set(found.purchases["plan_type"]) == {"standard", "compute"}


def test_the_solver_comes_late_and_says_nothing() -> None:
    code = (
        "import sys, numpy; import costlib.models.commitments as m; assert 'highspy' not in sys.modules;"
        "import pandas as pd; named = dict(instance_type='m5.xlarge', region='r', service='ec2', usd_per_hour=1.0);"
        "frame = pd.DataFrame([dict(named, plan_type='on_demand', term_years=0, payment=''),"
        " dict(named, plan_type='compute', term_years=1, payment='no_upfront', usd_per_hour=0.6)]);"
        "demand = m.Scenarios((m.Line('m5.xlarge', 'r'),), numpy.ones((1, 9, 1)));"
        "print(round(m.best_portfolio(demand, frame, terms=m.Terms(past_horizon='go_on')).expected_usd, 6))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "5.4" and said.stderr == ""


def test_nothing_is_lost_with_the_offers_that_are_never_best(monkeypatch: pytest.MonkeyPatch) -> None:
    scenarios, _ = random_case(4)
    on_demand = {M5: 1.0, M5_BIG: 2.0, C5: 0.9}
    discounts = {"standard": 0.62, "convertible": 0.7, "ec2_instance": 0.62, "compute": 0.72}
    held = rates(
        on_demand,
        **{plan: {line: share * usd for line, usd in on_demand.items()} for plan, share in discounts.items()},
    )
    lean = best_portfolio(scenarios, held, terms=GO_ON)
    kinds = {offer.plan_type for offer, _, _ in lean.problem.bought}
    assert kinds == {"ec2_instance", "compute"}, "a plan at the price of a Reserved Instance covers more"
    monkeypatch.setattr(commitments_problem, "never_best", lambda unit, price: np.zeros(len(unit), bool))
    full = best_portfolio(scenarios, held, terms=GO_ON)
    assert len(full.problem.bought) > len(lean.problem.bought)
    assert full.objective_usd == pytest.approx(lean.objective_usd, rel=WITHIN)


def test_reserved_instances_come_whole_and_to_the_cheaper_side() -> None:
    usage = np.full((1, 100, 1), 2.4)
    for rate, count in ((0.3, 3), (0.5, 2)):
        # The third instance is used 0.4 of the time: worth it at a rate below 0.4 of on-demand.
        held = rates({M5: 1.0}, standard={M5: rate})
        found = best_portfolio(Scenarios((M5,), usage), held, terms=GO_ON)
        assert found.purchases["amount"].tolist() == [count]
        assert found.purchases["break_even_utilisation"].tolist() == pytest.approx([rate])
        assert found.cost_usd[0] == pytest.approx(100 * (count * rate + max(2.4 - count, 0)))


@pytest.mark.parametrize("seed", range(4))
def test_whole_reserved_instances_with_a_plan_are_within_half_a_percent_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = (M5, M5_BIG)
    usage = np.round(rng.gamma(2, 2, (1, 80, 2)))
    held = rates(
        {M5: 0.2, M5_BIG: 0.41},
        standard={M5: 0.2 * rng.uniform(0.45, 0.65)},
        compute={M5: 0.2 * 0.74, M5_BIG: 0.41 * 0.72},
    )
    found = best_portfolio(Scenarios(lines, usage), held, terms=GO_ON)
    demand = Usage(lines, usage[0])
    best = min(
        apply_discounts(
            demand,
            [
                Commitment("standard", count, 1, "no_upfront", "m5.xlarge", region="us-east-1"),
                Commitment("compute", usd, 1, "no_upfront"),
            ],
            held,
        ).total_usd.sum()
        for count, usd in product(range(0, 16), np.linspace(0, 2.4, 41))
    )
    assert found.expected_usd <= best * (1 + WITHIN)
    assert found.bound_usd <= best
    counts = found.purchases.loc[found.purchases["unit"] == "instances", "amount"]
    assert (counts == counts.round()).all()


def test_the_summary_is_what_the_tables_say() -> None:
    scenarios, held = random_case(3)
    found = best_portfolio(scenarios, held, 0.5, 0.3, GO_ON)
    said, each = found.summary, found.scenarios
    assert said["expected_saved_usd"] == pytest.approx(each["saved_usd"] @ scenarios.chance)
    assert said["worst_saved_usd"] == each["saved_usd"].min() <= said["expected_saved_usd"]
    assert said["tail_usd"] >= said["expected_usd"]
    assert 0 < said["utilisation"] <= 1 and 0 < said["coverage"] <= 1
    # Nothing upfront and used beyond its break-even: it pays at once.
    assert found.purchases["break_even_months"].tolist() == [0] * len(found.purchases)
    assert (found.purchases["utilisation"] > found.purchases["break_even_utilisation"]).all()


def test_regret_is_against_the_best_of_each_scenario() -> None:
    scenarios, held = random_case(1)
    found = best_portfolio(scenarios, held, terms=GO_ON)
    regret = found.regret
    for at in range(4):
        alone = best_portfolio(Scenarios(LINES, scenarios.quantity[[at]]), held, terms=GO_ON)
        assert regret["hindsight_usd"][at] == pytest.approx(alone.objective_usd, rel=WITHIN)
    assert (regret["regret_usd"] >= 0).all()


def test_usage_and_prices_scale_through() -> None:
    scenarios, held = random_case(6)
    found = best_portfolio(scenarios, held, terms=GO_ON)
    twice = best_portfolio(Scenarios(LINES, 2 * scenarios.quantity, scenarios.chance), held, terms=GO_ON)
    assert twice.expected_usd == pytest.approx(2 * found.expected_usd, rel=1e-3)
    dearer = Rates(held.frame.assign(usd_per_hour=held.frame["usd_per_hour"] * 3))
    assert best_portfolio(scenarios, dearer, terms=GO_ON).expected_usd == pytest.approx(
        3 * found.expected_usd, rel=1e-3
    )


def test_without_an_offer_all_is_on_demand_and_what_is_left_out_says_why() -> None:
    scenarios, held = random_case(0)
    found = best_portfolio(scenarios, held)
    # Sixty hours of demand do not hold a year.
    assert found.purchases.empty and found.committed_usd == 0
    assert found.left_out["reason"].str.contains("past the 60 hours").all() and len(found.left_out) == 2
    assert found.scenarios["saved_usd"].tolist() == pytest.approx([0] * 4)
    assert found.at(1.0).expected_usd == pytest.approx(found.expected_usd)
    unknown = pd.DataFrame([row(M5, "on_demand", 1.0), {**row(M5, "compute", 0.6, "partial_upfront")}])
    unknown.loc[1, "upfront_fraction"] = np.nan
    found = best_portfolio(Scenarios((M5,), np.ones((1, 10, 1))), unknown, terms=GO_ON)
    assert found.left_out["reason"].tolist() == ["the share paid upfront is not known"] and found.purchases.empty


def test_bad_input_is_refused_by_name() -> None:
    scenarios, held = random_case(0)
    for arguments, named in (
        ({"risk_weight": 1.5}, "risk_weight"),
        ({"tail_fraction": 0.0}, "tail_fraction"),
        ({"terms": Terms(starts_hours=(60,))}, "starts_hours"),
        ({"terms": Terms(plan_types=("computed",))}, "plan_types"),
        ({"terms": Terms(past_horizon="guess")}, "past_horizon"),
        ({"terms": Terms(spot_fraction={7: 0.5})}, "spot_fraction"),
        ({"terms": Terms(blocks=(Block(0, 50, 24),))}, "blocks"),
    ):
        with pytest.raises(InvalidInput, match=named):
            best_portfolio(scenarios, held, **arguments)
    with pytest.raises(InvalidInput, match="add up to 1"):
        Scenarios(LINES, scenarios.quantity, np.full(4, 0.3))
    with pytest.raises(InvalidInput, match="on_demand_factor"):
        Scenarios(LINES, scenarios.quantity, on_demand_factor=np.ones((2, 60, 3)))
    with pytest.raises(InvalidInput, match="hour 3, m5.2xlarge"):
        wrong = scenarios.quantity.copy()
        wrong[2, 3, 1] = -1
        Scenarios(LINES, wrong)
    with pytest.raises(InvalidInput, match="has no Capacity Block rate"):
        best_portfolio(scenarios, held, terms=Terms(blocks=(Block(0, 0, 24),)))
