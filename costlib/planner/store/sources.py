"""Everything that the store room looks up: price tables with own discounts over them, facts of storage, hardware."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from costlib.errors import Fault, NotKnown, nearest, unknown
from costlib.facts.hardware import Hardware
from costlib.facts.storage_facts import StorageFacts
from costlib.prices.book import PriceBook
from costlib.prices.places import EgressTiers, egress_tiers
from costlib.prices.price import Price

Made = TypeVar("Made")
#: Which own discount goes over which table.
DISCOUNTS = {"prices/s3": "s3", "prices/transfer": "transfer"}


@dataclass(frozen=True)
class StoreSources:
    """A price book with the facts of the same snapshot."""

    book: PriceBook
    facts: StorageFacts
    hardware: Hardware
    _made: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, book: PriceBook | None = None) -> StoreSources:
        """The given book (default: the embedded snapshot)."""
        book = book if book is not None else PriceBook.open()
        return cls(book, StorageFacts.open(book.snapshot), Hardware.open(book.snapshot))

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made before under this key, else made now: joins of these frozen tables do not change."""
        if key not in self._made:
            self._made[key] = make()
        found: Made = self._made[key]
        return found

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Regions with a price of S3 Standard."""
        table = self.book.table("prices/s3")
        return tuple(sorted(table.loc[table["storage_class"] == "STANDARD", "region"].unique()))

    def check_region(self, region: str) -> list[Fault]:
        """The fault of a region without S3 prices, in plain words; none for one that has them."""
        if region in self.regions:
            return []
        close = nearest(region, self.regions)
        if region in self.book.vocabulary.regions:
            problem = "sells instances, but no S3 price is held of it; data of its own region must be priced there"
            return [Fault("region", region, problem, close)]
        return [unknown("region", region, self.regions, "region with S3 prices")]

    @cached_property
    def _s3(self) -> Mapping[str, pd.DataFrame]:
        return {str(region): rows for region, rows in self.book.table("prices/s3").groupby("region")}

    def s3(self, region: str, storage_class: str, item: str, tier: str | None = None) -> Price | None:
        """One S3 price; ``tier`` is part of its name. None where it is not held."""
        key = ("s3", region, storage_class, item, tier)
        return self.kept(key, lambda: self._find_s3(region, storage_class, item, tier))

    def _find_s3(self, region: str, storage_class: str, item: str, tier: str | None) -> Price | None:
        rows = self._s3.get(region)
        if rows is None:
            return None
        rows = rows[(rows["storage_class"] == storage_class) & (rows["item"] == item)]
        if tier is not None:
            rows = rows[rows["tier"].fillna("").str.contains(tier, regex=False)]
        return self._price(rows, "prices/s3", f"s3 {storage_class} {item} {tier or ''} {region}")

    def s3_rule(self, region: str, storage_class: str, column: str) -> float:
        """A minimum of a class (min_storage_days, min_billable_object_kb); 0 where the table has none."""
        rows = self._s3[region]
        values = rows.loc[rows["storage_class"] == storage_class, column].dropna()
        return float(values.max()) if len(values) else 0.0

    def transfer(self, kind: str, region: str, tier: str | None = None, unit: str | None = None) -> Price | None:
        """One transfer price of a region (or of all); None where it is not held."""
        return self.kept(("transfer", kind, region, tier, unit), lambda: self._find_transfer(kind, region, tier, unit))

    def _find_transfer(self, kind: str, region: str, tier: str | None, unit: str | None) -> Price | None:
        rows = self.book.table("prices/transfer")
        rows = rows[(rows["kind"] == kind) & rows["from_region"].isin([region, "all"])]
        if tier is not None:
            rows = rows[rows["tier"].fillna("").str.contains(tier, regex=False)]
        if unit is not None:
            rows = rows[rows["unit"] == unit]
        return self._price(rows, "prices/transfer", f"{kind} {region}")

    @cached_property
    def egress_tiers(self) -> EgressTiers:
        """What sending data to the internet costs by the volume of a month, by region."""
        return egress_tiers(self.book)

    def standard_storage(self, region: str) -> Price:
        """A GiB-month in STANDARD at its first tier. Raises NotKnown where it is not held."""
        return self.need(self.s3(region, "STANDARD", "storage", "first 50 TB"), "S3 storage", region)

    def other(self, service: str, item: str, region: str) -> Price | None:
        """One price of prices/other_services; None where it is not held."""
        return self.kept(("other", service, item, region), lambda: self._find_other(service, item, region))

    def _find_other(self, service: str, item: str, region: str) -> Price | None:
        rows = self.book.table("prices/other_services")
        rows = rows[(rows["service"] == service) & (rows["item"] == item) & (rows["region"] == region)]
        return self._price(rows, "prices/other_services", f"{service} {item} {region}")

    def need(self, found: Price | None, what: str, region: str) -> Price:
        """The price, or NotKnown in plain words."""
        if found is None:
            raise NotKnown([Fault("region", region, f"has no price of {what} in the snapshot")])
        return found

    def _price(self, rows: pd.DataFrame, table: str, key: str) -> Price | None:
        if rows.empty:
            return None
        row = rows.iloc[0].to_dict()
        rule = row["rule"]
        price = Price(
            float(row["usd"]), str(row["unit"]), str(row["as_of"]), str(row["source"]), str(row["basis"]),
            rule if isinstance(rule, str) else "", key=key,
        )  # fmt: skip
        service = DISCOUNTS.get(table)
        return price if self.book.rates is None or service is None else self.book.rates.discounted(price, service)


def dates_of(prices: Sequence[Price]) -> str:
    """The oldest to the newest date of some prices."""
    dates = sorted({price.as_of for price in prices if price.as_of})
    if not dates:
        return ""
    return dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
