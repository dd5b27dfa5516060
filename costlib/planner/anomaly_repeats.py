"""Alerts that say nothing new: what goes on from an earlier alert, and what came on the same days of the month before.

Only earlier alerts count, so that what is said of an alert could be said on its day.
"""

from __future__ import annotations

import pandas as pd

from costlib.models.anomalies import Found

#: An alert continues an earlier one that ended at most so many days before it, where the same line leads both.
CONTINUES_DAYS = 14
#: An alert that its own lines do not make up by this share is no news of the last weeks: it goes on with the largest
#: earlier alert that ended at most so many days before, which is what the lines' usual cost is taken from.
EXPLAINED_FRACTION, LEARNT_DAYS = 0.5, 28
#: Days by which the same alert may differ from month to month in its first day and its length.
MONTHLY_DAYS = 1
NOT_NAMED = ("alert", "rank", "size_usd", "share_fraction")


def repeats_of(found: Found) -> pd.DataFrame:
    """``found.alerts`` with ``continues`` (the row of the alert that it goes on with), ``monthly_since`` (the first day
    of the first such alert, of the same series on the same days of months before) and ``news`` (neither)."""
    alerts = found.alerts.copy()
    leads, explained = _leading_lines(found), _explained(found)
    first, last = pd.to_datetime(alerts["first_day"]), pd.to_datetime(alerts["last_day"])
    continues: list[int | None] = [None] * len(alerts)
    monthly: list[pd.Timestamp | None] = [None] * len(alerts)
    order = sorted(range(len(alerts)), key=lambda row: (first[row], row))
    for place, at in enumerate(order):
        for earlier in reversed(order[:place]):
            if alerts["direction"][earlier] != alerts["direction"][at]:
                continue
            same = (alerts["scope"][earlier], alerts["name"][earlier]) == (alerts["scope"][at], alerts["name"][at])
            if monthly[at] is None and same and _month_apart(first, last, earlier, at):
                monthly[at] = monthly[earlier] if monthly[earlier] is not None else first[earlier]
            near = first[at] <= last[earlier] + pd.Timedelta(days=CONTINUES_DAYS)
            if continues[at] is None and near and leads.get(at) is not None and leads.get(at) == leads.get(earlier):
                continues[at] = continues[earlier] if continues[earlier] is not None else earlier
        if continues[at] is None and explained.get(at, 0.0) < EXPLAINED_FRACTION:
            continues[at] = _largest_before(alerts, first, last, order[:place], at)
    alerts["continues"] = pd.array(continues, dtype="Int64")
    alerts["monthly_since"] = pd.to_datetime(pd.Series(monthly, index=alerts.index))
    alerts["news"] = alerts["continues"].isna() & alerts["monthly_since"].isna()
    return alerts


def _month_apart(first: pd.Series[pd.Timestamp], last: pd.Series[pd.Timestamp], earlier: int, at: int) -> bool:
    back = first[at] - pd.DateOffset(months=1)
    long_before, long = last[earlier] - first[earlier], last[at] - first[at]
    near = pd.Timedelta(days=MONTHLY_DAYS)
    return bool(abs(first[earlier] - back) <= near and abs(long_before - long) <= near)


def _largest_before(
    alerts: pd.DataFrame, first: pd.Series[pd.Timestamp], last: pd.Series[pd.Timestamp], before: list[int], at: int
) -> int | None:
    begin = first[at] - pd.Timedelta(days=LEARNT_DAYS)
    near = [one for one in before if last[one] >= begin and alerts["direction"][one] == alerts["direction"][at]]
    return max(near, key=lambda one: abs(alerts["size_usd"][one]), default=None)


def _explained(found: Found) -> dict[int, float]:
    """The share of each alert that its ranked lines make up."""
    named = _named(found.causes)
    return {int(str(at)): float(share) for at, share in named.groupby("alert")["share_fraction"].sum().items()}


def _named(causes: pd.DataFrame) -> pd.DataFrame:
    """The causes that are lines, without what no line makes up."""
    names = [name for name in causes if name not in NOT_NAMED]
    return causes[(causes[names] != "").any(axis=1)] if len(causes) else causes


def _leading_lines(found: Found) -> dict[int, tuple[str, ...]]:
    """The line that makes up most of each alert, by the alert's row."""
    names = [name for name in found.causes if name not in NOT_NAMED]
    top = _named(found.causes).drop_duplicates("alert")
    rows = top[["alert", *names]].itertuples(index=False, name=None)
    return {int(row[0]): tuple(map(str, row[1:])) for row in rows}
