"""How each line type of a Cost and Usage Report is counted and amortised (CID, cid/summary_view.sql)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from costlib.billing import kpis
from costlib.billing.bill import open_bill
from tests.billing.conftest import cur2, legacy, written

PLAN = {"savings_plan_savings_plan_a_r_n": "arn:aws:savingsplans::111:savingsplan/a"}
RESERVED = {"reservation_reservation_a_r_n": "arn:aws:ec2:us-east-1:111:reserved-instances/b"}


def line(kind: str, unblended: float, public: object = "", **more: Any) -> dict[str, Any]:
    costs = {"line_item_unblended_cost": unblended, "pricing_public_on_demand_cost": public}
    return {"line_item_line_item_type": kind, **costs, **more}


#: Line, effective cost, charge category, purchase option, status.
LINES: list[tuple[dict[str, Any], float, str, str | None, str | None]] = [
    (line("Usage", 0.19, 0.19), 0.19, "Usage", "on_demand", None),
    (line("Usage", 0.06, 0.19, line_item_usage_type="USW2-SpotUsage:m5.xlarge"), 0.06, "Usage", "spot", None),
    (
        line(
            "Usage", 0.5, 1.4, line_item_product_code="AmazonSageMaker", line_item_usage_type="USE1-TrSpt:ml.g5.xlarge"
        ),
        0.5,
        "Usage",
        "managed_spot",
        None,
    ),
    (
        line("SavingsPlanCoveredUsage", 0.19, 0.19, savings_plan_savings_plan_effective_cost=0.12, **PLAN),
        0.12,
        "Usage",
        "savings_plan",
        "Used",
    ),
    (line("SavingsPlanNegation", -0.19, 0.19, line_item_resource_id="", **PLAN), 0.0, "Usage", "savings_plan", None),
    (
        line(
            "SavingsPlanRecurringFee",
            0.15,
            savings_plan_total_commitment_to_date=0.15,
            savings_plan_used_commitment=0.12,
            line_item_product_code="ComputeSavingsPlans",
            **PLAN,
        ),
        0.03,
        "Purchase",
        None,
        "Unused",
    ),
    (
        line("SavingsPlanUpfrontFee", 1000.0, line_item_product_code="ComputeSavingsPlans", **PLAN),
        0.0,
        "Purchase",
        None,
        None,
    ),
    (
        line("DiscountedUsage", 0.0, 0.19, reservation_effective_cost=0.11, **RESERVED),
        0.11,
        "Usage",
        "reserved",
        "Used",
    ),
    (
        line(
            "RIFee",
            80.0,
            reservation_unused_amortized_upfront_fee_for_billing_period=2.0,
            reservation_unused_recurring_fee=3.0,
            **RESERVED,
        ),
        5.0,
        "Purchase",
        None,
        "Unused",
    ),
    (line("Fee", 500.0, **RESERVED), 0.0, "Purchase", None, None),
    (line("Fee", 29.0, line_item_product_code="AWSSupport"), 29.0, "Purchase", None, None),
    (line("Refund", -10.0, line_item_product_code="ComputeSavingsPlans"), 0.0, "Adjustment", None, None),
    (line("Refund", -3.0), -3.0, "Adjustment", None, None),
    (line("Credit", -7.0), -7.0, "Credit", None, None),
    (line("EdpDiscount", -0.02), -0.02, "Usage", "on_demand", None),
    (line("Tax", 1.3), 1.3, "Tax", None, None),
]


@pytest.mark.parametrize("version", ["CUR 2.0", "CUR legacy"])
def test_every_line_type(tmp_path: Path, version: str) -> None:
    marked = [{**one, "line_item_line_item_description": str(n)} for n, (one, *_) in enumerate(LINES)]
    frame = cur2(*marked) if version == "CUR 2.0" else legacy(*marked)
    bill = open_bill(written(frame, tmp_path / "bill.csv"))
    assert bill.versions == (version,)
    rows = bill.ask(bill.rows.drop("tags")).set_index("description")
    for number, (given, effective, category, option, status) in enumerate(LINES):
        row = rows.loc[str(number)]
        name = given["line_item_line_item_type"]
        assert row["effective_cost"] == pytest.approx(effective), name
        assert row["billed_cost"] == given["line_item_unblended_cost"], name
        wanted = [category, option, status]
        assert [
            None if pd.isna(row[k]) else row[k] for k in ("charge_category", "purchase_option", "commitment_status")
        ] == wanted
    assert bill.reconciliation.whole


def test_a_negation_takes_back_money_and_no_usage(tmp_path: Path) -> None:
    """koku#5252: usage would count twice. The pair costs what the plan's rate says, at list what it would have cost."""
    pair = [
        one
        for one, *_ in LINES
        if one["line_item_line_item_type"] in ("SavingsPlanCoveredUsage", "SavingsPlanNegation")
    ]
    found = kpis.kpis(open_bill(written(cur2(*pair), tmp_path / "bill.csv")), "total").iloc[0]
    assert found["instance_hours"] == 1.0 and found["billed_cost"] == 0.0
    assert found["effective_cost"] == pytest.approx(0.12) and found["usage_list"] == pytest.approx(0.19)
    assert found["savings_rate_list"] == pytest.approx(1 - 0.12 / 0.19) and found["coverage"] == 1.0


def test_fees_are_not_amortised_twice(tmp_path: Path) -> None:
    """koku#5578: upfront and recurring fees, added to what covered usage costs, would double the commitment."""
    kinds = ("SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee")
    lines = [one for one, *_ in LINES if one["line_item_line_item_type"] in kinds]
    bill = open_bill(written(cur2(*lines), tmp_path / "bill.csv"))
    found = kpis.kpis(bill, "total").iloc[0]
    assert found["effective_cost"] == pytest.approx(0.15) and found["utilisation"] == pytest.approx(0.12 / 0.15)
    (one,) = kpis.commitments(bill).to_dict("records")
    assert one["used"] == pytest.approx(0.12) and one["unused"] == pytest.approx(0.03)
    assert one["bought"] == pytest.approx(1000.15) and one["saved"] == pytest.approx(0.19 - 0.15)


def test_the_type_of_spot_comes_from_its_description(tmp_path: Path) -> None:
    spot = {
        "line_item_usage_type": "SpotUsage",
        "line_item_line_item_description": "g5.xlarge Linux/UNIX Spot Instance-hour",
    }
    frame = cur2(spot, {"product_instance_type": "p4d.24xlarge", "line_item_usage_type": "Reservation"})
    rows = open_bill(written(frame, tmp_path / "b.csv"))
    found = rows.ask(rows.rows.select("instance_type", "instance_hours").order_by("instance_type"))
    assert list(found["instance_type"]) == ["g5.xlarge", "p4d.24xlarge"]
    # Capacity that was reserved and not used ran nothing.
    assert found["instance_hours"].fillna(0.0).tolist() == [1.0, 0.0]


def test_product_attributes_of_cur2_are_a_map(tmp_path: Path) -> None:
    frame = cur2({"product": '{"product_name": "Amazon SageMaker", "region": "eu-west-1"}'}).drop(
        columns="product_region_code"
    )
    bill = open_bill(written(frame, tmp_path / "b.csv"))
    (row,) = bill.ask(bill.rows.select("service", "region")).to_dict("records")
    assert row == {"service": "Amazon SageMaker", "region": "eu-west-1"}
