"""Storage and transfer prices of all regions at once, for searches; single look-ups are PriceBook's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from costlib.errors import DataCorrupt, NotKnown, unknown
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


def put_prices(book: PriceBook) -> dict[str, Price]:
    """USD a thousand PUT, COPY, POST or LIST requests to S3 Standard, by region."""
    rows = book.table("prices/s3")
    rows = rows[(rows["item"] == "put_copy_post_list") & (rows["storage_class"] == "STANDARD")]
    return _prices(book, rows, "region", "s3", "s3 STANDARD put")


@dataclass(frozen=True)
class EgressTiers:
    """What sending data to the internet costs by the volume of a month, over all services of a region.

    ``upto_gib``: where each tier ends, the last ``inf``; ``usd_per_gib``: one row a region of ``prices`` (whose row is
    the first tier's). ``free_gib``: free each month, once over all regions of an account; 0 in GovCloud.
    """

    upto_gib: tuple[float, ...]
    usd_per_gib: dict[str, tuple[float, ...]]
    prices: dict[str, Price]
    free_gib: dict[str, float]


#: AWS's words for the tiers, and where each ends; its TB is 1,024 GB.
TIERS = {
    "first 10 TB/month (0-10240 GB)": 10 * 1024.0,
    "next 40 TB": 50 * 1024.0,
    "next 100 TB": 150 * 1024.0,
    "over 150 TB": math.inf,
}
FREE_TIER = "first 100 GB/month"
FREE_TIER_GIB = 100.0
#: Regions outside it, by the free tier's own row: "except China, GovCloud".
NOT_FREE = ("us-gov-", "cn-")


def egress_tiers(book: PriceBook) -> EgressTiers:
    """The tiers of every region that has all of them. Raises DataCorrupt for tiers in other words than TIERS."""
    table = book.table("prices/transfer")
    rows = table[table["kind"] == "internet_egress"]
    free = table[table["kind"] == "internet_egress_free_tier"]
    strange = sorted({*rows["tier"], *free["tier"]} - {*TIERS, FREE_TIER})
    if strange:
        raise DataCorrupt(f"prices/transfer has tiers of egress that are not known: {', '.join(map(str, strange))}")
    by_tier = {
        tier: _prices(book, rows[rows["tier"] == tier], "from_region", "transfer", "internet egress") for tier in TIERS
    }
    regions = set.intersection(*(set(prices) for prices in by_tier.values()))
    return EgressTiers(
        tuple(TIERS.values()),
        {region: tuple(by_tier[tier][region].amount for tier in TIERS) for region in sorted(regions)},
        {region: by_tier[next(iter(TIERS))][region] for region in sorted(regions)},
        {region: 0.0 if region.startswith(NOT_FREE) or free.empty else FREE_TIER_GIB for region in sorted(regions)},
    )


def _prices(book: PriceBook, rows: pd.DataFrame, place: str, service: str, key: str) -> dict[str, Price]:
    columns = rows[[place, "usd", "unit", "as_of", "source", "basis", "rule"]].to_dict("list")
    prices = {}
    for region, usd, unit, as_of, source, basis, rule in zip(*columns.values(), strict=True):
        text = rule if isinstance(rule, str) else ""
        price = Price(float(usd), unit, as_of, source, basis, text, key=f"{key} {region}")
        prices[str(region)] = price if book.rates is None else book.rates.discounted(price, service)
    return prices
