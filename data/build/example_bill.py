"""Writes data/examples/bills/ml_focus_1_2.parquet and its truth: ``python -m data.build.example_bill``.

The truth is added up here from the rows themselves, by plain arithmetic of this file's own: it is what a reader of the
bill must find again. The same snapshot gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from costlib.prices.book import PriceBook
from data.build.example_bill_lines import (
    END,
    MACHINE_PLAN,
    NAMES,
    PAYER,
    PLANNED,
    PLATFORM,
    PRODUCTION,
    RESEARCH,
    RESERVATION,
    RESERVATION_END,
    RESERVED,
    START,
    Line,
    Rates,
    all_lines,
)

BILLS_DIR = Path(__file__).resolve().parent.parent / "examples" / "bills"
NAME = "ml_focus_1_2"
#: Code, name and category of each service.
SERVICES = {
    "sagemaker": ("AmazonSageMaker", "Amazon SageMaker", "AI and Machine Learning"),
    "ec2": ("AmazonEC2", "Amazon Elastic Compute Cloud", "Compute"),
    "s3": ("AmazonS3", "Amazon Simple Storage Service", "Storage"),
    "vpc": ("AmazonVPC", "Amazon Virtual Private Cloud", "Networking"),
    "plan": ("MachineLearningSavingsPlans", "Savings Plans for AWS Machine Learning", "AI and Machine Learning"),
    "tax": ("Tax", "Tax", "Other"),
}
#: Choices of the example: a tax on what is billed for use, and a credit a month.
TAX_FRACTION, CREDIT_USD = 0.03, -150.0
REGIONS = {"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-2": "US West (Oregon)"}
COSTS = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]


def rows_of(line: Line) -> pd.DataFrame:
    """The rows of one line, with their costs; committed use is billed by its fee, not by the row."""
    count = len(line.starts)
    quantity = np.broadcast_to(np.asarray(line.quantity, dtype=float), (count,)).round(12)
    code, name, category = SERVICES[line.service]
    committed = line.pricing == "Committed"
    effective = (quantity * line.effective_usd).round(10)
    listed = (quantity * line.list_usd).round(10)
    price = f"${line.list_usd:g} per " if line.pricing == "Standard" else ""
    return pd.DataFrame(
        {
            "ChargePeriodStart": line.starts,
            "ChargePeriodEnd": line.starts + pd.Timedelta(hours=line.hours),
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "ChargeDescription": price + line.description,
            "SubAccountId": line.account,
            "ServiceName": name,
            "ServiceCategory": category,
            "x_ServiceCode": code,
            "x_Operation": line.operation or None,
            "SkuMeter": line.usage_type,
            "RegionId": line.region,
            "PricingCategory": line.pricing,
            "PricingQuantity": quantity,
            "PricingUnit": line.unit,
            "ConsumedQuantity": quantity,
            "ConsumedUnit": line.unit,
            "ListUnitPrice": line.list_usd,
            "ContractedUnitPrice": line.list_usd,
            "BilledCost": 0.0 if committed else effective,
            "EffectiveCost": effective,
            "ListCost": listed,
            "ContractedCost": listed if committed else effective,
            "ResourceId": line.resource,
            "CommitmentDiscountId": line.commitment,
            "CommitmentDiscountStatus": line.status,
            "Tags": [list(line.tags.items())] * count,
        }
    )


def fee(month: pd.Timestamp, category: str, service: str, text: str, usd: float, effective: float, **more: Any) -> dict:
    """One charge of a whole month."""
    code, name, kind = SERVICES[service]
    return {
        "ChargePeriodStart": month, "ChargePeriodEnd": month + pd.offsets.MonthBegin(1), "ChargeCategory": category,
        "ChargeFrequency": "Recurring" if category == "Purchase" else "One-Time", "ChargeDescription": text,
        "SubAccountId": PAYER, "ServiceName": name, "ServiceCategory": kind, "x_ServiceCode": code,
        "PricingCategory": "Standard" if category == "Purchase" else None, "BilledCost": round(usd, 10),
        "EffectiveCost": round(effective, 10), "ListCost": round(usd, 10), "ContractedCost": round(usd, 10), "Tags": [],
        **more,
    }  # fmt: skip


def fees(usage: pd.DataFrame, rates: Rates) -> pd.DataFrame:
    """Each month's recurring fees of the plan and the reservation, tax and credit."""
    rows = []
    for month in pd.date_range(START, END, freq="MS", inclusive="left"):
        hours = month.days_in_month * 24.0
        plan = hours * PLANNED * rates.host_g5_plan
        text = "Machine Learning Savings Plan, the month's fee with its part of the upfront"
        rows.append(fee(month, "Purchase", "plan", text, plan, 0.0, CommitmentDiscountId=MACHINE_PLAN))
        if month < RESERVATION_END:
            reserved = hours * RESERVED * rates.m5_reserved
            text = "1 year No Upfront Reserved Instance m5.xlarge"
            more = {"CommitmentDiscountId": RESERVATION, "RegionId": "us-east-1"}
            rows.append(fee(month, "Purchase", "ec2", text, reserved, 0.0, **more))
        used = usage[usage["ChargePeriodStart"].dt.to_period("M") == month.to_period("M")]
        tax = TAX_FRACTION * float(used["BilledCost"].sum())
        rows.append(fee(month, "Tax", "tax", "Tax", tax, tax))
        rows.append(fee(month, "Credit", "ec2", "Promotional credit", CREDIT_USD, CREDIT_USD))
    return pd.DataFrame(rows)


