"""What a reader of the example bill must find: its totals and figures, and the waste and anomalies that were put in.

Added up from the rows by plain arithmetic of this file's own, not by the room that reads bills.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from costlib.prices.book import PriceBook
from data.build.example_bill_lines import (
    END,
    MACHINE_PLAN,
    PLATFORM,
    PRODUCTION,
    RESEARCH,
    RESERVATION,
    RESERVATION_END,
    Rates,
)

COSTS = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]


def kpis(rows: pd.DataFrame) -> dict[str, float | None]:
    """The figures of some rows, by the formulas of the review (FinOps Foundation, FOCUS, CID)."""
    usage = rows[(rows["ChargeCategory"] == "Usage")]
    status = usage["CommitmentDiscountStatus"]
    running, unused, used = usage[status != "Unused"], usage[status == "Unused"], usage[status == "Used"]
    spot = running[running["PricingCategory"] == "Dynamic"]
    listed, effective = running["ListCost"].sum(), usage["EffectiveCost"].sum()
    untagged = usage[usage["Tags"].map(len) == 0]
    jobs = running[running["ResourceId"].fillna("").str.contains(":training-job/")]
    committed = used["EffectiveCost"].sum() + unused["EffectiveCost"].sum()
    return {
        "savings_rate_list": (listed - effective) / listed,
        "savings_rate": (running["ContractedCost"].sum() - effective) / running["ContractedCost"].sum(),
        "coverage": used["ListCost"].sum() / listed,
        "utilisation": used["EffectiveCost"].sum() / committed if committed else None,
        "unused": unused["EffectiveCost"].sum(),
        "spot_share": spot["ListCost"].sum() / listed,
        "spot_saving": 1.0 - spot["EffectiveCost"].sum() / spot["ListCost"].sum(),
        "training_jobs": int(jobs["ResourceId"].nunique()),
        "cost_per_training_job": jobs["EffectiveCost"].sum() / jobs["ResourceId"].nunique(),
        "untagged_share": untagged["EffectiveCost"].sum() / effective,
    }


def injected(frame: pd.DataFrame, rates: Rates) -> dict[str, list[dict[str, Any]]]:
    """The waste and the anomalies that were put in, with their dollars and first day."""

    def usd(resource: str) -> tuple[float, str]:
        rows = frame[frame["ResourceId"].fillna("").str.contains(resource, regex=False)]
        return float(rows["EffectiveCost"].sum()), f"{rows['ChargePeriodStart'].min():%Y-%m-%d}"

    waste = []
    for kind, resource, shown in (
        ("idle_endpoint", "endpoint/ab-test-old", "always on; that nobody called it is not on a bill"),
        ("idle_notebook", "notebook-instance/forgotten", "on at night and on Sundays"),
        ("unattached_volume", "vol-0f0e60000000001", "that it is attached to nothing is not on a bill"),
        ("idle_address", "eipalloc-0id1e000000001", "the usage type says idle"),
    ):
        amount, first = usd(resource)
        waste.append({"kind": kind, "resource": resource, "first_day": first, "usd": amount, "shown_by": shown})
    for kind, commitment in (("unused_savings_plan", MACHINE_PLAN), ("unused_reservation", RESERVATION)):
        rows = frame[(frame["CommitmentDiscountId"] == commitment) & (frame["CommitmentDiscountStatus"] == "Unused")]
        first = f"{rows['ChargePeriodStart'].min():%Y-%m-%d}"
        amount = float(rows["EffectiveCost"].sum())
        waste.append(
            {
                "kind": kind,
                "resource": commitment,
                "first_day": first,
                "usd": amount,
                "shown_by": "commitment status Unused",
            }
        )
    after = (END - RESERVATION_END) / pd.Timedelta(hours=1)
    anomalies = [
        (
            "runaway_training",
            "AmazonSageMaker",
            RESEARCH,
            "us-east-1",
            "2026-06-17",
            "2026-06-19",
            usd("llm-retry-loop")[0],
        ),
        ("strange_region", "AmazonEC2", PRODUCTION, "us-west-2", "2026-07-08", "2026-07-10", usd("i-0bad")[0]),
        ("transfer_spike", "AmazonS3", PLATFORM, "us-east-1", "2026-08-12", "2026-08-12", 59_700.0 * rates.transfer),
        ("endpoint_grown", "AmazonSageMaker", PRODUCTION, "us-east-1", "2026-08-24", None, _grown(frame, rates)),
        (
            "reservation_ended",
            "AmazonEC2",
            PLATFORM,
            "us-east-1",
            "2026-09-01",
            None,
            5.0 * after * (rates.m5 - rates.m5_reserved),
        ),
    ]
    names = ("kind", "service_code", "account_id", "region", "first_day", "last_day", "usd")
    return {"waste": waste, "anomalies": [dict(zip(names, one, strict=True)) for one in anomalies]}


def _grown(frame: pd.DataFrame, rates: Rates) -> float:
    """What the endpoint cost more than its two instances from the hour on in which it grew."""
    rows = frame[frame["ResourceId"].fillna("").str.endswith("endpoint/detector-prod")]
    after = rows[rows["ChargePeriodStart"] >= pd.Timestamp("2026-08-24 09:00")]
    hours = after["ChargePeriodStart"].nunique()
    return float(after["EffectiveCost"].sum()) - hours * 2.0 * rates.host_g5_plan


def truth(file: str, frame: pd.DataFrame, book: PriceBook, rates: Rates) -> dict[str, Any]:
    """Totals, figures by month, cost by owner, and what was injected."""
    months = frame["BillingPeriodStart"].dt.strftime("%Y-%m")
    team = frame["Tags"].map(lambda tags: dict(tags).get("team") or "(untagged)")
    return {
        "file": file,
        "prices_as_of": book.as_of,
        "prices_usd": {name: getattr(rates, name) for name in Rates.__dataclass_fields__},
        "choices": "amounts, times, names, tax and credit are choices of this example; prices are the snapshot's, "
        "managed spot its list price less the middle of the savings seen, the Savings Plan's rate an estimate",
        "rows": len(frame),
        "totals": {name: float(frame[name].sum()) for name in COSTS},
        "months": {
            month: {
                "rows": len(rows),
                **{name: float(rows[name].sum()) for name in COSTS},
                "kpis": {name: None if value is None else float(value) for name, value in kpis(rows).items()},
            }
            for month, rows in frame.groupby(months)
        },
        "kpis": {name: None if value is None else float(value) for name, value in kpis(frame).items()},
        "effective_by_team": {
            str(name): float(cost) for name, cost in frame.groupby(team)["EffectiveCost"].sum().items()
        },
        "effective_by_account": {
            str(name): float(cost) for name, cost in frame.groupby("SubAccountId")["EffectiveCost"].sum().items()
        },
        **injected(frame, rates),
    }
