"""The whole answer: it adds up, it agrees hour by hour, and it stands beside its alternatives."""

import json

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments import Commitment, Usage
from costlib.models.commitments_by_hour import by_hour, cost_usd
from costlib.planner.commit.asked import Asked, DatedNeed
from costlib.planner.commit.demand import Future
from costlib.planner.commit.report import CommitReport, commit_report
from costlib.prices.book import PriceBook

FUTURE = Future(growth=(-0.2, 0.0, 0.4), stop_chance_fraction=0.1)


@pytest.fixture(scope="module")
def report(book: PriceBook, usage: Usage) -> CommitReport:
    return commit_report(book, usage, FUTURE, Asked(risk_weight=0.0))


def test_each_scenario_costs_the_same_hour_by_hour(report: CommitReport) -> None:
    """The solver's costs against AWS's order of application, by another path."""
    scenarios = report.portfolio.problem.scenarios
    assert cost_usd(scenarios, report.dated, report.held_rates) == pytest.approx(report.portfolio.cost_usd, rel=1e-9)
    assert len(report.purchases) >= 2


def test_savings_are_against_the_same_demand_without_commitments(report: CommitReport) -> None:
    scenarios = report.portfolio.problem.scenarios
    bare = float(scenarios.chance @ cost_usd(scenarios, (), report.held_rates))
    assert report.portfolio.summary["expected_saved_usd"] == pytest.approx(bare - report.portfolio.expected_usd)


def test_rates_at_their_high_end_save_less(report: CommitReport) -> None:
    low, high = report.saved_band_usd
    saved = report.portfolio.summary["expected_saved_usd"]
    assert low < saved < high


def test_purchases_say_how_their_rates_are_known(report: CommitReport) -> None:
    for row in report.purchases.to_dict("records"):
        if row["plan_type"] in ("standard", "convertible"):
            assert row["basis"] == "published"
        else:
            assert row["basis"] == "estimate" and row["rule"]
        assert row["source"] and row["as_of"]


def test_no_other_lookback_beats_it(report: CommitReport) -> None:
    rows = report.lookbacks
    assert rows["days"].tolist() == [7, 30, 60]
    assert (report.portfolio.expected_usd <= rows["expected_usd"] * (1 + 1e-3)).all()
    scenarios = report.portfolio.problem.scenarios
    for cost, expected in zip(rows["cost_usd"], rows["expected_usd"], strict=True):
        assert float(scenarios.chance @ cost) == pytest.approx(expected)


def test_a_lookback_looks_at_the_last_days(book: PriceBook, usage: Usage) -> None:
    """Usage that doubled ten days ago: seven days see the double, sixty mostly what was before."""
    quantity = np.full((13 * 168, 1), 2.0)
    quantity[-240:] = 4.0
    found = commit_report(book, Usage(usage.lines[:1], quantity), Future(growth=(0, 0, 0)), Asked())
    committed = found.lookbacks.set_index("days")["usd_per_hour"]
    assert committed[7] == pytest.approx(2 * committed[60], rel=1e-3)


def test_more_weight_on_the_tail_loses_less_there(report: CommitReport) -> None:
    wary = report.at(0.9)
    assert wary.portfolio.lost_usd < report.portfolio.lost_usd
    assert wary.portfolio.expected_usd > report.portfolio.expected_usd
    assert wary.asked.risk_weight == 0.9 and wary.purchases is not report.purchases


def test_layers_add_up(report: CommitReport) -> None:
    layers = report.layers()
    curve = layers.curve
    parts = curve["committed_usd"] + curve["spot_usd"] + curve["on_demand_usd"]
    assert parts.to_numpy() == pytest.approx(curve["usage_usd"].to_numpy())
    assert (np.diff(curve["usage_usd"]) <= 0).all()
    assert layers.total_usd == pytest.approx(report.portfolio.cost_usd[report.demand.middle])
    assert layers.listed_usd == pytest.approx(curve["usage_usd"].sum())
    assert 0 < layers.saved_fraction < 1
    assert layers.blended_usd_per_hour == pytest.approx(layers.total_usd / layers.instance_hours)


