"""Hourly usage out of a bill, for commitments: what ran and what they could cover."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from costlib.billing.bill import open_bill
from costlib.billing.usage import RULE, hourly_usage
from costlib.errors import Fault, InvalidInput
from costlib.models.commitments import Line
from costlib.models.commitments_usage import usage_from
from costlib.planner.commit.rates import rate_rows
from costlib.planner.commit.usage_file import UsageFile
from costlib.prices.book import PriceBook

#: Types that a note names.
MOST_NAMED = 5


def usage_of_bill(path: str | os.PathLike[str], book: PriceBook) -> UsageFile:
    """The usage in a bill (a file, a folder or an export as billing.bill reads it), without what ran on spot.

    What has no on-demand price in the book is left out, and a note says how much that is. Raises InvalidInput for what
    is wrong with the bill, for a bill that is not hourly, and where nothing is left.
    """
    bill = open_bill(os.fspath(path))
    found = hourly_usage(bill, spot=False)
    frame = found.frame.astype({"quantity": float})
    lines = frame[["instance_type", "region", "service"]].drop_duplicates()
    rates = rate_rows(book, [Line(*line) for line in lines.itertuples(index=False, name=None)])
    priced = rates.loc[rates["plan_type"] == "on_demand", ["instance_type", "region", "service"]]
    keys = pd.MultiIndex.from_frame(frame[["instance_type", "region", "service"]])
    held = keys.isin(pd.MultiIndex.from_frame(priced))
    notes = [f"from the bill: {RULE.replace('on demand, on spot and', 'on demand and')}; spot is left where it is"]
    notes.append("commitments that the bill shows are not taken off; say with --held which of them go on")
    notes += [note.text for note in bill.notes]
    if found.left_out_hours:
        notes.append(f"{found.left_out_hours:,.0f} instance-hours are in rows longer than an hour, or without a region")
    if not held.all():
        gone = frame[~held]
        names = list(dict.fromkeys(gone["instance_type"]))
        shown = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
        notes.append(
            f"{gone['quantity'].sum():,.0f} instance-hours have no on-demand price here and are left out: {shown}"
        )
    if not held.any():
        raise InvalidInput([Fault("bill", str(path), "holds no instance-hours of a type with a price in the book")])
    # An hour in which only what is left out ran is an hour all the same.
    hours = pd.DatetimeIndex(pd.to_datetime(frame["hour"], utc=True).drop_duplicates()).sort_values()
    kept = frame[held]
    first = kept.iloc[0]
    idle = hours.difference(pd.DatetimeIndex(pd.to_datetime(kept["hour"], utc=True)))
    empty = pd.DataFrame({"hour": idle, "instance_type": first["instance_type"], "region": first["region"],
                          "service": first["service"], "quantity": 0.0})  # fmt: skip
    usage = usage_from(pd.concat([kept.assign(hour=pd.to_datetime(kept["hour"], utc=True)), empty], ignore_index=True))
    return UsageFile(
        usage, pd.date_range(hours[0], periods=len(usage.quantity), freq="h"), tuple(notes), Path(path).name
    )
