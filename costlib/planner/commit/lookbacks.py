"""What AWS's own recommendation would have been, and what it comes to over the same futures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from costlib.models.commitments import Rates, Scenarios, Terms, Usage, best_portfolio
from costlib.models.commitments_by_hour import Dated, cost_usd
from costlib.models.commitments_inputs import COMMITTED, Commitment
from costlib.models.lookback import DAYS
from costlib.units import HOURS_PER_DAY, HOURS_PER_YEAR

YEAR_HOURS = round(HOURS_PER_YEAR)
#: Plan types that AWS recommends for a whole account, each at its widest.
PLAN_TYPES = ("compute", "sagemaker")
COLUMNS = ["days", "usd_per_hour", "expected_usd", "worst_usd", "commitments", "cost_usd"]
RULE = (
    "the one-year Savings Plans commitment that would have cost least over the last days, as AWS's recommendation is"
    " computed (it does not forecast), bought again when it ends; of the payments the one that costs least"
)


def by_lookback(
    usage: Usage,
    scenarios: Scenarios,
    rates: Rates,
    spot_fraction: Mapping[int, float] | None = None,
) -> pd.DataFrame:
    """A row a look-back of 7, 30 and 60 days that the usage holds: ``days, commitments, expected_usd, cost_usd`` of
    each scenario, ``usd_per_hour`` committed.

    ``scenarios`` are what each is held against; their lines begin with those of the usage.
    """
    rows = []
    frame = rates.frame
    one_year = Rates(frame[~frame["plan_type"].isin(COMMITTED) | (frame["term_years"] == 1)])
    for days in DAYS:
        hours = round(days * HOURS_PER_DAY)
        if len(usage.quantity) < hours:
            continue
        bought = []
        for plan_type in PLAN_TYPES:
            if not (one_year.frame["plan_type"] == plan_type).any():
                continue
            demand = Scenarios(usage.lines, usage.quantity[-hours:][None])
            found = best_portfolio(demand, one_year, terms=Terms(plan_types=(plan_type,), past_horizon="go_on"))
            bought += [
                Commitment(plan_type, float(row["amount"]), 1, str(row["payment"]))
                for row in found.purchases.to_dict("records")
            ]
        dated = [
            Dated(one, start, min(start + YEAR_HOURS, scenarios.hours))
            for one in bought
            for start in range(0, scenarios.hours, YEAR_HOURS)
        ]
        cost = cost_usd(scenarios, dated, rates, spot_fraction)
        rows.append(
            {
                "days": days,
                "usd_per_hour": float(sum(one.amount for one in bought)),
                "expected_usd": float(cost @ scenarios.chance),
                "worst_usd": float(cost.max()),
                "commitments": "; ".join(f"{one.plan_type} {one.payment} {one.amount:.4g} USD/h" for one in bought),
                "cost_usd": np.array(cost),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def nothing() -> pd.DataFrame:
    """The same without a row."""
    return pd.DataFrame(columns=COLUMNS)
