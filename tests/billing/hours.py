"""Bills of hours: a resource that runs from one moment to another, as FOCUS rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from costlib.billing.bill import Bill, open_bill
from tests.billing.conftest import FOCUS_ROW, written

#: An account and region that commands can name.
ACCOUNT, REGION = "222233334444", "us-east-1"
#: The bills of these tests end here; it is a Monday.
END = pd.Timestamp("2026-08-31")
SAGEMAKER = {"x_ServiceCode": "AmazonSageMaker", "ServiceName": "Amazon SageMaker"}


def arn(kind: str, name: str) -> str:
    """A SageMaker resource's ARN."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def ran(
    resource: str, usage_type: str, days: float, usd: float = 1.0, ends: object = END, **changes: Any
) -> pd.DataFrame:
    """A row an hour of ``usd``, over the ``days`` before ``ends``."""
    last = pd.Timestamp(str(ends))
    starts = pd.date_range(last - pd.Timedelta(days=days), last, freq="h", inclusive="left")
    row = {
        **FOCUS_ROW, "ResourceId": resource, "x_UsageType": usage_type, "SubAccountId": ACCOUNT, "BilledCost": usd,
        "EffectiveCost": usd, "ListCost": usd, "ContractedCost": usd, "ChargeDescription": usage_type, **changes,
    }  # fmt: skip
    frame = pd.DataFrame([row]).loc[[0] * len(starts)].reset_index(drop=True)
    frame["ChargePeriodStart"] = starts.strftime("%Y-%m-%dT%H:%M:%SZ")
    frame["ChargePeriodEnd"] = (starts + pd.Timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    frame["BillingPeriodStart"] = starts.strftime("%Y-%m-01T00:00:00Z")
    return frame


def opened(path: Path, *frames: pd.DataFrame) -> Bill:
    """The frames as one bill."""
    return open_bill(written(pd.concat(frames, ignore_index=True), path / "bill.parquet"))


def endpoint(name: str, days: float, usd: float = 1.0, **changes: Any) -> pd.DataFrame:
    """An endpoint of one instance."""
    return ran(arn("endpoint", name), "USE1-Host:ml.m5.xlarge", days, usd, **{**SAGEMAKER, **changes})


def notebook(name: str, days: float, usd: float = 1.0, **changes: Any) -> pd.DataFrame:
    """A notebook instance."""
    return ran(arn("notebook-instance", name), "USE1-Notebk:ml.t3.medium", days, usd, **{**SAGEMAKER, **changes})


def training_job(name: str, hours: float, usd: float = 2.0, ends: object = END, **changes: Any) -> pd.DataFrame:
    """A training job on demand."""
    usage_type = "USE1-Train:ml.g5.xlarge"
    return ran(arn("training-job", name), usage_type, hours / 24.0, usd, ends, **{**SAGEMAKER, **changes})
