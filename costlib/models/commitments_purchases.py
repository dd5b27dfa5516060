"""What a portfolio of commitments buys, a row a purchase, with how far each is used and when it has paid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_offer import break_even_month
from costlib.models.commitments_problem import Problem
from costlib.models.commitments_whole import NOTHING
from costlib.units import HOURS_PER_YEAR

Floats = npt.NDArray[np.float64]


def purchases_of(problem: Problem, amount: Floats, used: Floats, weights: Floats) -> pd.DataFrame:
    """``amount`` (columns,) of each offer of the problem that is bought; columns: Portfolio.purchases.

    ``used`` (scenarios, pools, periods) and ``weights`` (periods,): hours, discounted where the problem is.
    """
    columns = problem.columns
    capacity = columns.capacity(amount, len(problem.pools))
    rows = []
    for at, (offer, start, end) in enumerate(problem.bought):
        if amount[at] <= NOTHING * columns.most[at]:
            continue
        pool = columns.pool[at]
        window = columns.window[at]
        # Purchases of one pool are used alike: AWS sees one capacity.
        had = float(capacity[pool, window] @ weights[window])
        share = float(problem.scenarios.chance @ used[:, pool, window].sum(axis=1)) / had
        count = amount[at] / offer.capacity
        hourly, even = count * offer.usd_per_hour, _break_even(problem, at, weights)
        upfront = hourly * offer.upfront_fraction * offer.term_hours
        recurring = hourly * (1 - offer.upfront_fraction)
        rows.append(
            {
                "plan_type": offer.plan_type,
                "term_years": offer.term_hours / HOURS_PER_YEAR,
                "payment": offer.payment,
                "instance_type": dict(offer.scope).get("instance_type"),
                "family": dict(offer.scope).get("family"),
                "region": dict(offer.scope).get("region"),
                "start_hour": start,
                "end_hour": end,
                "amount": count,
                "unit": "instances" if offer.whole else "usd_per_hour",
                "usd_per_hour": hourly,
                "upfront_usd": upfront,
                "utilisation": share,
                "break_even_utilisation": even,
                "break_even_months": _months(upfront, recurring, hourly / even, share, offer.term_hours),
            }
        )
    return pd.DataFrame(
        rows,
        columns=[
            "plan_type", "term_years", "payment", "instance_type", "family", "region", "start_hour", "end_hour",
            "amount", "unit", "usd_per_hour", "upfront_usd", "utilisation", "break_even_utilisation",
            "break_even_months",
        ],
    )  # fmt: skip


def _break_even(problem: Problem, at: int, weights: Floats) -> float:
    """Price of a column's capacity over what the usage that it may serve costs uncovered, per capacity."""
    pool = problem.pools[problem.columns.pool[at]]
    runs = np.add.reduceat(problem.hours.usage[list(pool.lines)] * problem.hours.weight, problem.hours.starts, axis=1)
    chance = np.repeat(problem.scenarios.chance, problem.hours.periods)
    window = np.tile(problem.columns.window[at], problem.hours.scenarios)
    lists = list(pool.lines)
    uncovered = float((runs.T * problem.hours.price_usd[:, lists]).sum(axis=1) @ (chance * window))
    taken = float((runs.T @ np.array(pool.rates)) @ (chance * window))
    price = float(problem.columns.usd[at] / weights[problem.columns.window[at]].sum())
    return price * taken / uncovered if uncovered else np.inf


def _months(upfront: float, recurring: float, replaced: float, share: float, term_hours: float) -> float:
    return float(break_even_month(upfront, recurring, replaced, min(share, 1.0), term_hours / HOURS_PER_YEAR))
