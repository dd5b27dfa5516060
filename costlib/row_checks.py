"""What must hold of the rows of any table of the snapshot: columns, keys, numbers, units, dates, basis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from costlib.basis import BASES

ORIGIN = ("basis", "source", "as_of")
#: Bases that need a rule, where the table has a column for it.
RULED = ("derived", "estimate")


@dataclass(frozen=True)
class TableRule:
    """What one table must be.

    ``keys``: no two rows have the same. ``numbers``: columns of finite numbers, each with its least and greatest
    value; ``gaps``: those of them that may be empty. ``units``: what its column ``unit`` may hold; empty: it has none.
    ``dated``: every row has a date.
    """

    keys: tuple[str, ...]
    numbers: dict[str, tuple[float, float]] = field(default_factory=dict)
    units: frozenset[str] = frozenset()
    gaps: frozenset[str] = frozenset()
    days: tuple[str, ...] = ()
    dated: bool = True


def row_problems(frame: pd.DataFrame, rule: TableRule, newest: str | None = None) -> Iterator[str]:
    """Everything that is wrong with one table, a sentence each; ``newest`` is the day after which no date may be."""
    needed = [*rule.keys, *rule.numbers, *rule.days, *ORIGIN, *(["unit"] if rule.units else [])]
    missing = [column for column in dict.fromkeys(needed) if column not in frame]
    if missing:
        yield f"has no column {', '.join(missing)}"
        return
    if frame.empty:
        yield "has no rows"
        return
    twice = frame.duplicated(list(rule.keys)) if rule.keys else pd.Series(False, index=frame.index)
    if twice.any():
        first = frame.loc[twice, list(rule.keys)].iloc[0].to_dict()
        yield f"{int(twice.sum())} rows repeat a key, for example {first}"
    for column in ("basis", "source", *(["as_of"] if rule.dated else []), *(["unit"] if rule.units else [])):
        if frame[column].isna().any():
            yield f"{int(frame[column].isna().sum())} rows have no {column}"
    if rule.units and not (strange := set(frame["unit"].dropna()) - rule.units) <= set():
        yield f"units are not those of the table: {', '.join(sorted(map(str, strange)))}"
    if not set(frame["basis"].dropna()) <= set(BASES):
        yield f"a basis is not one of {', '.join(BASES)}"
    if "rule" in frame and (frame["basis"].isin(RULED) & frame["rule"].isna()).any():
        yield f"{int((frame['basis'].isin(RULED) & frame['rule'].isna()).sum())} derived or estimated rows have no rule"
    yield from _dates(frame, rule, newest)
    for column, (least, most) in rule.numbers.items():
        yield from _numbers(frame[column], column, least, most, column in rule.gaps)


def _dates(frame: pd.DataFrame, rule: TableRule, newest: str | None) -> Iterator[str]:
    for column in ("as_of", *rule.days):
        dates = frame[column].dropna().astype("str")
        bad = dates[~is_date(dates)]
        if len(bad):
            yield f"{len(bad)} values of {column} are not a date, for example {bad.iloc[0]!r}"
        # A month or year is compared with as much of the newest day.
        elif newest is not None and (late := dates[[day > newest[: len(day)] for day in dates]]).size:
            yield f"{late.size} values of {column} are after {newest}, for example {late.iloc[0]}"


def is_date(dates: pd.Series) -> pd.Series:
    """True for a day of the calendar, a month or a year: 2026-11-30, 2026-11, 2026."""
    form = dates.str.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?")
    whole = dates.where(dates.str.len() != 4, dates + "-01-01").where(dates.str.len() != 7, dates + "-01")
    return form & pd.to_datetime(whole, format="%Y-%m-%d", errors="coerce").notna()


def _numbers(values: pd.Series, column: str, least: float, most: float, may_be_empty: bool) -> Iterator[str]:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        text = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
        yield f"values of {column} are not numbers" + (f", for example {text.iloc[0]!r}" if len(text) else "")
        return
    given = values.dropna() if may_be_empty else values
    finite = np.isfinite(given.to_numpy(float))
    if not finite.all():
        yield f"{int((~finite).sum())} values of {column} are not numbers"
    if (given < 0).any() and least >= 0:
        yield f"{int((given < 0).sum())} values of {column} are negative"
    outside = given[finite & ~given.between(least, most) & (given >= 0)]
    if len(outside):
        yield f"{len(outside)} values of {column} are not between {least:g} and {most:g}, for example {outside.iloc[0]}"
