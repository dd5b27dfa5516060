"""Hourly rows, as a bill or a table has them, to Usage: every fault with the rows it stands in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault
from costlib.models.commitments_inputs import (
    LINE_COLUMNS,
    MOST_ROWS,
    ORDINARY,
    SERVICES,
    Line,
    Usage,
    refuse,
    rows_fault,
)


def usage_from(frame: pd.DataFrame) -> Usage:
    """Hourly rows as Usage: ``hour, instance_type, region, service, quantity``, and ``platform, tenancy, zone,
    account`` where they matter. ``hour`` holds times, or text as ISO 8601 has it; without a zone it is UTC.

    A line without a row in an hour ran nothing then, as on a bill; an hour without any row is missing. Raises
    InvalidInput for missing or doubled hours, hours that are not whole, negative quantities, each with its rows, as
    the index of ``frame`` names them.
    """
    need = ["hour", "instance_type", "region", "service", "quantity"]
    refuse(Fault("usage", column, "is missing from the columns") for column in need if column not in frame)
    rows = frame.reset_index(drop=True).assign(**{name: ORDINARY[name] for name in ORDINARY if name not in frame})
    for name in ("zone", "account"):
        rows[name] = frame[name].astype(object).fillna("").to_numpy() if name in frame else ""
    hour = hours_of(rows["hour"])
    whole_hour = hour.dt.floor("h")
    codes, keys = _line_codes(rows[[*LINE_COLUMNS, "zone", "account"]])
    # What is twice is looked for among the good hours only: a bad hour has its own fault.
    doubled = pd.DataFrame({"hour": hour, "line": codes}).duplicated(keep=False) & hour.notna()
    quantity = pd.to_numeric(rows["quantity"], errors="coerce")
    named = frame.index
    faults = [rows_fault(name, rows[name], rows[name].isna(), "is missing", named) for name in LINE_COLUMNS] + [
        rows_fault("hour", rows["hour"], hour.isna(), "is not a time", named),
        rows_fault("hour", rows["hour"], hour.notna() & (hour != whole_hour), "is not a whole hour", named),
        rows_fault("hour", rows["hour"], doubled, "has the same usage more than once", named),
        *number_faults("quantity", rows["quantity"], quantity, named),
        rows_fault(
            "service", rows["service"], ~rows["service"].isin(SERVICES), f"is none of {', '.join(SERVICES)}", named
        ),
    ]
    there = pd.DatetimeIndex(whole_hour.dropna().unique()).sort_values()
    if not doubled.all():
        faults.append(_missing_fault(there))
    refuse(fault for fault in faults if fault)
    wide = np.zeros((len(there), len(keys)))
    wide[there.get_indexer(pd.DatetimeIndex(whole_hour)), codes] = quantity
    return Usage(tuple(map(_line, keys)), wide)


def number_faults(field: str, values: pd.Series, numbers: npt.ArrayLike, named: pd.Index) -> list[Fault | None]:
    """Faults of amounts, given as ``values`` and read as ``numbers``, that are no numbers or are below 0."""
    amounts = np.asarray(numbers, float)
    return [
        rows_fault(field, values, ~np.isfinite(amounts), "is not a number", named),
        rows_fault(field, values, amounts < 0, "must not be negative", named),
    ]


def hours_of(values: pd.Series) -> pd.Series:
    """Times in UTC, of times or of ISO 8601 text; without a zone they are taken as UTC, and NaT is not a time."""
    codes, distinct = pd.factorize(values)
    # An hour comes once a line: few are distinct.
    words = pd.Series([*distinct, None], dtype=object)
    times = pd.to_datetime(words, utc=True, errors="coerce", format="ISO8601")
    # The code of no value, -1, takes the last, which is none.
    return pd.Series(pd.DatetimeIndex(times).take(codes), index=values.index)


def _missing_fault(there: pd.DatetimeIndex) -> Fault | None:
    """The fault of hours without a row between the first and the last of ``there``, which are sorted, each once."""
    hour = pd.Timedelta(hours=1)
    gaps = np.flatnonzero(np.diff(there) > hour)
    if not len(gaps):
        return None
    # Only what is shown is spelled out: one hour of a wrong century is many missing ones.
    shown = [there[at] + hour * step for at in gaps[:MOST_ROWS] for step in range(1, MOST_ROWS + 1)
             if there[at] + hour * step < there[at + 1]][:MOST_ROWS]  # fmt: skip
    count = round((there[-1] - there[0]) / hour) + 1 - len(there)
    return Fault("hour", str(shown[0]), f"has no row: {count} hours are missing, first {', '.join(map(str, shown))}")


def _line_codes(keys: pd.DataFrame) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """Each row's place among the distinct rows, and these in order."""
    codes = np.zeros(len(keys), np.int64)
    for name in keys:
        column, distinct = pd.factorize(keys[name].astype(object), sort=True)
        # Counted anew after each column, the numbers stay below rows x rows.
        _, codes = np.unique(codes * (len(distinct) + 1) + column, return_inverse=True)
    _, first = np.unique(codes, return_index=True)
    return codes, list(keys.iloc[first].itertuples(index=False, name=None))


def _line(key: Sequence[str]) -> Line:
    name, region, service, platform, tenancy, zone, account = key
    return Line(name, region, service, platform, tenancy, zone or None, account)
