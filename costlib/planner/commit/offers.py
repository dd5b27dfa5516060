"""Single offers: every commitment to one instance of each kind of usage, and from which utilisation on it pays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.models.commitments import break_even_month
from costlib.models.commitments_inputs import COMMITTED
from costlib.units import HOURS_PER_YEAR

COLUMNS = [
    "instance_type", "region", "service", "plan_type", "term_years", "payment", "usd_per_hour", "usd_low", "usd_high",
    "upfront_usd", "recurring_usd_per_hour", "on_demand_usd_per_hour", "spot_usd_per_hour", "saved_fraction",
    "break_even_against_on_demand", "break_even_against_spot", "break_even_months", "basis", "rule", "source", "as_of",
]  # fmt: skip


def single_offers(rates: pd.DataFrame) -> pd.DataFrame:
    """A row (COLUMNS) a commitment to one instance, cheapest first within each type and region.

    ``break_even_*`` is the share of hours that it must be used for to cost less than on-demand, or than spot (nan where
    no spot price is held; above 1 is never); ``break_even_months`` when it is paid back if always used. A row of
    ``rates`` (planner.commit.rates) without an on-demand price of its type is left out.
    """
    place = ["instance_type", "region", "service"]
    rows = rates[rates["plan_type"].isin(COMMITTED)]
    for plan_type in ("on_demand", "spot"):
        own = rates.loc[rates["plan_type"] == plan_type, [*place, "usd_per_hour"]]
        rows = rows.merge(own.rename(columns={"usd_per_hour": f"{plan_type}_usd_per_hour"}), on=place, how="left")
    rows = rows[rows["on_demand_usd_per_hour"].notna()].reset_index(drop=True)
    rate, on_demand, spot = (
        rows[name].to_numpy(float) for name in ("usd_per_hour", "on_demand_usd_per_hour", "spot_usd_per_hour")
    )
    upfront = rows["upfront_fraction"].to_numpy(float)
    term = rows["term_years"].to_numpy(float)
    recurring = rate * (1.0 - upfront)
    upfront_usd = rate * upfront * term * HOURS_PER_YEAR
    with np.errstate(invalid="ignore"):
        rows = rows.assign(
            upfront_usd=upfront_usd,
            recurring_usd_per_hour=recurring,
            saved_fraction=1.0 - rate / on_demand,
            break_even_against_on_demand=rate / on_demand,
            break_even_against_spot=rate / spot,
            break_even_months=break_even_month(upfront_usd, recurring, on_demand, np.ones(len(rows)), term)
            if len(rows)
            else np.array([]),
        )
    return rows.sort_values([*place, "usd_per_hour"], kind="stable")[COLUMNS].reset_index(drop=True)
