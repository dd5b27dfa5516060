"""Every way to buy one instance type, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costlib.errors import Fault, InvalidInput, NotKnown, nearest, unknown
from costlib.exports.tables import records
from costlib.prices.book import PriceBook
from costlib.workload import SERVICES


def price_list(
    book: PriceBook, instance_type: str, regions: Sequence[str] = (), services: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """All prices of a type, one row each; ``usd_per_hour`` with its low and high is for one instance.

    Keys: the columns of the book's offers, with ``usd_expected`` named ``usd_per_hour``. Raises InvalidInput with
    every unknown type, region and service; NotKnown where all are known but no price is held.
    """
    name = instance_type.removeprefix("ml.")
    known = book.vocabulary
    faults = [unknown("region", region, known.regions, "region") for region in regions if region not in known.regions]
    faults += [unknown("service", service, SERVICES, "service") for service in services if service not in SERVICES]
    if name not in known.instance_types:
        faults.append(unknown("instance_type", instance_type, known.instance_types, "instance type"))
    if faults:
        raise InvalidInput(faults)
    offers = book.offers
    of_type = offers[offers["instance_type"] == name]
    rows = of_type
    if regions:
        rows = rows[rows["region"].isin(list(regions))]
    if services:
        rows = rows[rows["service"].isin(list(services))]
    if rows.empty:
        held = sorted(set(of_type["region"]))
        problem = f"is known, but no price is held for it there; held in: {', '.join(held) or 'no region'}"
        raise NotKnown([Fault("price", instance_type, problem, nearest(regions[0], held) if regions else ())])
    rows = rows.rename(columns={"usd_expected": "usd_per_hour"})
    # Regional prices come before those of single zones; then the cheapest first.
    order = ["region", "service", "purchase", "option", "az"]
    return records(rows.sort_values(order, na_position="first"))
