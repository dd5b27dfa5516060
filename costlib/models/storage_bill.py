"""What a policy uses on each day of the calendar, and what AWS bills for it, month by month and meter by meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.storage import (
    DAYS_PER_MONTH,
    STANDARD,
    TIERING,
    ClassTerms,
    Population,
    Stored,
    billed_gib,
    tiering_shares,
    use_per_gib_day,
)
from costlib.models.storage_policy import Policy
from costlib.models.tiers import average_usd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Class and meter.
Key = tuple[str, str]
#: Meters that are billed as storage of STANDARD.
AS_STANDARD = ("overhead", "restored_copies")


@dataclass(frozen=True)
class BillLine:
    """One meter of one class: how much a month (M,), in the unit of storage.METERS, and its USD a month (M,)."""

    storage_class: str
    meter: str
    amount: Floats
    usd: Floats


def daily_use(terms: Mapping[str, ClassTerms], stored: Stored, policy: Policy, horizon_days: int) -> dict[Key, Floats]:
    """For each class and meter what is used on each day of the horizon (H,); what ends on its last day is in it."""
    total: dict[Key, Floats] = {}
    for one in stored.populations:
        for key, by_age in _by_age(terms, stored, policy, one).items():
            made = _on_calendar(by_age, one, horizon_days)
            total[key] = total[key] + made if key in total else made
    return {key: amount for key, amount in total.items() if amount.any()}


def _by_age(terms: Mapping[str, ClassTerms], stored: Stored, policy: Policy, one: Population) -> dict[Key, Floats]:
    """What one GiB of a population uses at each age 0..A; its end is at A."""
    made: dict[Key, Floats] = {}
    ages = stored.ages

    def add(key: Key, where: slice | int, amount: ArrayLike) -> None:
        made.setdefault(key, np.zeros(ages + 1))[where] += np.asarray(amount, float)

    stops = [day for _, day in policy.steps[1:]] + [ages]
    for number, ((name, day), stop) in enumerate(zip(policy.steps, stops, strict=True)):
        enter = max(day, one.start_days)
        first = number == 0
        if first and not one.exist:
            add((name, "puts"), one.start_days, stored.objects_per_gib)
        if stop <= enter:
            continue
        if name != STANDARD and (not first or one.exist):
            add((name, "transitions"), enter, stored.objects_per_gib)
        here = slice(enter, stop)
        for meter, amount in use_per_gib_day(terms[name], stored).items():
            if meter != "storage" or name != TIERING:
                add((name, meter), here, amount[here])
        if name == TIERING:
            infrequent, archived = (share[0] for share in tiering_shares(terms[name], stored, np.array([enter])))
            add((name, "storage"), here, (1.0 - infrequent - archived)[here])
            add((name, "storage_infrequent"), here, infrequent[here])
            add((name, "storage_archive_instant"), here, archived[here])
        missing = terms[name].min_days - (stop - enter)
        if missing > 0 and (stop < ages or stored.ends):
            add((name, "early_deletion"), stop, missing * billed_gib(terms[name], stored))
    return made


def _on_calendar(by_age: Floats, one: Population, horizon_days: int) -> Floats:
    """From ages to days: those of the start move along, those added begin anew on each day; the end is an event."""
    days = np.zeros(horizon_days + 1)
    last = len(by_age) - 1
    if one.daily:
        days[: min(last, horizon_days)] = by_age[: min(last, horizon_days)]
        days[:horizon_days] = np.cumsum(days[:horizon_days])
        days[horizon_days] = 0.0
        days[last:] += by_age[last]
    else:
        seen = by_age[one.start_days : one.start_days + horizon_days + 1]
        days[: len(seen)] = seen
    days[horizon_days - 1] += days[horizon_days]
    return one.amount_gib * days[:horizon_days]


def months_of(horizon_days: int) -> Ints:
    """The month (of 730 hours) that each day of the horizon lies in, from 0."""
    return np.floor(np.arange(horizon_days) / DAYS_PER_MONTH + 1e-9).astype(np.int64)


def bill(
    terms: Sequence[Mapping[str, ClassTerms]], uses: Sequence[Mapping[Key, Floats]], horizon_days: int
) -> list[list[BillLine]]:
    """The lines of each dataset at its own terms. Volume tiers see what all store in a month, and are shared by volume;
    their prices are those of the first.

    USD of storage = tiered price of the month's mean GiB x the month's length in months of 730 hours.
    """
    month = months_of(horizon_days)
    count = int(month[-1]) + 1
    length_days = np.bincount(month, minlength=count)
    monthly = [{key: _sums(month, amount, count) for key, amount in use.items()} for use in uses]
    rates = {
        name: average_usd(_stored_gib_days(monthly, name) / length_days, one.upto_gib, one.usd_by_tier) / DAYS_PER_MONTH
        for name, one in terms[0].items()
        if one.usd_by_tier
    }
    made = []
    for own, use in zip(terms, monthly, strict=True):
        lines = []
        for (name, meter), amount in use.items():
            billed_as = STANDARD if meter in AS_STANDARD else name
            if (meter == "storage" or meter in AS_STANDARD) and billed_as in rates:
                price: Floats | float = rates[billed_as]
            else:
                priced = "storage" if meter in (*AS_STANDARD, "early_deletion") else meter
                price = own[billed_as].price(priced)
            lines.append(BillLine(name, meter, amount, np.asarray(amount * price, float)))
        made.append(lines)
    return made


def _sums(month: Ints, amount: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(month, weights=amount, minlength=count), float)


def _stored_gib_days(monthly: Sequence[Mapping[Key, Floats]], name: str) -> Floats:
    total: Floats | float = 0.0
    for use in monthly:
        for (one, meter), amount in use.items():
            if (one == name and meter == "storage") or (name == STANDARD and meter in AS_STANDARD):
                total = total + amount
    return np.asarray(total, float)
