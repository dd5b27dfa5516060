"""What a portfolio makes of time, spot, blocks, payments, price cuts, migrations and commitments already held."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments import (
    Block,
    Commitment,
    Line,
    Rates,
    Scenarios,
    Terms,
    best_portfolio,
    beyond,
    migrated,
    price_cut,
)
from costlib.validation.commitments_grid import LINES, random_case
from tests.models.portfolio_rates import rates, row

M5, M5_BIG, C5 = LINES
GO_ON = Terms(past_horizon="go_on")


def test_years_differ_in_what_is_bought_for_them() -> None:
    hours = 3 * 8760
    steady, ending = np.full((hours, 1), 10.0), np.full((hours, 1), 10.0)
    ending[8760:] = 4.0
    frame = [row(M5, "on_demand", 1.0), row(M5, "compute", 0.65), row(M5, "compute", 0.45, term_years=3)]
    scenarios = Scenarios((M5,), np.stack([steady, ending]), np.array([0.3, 0.7]))
    found = best_portfolio(scenarios, Rates(pd.DataFrame(frame)))
    bought = found.purchases.set_index(["term_years", "start_hour"])["amount"]
    # Four for three years; six for the first year only, as with a chance of 0.3 the later ones do not pay 0.65.
    assert bought[(3.0, 0)] / 0.45 == pytest.approx(4, rel=0.01)
    assert bought[(1.0, 0)] / 0.65 == pytest.approx(6, rel=0.01)
    assert len(bought) == 2
    expected = hours * 4 * 0.45 + 8760 * 6 * 0.65 + 0.3 * 2 * 8760 * 6
    assert found.expected_usd == pytest.approx(expected, rel=1e-3)
    assert found.left_out.empty


def test_spot_takes_what_tolerates_it_and_commitments_the_rest() -> None:
    usage = np.full((1, 100, 1), 10.0)
    frame = [row(M5, "on_demand", 1.0), row(M5, "spot", 0.3), row(M5, "compute", 0.6)]
    terms = Terms(spot_fraction={0: 0.4}, past_horizon="go_on")
    found = best_portfolio(Scenarios((M5,), usage), Rates(pd.DataFrame(frame)), terms=terms)
    # Six that must not stop at 0.6, four on spot at 0.3; the plan is dearer than spot, so it is not for them.
    assert found.cost_usd[0] == pytest.approx(100 * (6 * 0.6 + 4 * 0.3))
    assert found.scenarios["on_demand_usd"][0] == pytest.approx(1000)
    assert found.scenarios["uncommitted_usd"][0] == pytest.approx(100 * (6 + 4 * 0.3))
    with pytest.raises(InvalidInput, match="no spot rate"):
        best_portfolio(Scenarios((M5,), usage), rates({M5: 1.0}), terms=terms)


def test_capacity_blocks_serve_their_dates_only() -> None:
    usage = np.zeros((1, 100, 1))
    usage[0, 20:44] = 3.0
    frame = pd.DataFrame([row(M5, "on_demand", 1.0), row(M5, "capacity_block", 0.7), row(M5, "compute", 0.6)])
    terms = Terms(blocks=(Block(0, 20, 24),), past_horizon="go_on")
    found = best_portfolio(Scenarios((M5,), usage), Rates(frame), terms=terms)
    bought = found.purchases.to_dict("records")
    assert [(each["plan_type"], each["start_hour"], each["end_hour"], each["amount"]) for each in bought] == [
        ("capacity_block", 20, 44, 3)
    ]
    assert found.cost_usd[0] == pytest.approx(24 * 3 * 0.7)
    assert bought[0]["upfront_usd"] == pytest.approx(24 * 3 * 0.7)


def test_the_cost_of_capital_decides_between_payments() -> None:
    usage = np.full((1, 8760, 1), 5.0)
    frame = [row(M5, "on_demand", 1.0), row(M5, "compute", 0.6), row(M5, "compute", 0.585, "all_upfront")]
    chosen = {}
    for cost in (0.0, 0.02, 0.2):
        terms = Terms(cost_of_capital_fraction=cost)
        found = best_portfolio(Scenarios((M5,), usage), Rates(pd.DataFrame(frame)), terms=terms)
        chosen[cost] = found.purchases["payment"].tolist()
    # A year's money is out half a year on average: 2.5 % off is worth a cost of capital below about 5 %.
    assert chosen == {0.0: ["all_upfront"], 0.02: ["all_upfront"], 0.2: ["no_upfront"]}


def test_an_expected_price_cut_makes_a_smaller_commitment() -> None:
    rng = np.random.default_rng(0)
    usage = rng.gamma(4, 3, (2, 300, 1))
    held = rates({M5: 1.0}, compute={M5: 0.6})
    factor = np.stack([np.ones((300, 1)), price_cut(300, (M5,), ("m5",), 0.45, 0)])
    amounts = [
        best_portfolio(Scenarios((M5,), usage, on_demand_factor=each), held, terms=GO_ON).purchases["amount"].sum()
        for each in (1.0, factor, factor[1:])
    ]
    # With the cut certain, on-demand at 0.55 is below the plan's 0.60.
    assert amounts[0] > amounts[1] > amounts[2] == 0
    # A cut in the middle counts from its hour on.
    late = np.stack([np.ones((300, 1)), price_cut(300, (M5,), ("m5",), 0.45, 150)])
    found = best_portfolio(Scenarios((M5,), usage, on_demand_factor=late), held, terms=GO_ON)
    assert found.problem.breaks == (0, 150, 300)
    assert amounts[0] > found.purchases["amount"].sum() > amounts[1]
    saved = usage[1, 150:].sum() * 0.45
    assert found.scenarios["on_demand_usd"].tolist() == pytest.approx([usage[0].sum(), usage[1].sum() - saved])


def test_convertible_reserved_instances_follow_a_migration() -> None:
    base = np.zeros((400, 2))
    base[:, 0] = 8.0
    lines = (M5, C5)
    moved = migrated(base, lines, M5, C5, 100, 50, 1.0)
    assert moved.sum() == pytest.approx(base.sum()) and moved[150:, 0].max() == 0
    on_demand = {M5: 1.0, C5: 1.0}
    held = rates(on_demand, standard={M5: 0.55}, convertible={M5: 0.65, C5: 0.65})
    scenarios = Scenarios(lines, moved[None])
    fixed = best_portfolio(scenarios, held, terms=GO_ON)
    free = best_portfolio(scenarios, held, terms=Terms(past_horizon="go_on", exchanges={0: (1,)}))
    assert free.purchases["plan_type"].tolist() == ["convertible"]
    assert free.expected_usd == pytest.approx(400 * 8 * 0.65)
    assert free.expected_usd < fixed.expected_usd


def test_new_commitments_are_sized_on_what_old_ones_leave() -> None:
    scenarios, held = random_case(2)
    whole = best_portfolio(scenarios, held, terms=Terms(past_horizon="go_on", plan_types=("compute",)))
    amount = float(whole.purchases["amount"].sum())
    old = Commitment("compute", 0.4 * amount, 1, "no_upfront")
    left = beyond(scenarios, [(old, 60)], held)
    new = best_portfolio(left, held, terms=Terms(past_horizon="go_on", plan_types=("compute",)))
    assert new.purchases["amount"].sum() == pytest.approx(0.6 * amount, rel=0.02)
    assert new.expected_usd + 60 * old.amount == pytest.approx(whole.expected_usd, rel=1e-3)
    # One that ends covers its hours only.
    ending = beyond(scenarios, [(old, 20)], held)
    assert (ending.quantity[:, 20:] == scenarios.quantity[:, 20:]).all()
    assert ending.quantity[:, :20] == pytest.approx(left.quantity[:, :20])
    with pytest.raises(InvalidInput, match=r"held\[0\]"):
        beyond(scenarios, [(old, -1)], held)


def test_sagemaker_and_the_rest_are_two_problems() -> None:
    rng = np.random.default_rng(7)
    managed = Line("ml.g5.xlarge", "us-east-1", "sagemaker")
    usage = rng.gamma(3, 4, (2, 150, 2))
    offers = {"compute": {M5: 0.6, managed: 0.3}, "sagemaker": {managed: 0.9}}
    held = rates({M5: 1.0, managed: 1.4}, **offers)
    found = best_portfolio(Scenarios((M5, managed), usage), held, terms=GO_ON)
    alone = [
        best_portfolio(Scenarios((line,), usage[..., [at]]), held, terms=GO_ON) for at, line in enumerate((M5, managed))
    ]
    assert found.expected_usd == pytest.approx(sum(each.expected_usd for each in alone), rel=1e-3)
    assert set(alone[1].purchases["plan_type"]) == {"sagemaker"}, "a Compute plan never serves SageMaker"
