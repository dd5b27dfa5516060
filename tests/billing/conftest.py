"""Small bills, made row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

KNOWN = Path(__file__).parent / "known"

#: One row of a FOCUS export; tests change what they are about.
FOCUS_ROW: dict[str, Any] = {
    "BillingAccountId": "111",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-08-01T00:00:00Z",
    "BillingPeriodEnd": "2026-09-01T00:00:00Z",
    "ChargePeriodStart": "2026-08-03T00:00:00Z",
    "ChargePeriodEnd": "2026-08-03T01:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeDescription": "On Demand Linux g5.xlarge",
    "BilledCost": 1.0,
    "EffectiveCost": 1.0,
    "ListCost": 1.0,
    "ContractedCost": 1.0,
    "PricingCategory": "Standard",
    "PricingQuantity": 1.0,
    "PricingUnit": "Hours",
    "ServiceName": "Amazon Elastic Compute Cloud",
    "RegionId": "us-east-1",
    "ResourceId": "i-1",
    "SubAccountId": "222",
    "SubAccountName": "ml",
    "x_ServiceCode": "AmazonEC2",
    "x_Operation": "RunInstances",
    "x_UsageType": "BoxUsage:g5.xlarge",
    "CommitmentDiscountId": "",
    "CommitmentDiscountCategory": "",
    "CommitmentDiscountType": "",
    "CommitmentDiscountStatus": "",
    "Tags": "{}",
}
#: One row of CUR 2.0.
CUR_ROW: dict[str, Any] = {
    "bill_payer_account_id": "111",
    "bill_billing_period_start_date": "2026-08-01T00:00:00Z",
    "line_item_usage_start_date": "2026-08-03T00:00:00Z",
    "line_item_usage_end_date": "2026-08-03T01:00:00Z",
    "line_item_usage_account_id": "222",
    "line_item_usage_account_name": "ml",
    "line_item_currency_code": "USD",
    "line_item_line_item_type": "Usage",
    "line_item_product_code": "AmazonEC2",
    "line_item_operation": "RunInstances",
    "line_item_usage_type": "BoxUsage:m5.xlarge",
    "line_item_line_item_description": "Linux m5.xlarge",
    "line_item_usage_amount": 1.0,
    "line_item_unblended_cost": 1.0,
    "line_item_resource_id": "i-1",
    "pricing_public_on_demand_cost": 1.0,
    "pricing_unit": "Hrs",
    "product_region_code": "us-east-1",
    "product_instance_type": "",
    "product": '{"product_name": "Amazon Elastic Compute Cloud"}',
    "resource_tags": "{}",
    "savings_plan_savings_plan_a_r_n": "",
    "savings_plan_savings_plan_effective_cost": "",
    "savings_plan_total_commitment_to_date": "",
    "savings_plan_used_commitment": "",
    "reservation_reservation_a_r_n": "",
    "reservation_effective_cost": "",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "",
    "reservation_unused_recurring_fee": "",
}


def focus(*changes: dict[str, Any]) -> pd.DataFrame:
    """A FOCUS frame with a row for each set of changes."""
    return pd.DataFrame([{**FOCUS_ROW, **one} for one in changes])


def cur2(*changes: dict[str, Any]) -> pd.DataFrame:
    """A CUR 2.0 frame with a row for each set of changes."""
    return pd.DataFrame([{**CUR_ROW, **one} for one in changes])


def legacy(*changes: dict[str, Any]) -> pd.DataFrame:
    """A legacy CUR frame, its columns in the report's own spelling."""
    heads = ("line_item", "bill", "pricing", "product", "savings_plan", "reservation")
    frame = cur2(*changes).drop(columns=["product", "resource_tags", "line_item_usage_account_name"])

    def spelt(name: str) -> str:
        for head in heads:
            if name.startswith(head + "_"):
                first, *more = head.split("_")
                left = first + "".join(word.title() for word in more)
                return left + "/" + "".join(word.title() for word in name.removeprefix(head + "_").split("_"))
        return name

    return frame.rename(columns=spelt)


def written(frame: pd.DataFrame, path: Path) -> str:
    """The frame as CSV (also packed) or Parquet, by the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    else:
        frame.to_csv(path, index=False, compression="gzip" if path.suffix == ".gz" else None)
    return str(path)


@pytest.fixture(scope="session")
def known() -> Path:
    """The folder of bills with known answers."""
    return KNOWN
