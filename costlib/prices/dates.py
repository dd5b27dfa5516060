"""The dates of prices: of which days the rows are that a view shows, not the newest day of the whole snapshot."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from costlib.errors import Fault, NotKnown, unknown


@dataclass(frozen=True)
class AsOf:
    """The oldest and the newest as-of date of some prices, each a day, month or year as their source gives it."""

    oldest: str
    newest: str

    def __str__(self) -> str:
        """``as of 2026-07-20``, or ``as of 2024-02-21 to 2026-07-20``."""
        return f"as of {self.newest}" if self.oldest == self.newest else f"as of {self.oldest} to {self.newest}"


def as_of_span(rows: pd.DataFrame) -> AsOf | None:
    """The dates of the rows (any table or offers with ``as_of``); None where no row has one.

    As text a month sorts before its days and a year before its months: what may be oldest counts as oldest.
    """
    dates = rows["as_of"].dropna()
    dates = dates[dates != ""]
    return AsOf(str(dates.min()), str(dates.max())) if len(dates) else None


def dates_of(offers: pd.DataFrame, way: str, region: str | None, instance_type: str | None) -> AsOf:
    """The dates of the offers of one region or type, or of all. Raises NotKnown with close matches, all faults at once.

    ``way`` names the offers in a fault.
    """
    faults = []
    rows = offers
    for name, value in (("region", region), ("instance_type", instance_type)):
        if value is None:
            continue
        if not (offers[name] == value).any():
            what = name.replace("_", " ") + f" with {way} prices"
            faults.append(unknown(name, value, offers[name].unique(), what))
        rows = rows[rows[name] == value]
    span = as_of_span(rows)
    if not faults and span is None:
        faults.append(Fault("price", instance_type, f"has no {way} price in {region}"))
    if faults or span is None:
        raise NotKnown(faults)
    return span
