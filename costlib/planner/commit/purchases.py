"""What to buy, in words that finance can check: each purchase with how its rates are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.basis import weakest
from costlib.models.commitments import Portfolio
from costlib.models.normalization import family_of


def explained(portfolio: Portfolio, rates: pd.DataFrame) -> pd.DataFrame:
    """Portfolio.purchases with ``basis, rule, source, as_of`` of the rates (planner.commit.rates) that each rests on.

    A purchase is as well known as the weakest of its rates; ``as_of`` is that of the oldest.
    """
    rows = portfolio.purchases
    found = []
    for row in rows.to_dict("records"):
        own = rates[rates["plan_type"] == row["plan_type"]]
        if row["plan_type"] != "capacity_block":
            own = own[(own["term_years"] == round(row["term_years"])) & (own["payment"] == row["payment"])]
        for column in ("instance_type", "region"):
            if isinstance(row[column], str):
                own = own[own[column] == row[column]]
        if isinstance(row["family"], str):
            own = own[own["instance_type"].map(family_of) == row["family"]]
        found.append(
            {
                "basis": weakest(own["basis"]),
                "rule": "; ".join(dict.fromkeys(text for text in own["rule"].fillna("") if text)),
                "source": ", ".join(dict.fromkeys(own["source"])),
                "as_of": str(own["as_of"].astype(str).min()),
            }
        )
    known = pd.DataFrame(found, columns=["basis", "rule", "source", "as_of"])
    return pd.concat([rows.reset_index(drop=True), known], axis=1)


def with_rates(rates: pd.DataFrame, side: str) -> pd.DataFrame:
    """The rate rows with ``low`` or ``high`` in place of the expected rate of what is estimated; prices that are known
    stay, and so do those of spot and on-demand."""
    estimated = (rates["basis"] == "estimate") & ~rates["plan_type"].isin(["on_demand", "spot"])
    other = rates[f"usd_{side}"]
    return rates.assign(usd_per_hour=np.where(estimated & other.notna(), other, rates["usd_per_hour"]))
