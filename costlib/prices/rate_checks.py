"""What can be wrong with the user's own rates and discounts, given in a file or in Python: one set of rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

from costlib.errors import Fault, unknown
from costlib.prices.offers import MANAGED_SPOT, PARTS, TRAINING_PLAN

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook
    from costlib.prices.overlay import OwnRate

#: Services that a percentage can be taken off.
DISCOUNTED = ("ec2", "sagemaker", "s3", "transfer")
#: A rate this many times above or below what the snapshot holds for the type is taken for a slip.
ABSURD_FACTOR = 20.0
#: No price in the snapshot is above 900 USD an hour; a rate above this is taken for a slip.
MOST_USD_PER_HOUR = 10_000.0
NOT_A_PRICE = f"is not a price above 0 and at most {MOST_USD_PER_HOUR:,.0f} USD an hour, written like 12.5"
PERCENTAGE = "is a percentage: give it as a discount of the service, like ec2=12"
ML = "ml."

_PLAN = r"[13]y (no|partial|all)_upfront"
#: How the option must be written, and an example of it.
PLAN_OPTIONS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("ec2", "reserved"): (rf"(standard|convertible) {_PLAN}", "standard 1y no_upfront"),
        ("ec2", "savings_plan"): (rf"(compute|ec2_instance) {_PLAN}", "compute 3y all_upfront"),
        ("sagemaker", "savings_plan"): (rf"sagemaker {_PLAN}", "sagemaker 1y no_upfront"),
    }
)
#: The one option of the ways to buy that have no plans; "" where it is not named here.
ONLY_OPTIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {("sagemaker", "spot"): MANAGED_SPOT, ("sagemaker", "capacity_block"): TRAINING_PLAN}
)
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def percent_faults(percent_off: Mapping[str, object]) -> list[Fault]:
    """Faults of discounts: services without prices, and what is not a percentage from 0 to below 100."""
    faults = []
    for service, percent in percent_off.items():
        if service not in DISCOUNTED:
            faults.append(unknown("discounts", service, DISCOUNTED, "service with prices"))
        good = isinstance(percent, Real) and not isinstance(percent, bool)
        if not good or not 0 <= percent < 100:  # type: ignore[operator]
            faults.append(Fault(f"discounts.{service}", percent, "is not a percentage from 0 to below 100"))
    return faults


def rate_faults(rate: OwnRate, book: PriceBook, given: str | None = None) -> list[Fault]:
    """Everything wrong with one rate beside a book; ``given`` is the text of its price, where it was read from text."""
    where = f"row {rate.row}"
    usd = rate.usd_per_hour
    good = isinstance(usd, Real) and not isinstance(usd, bool) and 0 < usd <= MOST_USD_PER_HOUR
    faults = _name_faults(where, rate, book)
    if not faults and good:
        faults += _price_faults(where, rate, book)
    if not good:
        problem = PERCENTAGE if given is not None and "%" in given else NOT_A_PRICE
        faults.append(Fault(f"{where}, usd_per_hour", usd if given is None else given, problem))
    if rate.as_of and not is_date(rate.as_of):
        faults.append(Fault(f"{where}, as_of", rate.as_of, "is not a date like 2026-11-30 or 2026-11"))
    return faults + _way_faults(where, rate)


def is_date(text: object) -> bool:
    """True for a day of the calendar (2026-11-30) or a month (2026-11)."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def _name_faults(where: str, rate: OwnRate, book: PriceBook) -> list[Fault]:
    """Faults of the type and the region; SageMaker's types, and only they, start with ``ml.``."""
    faults = []
    known = book.vocabulary
    name = str(rate.instance_type)
    bare = name.removeprefix(ML)
    field = f"{where}, instance_type"
    if bare not in known.instance_types:
        faults.append(unknown(field, name, known.instance_types, "instance type"))
    elif rate.service == "ec2" and name.startswith(ML):
        faults.append(Fault(field, name, "is SageMaker's name of a type, and the service is ec2", (bare,)))
    elif rate.service == "sagemaker" and not name.startswith(ML):
        faults.append(Fault(field, name, "is EC2's name of a type, and the service is sagemaker", (ML + bare,)))
    if rate.region not in known.regions:
        faults.append(unknown(f"{where}, region", rate.region, known.regions, "region"))
    return faults


def _price_faults(where: str, rate: OwnRate, book: PriceBook) -> list[Fault]:
    """A price far off the list price in the region; of a type without one, far off all its list or block prices."""
    name = rate.ec2_type
    for table in ("prices/ec2_on_demand", "prices/ec2_capacity_blocks"):
        prices = book.table(table)
        prices = prices[prices["instance_type"] == name]
        here = prices[prices["region"] == rate.region]
        held = here if len(here) else prices
        if not len(held):
            continue
        low, high = float(held["usd"].min()), float(held["usd"].max())
        if low / ABSURD_FACTOR <= rate.usd_per_hour <= high * ABSURD_FACTOR:
            return []
        place = rate.region if len(here) else "other regions"
        span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        problem = f"is not plausible: {name} in {place} lists at {span} USD an hour"
        return [Fault(f"{where}, usd_per_hour", rate.usd_per_hour, problem)]
    return []


def _way_faults(where: str, rate: OwnRate) -> list[Fault]:
    """Faults of service, purchase and option."""
    way = (rate.service, rate.purchase)
    if way not in PARTS:
        given = f"{rate.service} {rate.purchase}"
        return [unknown(f"{where}, service and purchase", given, map(" ".join, PARTS), "way to buy")]
    if way in PLAN_OPTIONS:
        form, example = PLAN_OPTIONS[way]
        if not re.fullmatch(form, str(rate.option)):
            return [Fault(f"{where}, option", rate.option, f"must name the plan, for example {example!r}")]
    elif rate.option not in ("", ONLY_OPTIONS.get(way, "")):
        return [Fault(f"{where}, option", rate.option, f"must be empty for {' '.join(way)}")]
    return []