def test_spot_serves_what_commitments_leave(book: PriceBook, usage: Usage) -> None:
    found = commit_report(book, usage, FUTURE, Asked(spot_by_type=(("p4d.24xlarge", 0.5),)))
    scenarios = found.portfolio.problem.scenarios
    hours = by_hour(scenarios, found.demand.middle, (), found.held_rates, found.terms.spot_fraction)
    p4d = [line.instance_type for line in scenarios.lines].index("p4d.24xlarge")
    ran = scenarios.quantity[found.demand.middle, :, p4d].sum()
    assert hours.on_spot[:, p4d].sum() == pytest.approx(ran / 2)
    assert hours.on_spot.sum() == pytest.approx(ran / 2)
    spot = book.spot("p4d.24xlarge", "us-east-1").amount
    assert hours.spot_usd.sum() == pytest.approx(ran / 2 * spot)


def test_sagemaker_has_no_spot_here_and_that_is_said(book: PriceBook, usage: Usage) -> None:
    found = commit_report(book, usage, FUTURE, Asked(spot_fraction=0.3))
    assert found.not_on_spot == ("ml.g5.2xlarge us-east-1",)


def test_a_capacity_block_serves_its_dates(book: PriceBook, usage: Usage) -> None:
    always = Usage(usage.lines, np.where(np.arange(4) == 2, 2.0, usage.quantity))
    need = DatedNeed("p4d.24xlarge", "us-east-1", 10, 14)
    only = Asked(risk_weight=0.0, plan_types=("compute",), terms_years=(3,), needs=(need,))
    found = commit_report(book, always, Future(growth=(0, 0, 0), stop_chance_fraction=0.0), only)
    row = found.purchases.iloc[0]
    assert (row["plan_type"], row["start_hour"], row["end_hour"], row["amount"]) == ("capacity_block", 240, 576, 2)
    assert row["basis"] == "published" and row["usd_per_hour"] == pytest.approx(2 * 11.8)
    scenarios = found.portfolio.problem.scenarios
    assert cost_usd(scenarios, found.dated, found.held_rates) == pytest.approx(found.portfolio.cost_usd)


def test_commitments_in_force_leave_less_to_buy(book: PriceBook, usage: Usage) -> None:
    held = Commitment("standard", 4, 1, "no_upfront", instance_type="g5.12xlarge", region="us-east-1")
    bare, less = (
        commit_report(book, usage, FUTURE, Asked(held=own)).portfolio.committed_usd for own in ((), ((held, 8760),))
    )
    assert less < bare


def test_a_lookback_sees_what_commitments_in_force_leave(book: PriceBook, usage: Usage) -> None:
    everything = tuple(
        (Commitment("standard", 20, 1, "no_upfront", instance_type=name, region="us-east-1"), 8760)
        for name in ("g5.12xlarge", "g5.xlarge", "p4d.24xlarge")
    )
    found = commit_report(book, usage, FUTURE, Asked(held=everything))
    assert all("compute" not in text for text in found.lookbacks["commitments"])
    assert set(found.purchases["plan_type"]) <= {"sagemaker"}


def test_three_years_offer_three_year_terms_only_then(book: PriceBook, usage: Usage, report: CommitReport) -> None:
    assert set(report.purchases["term_years"]) == {1}
    assert (report.ladder.purchases["term_years"] == 1).all()
    longer = commit_report(book, usage, Future(months=36, growth=(0, 0, 0), stop_chance_fraction=0.0), Asked())
    assert 3 in set(longer.purchases["term_years"])


