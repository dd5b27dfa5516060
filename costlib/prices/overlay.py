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

from costlib.errors import Fault, InvalidInput
from costlib.prices.offers import UNIT
from costlib.prices.price import Price
from costlib.prices.rate_checks import ML, ONLY_OPTIONS, percent_faults, rate_faults

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook


@dataclass(frozen=True)
class OwnRate:
    """One line of the user's rates; ``file`` and ``row`` say where it was read.

    ``instance_type`` is the name on the bill: SageMaker's types start with ``ml.``.
    """

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
        return (self.service, self.instance_type, self.region, self.purchase, self.full_option)

    @property
    def ec2_type(self) -> str:
        """EC2's name of the type."""
        return self.instance_type.removeprefix(ML)

    @property
    def full_option(self) -> str:
        """The option as offers have it: the only one of its way to buy needs not be given."""
        return self.option or ONLY_OPTIONS.get((self.service, self.purchase), "")


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
        faults = percent_faults(percent_off)
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
        """What is wrong with the rates and discounts beside this book, however they were made."""
        return percent_faults(self.percent_off) + [fault for rate in self.rows for fault in rate_faults(rate, book)]

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
            "instance_type": rate.ec2_type,
            "billed_type": rate.instance_type,
            "region": rate.region,
            "az": None,
            "purchase": rate.purchase,
            "option": rate.full_option,
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
