"""Prices that a user expects, by month and region: read from a table, checked, and laid out month by month."""

from __future__ import annotations

import math
import os

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.region.answer import RegionAnswer
from costlib.planner.table_file import column_faults, read_bytes, table_of

Floats = npt.NDArray[np.float64]

COLUMNS = ("month", "region", "usd_per_hour")
FIELD = "prices"
MOST_MONTHS, MOST_FAULTS = 1200, 20
#: Months are counted, or of the calendar.
COUNTED, CALENDAR = r"[0-9]{1,4}", r"[0-9]{4}-(?:0[1-9]|1[0-2])"


def read_paths(path: str | os.PathLike[str]) -> pd.DataFrame:
    """``paths_of`` a CSV or Parquet file. Raises InvalidInput for what cannot be read, too."""
    return paths_of(read_bytes(path, FIELD), str(path))


def paths_of(content: bytes, name: str) -> pd.DataFrame:
    """Prices by month and region: COLUMNS as text, under the number of their line. Raises InvalidInput for what is no
    such table."""
    cells = table_of(content, name, FIELD)
    faults, strange = column_faults(list(map(str, cells)), COLUMNS, COLUMNS, FIELD)
    faults += [unknown(f"{FIELD} columns", column, COLUMNS, "column") for column in strange]
    if faults:
        raise InvalidInput(faults)
    return pd.DataFrame({column: cells[column].to_numpy(object) for column in COLUMNS}, index=cells.index)


def price_grid(answer: RegionAnswer, paths: pd.DataFrame) -> tuple[list[str], list[str], Floats]:
    """Months, regions and prices (months, regions), nan where none is given; only of regions that constraints allow.

    The months follow each other. Raises InvalidInput with every fault of the prices.
    """
    faults: list[Fault] = []
    usd = pd.to_numeric(paths["usd_per_hour"], errors="coerce")
    for line, region, text, price in zip(paths.index, paths["region"], paths["usd_per_hour"], usd, strict=True):
        if region not in answer.regions:
            faults.append(unknown(f"{FIELD}, line {line}", region, answer.regions, "region of the price book"))
        if not (price > 0 and math.isfinite(price)):
            faults.append(Fault(f"{FIELD}, line {line}", text, "is not a price above 0"))
    odd = ~paths["month"].str.fullmatch(f"{COUNTED}|{CALENDAR}")
    faults += [
        Fault(f"{FIELD}, line {line}", text, "is no month: 1, 2, … or 2026-01, …")
        for line, text in paths.loc[odd, "month"].items()
    ]
    held = paths[~odd]
    is_counted = held["month"].str.fullmatch(COUNTED)
    if is_counted.nunique() > 1:
        faults.append(Fault(FIELD, None, "has months both counted (1, 2, …) and of the calendar (2026-01, …)"))
    elif len(held):
        faults += _order_faults(held.assign(month=held["month"].map(_number)), bool(is_counted.iloc[0]))
    if faults:
        raise InvalidInput(faults[:MOST_FAULTS])
    allowed = [
        region for region in dict.fromkeys(paths["region"]) if answer.constraints.allowed[answer.regions.index(region)]
    ]
    costs_known = [region for region in allowed if _known_place(answer, region)]
    if not costs_known:
        raise InvalidInput(
            [Fault(FIELD, None, "names no region that constraints allow and whose data prices are held")]
        )
    wide = (
        paths.assign(usd=usd, month=paths["month"].map(_number))
        .pivot(index="month", columns="region", values="usd")
        .reindex(columns=costs_known)
    )
    price = wide.to_numpy(float)
    months = [_name(number, bool(is_counted.iloc[0])) for number in wide.index]
    empty = [month for month, row in zip(months, price, strict=True) if np.isnan(row).all()]
    if empty:
        raise InvalidInput([Fault(FIELD, month, "is a month without a region to run in") for month in empty])
    return months, costs_known, price


def _order_faults(paths: pd.DataFrame, counted: bool) -> list[Fault]:
    """Two prices of one month and region, months between others that have none, and too many of them."""
    twice = paths[paths.duplicated(["month", "region"])]
    faults = [
        Fault(FIELD, f"{_name(month, counted)} {region}", "has two prices")
        for month, region in zip(twice["month"], twice["region"], strict=True)
    ]
    months = np.unique(paths["month"].to_numpy(np.int64))
    for before, after in zip(months[:-1], months[1:], strict=True):
        if after > before + 1:
            first, last = _name(before + 1, counted), _name(after - 1, counted)
            without = first if first == last else f"{first} to {last}"
            problem = "has no price, though months before and after it have: months must follow each other"
            faults.append(Fault(FIELD, without, problem))
    if len(months) > MOST_MONTHS:
        faults.append(Fault(FIELD, len(months), f"months are given; {MOST_MONTHS} at most"))
    return faults


def _known_place(answer: RegionAnswer, region: str) -> bool:
    number, places = answer.regions.index(region), answer.result.places
    needed = (places.storage_usd_per_gib_month, places.transfer_usd_per_gib, places.result_usd_per_gib,
              places.put_usd_per_1000_requests)  # fmt: skip
    return all(math.isfinite(prices[number]) for prices in needed)


def _number(month: str) -> int:
    """Counted months as they are, those of the calendar from the year 0 on."""
    year, dash, of_year = month.partition("-")
    return int(year) * 12 + int(of_year) - 1 if dash else int(year)


def _name(number: int, counted: bool) -> str:
    return str(number) if counted else f"{number // 12:04d}-{number % 12 + 1:02d}"
