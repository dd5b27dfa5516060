"""What on-demand prices have done before: every fall that the held price lists show."""

from __future__ import annotations

import pandas as pd

from costlib.models.normalization import family_of
from costlib.prices.book import PriceBook

#: A change below this share is rounding.
LEAST_FRACTION = 0.005


def price_falls(book: PriceBook) -> pd.DataFrame:
    """A row a fall: ``instance_type, family, region, last_seen`` (of the old price), ``first_seen`` (of the new one),
    ``old_usd, usd, fall_fraction, source``. Held for us-east-1 only."""
    rows = book.table("prices/ec2_on_demand_history").sort_values(["instance_type", "region", "first_seen"])
    old = rows.groupby(["instance_type", "region"], sort=False)[["usd", "last_seen"]].shift()
    rows = rows.assign(
        old_usd=old["usd"],
        last_seen=old["last_seen"],
        fall_fraction=1.0 - rows["usd"] / old["usd"],
        family=rows["instance_type"].map(family_of),
    )
    columns = [
        "instance_type", "family", "region", "last_seen", "first_seen", "old_usd", "usd", "fall_fraction", "source",
    ]  # fmt: skip
    return rows.loc[rows["fall_fraction"] >= LEAST_FRACTION, columns].reset_index(drop=True)


def falls_seen_in(book: PriceBook, month: str) -> pd.DataFrame:
    """The falls whose new price was first seen in a month, as 2025-06."""
    falls = price_falls(book)
    return falls[falls["first_seen"].astype(str).str.startswith(month)].reset_index(drop=True)
