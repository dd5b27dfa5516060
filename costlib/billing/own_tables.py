"""Small tables of the user's own that go with a bill: budgets by month, measured use by owner, requests by period."""

from __future__ import annotations

import os

import pandas as pd

from costlib.errors import Fault, InvalidInput


def read_budget(path: str | os.PathLike[str]) -> dict[str, float]:
    """A CSV of ``month,budget`` (2026-09,12000). Raises InvalidInput with every wrong row."""
    amounts = _amounts(path, "month", "budget")
    months = pd.to_datetime(pd.Series(amounts.index), format="%Y-%m", errors="coerce")
    wrong = amounts.index[months.isna().to_numpy()]
    if len(wrong):
        raise InvalidInput([Fault("budget", str(one), "is not a month (YYYY-MM)") for one in wrong])
    return {str(month): float(amount) for month, amount in amounts.items()}


def read_telemetry(path: str | os.PathLike[str]) -> dict[str, float]:
    """A CSV of ``owner,use``. Raises InvalidInput with every wrong row."""
    return {str(owner): float(use) for owner, use in _amounts(path, "owner", "use").items()}


def read_requests(path: str | os.PathLike[str]) -> pd.Series[float]:
    """A CSV of ``period,requests``, by the period's first day. Raises InvalidInput with every wrong row."""
    counts = _amounts(path, "period", "requests")
    days = pd.to_datetime(pd.Series(counts.index), format="%Y-%m-%d", errors="coerce")
    wrong = counts.index[days.isna().to_numpy()]
    if len(wrong):
        raise InvalidInput([Fault("requests", str(one), "is not a day (YYYY-MM-DD)") for one in wrong])
    return pd.Series(counts.to_numpy(float), index=pd.DatetimeIndex(days), name="requests")


def _amounts(path: str | os.PathLike[str], key: str, value: str) -> pd.Series[float]:
    """A CSV of two columns: amounts of 0 or more by keys that are there once."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidInput([Fault(value, str(path), f"cannot be read: {error}")]) from error
    if lacking := [name for name in (key, value) if name not in frame]:
        raise InvalidInput([Fault(value, str(path), f"lacks the columns {', '.join(lacking)}")])
    amounts = pd.to_numeric(frame[value], errors="coerce").astype(float)
    good = (amounts >= 0) & (amounts < float("inf"))
    faults = [Fault(value, one, "is not an amount of 0 or more") for one in frame[value][~good]]
    faults += [Fault(key, one, "is there twice") for one in frame[key][frame[key].duplicated()].unique()]
    if faults:
        raise InvalidInput(faults)
    return pd.Series(amounts.to_numpy(), index=frame[key].astype(object), name=value)
