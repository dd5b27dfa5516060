"""The user's own rates, laid over a price book: negotiated prices, or percentages off a service."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.prices.offers import UNIT
from costlib.prices.price import Price

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook

#: Services that a percentage can be taken off.
DISCOUNTED = ("ec2", "sagemaker", "s3", "transfer")
#: A rate this many times above or below the list price of the type in its region is taken for a slip.
ABSURD_FACTOR = 20.0
#: No price in the snapshot is above 900 USD an hour; a rate above this is taken for a slip.
MOST_USD_PER_HOUR = 10_000.0


@dataclass(frozen=True)
class OwnRate:
    """One line of the user's rates; ``file`` and ``row`` say where it was read."""

    service: str
    instance_type: str
    region: str
    purchase: str
    usd_per_hour: float
    option: str = ""
    note: str = ""
    as_of: str = ""
    file: str = ""
    row: int = 0

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What the rate is the price of."""
        return (self.service, self.instance_type, self.region, self.purchase, self.option)


@dataclass(frozen=True)
class Rates:
    """Own rates (exact prices), and own discounts: percent off every price that has no own rate."""

    rows: tuple[OwnRate, ...] = ()
    percent_off: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], book: PriceBook | None = None) -> Self:
        """Reads service, instance_type, region, purchase, usd_per_hour and optionally option, note, as_of.

        ``option`` names the plan ("standard 1y no_upfront", "compute 3y all_upfront"), elsewhere it is empty.
        A row without ``as_of`` is dated by its file. Names and prices are checked against ``book`` (default:
        the embedded snapshot). Raises InvalidInput with everything that is wrong with the file.
        """
        from costlib.prices.book import PriceBook
        from costlib.prices.rates_file import read

        return cls(rows=read(path, book or PriceBook.open()))

    @classmethod
    def discounts(cls, percent_off: Mapping[str, float]) -> Self:
        """Percent off every price of a service: ``{"ec2": 10, "sagemaker": 5}``; 0 to below 100."""
        faults = []
        for service, percent in percent_off.items():
            if service not in DISCOUNTED:
                faults.append(unknown("discounts", service, DISCOUNTED, "service with prices"))
            good = isinstance(percent, (int, float)) and not isinstance(percent, bool)
            if not good or not 0 <= percent < 100:
                faults.append(Fault(f"discounts.{service}", percent, "is not a percentage from 0 to below 100"))
        if faults:
            raise InvalidInput(faults)
        return cls(percent_off=MappingProxyType(dict(percent_off)))

    def together(self, other: Rates) -> Rates:
        """Both at once: own rates beat discounts, and ``other`` beats this one."""
        rows = {rate.key: rate for rate in (*self.rows, *other.rows)}
        return Rates(tuple(rows.values()), MappingProxyType({**self.percent_off, **other.percent_off}))

    @property
    def described(self) -> tuple[str, ...]:
        """What the rates are, in words, for a banner."""
        files = ", ".join(dict.fromkeys(rate.file for rate in self.rows))
        texts = [f"{len(self.rows)} own rates from {files}"] if self.rows else []
        texts += [f"{percent:g} % own discount on {service}" for service, percent in self.percent_off.items()]
        return tuple(texts)

    def faults(self, book: PriceBook) -> list[Fault]:
        """What is wrong with the rates beside this book: unknown names, prices far off the list."""
        return [
            fault
            for rate in self.rows
            for fault in place_faults(f"row {rate.row}", rate.instance_type, rate.region, rate.usd_per_hour, book)
        ]

    def laid_over(self, offers: pd.DataFrame, service: str, purchase: str) -> pd.DataFrame:
        """The offers of one part with own discounts on all rows, and own rates in place of theirs.

        An own rate stands for the whole region: it also replaces the prices of single zones.
        """
        result = offers.copy()
        percent = self.percent_off.get(service)
        if percent:
            for column in ("usd_low", "usd_expected", "usd_high", "upfront_usd"):
                result[column] = result[column] * (1 - percent / 100)
            rule = _discount_text(percent) + result["source"]
            result["rule"] = (rule + "; " + result["rule"]).str.removesuffix("; ")
            # A discount on an estimate is still an estimate.
            result["basis"] = result["basis"].where(result["basis"].isin(["estimate", "derived"]), "user")
        own = [rate for rate in self.rows if (rate.service, rate.purchase) == (service, purchase)]
        if not own:
            return result
        place = ["instance_type", "region", "option"]
        mine = pd.DataFrame([self._as_offer(rate) for rate in own]).astype({"az": "str"})[list(result.columns)]
        replaced = pd.MultiIndex.from_frame(result[place]).isin(pd.MultiIndex.from_frame(mine[place]))
        return pd.concat([result[~replaced], mine], ignore_index=True)

    def discounted(self, price: Price, service: str) -> Price:
        """A single price after the service's own discount."""
        percent = self.percent_off.get(service)
        if not percent:
            return price
        factor = 1 - percent / 100
        return replace(
            price,
            amount=price.amount * factor,
            low=None if price.low is None else price.low * factor,
            high=None if price.high is None else price.high * factor,
            basis=price.basis if price.basis in ("estimate", "derived") else "user",
            rule=(_discount_text(percent) + price.source + "; " + price.rule).removesuffix("; "),
        )

    def _as_offer(self, rate: OwnRate) -> dict[str, object]:
        term = re.search(r"(\d)y", rate.option)
        return {
            "service": rate.service,
            "instance_type": rate.instance_type,
            "billed_type": ("ml." if rate.service == "sagemaker" else "") + rate.instance_type,
            "region": rate.region,
            "az": None,
            "purchase": rate.purchase,
            "option": rate.option,
            "term_years": int(term[1]) if term else 0,
            "usd_low": rate.usd_per_hour,
            "usd_expected": rate.usd_per_hour,
            "usd_high": rate.usd_per_hour,
            # What is paid at the start is not in the user's file, so it is not known, but for no_upfront.
            "upfront_usd": 0.0 if not term or rate.option.endswith("no_upfront") else math.nan,
            "unit": UNIT,
            "basis": "user",
            "rule": rate.note,
            "source": f"own rates: {rate.file}",
            "as_of": rate.as_of,
        }


def _discount_text(percent: float) -> str:
    return f"{percent:g} % own discount on "


def place_faults(where: str, instance_type: str, region: str, usd: float | None, book: PriceBook) -> list[Fault]:
    """Faults of one rate's names, and of its price where the list price is known."""
    faults = []
    known = book.vocabulary
    if instance_type not in known.instance_types:
        faults.append(unknown(f"{where}, instance_type", instance_type, known.instance_types, "instance type"))
    if region not in known.regions:
        faults.append(unknown(f"{where}, region", region, known.regions, "region"))
    if faults or usd is None:
        return faults
    table = book.table("prices/ec2_on_demand")
    listed = table.loc[(table["instance_type"] == instance_type) & (table["region"] == region), "usd"]
    if len(listed) and not 1 / ABSURD_FACTOR <= usd / listed.iloc[0] <= ABSURD_FACTOR:
        problem = f"is not plausible: {instance_type} in {region} lists at {listed.iloc[0]:g} USD an hour"
        faults.append(Fault(f"{where}, usd_per_hour", usd, problem))
    return faults
