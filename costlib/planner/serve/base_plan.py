"""A Savings Plan for the part of the fleet that always runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_offer import cost_usd_per_hour, newsvendor_amount
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH

COLUMNS = ("option", "instances", "usd_per_hour", "usd_per_month", "on_demand_usd_per_month", "saved_usd_per_month",
           "basis", "rule", "source", "as_of")  # fmt: skip


def base_plans(
    book: PriceBook, instance_type: str, region: str, instances_by_hour: npt.ArrayLike, on_demand_usd: float
) -> pd.DataFrame:
    """A row a SageMaker Savings Plan for the type: how many instances to commit to, and what that saves a month.

    The best amount for the hours of the series, as if all hours of the term were like them. Without rows where no rate
    is held. SageMaker's plans are by the dollar; instances of one type stand for them here.
    """
    part = book.part("sagemaker", "savings_plan")
    rows = part[(part["billed_type"] == instance_type) & (part["region"] == region)]
    count = np.asarray(instances_by_hour, float)
    found = []
    for row in rows.to_dict("records"):
        rate = float(row["usd_expected"])
        amount = newsvendor_amount(count, rate, on_demand_usd)
        cost = float(cost_usd_per_hour([amount], count, rate, on_demand_usd)[0]) * HOURS_PER_MONTH
        bare = on_demand_usd * float(count.mean()) * HOURS_PER_MONTH
        found.append((row["option"], amount, rate, cost, bare, bare - cost, row["basis"], row["rule"], row["source"],
                      row["as_of"]))  # fmt: skip
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    return frame.sort_values("saved_usd_per_month", ascending=False, kind="stable", ignore_index=True)
