"""The long table of offers: every way to buy, each with its origin, each within its bounds."""

import numpy as np
import pytest

from costlib.basis import BASES
from costlib.prices.book import PriceBook
from costlib.prices.offers import COLUMNS, PARTS


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


@pytest.fixture(scope="module")
def offers(book):
    return book.offers


def test_every_way_to_buy_is_there(offers):
    assert tuple(offers.columns) == COLUMNS
    assert set(zip(offers["service"], offers["purchase"], strict=True)) == set(PARTS)


def test_no_offer_is_listed_twice(offers):
    assert not offers.duplicated(["service", "billed_type", "region", "az", "purchase", "option"]).any()


def test_every_price_is_positive_ordered_and_explained(offers):
    low, expected, high = (offers[name].to_numpy() for name in ("usd_low", "usd_expected", "usd_high"))
    assert (low > 0).all() and (low <= expected).all() and (expected <= high).all() and np.isfinite(high).all()
    assert offers[["unit", "basis", "source", "as_of"]].notna().all(axis=None)
    assert set(offers["basis"]) <= set(BASES)
    assert (offers.loc[offers["basis"].isin(["derived", "estimate"]), "rule"] != "").all()
    assert (
        offers.loc[offers["basis"] == "published", "usd_low"] == offers["usd_high"][offers["basis"] == "published"]
    ).all()


def test_sagemaker_is_billed_by_its_own_names(offers):
    ml = offers[offers["service"] == "sagemaker"]
    assert (ml["billed_type"] == "ml." + ml["instance_type"]).all()


def test_spot_stays_between_its_parts_and_on_demand(book):
    spot = book.part("ec2", "spot").merge(
        book.part("ec2", "on_demand")[["instance_type", "region", "usd_expected"]],
        on=["instance_type", "region"],
        suffixes=("", "_list"),
    )
    # 0.005 %: the catalogues round to four decimals.
    bound = np.maximum(spot["usd_expected_list"], spot["usd_expected"]) * 1.00005
    assert (spot["usd_high"] <= bound).all()
    assert (spot["usd_low"] < spot["usd_expected"]).mean() > 0.9, "a spot price without any spread is not honest"


def test_terms_are_in_the_option(offers):
    committed = offers[offers["purchase"].isin(["reserved", "savings_plan"])]
    assert (committed["option"].str.extract(r" (\d)y ")[0].astype(int) == committed["term_years"]).all()
    assert (offers.loc[~offers.index.isin(committed.index), "term_years"] == 0).all()


def test_upfront_matches_the_effective_rate_where_all_is_paid_upfront(offers):
    rows = offers[offers["option"].str.endswith("all_upfront") & offers["upfront_usd"].notna()]
    rows = rows[rows["purchase"] == "reserved"]
    hours = rows["term_years"] * 8760
    # The catalogues round upfront amounts to whole dollars.
    assert ((rows["upfront_usd"] - rows["usd_expected"] * hours).abs() <= 1.0).all()
    assert len(rows) > 1000
