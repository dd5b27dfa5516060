"""Bills whose answers are known: the FOCUS specification's scenarios, a real sample, a generated CUR, the example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from costlib.billing import attribution, kpis, report
from costlib.billing.bill import Bill, of_month, open_bill
from costlib.paths import data_dir

KNOWN = Path(__file__).parent / "known"
SCENARIOS: dict[str, Any] = json.loads((KNOWN / "focus_spec_scenarios_truth.json").read_text())
NISE: dict[str, Any] = json.loads((KNOWN / "nise_truth.json").read_text())
EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"
TRUTH: dict[str, Any] = json.loads(EXAMPLE.with_name("ml_focus_1_2_truth.json").read_text())
#: The truth is added up in another order: sums of floats may differ by a little of the last digit.
CLOSE = 1e-6


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_of_the_focus_specification(name: str) -> None:
    truth = SCENARIOS[name]
    bill = open_bill(str(KNOWN / f"{name}.rebuilt.csv"))
    found = kpis.kpis(bill, "total").fillna({"unused": 0.0}).iloc[0]
    assert found["rows"] == truth["rows"]
    for mine, theirs in (
        ("used", "used_effective"),
        ("unused", "unused_effective"),
        ("effective_cost", "effective_total"),
        ("usage_list", "list_usage_excl_unused"),
        ("billed_cost", "billed_total"),
        ("list_cost", "naive_list_total_incl_purchase_and_unused"),
    ):
        assert found[mine] == pytest.approx(truth[theirs], abs=CLOSE), mine
    # The truth's rates are written to four digits.
    assert round(found["utilisation"], 4) == truth["utilisation"]
    assert round(found["coverage"], 4) == truth["coverage_list"]
    assert round(found["savings_rate_list"], 4) == truth["ESR"]
    # Counting purchases and unused commitments at list, too, would have said this.
    naive = (found["list_cost"] - found["effective_cost"]) / found["list_cost"]
    assert round(naive, 6) == truth["naive_ESR_double_counted"] != round(found["savings_rate_list"], 6)
    assert bill.reconciliation.whole


@pytest.mark.parametrize(
    ("name", "billed", "effective", "used", "unused"),
    [
        ("scenario_purchase_1", 8760.0, 0.0, 0.0, 0.0),
        ("scenario_usage_1", 0.0, 1.0, 1.0, 0.0),
        ("scenario_usage_2", 0.0, 1.0, 0.0, 1.0),
        ("scenario_usage_3", 0.0, 1.0, 0.75, 0.25),
        ("scenario_usage_4", 0.5, 1.5, 1.0, 0.0),
    ],
)
def test_generic_examples_of_commitments(
    name: str, billed: float, effective: float, used: float, unused: float
) -> None:
    found = kpis.kpis(open_bill(str(KNOWN / f"{name}.csv")), "total").fillna(0.0).iloc[0]
    assert [found[key] for key in ("billed_cost", "effective_cost", "used", "unused")] == [
        billed,
        effective,
        used,
        unused,
    ]


def test_the_text_null_is_no_status() -> None:
    (path,) = KNOWN.glob("flexibility_zero*")
    bill = open_bill(str(path))
    options = bill.ask(
        bill.rows.select("charge_category", "purchase_option", "commitment_id").order_by("purchase_option")
    )
    bought = options[options["charge_category"] == "Usage"].set_index("purchase_option")["commitment_id"]
    assert sorted(bought.index) == ["on_demand", "reserved"] and pd.isna(bought["on_demand"])
    assert [note.kind for note in bill.notes if note.kind == "null_text"] == ["null_text"]


def test_the_real_sample() -> None:
    bill = open_bill(str(KNOWN / "focus_sample_aws.parquet"))
    assert bill.reconciliation.whole and bill.reconciliation.raw_rows == 942
    assert bill.reconciliation.view["billed_cost"] == pytest.approx(18.0066386184, abs=1e-9)
    assert bill.reconciliation.view["list_cost"] == pytest.approx(18.1493176406, abs=1e-9)
    (rounded,) = [note for note in bill.notes if note.kind == "rounded_effective_cost"]
    assert rounded.cost == pytest.approx(16.0 - 20.6203386184, abs=1e-9)
    assert report.best_cost(bill) == "billed_cost"
    lacking = kpis.untagged(bill, by="total", cost="billed_cost").iloc[0]
    # Measured in the reference: 4.42 % of cost, 30.6 % of rows; with the credit row it would be -9.45 %.
    assert round(lacking["untagged_share"], 4) == 0.0442 and round(lacking["untagged_rows_share"], 3) == 0.306
    assert bill.tag_keys == ("application", "business_unit", "environment")


def test_a_generated_legacy_cur() -> None:
    bill = open_bill(str(KNOWN / "nise_cur_legacy_2024-09.parquet"))
    comparison = bill.reconciliation
    assert comparison.whole and comparison.raw_rows == NISE["rows"]
    assert round(comparison.view["billed_cost"], 3) == NISE["total_unblended"]
    teams = attribution.attributed(bill, "tag:team", cost="billed_cost").set_index("owner")
    for row in NISE["by_team"]:
        owner = row["team"] if isinstance(row["team"], str) else attribution.UNTAGGED
        assert teams.at[owner, "rows"] == row["n"]
        assert teams.at[owner, "cost"] == pytest.approx(row["cost"], abs=CLOSE)
    rows = bill.rows
    by_type = bill.ask(
        rows.group_by(["usage_type", "purchase_option", "commitment_status"]).agg(
            n=rows.count(),
            unblended=rows.billed_cost.sum(),
            hours=rows.instance_hours.sum(),
            e=rows.effective_cost.sum(),
        )
    )
    expected = NISE["expected_from_yaml"]
    covered = by_type[(by_type["commitment_status"] == "Used") & (by_type["usage_type"] == "BoxUsage:m5.xlarge")].iloc[
        0
    ]
    assert covered["unblended"] == pytest.approx(expected["m5.xlarge SP covered unblended 720x.192"], abs=CLOSE)
    assert covered["e"] == pytest.approx(expected["SP effective 720x.12"], abs=CLOSE)
    # The negation takes the money back, and no hours: they would count twice.
    assert by_type[by_type["usage_type"] == "BoxUsage:m5.xlarge"]["hours"].sum() == 720
    truth = pd.DataFrame(NISE["by_line_item"])
    mine = by_type.groupby("usage_type")[["n", "unblended"]].sum()
    theirs = truth.groupby("u")[["n", "unblended"]].sum()
    assert (mine["n"] == theirs["n"]).all()
    assert (mine["unblended"] - theirs["unblended"]).abs().max() < CLOSE
    kinds = {note.kind: note.rows for note in bill.notes}
    assert kinds["not_a_number"] == 720 and kinds["not_amortised"] == 720


@pytest.fixture(scope="module")
def example() -> Bill:
    return open_bill(str(EXAMPLE))


def test_the_example_is_small_and_whole(example: Bill) -> None:
    assert EXAMPLE.stat().st_size < 2_000_000
    assert example.reconciliation.whole and example.reconciliation.raw_rows == TRUTH["rows"]
    assert example.notes == ()
    totals = TRUTH["totals"]
    names = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    for mine, theirs in zip(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), names, strict=True):
        assert example.reconciliation.view[mine] == pytest.approx(totals[theirs], abs=CLOSE)


def figures(bill: Bill, by: str) -> pd.DataFrame:
    """The KPIs of the truth, as the room computes them."""
    found = kpis.kpis(bill, by).merge(kpis.untagged(bill, by=by), on="period")
    return found.fillna({"unused": 0.0})


def test_the_example_month_by_month(example: Bill) -> None:
    found = figures(example, "month")
    assert list(found["period"].dt.strftime("%Y-%m")) == list(TRUTH["months"])
    for row, truth in zip(found.to_dict("records"), TRUTH["months"].values(), strict=True):
        assert row["rows"] == truth["rows"]
        assert row["effective_cost"] == pytest.approx(truth["EffectiveCost"], abs=CLOSE)
        for name, value in truth["kpis"].items():
            assert row[name] == pytest.approx(value, abs=CLOSE), name


def test_the_example_as_a_whole(example: Bill) -> None:
    found = figures(example, "total").iloc[0]
    for name, value in TRUTH["kpis"].items():
        assert found[name] == pytest.approx(value, abs=CLOSE), name
    for by, truth in (("team", "effective_by_team"), ("account", "effective_by_account")):
        owners = attribution.attributed(example, by).set_index("owner")["cost"]
        assert owners.to_dict() == pytest.approx(TRUTH[truth], abs=CLOSE)


def test_the_example_holds_its_waste(example: Bill) -> None:
    rows = example.rows
    for one in TRUTH["waste"]:
        kind = one["kind"]
        mine = (
            (rows.commitment_id == one["resource"]) & (rows.commitment_status == "Unused")
            if kind.startswith("unused_")
            else rows.resource_id.endswith(one["resource"])
        )
        found = example.ask(rows.filter(mine).aggregate(usd=rows.effective_cost.sum(), first=rows.charge_start.min()))
        assert found["usd"].iloc[0] == pytest.approx(one["usd"], abs=CLOSE), kind
        assert f"{found['first'].iloc[0]:%Y-%m-%d}" == one["first_day"], kind


def test_the_example_holds_its_anomalies(example: Bill) -> None:
    """Each stands out on its first day, in its service, account and region, by more than any day before it."""
    rows = example.rows
    for one in TRUTH["anomalies"]:
        mine = rows.filter(
            (rows.service_code == one["service_code"])
            & (rows.account_id == one["account_id"])
            & (rows.region == one["region"])
        )
        table = mine.mutate(day=mine.charge_start.truncate("D"))
        frame = example.ask(table.group_by("day").agg(cost=table.effective_cost.sum()))
        days = frame.set_index("day")["cost"].asfreq("D", fill_value=0.0)
        first = pd.Timestamp(one["first_day"])
        before = days[days.index < first]
        usual = before.median() if len(before) else 0.0
        assert days[first] > usual, one["kind"]
        if one["kind"] == "strange_region":
            assert days.sum() == pytest.approx(one["usd"], abs=CLOSE)
        if one["kind"] == "transfer_spike":
            # The bucket grows by the day: the neighbours' mean is what the day would have cost.
            around = (days[first - pd.Timedelta(days=1)] + days[first + pd.Timedelta(days=1)]) / 2
            assert days[first] - around == pytest.approx(one["usd"], abs=CLOSE)


def test_one_month_of_it(example: Bill) -> None:
    august = of_month(example, "2026-08")
    found = kpis.kpis(august, "total").iloc[0]
    assert found["effective_cost"] == pytest.approx(TRUTH["months"]["2026-08"]["EffectiveCost"], abs=CLOSE)
