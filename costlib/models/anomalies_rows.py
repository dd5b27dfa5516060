"""Long rows of cost to series: what is wrong with them, what is worth a note, and their sums by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: The scope of all lines together.
TOTAL = "total"
#: What a missing name of a group is called.
UNNAMED = "(none)"
STEPS_PER_DAY = {"day": 1, "hour": 24}
FREQUENCY = {"day": "D", "hour": "h"}


@dataclass(frozen=True)
class Table:
    """``times`` of the steps, ``usd`` (lines, steps) and the ``names`` of lines, by column.

    ``scopes`` has a row a series, ``scope`` and ``name``, the total first; ``series_of`` (columns, lines) says which
    series of the total, and of each column in ``scopes``, a line is summed in.
    """

    times: pd.DatetimeIndex
    usd: Floats
    names: pd.DataFrame
    scopes: pd.DataFrame
    series_of: Ints
    notes: tuple[str, ...]

    def series_usd(self) -> Floats:
        """Cost of each series (series, steps); nan where nothing at all is known of a step."""
        known = np.isfinite(self.usd).any(axis=0)
        summed = np.zeros((len(self.scopes), len(self.times)))
        for series in self.series_of:
            np.add.at(summed, series, np.nan_to_num(self.usd))
        summed[:, ~known] = np.nan
        return summed


def table_of(
    rows: pd.DataFrame, by: Iterable[str], lines: Iterable[str], time: str, usd: str, every: str, through: object
) -> Table:
    """The series of ``rows``: in total, and by each value of each column of ``by``.

    Lines are told apart by ``by`` and ``lines``. A line without a row in a step that has rows cost nothing in it; a
    step without any row is not known. Raises InvalidInput with every fault found.
    """
    by, lines = list(by), list(lines)
    if every not in STEPS_PER_DAY:
        raise InvalidInput([unknown("every", every, STEPS_PER_DAY, "step")])
    wanted = [time, usd, *by, *lines]
    faults = [
        unknown("column", name, map(str, rows.columns), "column of the rows") for name in wanted if name not in rows
    ]
    if faults:
        raise InvalidInput(faults)
    if rows.empty:
        raise InvalidInput([Fault("rows", 0, "are given; at least one is needed")])
    keys = list(dict.fromkeys([*by, *lines]))
    when, cost, faults = _read(rows, time, usd, every)
    end = _end(through, faults)
    if faults:
        raise InvalidInput(faults)
    named = rows[keys].astype(object).where(rows[keys].notna(), UNNAMED).astype(str).reset_index(drop=True)
    repeated = named.assign(**{"": when.to_numpy()}).duplicated()
    if repeated.any():
        at = int(np.flatnonzero(repeated)[0])
        what = ", ".join([str(when.iloc[at]), *named.iloc[at]])
        problem = (
            f"is given twice ({int(repeated.sum())} rows repeat a {every} and line): sum them if they belong together"
        )
        raise InvalidInput([Fault(time, what, problem)])
    notes = []
    late = (when >= end).to_numpy() if end is not None else np.zeros(len(when), bool)
    if late.all():
        raise InvalidInput([Fault("through", str(through), f"is before the first {every}, {when.min()}")])
    if late.any():
        notes.append(f"{int(late.sum())} rows after {through} are left out")
        when, cost, named = when[~late], cost[~late], named[~late]
    times = pd.date_range(when.min(), when.max(), freq=FREQUENCY[every])
    missing = times.difference(pd.DatetimeIndex(when.unique()))
    if len(missing):
        shown = ", ".join(map(_shown, missing[:5])) + (", ..." if len(missing) > 5 else "")
        notes.append(f"no rows for {len(missing)} of {len(times)} {every}s, which are not judged: {shown}")
    if (negative := int((cost < 0).sum())) > 0:
        notes.append(f"{negative} rows are credits or refunds (below 0); they count as costs like others")
    line = named.groupby(keys, sort=True).ngroup().to_numpy() if keys else np.zeros(len(named), np.int64)
    step = times.get_indexer(pd.DatetimeIndex(when))
    count = int(line.max()) + 1
    made = np.zeros((count, len(times)))
    made[line, step] = cost
    made[:, times.get_indexer(missing)] = np.nan
    names = named.iloc[np.unique(line, return_index=True)[1]].reset_index(drop=True)
    scopes, series_of = _scopes(names, by)
    return Table(times, made, names, scopes, series_of, tuple(notes))


def _read(rows: pd.DataFrame, time: str, usd: str, every: str) -> tuple[pd.Series, pd.Series, list[Fault]]:
    """Times and costs of the rows, and what is wrong with them."""
    when = pd.to_datetime(rows[time].reset_index(drop=True), errors="coerce")
    cost = pd.to_numeric(rows[usd].reset_index(drop=True), errors="coerce").astype(float)
    faults = []
    for name, read, what in ((time, when, f"is not a {every}"), (usd, cost, "is not a known amount of dollars")):
        wrong = read.isna() | (np.isinf(read) if name == usd else False)
        if wrong.any():
            given = rows[name].iloc[int(np.flatnonzero(wrong)[0])]
            count = int(wrong.sum())
            faults.append(Fault(name, given, f"{what}" + (f" (and {count - 1} more rows)" if count > 1 else "")))
    if not faults:
        when = when.dt.tz_localize(None) if when.dt.tz is not None else when
        if (when.dt.floor(FREQUENCY[every]) != when).any():
            given = when[when.dt.floor(FREQUENCY[every]) != when].iloc[0]
            faults.append(
                Fault(time, str(given), f"is not the beginning of {'an hour' if every == 'hour' else 'a day'}")
            )
    return when, cost, faults


def _end(through: object, faults: list[Fault]) -> pd.Timestamp | None:
    """The moment from which rows are left out; None for none. A day named as the last is whole."""
    if through is None:
        return None
    last = pd.to_datetime(str(through), errors="coerce")
    if not isinstance(last, pd.Timestamp):
        faults.append(Fault("through", str(through), "is not a date"))
        return None
    return last + pd.Timedelta(days=1) if last == last.normalize() else last


def _scopes(names: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, Ints]:
    """The series: the total, then each value of each column; columns of one value only say what the total says."""
    scopes, series_of = [(TOTAL, TOTAL)], [np.zeros(len(names), np.int64)]
    for column in by:
        codes, values = pd.factorize(names[column], sort=True)
        if len(values) > 1:
            series_of.append(codes.astype(np.int64) + len(scopes))
            scopes += [(column, str(value)) for value in values]
    return pd.DataFrame(scopes, columns=["scope", "name"]), np.array(series_of)


def _shown(moment: pd.Timestamp) -> str:
    return moment.date().isoformat() if moment == moment.normalize() else moment.isoformat(sep=" ", timespec="minutes")
