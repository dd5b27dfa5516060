"""The terms of S3's classes in one region: prices and facts joined, in the units of the model's meters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from costlib.errors import Fault, NotKnown
from costlib.models.storage import CLASSES, DAYS_PER_MONTH, STANDARD, TIERING, ClassTerms
from costlib.planner.store.pattern import StoredData
from costlib.planner.store.sources import StoreSources
from costlib.prices.price import Price

#: Volume tiers of STANDARD and of Intelligent-Tiering's frequent tier: words of the table, and where each ends (GiB).
TIERS = (("first 50 TB", 50 * 1024.0), ("next 450 TB", 500 * 1024.0), ("over 500 TB", np.inf))
#: Meters, and the item and tier of their price; what is billed as another meter has none.
_ITEMS: dict[str, tuple[str, str | None, float]] = {
    "puts": ("put_copy_post_list", None, 1000.0),
    "gets": ("get_select_other", None, 1000.0),
    "transitions": ("lifecycle_transition_into", None, 1000.0),
    "retrieval": ("retrieval", None, 1.0),
}
_TIERING: dict[str, tuple[str, str | None, float]] = {
    "storage_infrequent": ("storage", "infrequent", DAYS_PER_MONTH),
    "storage_archive_instant": ("storage", "archive instant", DAYS_PER_MONTH),
    "monitoring": ("monitoring", None, 1000.0 * DAYS_PER_MONTH),
}
#: Ways to restore from an archive: the tier's name in the price table and in the facts, slowest first.
_RESTORES = {
    "GLACIER_FLEXIBLE": ("bulk", "standard", "expedited"),
    "DEEP_ARCHIVE": ("bulk", "standard"),
}
ARCHIVES = tuple(_RESTORES)
INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")


@dataclass(frozen=True)
class RegionClasses:
    """The terms of each class for one dataset; ``prices``: the price behind each class and meter, in AWS's units.

    ``per_unit``: how many of the model's units (GiB-days, requests) one unit of the price is. ``left_out``: classes
    without a price, and why. ``restores``: how each archive is restored.
    """

    terms: Mapping[str, ClassTerms]
    prices: Mapping[tuple[str, str], Price]
    per_unit: Mapping[tuple[str, str], float]
    left_out: Mapping[str, str]
    restores: Mapping[str, str]


def classes_for(data: StoredData, region: str, sources: StoreSources) -> RegionClasses:
    """All classes of a region that are priced, with the restores that the dataset's reads can wait for.

    An archive is restored in the slowest way that its shortest positive wait allows. Raises NotKnown without STANDARD.
    """
    waits = [one.wait_hours for one in data.reads if one.wait_hours > 0 and one.per_month > 0]
    wait = min(waits, default=np.inf)
    return sources.kept(("classes", region, wait), lambda: _made(region, wait, sources))


def _made(region: str, wait: float, sources: StoreSources) -> RegionClasses:
    terms, prices, per_unit, left_out, restores = {}, {}, {}, {}, {}
    for name in CLASSES:
        found: dict[str, tuple[Price, float]] = {}
        missing = _standard_items(sources, region, name, found)
        wait_hours = 0.0
        if name in ARCHIVES:
            way, wait_hours = _restore(sources, name, wait)
            restores[name] = way
            missing += _take(sources, region, name, "retrieval", ("retrieval", way, 1.0), found)
            asked = ("retrieval_request", way, 1000.0)
            missing += _take(sources, region, name, "retrieval_requests", asked, found)
        if missing and name == STANDARD:
            raise NotKnown([Fault("region", region, f"has no price of {', '.join(missing)} in the snapshot")])
        if missing:
            left_out[name] = f"no price of {', '.join(missing)} is held in {region}"
            continue
        for meter, (price, units) in found.items():
            prices[name, meter], per_unit[name, meter] = price, units
        terms[name] = _terms(sources, region, name, found, wait_hours)
    return RegionClasses(terms, prices, per_unit, left_out, restores)


def _standard_items(sources: StoreSources, region: str, name: str, found: dict[str, tuple[Price, float]]) -> list[str]:
    """Takes the prices that any class has; gives the names of those that are missing."""
    tier = "first 50 TB" if name in (STANDARD, TIERING) else None
    missing = _take(sources, region, name, "storage", ("storage", tier, DAYS_PER_MONTH), found)
    for meter, item in _ITEMS.items():
        if meter == "transitions" and name == STANDARD:
            continue
        if meter == "retrieval" and (name in (STANDARD, TIERING) or name in ARCHIVES):
            continue
        missing += _take(sources, region, name, meter, item, found)
    if name == TIERING:
        for meter, item in _TIERING.items():
            missing += _take(sources, region, name, meter, item, found)
    return missing


def _take(
    sources: StoreSources, region: str, name: str, meter: str, item: tuple[str, str | None, float],
    found: dict[str, tuple[Price, float]],
) -> list[str]:  # fmt: skip
    what, tier, units = item
    price = sources.s3(region, name, what, tier)
    if price is None:
        return [f"{name} {what}" + (f" {tier}" if tier else "")]
    found[meter] = (price, units)
    return []


def _restore(sources: StoreSources, name: str, wait: float) -> tuple[str, float]:
    """The slowest restore within the wait; the fastest where none is, which the policy then leaves out."""
    ways = _RESTORES[name]
    hours = {way: sources.facts.of("restore", f"{name.lower()}_{way}").value for way in ways}
    for way in ways:
        if hours[way] <= wait:
            return way, hours[way]
    return ways[-1], hours[ways[-1]]


def _terms(
    sources: StoreSources, region: str, name: str, found: Mapping[str, tuple[Price, float]], wait_hours: float
) -> ClassTerms:
    facts = sources.facts
    upto: tuple[float, ...] = (np.inf,)
    by_tier: tuple[float, ...] = ()
    if name in (STANDARD, TIERING):
        tiers = [(sources.s3(region, name, "storage", words), end) for words, end in TIERS]
        held = [(price.amount, end) for price, end in tiers if price is not None]
        upto, by_tier = tuple(end for _, end in held), tuple(usd for usd, _ in held)
    archive = name in ARCHIVES
    least_kib = 0.0 if archive else sources.s3_rule(region, name, "min_billable_object_kb")
    days = int(facts.of("lifecycle", "least_days_to_infrequent_access").value) if name in INFREQUENT else 0
    return ClassTerms(
        name,
        {meter: price.amount / units for meter, (price, units) in found.items()},
        upto,
        by_tier,
        min_days=int(sources.s3_rule(region, name, "min_storage_days")),
        min_object_kib=least_kib,
        overhead_own_kib=facts.of("archive", "overhead_at_own_rate").value if archive else 0.0,
        overhead_standard_kib=facts.of("archive", "overhead_at_standard_rate").value if archive else 0.0,
        least_monitored_kib=facts.of("intelligent_tiering", "least_monitored_object").value if name == TIERING else 0.0,
        unread_days=(
            int(facts.of("intelligent_tiering", "days_unread_to_infrequent").value),
            int(facts.of("intelligent_tiering", "days_unread_to_archive_instant").value),
        ),
        wait_hours=wait_hours,
        least_age_days=days,
        stay_days=days,
    )
