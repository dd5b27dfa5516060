"""One offer alone, layers of usage and money by month: closed forms and sums that must come out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.commitments import (
    Line,
    Scenarios,
    Terms,
    best_portfolio,
    break_even,
    break_even_month,
    cash_by_month,
    layered,
    newsvendor_amount,
    paid_back_month,
)
from costlib.models.commitments_offer import cost_usd_per_hour

usages = st.lists(st.floats(0, 100), min_size=1, max_size=60)


def test_the_quantile_of_a_known_law() -> None:
    # Uniform usage from 0 to 1000: P(usage > amount) = 1 - amount / 1000 falls to 0.72 at 280.
    assert newsvendor_amount(np.arange(1001.0), 0.72, 1.0) == pytest.approx(280, abs=1)
    assert newsvendor_amount([5.0], 0.72, 1.0) == 5
    assert newsvendor_amount([5.0], 1.0, 1.0) == 0, "no saving, no commitment"
    assert newsvendor_amount([1.0, 9.0], 0.5, 1.0, [3, 1]) == 1


@given(usages, st.floats(0.05, 0.95))
def test_no_other_amount_costs_less(usage: list[float], rate: float) -> None:
    best = newsvendor_amount(usage, rate, 1.0)
    others = np.array([0.0, *usage, *(0.5 * np.array(usage)), best * 1.1])
    cost = cost_usd_per_hour([best, *others], usage, rate, 1.0)
    assert cost[0] <= cost.min() + 1e-9
    # The curve by sorting is the mean over hours.
    plain = [amount * rate + np.mean(np.maximum(np.array(usage) - amount, 0)) for amount in others]
    assert cost[1:] == pytest.approx(plain, abs=1e-9)


def test_break_even_against_on_demand_and_spot() -> None:
    curve = break_even(0.6, 1.0, 0.4, [0.0, 0.5, 0.6, 1.0])
    assert curve.against_on_demand == pytest.approx(0.6)
    assert curve.against_spot == pytest.approx(1.5), "never: spot is below the commitment at full use"
    assert curve.committed_usd_per_hour.tolist() == [0.6] * 4
    assert curve.on_demand_usd_per_hour.tolist() == [0, 0.5, 0.6, 1.0]
    assert curve.spot_usd_per_hour == pytest.approx([0, 0.2, 0.24, 0.4])
    assert np.isnan(break_even(0.6, 1.0).against_spot) and len(break_even(0.6, 1.0).utilisation) == 101


def test_break_even_month() -> None:
    # 2,920 USD upfront against on-demand of 1 USD at full use: 2,920 hours are 4 months.
    assert break_even_month(2920, 0.0, 1.0, 1.0, 1) == pytest.approx(4)
    assert break_even_month(2920, 0.0, 1.0, 0.5, 1) == pytest.approx(8)
    assert np.isnan(break_even_month(2920, 0.9, 1.0, 1.0, 1)), "not within the year"
    assert break_even_month(0, 0.6, 1.0, 0.7, 3) == 0 and np.isnan(break_even_month(0, 0.6, 1.0, 0.5, 3))
    many = break_even_month([2920, 2920, 0], [0, 0.9, 0.6], 1.0, [1.0, 1.0, 0.7], 1)
    assert many == pytest.approx([4, np.nan, 0], nan_ok=True)


@given(usages, st.floats(0, 100), st.floats(0, 1))
def test_layers_add_up(usage: list[float], committed: float, spot_fraction: float) -> None:
    found = layered(usage, committed, 0.6, 1.0, 0.3, spot_fraction)
    assert found.committed + found.spot + found.on_demand == pytest.approx(sorted(usage, reverse=True))
    assert (found.spot <= spot_fraction * found.usage + 1e-9).all()
    assert found.committed + found.unused == pytest.approx(np.full(len(usage), committed))
    assert found.committed_usd == pytest.approx(committed * 0.6 * len(usage))
    rest = found.spot.sum() * 0.3 + found.on_demand.sum()
    assert found.total_usd == pytest.approx(found.committed_usd + rest)


def test_layers_by_hand() -> None:
    found = layered([4.0, 1.0, 10.0], 3.0, 0.6, 1.0, 0.25, 0.5)
    assert found.usage.tolist() == [10, 4, 1]
    # Half of ten may go to spot, of seven above the base; all of the one above it at four.
    assert (found.spot.tolist(), found.on_demand.tolist(), found.unused.tolist()) == ([5, 1, 0], [2, 0, 0], [0, 0, 2])
    assert found.blended_usd == pytest.approx((3 * 3 * 0.6 + 6 * 0.25 + 2) / 15)
    assert found.coverage == pytest.approx(7 / 15) and found.utilisation == pytest.approx(7 / 9)
    assert np.isnan(layered([0.0], 0.0, 0.6, 1.0).blended_usd)


def portfolio(payment: str, cost_of_capital: float = 0.0) -> pd.DataFrame:
    line = Line("m5.xlarge", "us-east-1")
    named = {"instance_type": "m5.xlarge", "region": "us-east-1", "service": "ec2", "term_years": 1}
    rows = [
        {**named, "plan_type": "on_demand", "payment": "", "usd_per_hour": 1.0, "upfront_fraction": 0},
        {**named, "plan_type": "standard", "payment": payment, "usd_per_hour": 0.6, "upfront_fraction": 0.5},
    ]
    scenarios = Scenarios((line,), np.full((1, 8760, 1), 2.5))
    found = best_portfolio(scenarios, pd.DataFrame(rows), terms=Terms(cost_of_capital))
    cash = cash_by_month(found)
    if not cost_of_capital:
        assert cash["total_usd"].sum() == pytest.approx(found.expected_usd)
    # Monthly payments are counted at the middle of a month there, hour by hour here: far less than a cent in ten.
    assert cash["present_saved_so_far_usd"].iloc[-1] == pytest.approx(found.scenarios["saved_usd"][0], rel=1e-3)
    return cash


def test_cash_by_month() -> None:
    upfront = portfolio("all_upfront")
    assert upfront["upfront_usd"].tolist() == pytest.approx([2 * 0.6 * 8760] + [0] * 11)
    assert upfront["recurring_usd"].sum() == 0
    assert upfront["uncovered_usd"].tolist() == pytest.approx([0.5 * 730] * 12)
    # 10,512 USD upfront against 1,460 a month: ahead in the eighth month.
    assert paid_back_month(upfront) == 8
    evenly = portfolio("no_upfront")
    assert evenly["recurring_usd"].tolist() == pytest.approx([2 * 0.6 * 730] * 12) and paid_back_month(evenly) == 1
    half = portfolio("partial_upfront")
    assert half["upfront_usd"].iloc[0] == pytest.approx(0.6 * 8760)
    assert half["recurring_usd"].tolist() == pytest.approx([0.6 * 730] * 12)
    portfolio("all_upfront", 0.1)
    assert paid_back_month(upfront.iloc[:5]) is None


def test_bad_input_is_refused_by_name() -> None:
    for call, named in (
        (lambda: newsvendor_amount([-1.0], 0.5, 1.0), "usage"),
        (lambda: newsvendor_amount([], 0.5, 1.0), "usage"),
        (lambda: newsvendor_amount([1.0], 0.0, 1.0), "rate_usd_per_hour"),
        (lambda: break_even(0.5, -1.0), "on_demand_usd_per_hour"),
        (lambda: break_even(0.5, 1.0, utilisation=[2.0]), "utilisation"),
        (lambda: break_even_month(1.0, 1.0, 1.0, 1.5, 1), "utilisation"),
        (lambda: layered([1.0], 1.0, 0.5, 1.0, spot_fraction=0.5), "spot_usd_per_hour"),
        (lambda: layered([1.0], 1.0, 0.5, 1.0, 0.2, 1.5), "spot_fraction"),
    ):
        with pytest.raises(InvalidInput, match=named):
            call()
