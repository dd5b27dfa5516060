"""Rates from the price book: each as the book has it, and how it is known."""

import numpy as np
import pytest

from costlib.models.commitments import Line
from costlib.planner.commit.rates import UPFRONT_RULE, rate_rows, rates_of
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates as OwnRates

EAST = "us-east-1"


def test_every_way_to_buy_is_what_the_book_says(book: PriceBook) -> None:
    rates = rates_of(book, [Line("p4d.24xlarge", EAST), Line("ml.p4d.24xlarge", EAST, "sagemaker")])
    p4d, managed = Line("p4d.24xlarge", EAST), Line("ml.p4d.24xlarge", EAST, "sagemaker")
    assert rates.usd(p4d, "on_demand") == book.on_demand("p4d.24xlarge", EAST).amount
    assert rates.usd(p4d, "spot") == book.spot("p4d.24xlarge", EAST).amount
    assert rates.usd(p4d, "capacity_block") == book.capacity_block("p4d.24xlarge", EAST).amount == 11.8
    held = book.reserved("p4d.24xlarge", EAST, 3, "convertible", "no_upfront")
    assert rates.usd(p4d, "convertible", 3, "no_upfront") == held.amount
    plan = book.savings_plan("compute", "p4d.24xlarge", EAST, 1, "all_upfront")
    assert rates.usd(p4d, "compute", 1, "all_upfront") == plan.amount
    assert rates.usd(managed, "on_demand") == book.on_demand("p4d.24xlarge", EAST, "sagemaker").amount
    assert rates.usd(managed, "sagemaker", 1, "partial_upfront") < rates.usd(managed, "on_demand")
    assert np.isnan(rates.usd(managed, "compute", 1, "all_upfront"))


def test_only_what_is_known_is_published(book: PriceBook) -> None:
    rows = rate_rows(book, [Line("g5.12xlarge", EAST), Line("m6a.xlarge", EAST)])
    plans = rows[rows["plan_type"].isin(["compute", "ec2_instance"])]
    published = plans[plans["basis"] == "published"]
    # The one Compute rate that is held.
    assert published[["instance_type", "term_years", "payment"]].values.tolist() == [["m6a.xlarge", 1, "no_upfront"]]
    assert (plans.loc[plans["basis"] == "estimate", "rule"] != "").all()
    assert (rows.loc[rows["plan_type"].isin(["standard", "convertible"]), "basis"] == "published").all()
    assert (rows["usd_low"] <= rows["usd_per_hour"]).all() and (rows["usd_per_hour"] <= rows["usd_high"]).all()


def test_upfront_shares_follow_the_payment_and_say_what_is_taken(book: PriceBook) -> None:
    rows = rate_rows(book, [Line("g5.12xlarge", EAST), Line("ml.g5.12xlarge", EAST, "sagemaker")])
    by_payment = rows.groupby("payment")["upfront_fraction"]
    assert by_payment.get_group("all_upfront").eq(1).all() and by_payment.get_group("no_upfront").eq(0).all()
    partial = rows[rows["payment"] == "partial_upfront"]
    assert partial["upfront_fraction"].between(0.45, 0.66).all()
    assert partial["rule"].str.contains(UPFRONT_RULE, regex=False).any()


def test_held_upfront_parts_come_before_the_rule(book: PriceBook) -> None:
    held = book.part("ec2", "reserved").query("option == 'standard 1y partial_upfront' and upfront_usd.notna()").iloc[0]
    rows = rate_rows(book, [Line(held["instance_type"], held["region"])])
    row = rows.query("plan_type == 'standard' and term_years == 1 and payment == 'partial_upfront'").iloc[0]
    assert row["upfront_fraction"] == pytest.approx(held["upfront_usd"] / (held["usd_expected"] * 8760))
    assert UPFRONT_RULE not in row["rule"]


def test_half_upfront_is_what_the_held_rows_show(book: PriceBook) -> None:
    """The rule's own words: 372 rows whose parts are held, half of them at most half upfront."""
    rows = book.part("ec2", "reserved")
    rows = rows[rows["option"].str.endswith("partial_upfront") & rows["upfront_usd"].notna()]
    share = rows["upfront_usd"] / (rows["usd_expected"] * 8760 * rows["term_years"])
    assert len(rows) == 372 and share.median() == pytest.approx(0.5, abs=1e-3)


def test_what_aws_does_not_sell_has_no_row(book: PriceBook) -> None:
    rows = rate_rows(book, [Line("p5.48xlarge", EAST)])
    assert rows.query("plan_type == 'standard' and term_years == 1").empty
    assert len(rows.query("plan_type == 'standard' and term_years == 3"))


def test_a_type_without_a_training_price_takes_its_hosting_price(book: PriceBook) -> None:
    table = book.table("prices/sagemaker_instances")
    hosted = table[(table["component"] == "Hosting") & (table["region"] == EAST)]
    trained = set(book.part("sagemaker", "on_demand").query("region == @EAST")["billed_type"])
    only = hosted[~hosted["instance_type"].isin(trained)]
    if only.empty:
        pytest.skip("every hosted type has a Training price in this book")
    row = only.iloc[0]
    rates = rate_rows(book, [Line(row["instance_type"], EAST, "sagemaker")])
    assert rates["usd_per_hour"].tolist() == [row["usd"]] and "Hosting" in rates["rule"].iloc[0]


def test_own_rates_come_first(book: PriceBook) -> None:
    own = book.with_rates(OwnRates.discounts({"ec2": 10.0}))
    line = Line("g5.12xlarge", EAST)
    assert rates_of(own, [line]).usd(line, "on_demand") == pytest.approx(
        0.9 * rates_of(book, [line]).usd(line, "on_demand")
    )
