"""Commitments in force: what is read, how long each still holds, and every fault with its row."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments_inputs import Commitment, Line, Rates
from costlib.models.commitments_scenarios import Scenarios, beyond
from costlib.planner.commit.held_file import held_of, read_held
from costlib.prices.book import PriceBook

HEADER = "plan_type,amount,term_years,payment,instance_type,family,region,zone,ends"
NOW = pd.Timestamp("2026-07-01T00:00Z")


@pytest.fixture(scope="module")
def rates() -> Rates:
    """What the price book holds for three types of us-east-1, and one SageMaker type."""
    book = PriceBook.open()
    types = ["g5.xlarge", "p5.48xlarge", "m5.xlarge"]
    reserved = book.table("prices/ec2_reserved").assign(service="ec2", usd_per_hour=lambda row: row["usd"])
    reserved["plan_type"] = reserved["offering_class"]
    plans = book.part("ec2", "savings_plan").assign(usd_per_hour=lambda row: row["usd_expected"])
    plans[["plan_type", "term", "payment"]] = plans["option"].str.split(" ", expand=True)
    listed = book.part("ec2", "on_demand").assign(
        usd_per_hour=lambda row: row["usd_expected"], plan_type="on_demand", payment=""
    )
    ml = pd.DataFrame(
        {"plan_type": ["sagemaker", "on_demand"], "term_years": [1, 0], "payment": ["partial_upfront", ""],
         "instance_type": "ml.g5.xlarge", "region": "us-east-1", "service": "sagemaker", "usd_per_hour": [1.0, 1.4]}
    )  # fmt: skip
    columns = [*ml, "upfront_fraction"]
    frame = pd.concat([reserved, plans, listed])
    frame = frame[frame["instance_type"].isin(types) & (frame["region"] == "us-east-1")]
    return Rates(pd.concat([frame, ml], ignore_index=True).assign(upfront_fraction=0.5)[columns])


def read(rates: Rates, *rows: str, header: str = HEADER):
    return held_of("\n".join([header, *rows]).encode(), "held.csv", rates, NOW)


def said(rates: Rates, *rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(rates, *rows, header=header)
    return [str(fault) for fault in caught.value.faults]


GOOD = [
    "standard,3,1,no_upfront,g5.xlarge,,us-east-1,us-east-1a,2026-12-31",
    "convertible,2,3,all_upfront,g5.xlarge,,us-east-1,,2027-07-01T00:00Z",
    "ec2_instance,1.5,1,no_upfront,,g5,us-east-1,,2026-07-02",
    "compute,12.25,3,partial_upfront,,,,,2029-06-30T22:59-01:00",
    "sagemaker,4,1,partial_upfront,,,,,2026-07-01 01:59",
]


def test_rows_become_commitments_with_the_hours_that_are_left(rates):
    assert read(rates, *GOOD) == (
        # A day alone counts whole: 184 days from July to December.
        (Commitment("standard", 3, 1, "no_upfront", "g5.xlarge", None, "us-east-1", "us-east-1a"), 184 * 24),
        (Commitment("convertible", 2, 3, "all_upfront", "g5.xlarge", None, "us-east-1"), 365 * 24),
        (Commitment("ec2_instance", 1.5, 1, "no_upfront", None, "g5", "us-east-1"), 48),
        (Commitment("compute", 12.25, 3, "partial_upfront"), (3 * 365 + 1) * 24 - 25 + 24),
        (Commitment("sagemaker", 4, 1, "partial_upfront"), 1),
    )


def test_hours_are_counted_from_the_hour_asked_for_whatever_its_zone(rates):
    content = "\n".join([HEADER, GOOD[2]]).encode()
    for now in ("2026-07-01T10:00Z", "2026-07-01T12:00+02:00", "2026-07-01T10:00"):
        ((_, left),) = held_of(content, "held.csv", rates, pd.Timestamp(now))
        assert left == 38


def test_what_is_read_covers_demand_until_it_ends(rates, tmp_path):
    (tmp_path / "held.csv").write_text("\n".join([HEADER, GOOD[2].replace("ec2_instance,1.5", "ec2_instance,100")]))
    held = read_held(tmp_path / "held.csv", rates, NOW)
    demand = Scenarios((Line("g5.xlarge", "us-east-1"),), np.full((1, 72, 1), 2.0))
    left = beyond(demand, held, rates).quantity[0, :, 0]
    assert left.tolist() == [0.0] * 48 + [2.0] * 24


def test_account_and_column_order(rates):
    ((one, _),) = read(rates, "mine,2027-01-01,no_upfront,1,7,compute",
                       header="account,ends,payment,term_years,amount,plan_type")  # fmt: skip
    assert one == Commitment("compute", 7, 1, "no_upfront", account="mine")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("standart,1,1,no_upfront,g5.xlarge,,us-east-1,,2027-01-01", "row 2 plan_type: 'standart' is not a known comm"),
        ("on_demand,1,1,no_upfront,,,,,2027-01-01", "row 2 plan_type: 'on_demand' is not a known commitment"),
        ("compute,0,1,no_upfront,,,,,2027-01-01", "row 2 amount: '0' must be a number above 0"),
        ("compute,-1,1,no_upfront,,,,,2027-01-01", "row 2 amount: '-1' must be a number above 0"),
        ("compute,ten,1,no_upfront,,,,,2027-01-01", "row 2 amount: 'ten' must be a number above 0"),
        ("compute,inf,1,no_upfront,,,,,2027-01-01", "row 2 amount: 'inf' must be a number above 0"),
        ("compute,,1,no_upfront,,,,,2027-01-01", "row 2 amount: '' must be a number above 0"),
        ("standard,1.5,1,no_upfront,g5.xlarge,,us-east-1,,2027-01-01", "row 2 amount: '1.5' must be a whole number of"),
        ("compute,1,2,no_upfront,,,,,2027-01-01", "row 2 term_years: '2' is not sold: 1 or 3"),
        ("compute,1,1,upfront,,,,,2027-01-01", "row 2 payment: 'upfront' is not a known payment option (did you mean"),
        ("standard,1,1,no_upfront,,,us-east-1,,2027-01-01", "row 2 instance_type: '' is empty: standard holds for one"),
        ("standard,1,1,no_upfront,g5.xlarge,,,,2027-01-01", "row 2 region: '' is empty: standard holds for one region"),
        ("ec2_instance,1,1,no_upfront,,,us-east-1,,2027-01-01", "row 2 family: '' is empty: ec2_instance holds for on"),
        ("standard,1,1,no_upfront,g5.xlarge,g5,us-east-1,,2027-01-01", "row 2 family: 'g5' does not limit what standa"),
        ("compute,1,1,no_upfront,,,us-east-1,,2027-01-01", "row 2 region: 'us-east-1' does not limit what compute cov"),
        ("ec2_instance,1,1,no_upfront,,g5,us-east-1,us-east-1a,2027-01-01", "row 2 zone: 'us-east-1a' does not limit"),
        ("standard,1,1,no_upfront,g5.xlarg,,us-east-1,,2027-01-01", "row 2 instance_type: 'g5.xlarg' is not a known i"),
        ("ec2_instance,1,1,no_upfront,,g55,us-east-1,,2027-01-01", "row 2 family: 'g55' is not a known family with a"),
        ("standard,1,1,no_upfront,g5.xlarge,,us-est-1,,2027-01-01", "row 2 region: 'us-est-1' is not a known region w"),
        ("standard,1,1,no_upfront,g5.xlarge,,us-east-1,eu-west-1a,2027-01-01", "row 2 zone: 'eu-west-1a' is not a zon"),
        ("compute,1,1,no_upfront,,,,,2026-06-29", "row 2 ends: '2026-06-29' has ended by 2026-07-01 00:00 UTC: leave"),
        ("compute,1,1,no_upfront,,,,,2026-07-01T00:30Z", "row 2 ends: '2026-07-01T00:30Z' has ended by 2026-07-01 00"),
        ("compute,1,1,no_upfront,,,,,2026-06-30", "row 2 ends: '2026-06-30' has ended by 2026-07-01 00:00 UTC: leave"),
        ("compute,1,1,no_upfront,,,,,31/12/2026", "row 2 ends: '31/12/2026' is not a day or a time, as 2027-03-31 is"),
        ("compute,1,1,no_upfront,,,,,", "row 2 ends: '' is not a day or a time, as 2027-03-31 is"),
        ("compute,1,1,no_upfront,,,,,9999-12-31", "row 2 ends: '9999-12-31' is further off than a 1-year term can be"),
        ("compute,1,1,no_upfront,,,,,2027-07-03", "row 2 ends: '2027-07-03' is further off than a 1-year term can be"),
    ],
)
def test_each_fault_names_its_row_and_value(rates, row, fault):
    found = said(rates, row)
    assert len(found) == 1, found
    assert found[0].startswith(fault), found


def test_what_aws_does_not_sell_is_named_with_what_it_sells(rates):
    found = said(rates, "standard,1,1,no_upfront,p5.48xlarge,,us-east-1,,2027-01-01")
    assert len(found) == 1
    assert found[0].startswith(
        "row 2 commitment: 'standard 1 year no_upfront p5.48xlarge us-east-1' is not sold; sold: "
    )
    # The price book has P5 for one year as convertible only.
    assert "convertible 1 year no_upfront" in found[0]
    assert "standard 3 year no_upfront" in found[0]
    assert " standard 1 year" not in found[0].split("sold: ")[1]


def test_the_last_day_of_a_term_that_begins_now_is_in_force(rates):
    ((_, left),) = read(rates, "compute,1,1,no_upfront,,,,,2027-07-01")
    assert left == 366 * 24


def test_all_faults_of_all_rows_come_at_once(rates):
    rows = [GOOD[0], "computer,0,5,later,,,,,never", "standard,1,1,no_upfront,p5.48xlarge,,us-east-1,,2027-01-01", "",
            "compute,1,1,no_upfront,,,,,2020-01-01"]  # fmt: skip
    found = [fault.split(":")[0] for fault in said(rates, *rows)]
    assert found == ["row 3 plan_type", "row 3 amount", "row 3 term_years", "row 3 payment", "row 3 ends",
                     "row 4 commitment", "row 6 ends"]  # fmt: skip


def test_columns(rates):
    found = said(rates, "compute,1,1,no_upfront,2027-01-01,x", header="plan,amount,term_years,payment,ends,zones")
    assert found == [
        "commitments columns: 'plan_type' is missing (did you mean plan?)",
        "commitments columns: 'plan' is not a known column (did you mean plan_type?)",
        "commitments columns: 'zones' is not a known column (did you mean zone?)",
    ]
    assert said(rates, header=HEADER) == ["commitments: 'held.csv' holds no rows"]


def test_what_cannot_be_read_is_refused(rates, tmp_path):
    with pytest.raises(InvalidInput, match="commitments: .*cannot be read"):
        read_held(tmp_path / "nowhere.csv", rates, NOW)
