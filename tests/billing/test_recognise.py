"""Usage types, instance types, components and resources, by AWS's words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from costlib.billing.bill import open_bill
from tests.billing.conftest import focus, written

#: Usage type and description; instance type, component, whether it is an instance that ran.
USAGE = [
    ("USE1-Train:ml.g5.2xlarge", "", "ml.g5.2xlarge", "Training Job", True),
    ("USE1-TrSpt:ml.g5.2xlarge", "", "ml.g5.2xlarge", "Managed Spot Training", True),
    ("USE1-TrainWarmPool:ml.g5.2xlarge", "", "ml.g5.2xlarge", "Training Warm Pool", True),
    ("USE1-Host:ml.m5.xlarge", "", "ml.m5.xlarge", "Endpoint Instance", True),
    ("USE1-Notebk:ml.t3.medium", "", "ml.t3.medium", "Notebook Instance", True),
    ("EU-Processing:ml.m5.large", "", "ml.m5.large", "Processing", True),
    ("APN1-AsyncInf:ml.g6.xlarge", "", "ml.g6.xlarge", "Asynchronous Inference", True),
    ("EU-Studio:JupyterLab-ml.t3.medium", "", "ml.t3.medium", "Studio", True),
    ("USE1-Tsform:ml.c5.xlarge", "", "ml.c5.xlarge", "Batch Transform", True),
    ("USE1-Cluster:ml.p5.48xlarge", "", "ml.p5.48xlarge", "HyperPod", True),
    ("USE1-Hst:Data-Bytes-Out", "", None, "Data Processed by Hosting", False),
    ("BoxUsage:p4d.24xlarge", "", "p4d.24xlarge", None, True),
    ("USW2-SpotUsage:u-6tb1.metal", "", "u-6tb1.metal", None, True),
    ("BoxUsage:c7i.metal-48xl", "", "c7i.metal-48xl", None, True),
    ("EBSOptimized:m4.large", "", "m4.large", None, False),
    ("UnusedBox:p5.48xlarge", "", "p5.48xlarge", None, False),
    ("EBS:VolumeUsage.gp3", "GB-month of General Purpose (gp3)", None, None, False),
    ("", "$0.0464 per On Demand Linux t2.medium Instance Hour", "t2.medium", None, True),
    ("", "g5.xlarge Linux/UNIX Spot Instance-hour in US East", "g5.xlarge", None, True),
    ("", "$1.515 per Managed Spot Training ml.g5.2xlarge hour", "ml.g5.2xlarge", None, True),
]


def test_types_and_components(tmp_path: Path) -> None:
    rows = []
    for number, (usage_type, description, *_) in enumerate(USAGE):
        code = "AmazonSageMaker" if "ml." in usage_type + description or "Hst" in usage_type else "AmazonEC2"
        rows.append(
            {
                "x_UsageType": usage_type,
                "ChargeDescription": description,
                "ResourceId": f"{number:02d}",
                "x_ServiceCode": code,
            }
        )
    bill = open_bill(written(focus(*rows), tmp_path / "b.csv"))
    found = bill.ask(bill.rows.order_by("resource_id").drop("tags"))
    for row, (usage_type, description, name, component, ran) in zip(found.to_dict("records"), USAGE, strict=True):
        case = usage_type or description
        assert (None if pd.isna(row["instance_type"]) else row["instance_type"]) == name, case
        assert pd.notna(row["instance_hours"]) == ran, case
        if usage_type:
            assert (None if pd.isna(row["component"]) else row["component"]) == component, case


@pytest.mark.parametrize(
    ("resource", "kind", "name"),
    [
        ("arn:aws:sagemaker:us-east-1:1:training-job/bert-1", "training-job", "bert-1"),
        ("arn:aws-cn:sagemaker:cn-north-1:1:endpoint/a/b", "endpoint", "a/b"),
        ("arn:aws:ec2:us-east-1:1:instance/i-1", None, None),
        ("i-1", None, None),
    ],
)
def test_resources_of_sagemaker(tmp_path: Path, resource: str, kind: str | None, name: str | None) -> None:
    bill = open_bill(written(focus({"ResourceId": resource}), tmp_path / "b.csv"))
    (row,) = bill.ask(bill.rows.select("resource_kind", "resource_name")).to_dict("records")
    assert [None if pd.isna(value) else value for value in row.values()] == [kind, name]


#: What FOCUS says of a row, and how it was bought.
BOUGHT = [
    ({}, "on_demand"),
    ({"PricingCategory": "Dynamic"}, "spot"),
    ({"PricingCategory": "Dynamic", "x_ServiceCode": "AmazonSES"}, "dynamic"),
    ({"x_UsageType": "SpotUsage:g5.xlarge"}, "spot"),
    ({"x_UsageType": "USE1-TrSpt:ml.g5.xlarge", "CommitmentDiscountId": "x"}, "managed_spot"),
    ({"CommitmentDiscountId": "x", "CommitmentDiscountCategory": "Spend"}, "savings_plan"),
    ({"CommitmentDiscountId": "x", "CommitmentDiscountCategory": "Usage"}, "reserved"),
    ({"CommitmentDiscountId": "x", "CommitmentDiscountType": "Capacity Blocks for ML"}, "capacity_block"),
    ({"CommitmentDiscountId": "arn:aws:savingsplans::1:savingsplan/a"}, "savings_plan"),
    ({"CommitmentDiscountId": "arn:aws:ec2:r:1:reserved-instances/a"}, "reserved"),
    ({"CommitmentDiscountId": "x"}, "committed"),
    ({"ChargeCategory": "Purchase", "CommitmentDiscountId": "x"}, None),
]


def test_how_usage_was_bought(tmp_path: Path) -> None:
    rows = [{**given, "ResourceId": f"{number:02d}"} for number, (given, _) in enumerate(BOUGHT)]
    bill = open_bill(written(focus(*rows), tmp_path / "b.csv"))
    found = bill.ask(bill.rows.order_by("resource_id").select("purchase_option", "is_spot", "is_covered"))
    options = [None if pd.isna(one) else one for one in found["purchase_option"]]
    assert options == [option for _, option in BOUGHT]
    assert list(found["is_spot"]) == [option in ("spot", "managed_spot") for option in options]
    committed = ("savings_plan", "reserved", "capacity_block", "committed")
    assert list(found["is_covered"]) == [option in committed for option in options]
