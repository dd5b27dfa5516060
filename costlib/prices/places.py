"""Storage and transfer prices of all regions at once, for searches; single look-ups are PriceBook's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.prices.price import Price

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook


def storage_prices(book: PriceBook, storage_class: str = "STANDARD") -> dict[str, Price]:
    """USD a GiB-month of the first tier of an S3 class, by region. Raises NotKnown for an unknown class."""
    rows = book.table("prices/s3")
    rows = rows[(rows["item"] == "storage") & (rows["unit"] == "usd_per_gb_month")]
    classes = rows["storage_class"].unique()
    if storage_class not in classes:
        raise NotKnown([unknown("storage_class", storage_class, classes, "storage class")])
    rows = rows[rows["storage_class"] == storage_class]
    rows = rows[rows["tier"].isna() | rows["tier"].str.endswith("first 50 TB")]
    return _prices(book, rows, "region", "s3", f"s3 {storage_class}")


def transfer_prices(book: PriceBook, from_region: str) -> dict[str, Price]:
    """USD a GiB moved from one region, by the region it goes to; empty for a region without transfer prices.

    Raises NotKnown for a name that is no region's.
    """
    table = book.table("prices/transfer")
    table = table[table["kind"] == "inter_region"]
    rows = table[table["from_region"] == from_region]
    if rows.empty and from_region not in book.vocabulary.regions:
        known = {*table["from_region"].unique(), *book.vocabulary.regions}
        raise NotKnown([unknown("from_region", from_region, sorted(known), "region")])
    return _prices(book, rows, "to_region", "transfer", f"transfer {from_region}")


def _prices(book: PriceBook, rows: pd.DataFrame, place: str, service: str, key: str) -> dict[str, Price]:
    columns = rows[[place, "usd", "unit", "as_of", "source", "basis", "rule"]].to_dict("list")
    prices = {}
    for region, usd, unit, as_of, source, basis, rule in zip(*columns.values(), strict=True):
        text = rule if isinstance(rule, str) else ""
        price = Price(float(usd), unit, as_of, source, basis, text, key=f"{key} {region}")
        prices[str(region)] = price if book.rates is None else book.rates.discounted(price, service)
    return prices
