"""What the coming months will cost, with a band, and how such forecasts did on the bill's own past.

A random walk with drift, as ``rwf`` of R's package forecast (pkg.robjhyndman.com/forecast/reference/naive.html):
Y[t] = c + Y[t-1] + Z[t]. The cost of a day goes on from the last month by the mean step so far. h months ahead its
error has the variance h s^2 of the steps to come, and h^2 s^2 / (T - 1) because the mean step is known from T - 1 steps
only; the band is Student's t with T - 2 degrees of freedom times the root, as s is known from them, too.
Days are forecast, not months, because February is short.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from costlib.billing.reconcile import month_of
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

#: A band needs steps to tell how much they vary: three months make two steps and one degree of freedom.
LEAST_MONTHS = 3


def monthly(bill: Bill, cost: str = "effective_cost") -> pd.Series[float]:
    """The cost of each month of the bill, by its first day; a month without rows inside cost 0."""
    table = bill.rows.mutate(month=month_of(bill.rows))
    frame = bill.ask(table.group_by("month").agg(cost=table[cost].sum()).order_by("month")).dropna(subset=["month"])
    series = pd.Series(frame["cost"].to_numpy(float), index=pd.DatetimeIndex(frame["month"]), name=cost)
    return series if series.empty else series.asfreq("MS", fill_value=0.0)


def last_day(bill: Bill) -> pd.Timestamp:
    """The last day of which the bill has use, so that a month that is not over can be told."""
    rows = bill.rows.filter(bill.rows.charge_category == "Usage")
    return pd.Timestamp(bill.ask(rows.aggregate(last=rows.charge_start.max()))["last"].iloc[0]).normalize()


def whole_months(costs: pd.Series[float], last: pd.Timestamp) -> pd.Series[float]:
    """The months that were over on ``last``, or ended with it."""
    month = pd.Timestamp(last.year, last.month, 1)
    over = last.day == last.days_in_month
    return costs[costs.index <= month] if over else costs[costs.index < month]


def forecast(costs: pd.Series[float], months: int = 3, band_fraction: float = 0.8) -> pd.DataFrame:
    """``month, expected, low, high`` of the months after ``costs`` (whole months, by their first days).

    The band holds ``band_fraction`` of outcomes if months go on to step as they did. Raises InvalidInput for fewer
    than LEAST_MONTHS months, and for numbers of months and bands that make no sense.
    """
    faults = []
    if len(costs) < LEAST_MONTHS:
        problem = f"has {len(costs)} whole months: a band needs {LEAST_MONTHS}"
        faults.append(Fault("bill", None, problem))
    if months < 1:
        faults.append(Fault("months", months, "must be 1 or more"))
    if not 0.0 < band_fraction < 1.0:
        faults.append(Fault("band_fraction", band_fraction, "must be between 0 and 1"))
    if faults:
        raise InvalidInput(faults)
    months_so_far = pd.DatetimeIndex(costs.index)
    a_day = costs.to_numpy(float) / months_so_far.days_in_month.to_numpy(float)
    ahead = pd.date_range(months_so_far[-1], periods=months + 1, freq="MS")[1:]
    days = ahead.days_in_month.to_numpy(float)
    steps = np.diff(a_day)
    h = np.arange(1, months + 1, dtype=float)
    mean = a_day[-1] + h * steps.mean()
    spread = steps.std(ddof=1) * np.sqrt(h * (1.0 + h / len(steps)))
    reach = student_quantile(0.5 + band_fraction / 2.0, len(steps) - 1) * spread
    return pd.DataFrame(
        {"month": ahead, "expected": mean * days, "low": (mean - reach) * days, "high": (mean + reach) * days}
    )


def backtest(costs: pd.Series[float], band_fraction: float = 0.8) -> pd.DataFrame:
    """Each month as it was forecast from those before it: ``month, actual, expected, low, high, error_fraction``.

    Months with fewer than LEAST_MONTHS before them are left out; ``error_fraction`` is (actual - expected) / expected.
    """
    rows = []
    for at in range(LEAST_MONTHS, len(costs)):
        one = forecast(costs.iloc[:at], 1, band_fraction).iloc[0]
        actual = float(costs.iloc[at])
        error = (actual - one["expected"]) / one["expected"] if one["expected"] else math.nan
        rows.append({**one.to_dict(), "actual": actual, "error_fraction": error})
    columns = ["month", "actual", "expected", "low", "high", "error_fraction"]
    return pd.DataFrame(rows, columns=columns)


def student_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t for whole degrees of freedom, by bisection.

    Its distribution is then a finite sum of powers of the angle atan(t / sqrt(freedom))'s cosine.
    """
    low, high = -1e6, 1e6
    for _ in range(200):
        middle = 0.5 * (low + high)
        if _student_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _student_below(value: float, freedom: int) -> float:
    angle = math.atan2(value, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2:
        term, total = cosine, cosine if freedom > 1 else 0.0
        for k in range(3, freedom - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        within = 2.0 / math.pi * (angle + sine * total)
    else:
        term = total = 1.0
        for k in range(2, freedom - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        within = sine * total
    return 0.5 + 0.5 * within
