"""Hourly usage from a user's CSV or Parquet file, with every fault in it named at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_inputs import ORDINARY, Usage, refuse
from costlib.models.commitments_usage import hours_of, usage_from
from costlib.planner.commit.quantity_cells import QUANTITIES, quantity_of
from costlib.planner.commit.usage_names import name_faults, service_of
from costlib.planner.table_file import column_faults, named_rows, not_read, read_bytes, table_of
from costlib.prices.book import PriceBook

REQUIRED = ("hour", "instance_type", "region")
OPTIONAL = ("service", "platform", "tenancy", "zone", "account")
COLUMNS = (*REQUIRED, *QUANTITIES, *OPTIONAL)
#: What a time must look like: a day and an hour of it.
_HOUR_PATTERN = r"\d{4}-\d{2}-\d{2}[T ]\d{2}.*"
_ZONE_PATTERN = r".*(?:Z|[+-]\d{2}:?(?:\d{2})?)"


@dataclass(frozen=True)
class UsageFile:
    """Usage as read: ``hours`` (UTC) are the hours of ``usage``; ``notes`` say what was taken for granted."""

    usage: Usage
    hours: pd.DatetimeIndex
    notes: tuple[str, ...]
    name: str


def read_usage(path: str | os.PathLike[str], book: PriceBook) -> UsageFile:
    """The usage in a CSV (plain or gzipped) or Parquet file: one row a line of usage and hour.

    Columns ``hour, instance_type, region``, and ``hours`` (instance-hours of that hour; ``quantity`` is the same) or
    ``normalized_units``; where they matter ``service, platform, tenancy, zone, account``. A line without a row in an
    hour ran nothing then, as on a bill; an hour without any row is missing, which is a fault. Rows are named as a
    spreadsheet shows them: the header is row 1. Raises InvalidInput with everything that is wrong; ``book`` says which
    names are known and have an on-demand price.
    """
    return usage_of(read_bytes(path, "usage"), Path(path).name, book)


def usage_of(content: bytes, name: str, book: PriceBook) -> UsageFile:
    """As ``read_usage``, from what a file holds; ``name`` is what faults call it."""
    cells = table_of(content, name, "usage")
    faults, strange = column_faults([str(column) for column in cells], REQUIRED, COLUMNS, "usage")
    notes = list(not_read(strange, COLUMNS))
    missing = bool(faults)
    if not any(column in cells for column in QUANTITIES):
        faults.append(Fault("usage columns", "hours, normalized_units", "are both missing: one of them is needed"))
    if "hour" in cells:
        faults += _hour_faults(cells["hour"])
        notes += _zone_notes(cells["hour"])
    service, service_notes = service_of(cells)
    notes += service_notes
    faults += name_faults(cells, service, book)
    quantity, wrong_numbers, quantity_notes = quantity_of(cells)
    faults += wrong_numbers
    notes += quantity_notes
    usage = None
    if not missing:
        frame = cells[[*REQUIRED, *(column for column in OPTIONAL if column in cells)]]
        for column, ordinary in ORDINARY.items():
            if column in frame:
                words = np.array([word or ordinary for word in frame[column].cat.categories], dtype=object)
                frame = frame.assign(**{column: words[frame[column].cat.codes]})
        try:
            usage = usage_from(frame.assign(service=service, quantity=quantity))
        except InvalidInput as error:
            faults += error.faults
    if not faults and usage is not None and not usage.quantity.any():
        faults.append(Fault("hours", 0, "in every row: nothing ran, so there is nothing to commit to"))
    refuse(faults)
    assert usage is not None
    hours = pd.date_range(hours_of(cells["hour"]).min(), periods=len(usage.quantity), freq="h")
    unsaid = usage.quantity.size - len(cells)
    if unsaid:
        notes.append(
            f"{unsaid:,} of {usage.quantity.size:,} hours of a line have no row: nothing ran then, as on a bill"
        )
    return UsageFile(usage, hours, tuple(notes), name)


def _hour_faults(column: pd.Series) -> Iterator[Fault]:
    """Times that a program would take for one, but which name no hour: days, years, counts of seconds."""
    words = column.cat.categories
    day = np.asarray(hours_of(pd.Series(words)).notna() & ~pd.Series(words).str.fullmatch(_HOUR_PATTERN))
    at = np.flatnonzero(day[column.cat.codes])
    if len(at):
        problem = f"names no hour of a day, as 2026-06-30T23:00Z does {named_rows(column.index, at)}"
        yield Fault("hour", str(column.iloc[at[0]]), problem)


def _zone_notes(column: pd.Series) -> Iterator[str]:
    words = pd.Series(column.cat.categories)
    bare: npt.NDArray[np.bool_] = np.asarray(
        words.str.fullmatch(_HOUR_PATTERN) & ~words.str[11:].str.fullmatch(_ZONE_PATTERN)
    )
    count = int(bare[column.cat.codes].sum())
    if count:
        yield f"{count:,} rows give the hour without a time zone: taken as UTC"
