"""Hourly usage of a bill, as the commitments' models take it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from costlib.billing.bill import open_bill
from costlib.billing.usage import hourly_usage
from costlib.errors import InvalidInput
from costlib.models.commitments import usage_from
from costlib.paths import data_dir
from tests.billing.conftest import focus, written

SPOT = {"PricingCategory": "Dynamic", "x_UsageType": "SpotUsage:g5.xlarge", "ChargeDescription": ""}
COVERED = {"CommitmentDiscountId": "x", "CommitmentDiscountCategory": "Spend", "CommitmentDiscountStatus": "Used"}
UNUSED = {**COVERED, "CommitmentDiscountStatus": "Unused"}
LATER = {"ChargePeriodStart": "2026-08-03T03:00:00Z", "ChargePeriodEnd": "2026-08-03T04:00:00Z"}


def test_what_counts(tmp_path: Path) -> None:
    surcharge = {"x_UsageType": "EBSOptimized:g5.xlarge"}
    daily = {"ChargePeriodEnd": "2026-08-04T00:00:00Z", "PricingQuantity": 24.0}
    nowhere = {"RegionId": "", "PricingQuantity": 3.0}
    rows = focus({}, SPOT, COVERED, UNUSED, {**LATER, "PricingQuantity": 0.5}, surcharge, daily, nowhere)
    bill = open_bill(written(rows, tmp_path / "b.csv"))
    found = hourly_usage(bill)
    assert list(found.frame["quantity"]) == [3.0, 0.0, 0.0, 0.5]
    assert (found.left_out_hours, found.filled_hours) == (27.0, 2)
    assert list(hourly_usage(bill, spot=False).frame["quantity"]) == [2.0, 0.0, 0.0, 0.5]
    usage = usage_from(found.frame)
    assert usage.lines[0].instance_type == "g5.xlarge" and usage.lines[0].service == "ec2"
    assert usage.quantity[:, 0].tolist() == [3.0, 0.0, 0.0, 0.5]


def test_of_the_example_bill() -> None:
    found = hourly_usage(open_bill(str(data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet")))
    usage = usage_from(found.frame)
    by_type = found.frame.groupby("instance_type")["quantity"].sum()
    assert found.left_out_hours == 0.0 and usage.quantity.sum() == pytest.approx(by_type.sum())
    # Five data instances for all 183 days, reserved or not.
    assert by_type["m5.xlarge"] == 5 * 183 * 24
    assert set(found.frame["service"]) == {"ec2", "sagemaker"}


def test_a_bill_that_is_not_hourly(tmp_path: Path) -> None:
    daily = {"ChargePeriodEnd": "2026-08-04T00:00:00Z", "PricingQuantity": 24.0}
    with pytest.raises(InvalidInput, match="not hourly: 24"):
        hourly_usage(open_bill(written(focus(daily), tmp_path / "b.csv")))
    tax = open_bill(written(focus({"ChargeCategory": "Tax"}), tmp_path / "t.csv"))
    with pytest.raises(InvalidInput, match="no instance-hours"):
        hourly_usage(tax)


def test_hours_are_times(tmp_path: Path) -> None:
    frame = hourly_usage(open_bill(written(focus({}), tmp_path / "b.csv"))).frame
    assert pd.api.types.is_datetime64_any_dtype(frame["hour"])
