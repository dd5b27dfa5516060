"""Money by month: what a portfolio pays upfront and monthly, what is left on demand, and from when on it has paid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_offers import discount_at
from costlib.models.commitments_portfolio import Portfolio
from costlib.units import HOURS_PER_MONTH, HOURS_PER_YEAR

Floats = npt.NDArray[np.float64]


def cash_by_month(portfolio: Portfolio) -> pd.DataFrame:
    """Expected payments of each month (730 hours) of the horizon, as they fall due: ``month, upfront_usd,
    recurring_usd, uncovered_usd, total_usd, on_demand_usd, saved_so_far_usd, present_saved_so_far_usd``.

    ``uncovered_usd`` is on-demand, and spot where the usage tolerates it; ``on_demand_usd`` the same demand without
    commitments. What is paid for after the horizon (upfront of longer terms) is shown in the month it is paid.
    """
    problem = portfolio.problem
    hours = problem.scenarios.hours
    months = int(np.ceil(hours / HOURS_PER_MONTH))
    month_of = np.minimum((np.arange(hours) / HOURS_PER_MONTH).astype(int), months - 1)
    upfront, recurring = np.zeros(months), np.zeros(months)
    for row in portfolio.purchases.to_dict("records"):
        first, last = int(row["start_hour"]), int(row["end_hour"])
        upfront[month_of[first]] += row["upfront_usd"]
        term_hours = row["term_years"] * HOURS_PER_YEAR
        monthly = row["usd_per_hour"] - row["upfront_usd"] / term_hours
        recurring += monthly * np.bincount(month_of[first:last], minlength=months)
    uncovered, bare = portfolio.hourly_usd()
    rest, without = np.bincount(month_of, uncovered, months), np.bincount(month_of, bare, months)
    total = upfront + recurring + rest
    saved = without - total
    # A month's payments count at its middle, what is upfront at its beginning.
    rate = problem.cost_of_capital_fraction
    begin = discount_at(np.arange(months) * HOURS_PER_MONTH, rate)
    middle = discount_at((np.arange(months) + 0.5) * HOURS_PER_MONTH, rate)
    present = middle * (without - recurring - rest) - begin * upfront
    return pd.DataFrame(
        {
            "month": np.arange(1, months + 1),
            "upfront_usd": upfront,
            "recurring_usd": recurring,
            "uncovered_usd": rest,
            "total_usd": total,
            "on_demand_usd": without,
            "saved_so_far_usd": np.cumsum(saved),
            "present_saved_so_far_usd": np.cumsum(present),
        }
    )


def paid_back_month(cash: pd.DataFrame) -> int | None:
    """The month from whose end on a portfolio stays ahead of no commitments; None if it never does."""
    behind = np.flatnonzero(cash["saved_so_far_usd"].to_numpy() < 0)
    if not len(behind):
        return 1
    return None if behind[-1] == len(cash) - 1 else int(cash["month"].iloc[behind[-1] + 1])