def bill(rates: Rates) -> pd.DataFrame:
    """The whole bill, in FOCUS 1.2's columns."""
    usage = pd.concat([rows_of(line) for line in all_lines(rates)], ignore_index=True)
    frame = pd.concat([usage, fees(usage, rates)], ignore_index=True)
    plan = frame["CommitmentDiscountId"] == MACHINE_PLAN
    reserved = frame["CommitmentDiscountId"] == RESERVATION
    frame["CommitmentDiscountCategory"] = np.select([plan, reserved], ["Spend", "Usage"], None)
    frame["CommitmentDiscountType"] = np.select([plan, reserved], ["Savings Plan", "Reserved Instance"], None)
    month = frame["ChargePeriodStart"].dt.to_period("M").dt.to_timestamp()
    frame["BillingPeriodStart"], frame["BillingPeriodEnd"] = month, month + pd.offsets.MonthBegin(1)
    frame["BillingAccountId"], frame["BillingAccountName"] = PAYER, NAMES[PAYER]
    frame["BillingCurrency"], frame["ProviderName"] = "USD", "AWS"
    frame["PublisherName"] = frame["InvoiceIssuerName"] = "Amazon Web Services, Inc."
    frame["InvoiceId"] = "EXAMPLE-" + month.dt.strftime("%Y-%m")
    frame["SubAccountName"] = frame["SubAccountId"].map(NAMES)
    frame["RegionName"] = frame["RegionId"].map(REGIONS)
    keys = ["BillingPeriodStart", "SkuMeter", "ResourceId", "CommitmentDiscountStatus", "ChargePeriodStart"]
    return frame.sort_values(keys, kind="stable", ignore_index=True, na_position="last")


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
        waste.append({"kind": kind, "resource": commitment, "first_day": first, "usd": amount,
                      "shown_by": "commitment status Unused"})  # fmt: skip
    after = (END - RESERVATION_END) / pd.Timedelta(hours=1)
    anomalies = [
        ("runaway_training", "AmazonSageMaker", RESEARCH, "us-east-1", "2026-06-17", "2026-06-19", usd("llm-retry-loop")[0]),
        ("strange_region", "AmazonEC2", PRODUCTION, "us-west-2", "2026-07-08", "2026-07-10", usd("i-0bad")[0]),
        ("transfer_spike", "AmazonS3", PLATFORM, "us-east-1", "2026-08-12", "2026-08-12", 59_700.0 * rates.transfer),
        ("endpoint_grown", "AmazonSageMaker", PRODUCTION, "us-east-1", "2026-08-24", None,
         _grown(frame, rates)),
        ("reservation_ended", "AmazonEC2", PLATFORM, "us-east-1", "2026-09-01", None,
         5.0 * after * (rates.m5 - rates.m5_reserved)),
    ]  # fmt: skip
    names = ("kind", "service_code", "account_id", "region", "first_day", "last_day", "usd")
    return {"waste": waste, "anomalies": [dict(zip(names, one, strict=True)) for one in anomalies]}


def _grown(frame: pd.DataFrame, rates: Rates) -> float:
    """What the endpoint cost more than its two instances from the hour on in which it grew."""
    rows = frame[frame["ResourceId"].fillna("").str.endswith("endpoint/detector-prod")]
    after = rows[rows["ChargePeriodStart"] >= pd.Timestamp("2026-08-24 09:00")]
    hours = after["ChargePeriodStart"].nunique()
    return float(after["EffectiveCost"].sum()) - hours * 2.0 * rates.host_g5_plan


def truth(frame: pd.DataFrame, book: PriceBook, rates: Rates) -> dict[str, Any]:
    """Totals, figures by month, cost by owner, and what was injected."""
    months = frame["BillingPeriodStart"].dt.strftime("%Y-%m")
    team = frame["Tags"].map(lambda tags: dict(tags).get("team") or "(untagged)")
    return {
        "file": f"{NAME}.parquet",
        "snapshot_id": book.snapshot_id,
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
        "effective_by_team": {str(name): float(cost) for name, cost in frame.groupby(team)["EffectiveCost"].sum().items()},
        "effective_by_account": {
            str(name): float(cost) for name, cost in frame.groupby("SubAccountId")["EffectiveCost"].sum().items()
        },
        **injected(frame, rates),
    }


def write(out: Path = BILLS_DIR) -> None:
    """Writes the bill and its truth under ``out``."""
    book = PriceBook.open()
    rates = Rates.of(book)
    frame = bill(rates)
    out.mkdir(parents=True, exist_ok=True)
    times = [name for name in frame if name.endswith(("Start", "End"))]
    numbers = [*COSTS, "PricingQuantity", "ConsumedQuantity", "ListUnitPrice", "ContractedUnitPrice"]
    kinds: dict[str, pa.DataType] = {name: pa.string() for name in frame}
    kinds |= {name: pa.timestamp("ms") for name in times} | {name: pa.float64() for name in numbers}
    kinds["Tags"] = pa.map_(pa.string(), pa.string())
    ordered = sorted(frame.columns)
    schema = pa.schema([(name, kinds[name]) for name in ordered])
    columns = [pa.array(frame[name].where(frame[name].notna(), None), type=kinds[name], from_pandas=True) for name in ordered]
    table = pa.Table.from_arrays(columns, schema=schema)
    parquet.write_table(table, out / f"{NAME}.parquet", compression="zstd", compression_level=19, row_group_size=200_000)
    content = json.dumps(truth(frame, book, rates), indent=1) + "\n"
    (out / f"{NAME}_truth.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
