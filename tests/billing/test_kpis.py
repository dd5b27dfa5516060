"""KPIs in their corners, by week, with requests, and how they must move when a bill does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costlib.billing import kpis, rates
from costlib.billing.bill import Bill, open_bill
from costlib.errors import InvalidInput
from tests.billing.conftest import focus, written

COVERED = {
    "PricingCategory": "Committed",
    "CommitmentDiscountId": "arn:aws:savingsplans::1:savingsplan/a",
    "CommitmentDiscountCategory": "Spend",
    "CommitmentDiscountStatus": "Used",
    "BilledCost": 0.0,
    "EffectiveCost": 0.6,
}
UNUSED = {**COVERED, "CommitmentDiscountStatus": "Unused", "EffectiveCost": 0.2, "ResourceId": ""}
SPOT = {"PricingCategory": "Dynamic", "BilledCost": 0.4, "EffectiveCost": 0.4}
TRAIN = {
    "x_ServiceCode": "AmazonSageMaker",
    "x_UsageType": "USE1-Train:ml.p4d.24xlarge",
    "EffectiveCost": 20.0,
    "ListCost": 20.0,
    "ContractedCost": 20.0,
}


def opened(tmp_path: Path, frame: pd.DataFrame) -> Bill:
    return open_bill(written(frame, tmp_path / "bill.parquet"))


def test_by_hand(tmp_path: Path) -> None:
    bill = opened(tmp_path, focus({}, COVERED, UNUSED, SPOT, {"ChargeCategory": "Tax"}, {"ChargeCategory": "Purchase"}))
    found = kpis.kpis(bill).iloc[0]
    # At list: on demand, covered and spot 1 each; unused, tax and the purchase do not count.
    assert found["usage_list"] == 3.0 and found["usage_effective"] == pytest.approx(1.0 + 0.6 + 0.2 + 0.4)
    assert found["savings_rate_list"] == pytest.approx((3.0 - 2.2) / 3.0)
    assert found["coverage"] == pytest.approx(1 / 3) and found["coverage_eligible"] == pytest.approx(1 / 3)
    assert found["utilisation"] == pytest.approx(0.75) and found["unused"] == pytest.approx(0.2)
    assert found["spot_share"] == pytest.approx(1 / 3) and found["spot_saving"] == pytest.approx(0.6)
    assert found["instance_hours"] == 3.0 and found["blended_rate"] == pytest.approx(2.0 / 3.0)


def test_corners(tmp_path: Path) -> None:
    found = kpis.kpis(opened(tmp_path, focus({}))).iloc[0]
    assert found["savings_rate"] == found["coverage"] == found["spot_share"] == 0.0
    assert np.isnan([found["utilisation"], found["spot_saving"], found["cost_per_training_job"]]).all()
    all_covered = kpis.kpis(opened(tmp_path, focus(COVERED))).iloc[0]
    assert all_covered["coverage"] == all_covered["utilisation"] == 1.0
    unused = kpis.kpis(opened(tmp_path, focus(UNUSED))).iloc[0]
    assert unused["utilisation"] == 0.0 and np.isnan(unused["savings_rate_list"])


def test_rates_do_not_move_with_the_currency_and_sums_do(tmp_path: Path) -> None:
    frame = focus({}, COVERED, UNUSED, SPOT, TRAIN)
    costs = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]
    plain = kpis.kpis(opened(tmp_path, frame)).iloc[0]
    dear = kpis.kpis(opened(tmp_path, frame.assign(**(frame[costs] * 7.0)))).iloc[0]
    shares = ("savings_rate", "savings_rate_list", "coverage", "utilisation", "spot_share", "spot_saving")
    for name in shares:
        assert dear[name] == pytest.approx(plain[name]), name
    for name in ("effective_cost", "unused", "blended_rate", "cost_per_training_job"):
        assert dear[name] == pytest.approx(7.0 * plain[name]), name


def test_weeks_begin_on_monday_and_months_are_the_invoice_s(tmp_path: Path) -> None:
    # 2026-08-31 is a Monday; the charge is on August's invoice.
    late = {"ChargePeriodStart": "2026-08-31T05:00:00Z", "BilledCost": 2.0}
    sunday = {"ChargePeriodStart": "2026-08-30T23:00:00Z", "BilledCost": 4.0}
    bill = opened(tmp_path, focus({}, late, sunday))
    assert list(kpis.kpis(bill)["billed_cost"]) == [7.0]
    weeks = kpis.kpis(bill, "week")
    assert list(weeks["period"].dt.strftime("%m-%d")) == ["08-03", "08-24", "08-31"]
    assert list(weeks["billed_cost"]) == [1.0, 4.0, 2.0]
    assert len(kpis.kpis(bill, "day")) == 3 and kpis.kpis(bill, "total")["rows"].iloc[0] == 3
    with pytest.raises(InvalidInput, match="period"):
        kpis.kpis(bill, "year")


def test_unit_costs(tmp_path: Path) -> None:
    jobs = [{**TRAIN, "ResourceId": f"arn:aws:sagemaker:us-east-1:1:training-job/{n}"} for n in ("a", "b", "b")]
    host = {"x_ServiceCode": "AmazonSageMaker", "x_UsageType": "USE1-Host:ml.m5.xlarge", "EffectiveCost": 0.5}
    bill = opened(tmp_path, focus(*jobs, host))
    requests = pd.Series({"2026-08-01": 2000.0})
    found = kpis.kpis(bill, requests=requests).iloc[0]
    assert found["training_jobs"] == 2 and found["cost_per_training_job"] == 30.0
    assert found["cost_per_thousand_requests"] == pytest.approx(0.25)
    with pytest.raises(InvalidInput, match="first day of a period"):
        kpis.kpis(bill, requests=pd.Series({"2026-09-01": 1.0}))
    by_type = rates.rates(bill)
    assert by_type.set_index("instance_type")["effective_rate"].to_dict() == {
        "ml.m5.xlarge": 0.5,
        "ml.p4d.24xlarge": 20.0,
    }
    costs = rates.accelerator_costs(by_type).iloc[0]
    # A p4d.24xlarge has eight accelerators, an m5.xlarge none.
    assert costs["accelerator_hours"] == 24.0 and costs["cost_per_accelerator_hour"] == 2.5


def test_untagged_by_keys(tmp_path: Path) -> None:
    tagged = {"Tags": '{"team": "a"}', "EffectiveCost": 3.0}
    credit = {"ChargeCategory": "Credit", "EffectiveCost": -100.0}
    bill = open_bill(written(focus({}, tagged, credit), tmp_path / "b.csv"))
    assert kpis.untagged(bill)["untagged_share"].iloc[0] == 0.25
    assert kpis.untagged(bill, ("team",))["untagged_share"].iloc[0] == 0.25
    assert kpis.untagged(bill, ("team", "project"))["untagged_share"].iloc[0] == 1.0
    assert kpis.untagged(bill)["untagged_rows_share"].iloc[0] == 0.5
