"""Whether the names in a usage file are known, agree with each other, and have a price."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from costlib.errors import Fault, nearest
from costlib.models.commitments_inputs import MOST_ROWS, ORDINARY, SERVICES, rows_fault
from costlib.planner.table_file import named_rows
from costlib.prices.book import PriceBook

ML = "ml."
#: The services with rates; the others of SERVICES have none in the price book.
PRICED_SERVICES = ("ec2", "sagemaker")
_ZONE_ID = re.compile(r"[a-z]{3,}\d*-az\d+")


def service_of(cells: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """The service of each row, as its type's name tells it, and notes; name_faults has those that say otherwise."""
    of_sagemaker = np.zeros(len(cells), bool)
    if "instance_type" in cells:
        types = cells["instance_type"]
        of_sagemaker = np.array([name.startswith(ML) for name in types.cat.categories], bool)[types.cat.codes]
    unsaid = int((cells["service"] == "").sum()) if "service" in cells else len(cells)
    notes = []
    if unsaid:
        notes.append(f"{unsaid:,} rows name no service: taken as SageMaker where the type begins with ml., else as EC2")
    return pd.Series(np.array(PRICED_SERVICES, dtype=object)[of_sagemaker.astype(np.int64)], index=cells.index), notes


def name_faults(cells: pd.DataFrame, service: pd.Series, book: PriceBook) -> Iterator[Fault]:
    """What is wrong with types, regions, services, platforms, tenancies and zones, each with its rows."""
    priced = {name: _priced(book, name) for name in PRICED_SERVICES}
    types = book.vocabulary.instance_types | priced["sagemaker"].keys()
    regions = book.vocabulary.regions
    if "instance_type" in cells:
        yield from _unknown(cells["instance_type"], types, "is not a known instance type")
    if "region" in cells:
        yield from _unknown(cells["region"], regions, "is not a known region")
    if "service" in cells:
        yield from _service_faults(cells)
    for name, ordinary in ORDINARY.items():
        if name in cells:
            problem = f"has no price in the price book: only {ordinary} has"
            yield from _unknown(cells[name], {ordinary}, problem, may_be_empty=True)
    if "zone" in cells and "region" in cells:
        yield from _zone_faults(cells)
    if "instance_type" in cells and "region" in cells:
        yield from _unpriced(cells, service, types, regions, priced)


def is_zone_of(zone: str, region: str) -> bool:
    """Whether a zone's name (us-east-1a) may be in a region; of an ID (use1-az4), only its form is looked at."""
    return (zone.startswith(region) and zone != region) or _ZONE_ID.fullmatch(zone) is not None


def _service_faults(cells: pd.DataFrame) -> Iterator[Fault]:
    column = cells["service"]
    for name in SERVICES:
        wrong = column == name
        if name not in PRICED_SERVICES and wrong.any():
            problem = f"has no rates in the price book: leave out its rows {named_rows(cells.index, wrong)}"
            yield Fault("service", name, problem)
    yield from _unknown(column, SERVICES, f"is none of {', '.join(PRICED_SERVICES)}", may_be_empty=True)
    if "instance_type" not in cells:
        return
    of_sagemaker = cells["instance_type"].str.startswith(ML)
    for name, wrong, told in (
        ("ec2", of_sagemaker, "begins with ml., which is SageMaker's"),
        ("sagemaker", ~of_sagemaker & (cells["instance_type"] != ""), "does not begin with ml., as SageMaker's do"),
    ):
        fault = rows_fault("instance_type", cells["instance_type"], (column == name) & wrong,
                           f"{told}, but the service is {name}")  # fmt: skip
        if fault:
            yield fault


def _unknown(column: pd.Series, known: Iterable[str], problem: str, may_be_empty: bool = False) -> Iterator[Fault]:
    """One fault a wrong name, at most MOST_ROWS of them, each with its rows and close matches."""
    options = set(known)
    used = column.cat.remove_unused_categories().cat.categories
    wrong = [name for name in used if name not in options and not (may_be_empty and not name)]
    for name in wrong[:MOST_ROWS]:
        rows = named_rows(column.index, column == name)
        if not name:
            yield Fault(str(column.name), "", f"is empty {rows}")
        else:
            yield Fault(str(column.name), name, f"{problem} {rows}", nearest(name, options))
    if len(wrong) > MOST_ROWS:
        yield Fault(str(column.name), len(wrong) - MOST_ROWS, "more names are wrong in the same way")


def _zone_faults(cells: pd.DataFrame) -> Iterator[Fault]:
    pairs = cells[["zone", "region"]].drop_duplicates().itertuples(index=False, name=None)
    wrong = [(zone, region) for zone, region in pairs if zone and region and not is_zone_of(zone, region)]
    for zone, region in wrong[:MOST_ROWS]:
        rows = named_rows(cells.index, (cells["zone"] == zone) & (cells["region"] == region))
        yield Fault("zone", zone, f"is not a zone of {region} {rows}")
    if len(wrong) > MOST_ROWS:
        yield Fault("zone", len(wrong) - MOST_ROWS, "more zones are wrong in the same way")


def _priced(book: PriceBook, service: str) -> dict[str, set[str]]:
    """The regions in which each type, as the bill names it, has an on-demand price."""
    part = book.part(service, "on_demand")[["billed_type", "region"]]
    if service == "sagemaker":
        # An endpoint's type need not be sold for training (planner.commit.rates takes the Hosting price then).
        hosted = book.table("prices/sagemaker_instances").query("component == 'Hosting'")
        part = pd.concat([part, hosted.rename(columns={"instance_type": "billed_type"})[["billed_type", "region"]]])
    return {str(name): set(regions) for name, regions in part.groupby("billed_type")["region"]}


def _unpriced(
    cells: pd.DataFrame,
    service: pd.Series,
    types: Iterable[str],
    regions: Iterable[str],
    priced: dict[str, dict[str, set[str]]],
) -> Iterator[Fault]:
    """Types that are known, but have no on-demand price where they ran."""
    places = pd.DataFrame({"type": cells["instance_type"], "region": cells["region"], "service": service})
    found = 0
    for name, region, of in places.drop_duplicates().itertuples(index=False, name=None):
        held = priced[of].get(name, set())
        # An unknown name has a fault of its own.
        if name not in types or region not in regions or region in held:
            continue
        found += 1
        if found <= MOST_ROWS:
            rows = named_rows(cells.index, (cells["instance_type"] == name) & (cells["region"] == region))
            where = f"held in {', '.join(sorted(held)[:MOST_ROWS])}{', ...' if len(held) > MOST_ROWS else ''}"
            told = where if held else "nor anywhere else"
            yield Fault("instance_type", name, f"has no on-demand price in {region}; {told} {rows}")
    if found > MOST_ROWS:
        yield Fault("instance_type", found - MOST_ROWS, "more pairs of type and region have no on-demand price")
