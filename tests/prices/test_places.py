"""Prices of places for searches: requests, and egress by tiers, as the snapshot and AWS's pages have them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from costlib.errors import DataCorrupt
from costlib.models.tiers import tiered_usd
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates
from costlib.prices.places import egress_tiers, put_prices, transfer_prices


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


def test_tiers_of_the_uae_are_those_of_the_pricing_page(book: PriceBook) -> None:
    """aws.amazon.com/s3/pricing, Data Transfer, Middle East (UAE)."""
    tiers = egress_tiers(book)
    assert tiers.usd_per_gib["me-central-1"] == (0.11, 0.085, 0.077, 0.055)
    assert tiers.upto_gib == (10 * 1024, 50 * 1024, 150 * 1024, math.inf)
    assert tiers.free_gib["us-east-1"] == 100.0 and tiers.free_gib["us-gov-west-1"] == 0.0
    prices = transfer_prices(book, "me-central-1")
    assert prices["us-east-1"].amount == 0.085 and prices["ap-southeast-7"].amount == 0.1105


def test_62_tb_out_of_virginia_at_todays_tiers(book: PriceBook) -> None:
    """The S3 FAQ's example has 1 GB free; 100 are today: 99 GB at 0.09 less."""
    tiers = egress_tiers(book)
    usd = tiered_usd(62 * 1024, tiers.upto_gib, tiers.usd_per_gib["us-east-1"], tiers.free_gib["us-east-1"])
    assert usd == pytest.approx(5263.27 - 99 * 0.09, abs=0.005)


def test_requests_by_region_take_own_discounts(book: PriceBook) -> None:
    puts = put_prices(book)
    assert puts["us-east-1"].amount == 0.005 and puts["us-east-1"].unit == "usd_per_1000_requests"
    own = book.with_rates(Rates.discounts({"s3": 10, "transfer": 50}))
    assert put_prices(own)["us-east-1"].amount == pytest.approx(0.0045)
    assert egress_tiers(own).usd_per_gib["us-east-1"][0] == pytest.approx(0.045)


def test_tiers_in_other_words_are_no_tiers(book: PriceBook) -> None:
    table = book.table("prices/transfer")
    strange = table.assign(tier=table["tier"].where(table["kind"] != "internet_egress", "first 20 TB"))
    tables: dict[str, pd.DataFrame] = {"prices/transfer": strange}
    with pytest.raises(DataCorrupt, match="first 20 TB"):
        egress_tiers(PriceBook(book.snapshot, None, "snapshot", tables))