def test_payments_and_plans_can_be_left_out(book: PriceBook, usage: Usage) -> None:
    found = commit_report(book, usage, FUTURE, Asked(payments=("no_upfront",), plan_types=("compute", "standard")))
    assert set(found.purchases["payment"]) == {"no_upfront"}
    assert set(found.purchases["plan_type"]) <= {"compute", "standard"}
    assert (found.purchases["upfront_usd"] == 0).all()


def test_single_offers_are_dearer_or_cheaper_by_their_utilisation(report: CommitReport) -> None:
    offers = report.offers
    saved = offers["saved_fraction"]
    assert offers["break_even_against_on_demand"].to_numpy() == pytest.approx(1 - saved.to_numpy())
    paid = offers[offers["payment"] == "all_upfront"]
    assert (paid["recurring_usd_per_hour"] == 0).all()
    months = paid["break_even_months"] / (12 * paid["term_years"])
    assert months.to_numpy() == pytest.approx(paid["break_even_against_on_demand"].to_numpy())
    one = offers[(offers["instance_type"] == "g5.12xlarge") & (offers["plan_type"] == "standard")].iloc[0]
    assert one["break_even_against_spot"] == pytest.approx(one["usd_per_hour"] / one["spot_usd_per_hour"])
    assert one["spot_usd_per_hour"] == report.book.spot("g5.12xlarge", "us-east-1").amount
    managed = offers[offers["service"] == "sagemaker"]
    assert set(managed["plan_type"]) == {"sagemaker"} and managed["break_even_against_spot"].isna().all()


def test_json_has_no_nan_and_every_assumption(report: CommitReport) -> None:
    text = json.dumps(report.as_dict(), allow_nan=False)
    content = json.loads(text)
    assert content["assumptions"]["stop_chance_fraction"] == 0.1
    assert content["assumptions"]["growth"] == [-0.2, 0.0, 0.4]
    assert len(content["cash_by_month"]) == 12 and len(content["regret"]) == len(content["scenarios"])
    assert {row["hours"] if "hours" in row else row["days"] for row in content["look_back"]} == {7, 30, 60}
    assert content["left_out"][0]["terms_years"] == "3"


def test_choices_that_cannot_be_come_together(book: PriceBook, usage: Usage) -> None:
    wrong = Asked(
        risk_weight=1.5,
        tail_fraction=0.0,
        tail_of="lost",
        cost_of_capital_fraction=-0.1,
        spot_fraction=2.0,
        plan_types=("computer",),
        payments=(),
        terms_years=(2,),
        needs=(DatedNeed("p4d.24xlarge", "us-east-1", 0, 16),),
    )
    with pytest.raises(InvalidInput) as caught:
        commit_report(book, usage, FUTURE, wrong)
    assert [fault.field for fault in caught.value.faults] == [
        "risk_weight", "tail_fraction", "spot_fraction", "cost_of_capital_fraction", "tail_of",
        "plan_types", "payments", "terms_years", "needs[0].days",
    ]  # fmt: skip
    assert caught.value.faults[5].nearest[0] == "compute"


@pytest.mark.parametrize(
    ("need", "problem"),
    [
        (DatedNeed("p4d.24xlarge", "us-east-1", 360, 14), "not within the 365 days"),
        (DatedNeed("g5.xlarge", "us-east-1", 0, 1), "no Capacity Block price"),
        (DatedNeed("p4d.24xlarge", "us-west-2", 0, 1), "p4d.24xlarge us-west-2"),
    ],
)
def test_dated_needs_that_cannot_be_are_refused(book: PriceBook, usage: Usage, need: DatedNeed, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        commit_report(book, usage, FUTURE, Asked(needs=(need,)))


def test_spot_of_a_type_that_does_not_run_is_refused(book: PriceBook, usage: Usage) -> None:
    with pytest.raises(InvalidInput, match="g5.xlarg"):
        commit_report(book, usage, FUTURE, Asked(spot_by_type=(("g5.xlarg", 0.5),)))
