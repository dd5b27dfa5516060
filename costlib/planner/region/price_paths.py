"""Prices that a user expects, by month and region: read from CSV, checked, and laid out as a table."""

from __future__ import annotations

import math
import os
from typing import IO

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.region.answer import RegionAnswer

Floats = npt.NDArray[np.float64]

COLUMNS = ("month", "region", "usd_per_hour")
MOST_MONTHS = 1200


def read_paths(source: str | os.PathLike[str] | IO[str]) -> pd.DataFrame:
    """Prices by month and region from a CSV file with COLUMNS. Raises InvalidInput for what is no such file."""
    try:
        frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    except OSError as error:
        raise InvalidInput([Fault("prices", str(source), f"cannot be read: {error.strerror}")]) from None
    except (ValueError, UnicodeDecodeError):
        raise InvalidInput([Fault("prices", str(source), f"is no CSV with the columns {', '.join(COLUMNS)}")]) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    faults = [unknown("prices", name, COLUMNS, "column") for name in frame.columns if name not in COLUMNS]
    faults += [Fault("prices", None, f"has no column {name}") for name in COLUMNS if name not in frame.columns]
    if not faults and frame.empty:
        faults = [Fault("prices", None, "has no rows")]
    if faults:
        raise InvalidInput(faults)
    return frame.apply(lambda column: column.str.strip())


def price_grid(answer: RegionAnswer, paths: pd.DataFrame) -> tuple[list[str], list[str], Floats]:
    """Months, regions and prices (months, regions), nan where none is given; only of regions that constraints allow.

    Raises InvalidInput with every fault of the prices.
    """
    faults: list[Fault] = []
    usd = pd.to_numeric(paths["usd_per_hour"], errors="coerce")
    for line, (region, text, price) in enumerate(
        zip(paths["region"], paths["usd_per_hour"], usd, strict=True), start=2
    ):
        if region not in answer.regions:
            faults.append(unknown(f"prices, line {line}", region, answer.regions, "region of the price book"))
        if not (price > 0 and math.isfinite(price)):
            faults.append(Fault(f"prices, line {line}", text, "is not a price above 0"))
    twice = paths.duplicated(["month", "region"])
    faults += [
        Fault("prices", f"{month} {region}", "has two prices")
        for month, region in paths.loc[twice, ["month", "region"]].itertuples(index=False)
    ]
    months = sorted(paths["month"].unique(), key=_month)
    if len(months) > MOST_MONTHS:
        faults.append(Fault("prices", len(months), f"months are given; {MOST_MONTHS} at most"))
    if faults:
        raise InvalidInput(faults[:20])
    allowed = [
        region for region in dict.fromkeys(paths["region"]) if answer.constraints.allowed[answer.regions.index(region)]
    ]
    costs_known = [region for region in allowed if _known_place(answer, region)]
    if not costs_known:
        raise InvalidInput(
            [Fault("prices", None, "names no region that constraints allow and whose data prices are held")]
        )
    wide = (
        paths.assign(usd=usd)
        .pivot(index="month", columns="region", values="usd")
        .reindex(index=months, columns=costs_known)
    )
    price = wide.to_numpy(float)
    empty = [month for month, row in zip(months, price, strict=True) if np.isnan(row).all()]
    if empty:
        raise InvalidInput([Fault("prices", month, "is a month without a region to run in") for month in empty])
    return [str(month) for month in months], costs_known, price


def _known_place(answer: RegionAnswer, region: str) -> bool:
    number, places = answer.regions.index(region), answer.result.places
    needed = (places.storage_usd_per_gib_month, places.transfer_usd_per_gib, places.result_usd_per_gib,
              places.put_usd_per_1000_requests)  # fmt: skip
    return all(math.isfinite(prices[number]) for prices in needed)


def _month(text: str) -> tuple[float, str]:
    """Months count up as numbers (1, 2, 10), or as YYYY-MM."""
    try:
        return float(text), ""
    except ValueError:
        return math.inf, text
