"""The embedded snapshot is sound, and every check finds the fault that it is for."""

import shutil

import pandas as pd
import pytest

from costlib.paths import data_dir
from costlib.prices.integrity import RULES, check, check_snapshot
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    snapshot = Snapshot.open()
    return {name: snapshot.read(name) for name in (*RULES, "prices/sources")}


def test_the_embedded_snapshot_is_sound():
    assert check_snapshot(Snapshot.open()) == []


def changed(tables, name, row, column, value):
    frame = tables[name].copy()
    frame.loc[row, column] = value
    return {**tables, name: frame}


def first(frame, **where) -> int:
    mask = pd.Series(True, index=frame.index)
    for column, value in where.items():
        mask &= frame[column] == value
    return int(frame.index[mask][0])


OD, RI, SPOT, S3, HISTORY = "ec2_on_demand", "ec2_reserved", "ec2_spot", "s3", "ec2_on_demand_history"
G5 = {"instance_type": "g5.xlarge"}
P5 = {"instance_type": "p5.48xlarge"}
HERE = {"region": "us-east-1"}
LAST_TIER = {"storage_class": "STANDARD", "tier": "over 500 TB"}


@pytest.mark.parametrize(
    ("table", "where", "column", "value", "finding"),
    [
        (OD, P5 | HERE, "usd", 98.32, "expected 55.04"),
        (OD, {}, "usd", -1.0, "negative"),
        (OD, {}, "usd", 0.0, "zero"),
        (OD, {}, "usd", float("nan"), "not numbers"),
        (OD, {}, "usd", 1e6, "not between 0 and 10000"),
        (OD, {}, "as_of", "soon", "not a date"),
        (OD, {}, "as_of", "2026-02-30", "not a date"),
        (OD, {}, "as_of", "2026-10-04", "after 2026-10-03"),
        (OD, {}, "unit", "usd_per_month", "units are not those of the table: usd_per_month"),
        (OD, {}, "unit", None, "have no unit"),
        (OD, G5 | {"region": "eu-west-1"}, "usd", 11.23, "far off the median"),
        (OD, G5 | {"region": "eu-west-1"}, "usd", 0.1123, "far off the median"),
        (
            S3,
            {"storage_class": "STANDARD", "region": "eu-west-1", "item": "storage"},
            "usd",
            0.23,
            "far off the median",
        ),
        (SPOT, {"instance_type": "g5.48xlarge", "az": "use1-az1"}, "usd", 0.45408, "save more than the 90 %"),
        (HISTORY, {}, "first_seen", "2023-09", None),
        (HISTORY, {}, "last_seen", "last week", "last_seen are not a date"),
        (OD, {}, "as_of", None, "have no as_of"),
        (OD, {}, "source", "hearsay", "sources not in"),
        (OD, {}, "basis", "guess", "basis is not one of"),
        (OD, {}, "basis", "estimate", "have no rule"),
        (OD, G5 | HERE, "region", "us-east-2", "repeat"),
        (OD, G5 | HERE, "region", "us-east-9", "is missing"),
        (RI, G5 | {"term_years": 3}, "usd", 900.0, "above on-demand"),
        (RI, P5 | {"term_years": 1}, "usd", 0.1, "above the one-year"),
        (SPOT, {"instance_type": "g5.48xlarge", "az": "use1-az1"}, "usd", 99.0, "above on-demand"),
        (S3, LAST_TIER, "usd", 1.0, "larger STANDARD"),
        (S3, LAST_TIER, "tier", "lots", "tiers are not"),
    ],
)
def test_each_fault_is_found(tables, table, where, column, value, finding):
    name = f"prices/{table}"
    broken = changed(tables, name, first(tables[name], **where), column, value)
    problems = check(broken, newest="2026-10-03")
    if finding is None:
        assert problems == []
    else:
        assert any(problem.startswith(name) and finding in problem for problem in problems), problems


def test_missing_tables_are_named(tables):
    rest = {name: frame for name, frame in tables.items() if name != "prices/s3"}
    assert check(rest) == ["prices/s3 is missing"]


def test_a_table_of_another_shape_is_told_and_stops_the_rest(tables):
    frame = tables["prices/s3"]
    for other, finding in (
        (frame.drop(columns=["usd", "tier"]), "has no column tier, usd"),
        (frame.iloc[:0], "has no rows"),
        (frame.assign(usd=frame["usd"].astype(str).replace("0.023", "cheap")), "not numbers, for example 'cheap'"),
    ):
        problems = check({**tables, "prices/s3": other})
        assert len(problems) == 1 and problems[0].startswith("prices/s3: ") and finding in problems[0]


def test_live_prices_may_differ_from_the_anchors_within_the_tolerance(tables):
    row = first(tables["prices/ec2_on_demand"], instance_type="g5.xlarge", region="us-east-1")
    dearer = changed(tables, "prices/ec2_on_demand", row, "usd", 1.1)
    assert check(dearer, anchor_tolerance=0.5) == []
    assert len(check(dearer)) == 1


def test_a_broken_checksum_is_reported(tmp_path):
    shutil.copytree(data_dir() / "prices", tmp_path / "prices")
    shutil.copy(data_dir() / "PROVENANCE.json", tmp_path)
    (tmp_path / "prices/s3.csv").write_text("nothing\n")
    assert "s3.csv has checksum" in "; ".join(check_snapshot(Snapshot.open(tmp_path)))
