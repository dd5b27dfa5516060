"""Writes data/examples/bills/ml_focus_1_2.parquet and its truth: ``python -m data.build.example_bill``.

The same snapshot gives the same bytes.
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
from data.build import example_bill_rest, example_bill_sagemaker
from data.build.example_bill_lines import (
    END,
    MACHINE_PLAN,
    NAMES,
    PAYER,
    PLANNED,
    RESERVATION,
    RESERVATION_END,
    RESERVED,
    START,
    Line,
    Rates,
)
from data.build.example_bill_truth import COSTS, truth

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
        "ChargePeriodStart": month,
        "ChargePeriodEnd": month + pd.offsets.MonthBegin(1),
        "ChargeCategory": category,
        "ChargeFrequency": "Recurring" if category == "Purchase" else "One-Time",
        "ChargeDescription": text,
        "SubAccountId": PAYER,
        "ServiceName": name,
        "ServiceCategory": kind,
        "x_ServiceCode": code,
        "PricingCategory": "Standard" if category == "Purchase" else None,
        "BilledCost": round(usd, 10),
        "EffectiveCost": round(effective, 10),
        "ListCost": round(usd, 10),
        "ContractedCost": round(usd, 10),
        "Tags": [],
        **more,
    }


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
    ml, rest = example_bill_sagemaker, example_bill_rest
    lines = [*ml.training(rates), *ml.serving(rates), *ml.notebooks(rates), *rest.machines(rates), *rest.storage(rates)]
    usage = pd.concat([rows_of(line) for line in lines], ignore_index=True)
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
    columns = [
        pa.array(frame[name].where(frame[name].notna(), None), type=kinds[name], from_pandas=True) for name in ordered
    ]
    table = pa.Table.from_arrays(columns, schema=schema)
    parquet.write_table(
        table, out / f"{NAME}.parquet", compression="zstd", compression_level=19, row_group_size=200_000
    )
    content = json.dumps(truth(f"{NAME}.parquet", frame, book, rates), indent=1) + "\n"
    (out / f"{NAME}_truth.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
