"""Every export comes to one view; oddities are told, nothing is lost in silence."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import fs
from pyarrow import parquet as pq

from costlib.billing import kpis, sources
from costlib.billing.bill import Bill, of_month, open_bill
from costlib.billing.view import COLUMNS
from costlib.errors import Fault, InvalidInput
from tests.billing.conftest import cur2, focus, legacy, written

TAGS = {"Tags": '{"team": "vision", "user:project": "detector"}'}


def kinds(bill: Bill) -> dict[str, int | None]:
    return {note.kind: note.rows for note in bill.notes}


def refused(path: object, **options: str) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInput) as caught:
        open_bill(str(path), **options)
    return caught.value.faults


def total(bill: Bill, cost: str = "billed_cost") -> float:
    return float(bill.ask(bill.rows.aggregate(cost=bill.rows[cost].sum()))["cost"].iloc[0])


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.parquet"])
@pytest.mark.parametrize(
    ("frame", "version"),
    [
        (focus(TAGS, {"BilledCost": 2.5}), "FOCUS 1.0"),
        (focus(TAGS, {"BilledCost": 2.5}).rename(columns={"x_UsageType": "SkuMeter"}), "FOCUS 1.2"),
        (cur2({"resource_tags": '{"user_team": "vision"}'}, {"line_item_unblended_cost": 2.5}), "CUR 2.0"),
        (
            legacy({}, {"line_item_unblended_cost": 2.5}).assign(**{"resourceTags/user:team": ["vision", ""]}),
            "CUR legacy",
        ),
    ],
)
def test_every_format_of_every_version(tmp_path: Path, frame: pd.DataFrame, version: str, name: str) -> None:
    bill = open_bill(written(frame, tmp_path / name))
    assert bill.versions == (version,) and bill.currency == "USD" and bill.reconciliation.whole
    assert list(bill.rows.columns) == list(COLUMNS)
    rows = bill.ask(bill.rows.mutate(team=bill.tag("team")).order_by("billed_cost").drop("tags"))
    first = rows.iloc[0]
    assert total(bill) == 3.5 and first["service_code"] == "AmazonEC2"
    assert first["service"] in ("Amazon Elastic Compute Cloud", "AmazonEC2")
    assert first["account_id"] == "222" and first["region"] == "us-east-1" and first["purchase_option"] == "on_demand"
    assert first["instance_type"] in ("g5.xlarge", "m5.xlarge") and first["instance_hours"] == 1.0
    assert first["charge_start"] == pd.Timestamp("2026-08-03") and first["team"] == "vision" and first["has_tags"]
    assert pd.isna(rows.iloc[1]["team"]) and not rows.iloc[1]["has_tags"]


def test_a_partitioned_folder_with_other_files(tmp_path: Path) -> None:
    for month, cost in (("2026-07", 1.0), ("2026-08", 2.0)):
        row = {
            "BilledCost": cost,
            "BillingPeriodStart": f"{month}-01T00:00:00Z",
            "ChargePeriodStart": f"{month}-02T00:00:00Z",
        }
        written(focus(row), tmp_path / "data" / f"BILLING_PERIOD={month}" / "export-00001.snappy.parquet")
    (tmp_path / "metadata.json").write_text("{}")
    (tmp_path / "_SUCCESS").write_text("")
    bill = open_bill(str(tmp_path))
    assert total(bill) == 3.0 and len(bill.parts) == 1
    (note,) = [note for note in bill.notes if note.kind == "other_files"]
    assert "_SUCCESS" in note.text and "metadata.json" in note.text
    assert total(of_month(bill, "2026-08")) == 2.0
    with pytest.raises(InvalidInput, match="2026-08"):
        of_month(bill, "2026-09")


def test_files_with_other_columns_are_one_bill(tmp_path: Path) -> None:
    written(focus({"BilledCost": 1.0}), tmp_path / "a.parquet")
    written(focus({"BilledCost": 2.0}).drop(columns=["x_UsageType", "Tags"]), tmp_path / "b.parquet")
    strange = 'cost"; DROP TABLE bill; --'
    written(focus({"BilledCost": 4.0}).assign(**{strange: "=1+1", "ÿ'`": 1}), tmp_path / "c.csv")
    bill = open_bill(str(tmp_path))
    assert total(bill) == 7.0 and len(bill.parts) == 3 and bill.reconciliation.whole
    assert any(strange in note.text for note in bill.notes if note.kind == "stray_columns")
    assert any("x_UsageType" in note.text for note in bill.notes if note.kind == "missing_columns")


def test_words_for_nothing_and_text_that_is_no_number(tmp_path: Path) -> None:
    odd = {"ResourceId": "null", "CommitmentDiscountStatus": "NULL", "ListCost": "convertible", "BilledCost": 2.0}
    bill = open_bill(written(focus({}, odd), tmp_path / "bill.csv"))
    assert kinds(bill)["null_text"] == 1 and kinds(bill)["not_a_number"] == 1 and kinds(bill)["no_list_cost"] == 1
    rows = bill.ask(bill.rows.order_by("billed_cost").select("resource_id", "list_cost", "commitment_status"))
    assert rows.iloc[1].isna().all() and total(bill) == 3.0
    # Text in the place of an amount may be an amount: the reconciliation does not pretend to have read it.
    assert not bill.reconciliation.whole and bill.reconciliation.unread == {"list_cost": 1}
    assert kinds(bill).keys() >= {"not_reconciled"}


def test_amounts_that_are_no_numbers_or_infinite(tmp_path: Path) -> None:
    """One such cost would take the sum of all with it."""
    frame = focus({}, {"BilledCost": float("nan")}, {"EffectiveCost": float("inf"), "BilledCost": 2.0})
    parquet = tmp_path / "b.parquet"
    pq.write_table(pa.Table.from_pydict(frame.to_dict("list")), parquet)
    bill = open_bill(str(parquet))
    assert total(bill) == 3.0 and total(bill, "effective_cost") == 2.0
    assert bill.reconciliation.unread == {"billed_cost": 1, "effective_cost": 1}
    thousands = open_bill(written(focus({"BilledCost": "1,234.50"}), tmp_path / "t.csv"))
    assert thousands.reconciliation.unread == {"billed_cost": 1} and not thousands.reconciliation.whole


def test_unknown_kinds_of_charge_count_in_totals_only(tmp_path: Path) -> None:
    frame = focus({}, {"ChargeCategory": "Barter", "BilledCost": 5.0, "ListCost": 50.0})
    bill = open_bill(written(frame, tmp_path / "bill.parquet"))
    (note,) = [note for note in bill.notes if note.kind == "unknown_rows"]
    assert (note.rows, note.cost) == (1, 5.0) and "Barter" in note.text
    assert total(bill) == 6.0 and kpis.kpis(bill)["usage_list"].iloc[0] == 1.0
    cur = open_bill(written(cur2({}, {"line_item_line_item_type": "Barter"}), tmp_path / "cur.parquet"))
    assert kinds(cur)["unknown_rows"] == 1 and total(cur) == 2.0


def test_split_rows_repeat_a_cost_and_are_left_out_with_a_note(tmp_path: Path) -> None:
    frame = cur2({}, {"line_item_operation": "EKSPod-EC2", "line_item_unblended_cost": 0.25})
    bill = open_bill(written(frame, tmp_path / "bill.csv"))
    assert total(bill) == 1.0 and bill.reconciliation.whole
    assert (bill.reconciliation.left_out_rows, bill.reconciliation.left_out_billed) == (1, 0.25)
    assert kinds(bill)["split_rows"] == 1


def test_months_without_a_row_and_rows_without_a_date(tmp_path: Path) -> None:
    late = {"BillingPeriodStart": "2026-11-01T00:00:00Z"}
    none = {"BillingPeriodStart": "", "ChargePeriodStart": "", "BilledCost": 3.0}
    bill = open_bill(written(focus({}, late, none), tmp_path / "bill.csv"))
    (gap,) = [note for note in bill.notes if note.kind == "empty_months"]
    assert "2026-09, 2026-10" in gap.text
    (undated,) = [note for note in bill.notes if note.kind == "undated_rows"]
    assert (undated.rows, undated.cost) == (1, 3.0) and total(bill) == 5.0


def test_the_billing_month_of_rows_that_do_not_say_it(tmp_path: Path) -> None:
    said = {"BillingPeriodStart": "2026-07-01T00:00:00Z"}
    bill = open_bill(written(focus(said, {"BillingPeriodStart": ""}), tmp_path / "b.csv"))
    assert list(bill.ask(bill.rows.order_by("billing_start"))["billing_start"].dt.month) == [7, 8]
    none = open_bill(written(focus(said).drop(columns="BillingPeriodStart"), tmp_path / "n.csv"))
    assert list(none.months["month"].dt.month) == [8]


def test_two_currencies_want_a_choice(tmp_path: Path) -> None:
    path = written(focus({}, {"BillingCurrency": "CNY", "BilledCost": 7.0}), tmp_path / "bill.csv")
    (fault,) = refused(path)
    assert fault.field == "currency" and "CNY 7.00" in fault.problem and "USD 1.00" in fault.problem
    bill = open_bill(path, currency="CNY")
    assert total(bill) == 7.0 and bill.currency == "CNY" and bill.reconciliation.raw_rows == 2
    assert refused(path, currency="EUR")[0].field == "currency"


def test_the_same_month_in_two_versions_is_refused(tmp_path: Path) -> None:
    written(focus({}), tmp_path / "focus.parquet")
    written(cur2({}), tmp_path / "cur.parquet")
    (fault,) = refused(tmp_path)
    assert fault.value == "2026-08" and "FOCUS 1.0 (1.00)" in fault.problem and "CUR 2.0 (1.00)" in fault.problem
    assert total(open_bill(str(tmp_path), version="CUR 2.0")) == 1.0
    assert refused(tmp_path, version="CUR 3")[0].nearest == ("CUR 2.0",)
    assert "is not among" in refused(tmp_path, version="CUR legacy")[0].problem


def test_versions_of_different_months_are_one_bill(tmp_path: Path) -> None:
    written(focus({}), tmp_path / "focus.parquet")
    earlier = {"bill_billing_period_start_date": "2026-07-01", "line_item_usage_start_date": "2026-07-05"}
    written(cur2(earlier), tmp_path / "cur.parquet")
    bill = open_bill(str(tmp_path))
    assert total(bill) == 2.0 and bill.versions == ("CUR 2.0", "FOCUS 1.0") and "mixed_versions" in kinds(bill)
    assert len(kpis.kpis(bill)) == 2


def test_copies_and_twins_are_read_once(tmp_path: Path) -> None:
    frame = focus({"BilledCost": 1.0}, {"BilledCost": 2.0, "ResourceId": "i-2"})
    first = written(frame, tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(Path(first).read_bytes())
    written(frame.iloc[::-1], tmp_path / "c.csv.gz")
    written(focus({"BilledCost": 8.0}), tmp_path / "d.csv")
    bill = open_bill(str(tmp_path))
    assert total(bill) == 11.0
    gone = {Path(note.where).name: note.text for note in bill.notes if note.kind == "duplicate"}
    assert (
        set(gone) == {"b.csv", "c.csv.gz"} and "copy of" in gone["b.csv"] and "its rows are those" in gone["c.csv.gz"]
    )


def test_one_export_by_hour_and_by_day_is_refused(tmp_path: Path) -> None:
    hours = [{"BilledCost": 1.5, "ResourceId": f"i-{number}"} for number in range(4)]
    written(focus(*hours), tmp_path / "hourly" / "BILLING_PERIOD=2026-08" / "a.parquet")
    written(focus({"BilledCost": 6.0}), tmp_path / "daily" / "BILLING_PERIOD=2026-08" / "a.parquet")
    (fault,) = refused(tmp_path)
    assert fault.value == "2026-08" and "costs 6.00" in fault.problem and "hourly" in fault.problem
    # Another total is another bill: both count, and a note says so.
    written(focus({"BilledCost": 5.0}), tmp_path / "daily" / "BILLING_PERIOD=2026-08" / "a.parquet")
    bill = open_bill(str(tmp_path))
    assert total(bill) == 11.0 and kinds(bill).keys() >= {"month_in_two_folders"}
    other = {"BilledCost": 6.0, "BillingAccountId": "999"}
    written(focus(other), tmp_path / "daily" / "BILLING_PERIOD=2026-08" / "a.parquet")
    assert total(open_bill(str(tmp_path))) == 12.0


def test_columns_that_differ_in_case_only(tmp_path: Path) -> None:
    frame = focus({"Tags": '{"team": "a"}'}).assign(tags="{}", BILLEDCOST=9.0)
    for name in ("b.parquet", "b.csv"):
        bill = open_bill(written(frame, tmp_path / name))
        assert total(bill) == 1.0 and "twin_columns" in kinds(bill) and bill.tag_keys == ("team",)


def test_chunks_with_as_many_rows_are_both_read(tmp_path: Path) -> None:
    written(focus({"BilledCost": 1.0}), tmp_path / "a.parquet")
    written(focus({"BilledCost": 2.0}), tmp_path / "b.parquet")
    assert total(open_bill(str(tmp_path))) == 3.0


def test_of_several_deliveries_of_a_month_the_newest_counts(tmp_path: Path) -> None:
    for number, (edition, cost) in enumerate((("1111-aaaa", 10.0), ("0000-zzzz", 12.0))):
        path = tmp_path / "20260801-20260901" / edition / "cur-1.csv"
        written(legacy({"line_item_unblended_cost": cost}), path)
        os.utime(path, (1_790_000_000 + number, 1_790_000_000 + number))
    bill = open_bill(str(tmp_path))
    assert total(bill) == 12.0
    (note,) = [note for note in bill.notes if note.kind == "old_edition"]
    assert "0000-zzzz is read" in note.text and "1111-aaaa" in note.text


def test_what_is_damaged_or_no_bill_is_refused_together(tmp_path: Path) -> None:
    whole = Path(written(focus({}), tmp_path / "a.parquet")).read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"x" * 100)[:15])
    (tmp_path / "e.zip").write_bytes(b"PK\x03\x04....")
    (tmp_path / "f.csv").write_text("")
    (tmp_path / "g.csv").write_text("BilledCost,ChargeCategory\n1,Usage\n")
    problems = {Path(str(fault.value)).name: fault.problem for fault in refused(tmp_path)}
    assert set(problems) == {"b.parquet", "c.csv", "d.csv.gz", "e.zip", "f.csv", "g.csv"}
    assert "truncated or damaged" in problems["b.parquet"] and "neither a FOCUS nor a CUR" in problems["c.csv"]
    assert "zip" in problems["e.zip"] and "empty" in problems["f.csv"] and "ChargePeriodStart" in problems["g.csv"]
    assert refused(tmp_path / "none")[0].problem == "is not there"
    (tmp_path / "empty").mkdir()
    assert "no Parquet or CSV" in refused(tmp_path / "empty")[0].problem
    assert refused("ftp://host/bill")[0].field == "bill"


def test_damage_behind_a_whole_header_is_told(tmp_path: Path) -> None:
    """The footer is whole, the pages are not; a packed CSV ends in its middle; a line has too many cells."""
    rows = [{"ResourceId": f"i-{number * 7919 % 10007}", "BilledCost": number / 7} for number in range(3000)]
    path = Path(written(focus(*rows), tmp_path / "a.parquet"))
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 3] = b"\xff" * (len(content) // 3 - 100)
    path.write_bytes(bytes(content))
    assert "cannot be read to its end" in refused(path)[0].problem
    packed = Path(written(focus(*rows), tmp_path / "b.csv.gz"))
    packed.write_bytes(packed.read_bytes()[:-2000])
    assert refused(packed)
    broken = Path(written(focus({}), tmp_path / "c.csv"))
    broken.write_text(broken.read_text() + "1,2,3,4\n")
    assert refused(broken)


def test_a_bill_without_rows_is_refused(tmp_path: Path) -> None:
    assert refused(written(focus({}).head(0), tmp_path / "a.csv"))[0].problem == "holds no rows"


HOSTILE = {
    "<script>alert(1)</script>": "</td><b>x",
    "=cmd|' /C calc'!A0": "=HYPERLINK(1)",
    "a'b\"c\\d`e": "'; DROP TABLE x; --",
    "long": "x" * 10_000,
    "тег\u202e": "значение",
}


def test_hostile_tags_stay_data(tmp_path: Path) -> None:
    import json

    bill = open_bill(written(focus({"Tags": json.dumps(HOSTILE)}, {}), tmp_path / "it's [a]*?.csv"))
    assert set(bill.tag_keys) == set(HOSTILE)
    for key, value in HOSTILE.items():
        assert bill.ask(bill.rows.filter(bill.rows.has_tags).select(v=bill.tag(key)))["v"].tolist() == [value]


def test_a_name_with_wildcards_is_that_file_only(tmp_path: Path) -> None:
    for name, cost in (("a*.parquet", 1.0), ("ab.parquet", 2.0), ("[ab].parquet", 4.0)):
        written(focus({"BilledCost": cost}), tmp_path / name)
    assert total(open_bill(str(tmp_path / "a*.parquet"))) == 1.0
    assert total(open_bill(str(tmp_path / "[ab].parquet"))) == 4.0
    assert total(open_bill(str(tmp_path))) == 7.0


def test_tags_that_are_no_object_are_told(tmp_path: Path) -> None:
    bill = open_bill(written(focus({"Tags": "{broken"}, {"Tags": "[1]"}, TAGS), tmp_path / "bill.csv"))
    assert kinds(bill)["unreadable_tags"] == 2 and total(bill) == 3.0


def test_spellings_of_a_tag(tmp_path: Path) -> None:
    bill = open_bill(
        written(focus(TAGS, {"Tags": '{"project": "other"}'}, {"Tags": '{"team": ""}'}), tmp_path / "b.csv")
    )
    assert bill.spellings("project") == ("project", "user:project")
    values = bill.ask(bill.rows.select(p=bill.tag("project"), t=bill.tag("team")))
    assert sorted(values["p"].dropna()) == ["detector", "other"] and list(values["t"].dropna()) == ["vision"]
    with pytest.raises(InvalidInput, match="did you mean project"):
        bill.tag("projekt")


def test_rounded_effective_cost_is_told_and_kept(tmp_path: Path) -> None:
    bill = open_bill(written(focus({"BilledCost": 0.4, "EffectiveCost": 0.0}), tmp_path / "b.csv"))
    (note,) = [note for note in bill.notes if note.kind == "rounded_effective_cost"]
    assert note.cost == pytest.approx(-0.4) and total(bill, "effective_cost") == 0.0


def test_s3_is_read_through_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for the store: what is behind an address is Arrow's file system, whatever it is."""
    written(focus(TAGS), tmp_path / "bucket" / "export" / "a.parquet")
    written(focus({"BilledCost": 2.0}).drop(columns="x_Operation"), tmp_path / "bucket" / "export" / "b.csv.gz")
    store = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    plain = sources._filesystem

    def filesystem(path: str) -> tuple[fs.FileSystem, str]:
        return (store, path.removeprefix("s3://").rstrip("/")) if path.startswith("s3://") else plain(path)

    monkeypatch.setattr(sources, "_filesystem", filesystem)
    bill = open_bill("s3://bucket/export/")
    assert total(bill) == 3.0 and bill.reconciliation.whole
    assert bill.ask(bill.rows.aggregate(team=bill.tag("team").max()))["team"].iloc[0] == "vision"
