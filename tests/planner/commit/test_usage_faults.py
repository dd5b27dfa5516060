"""Usage files that are refused: every fault with its rows, as a spreadsheet numbers them."""

import gzip
import io
from datetime import date

import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner import table_file
from costlib.planner.commit.usage_file import read_usage
from tests.planner.commit.usage_files import GOOD, HEADER, HOUR, as_parquet, read, refused, said


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        (
            [f"{HOUR},g5.xlarg,us-east-1,1"],
            ["instance_type: 'g5.xlarg' is not a known instance type (rows 2) (did you"],
        ),
        ([f"{HOUR},,us-east-1,1"], ["instance_type: '' is empty (rows 2)"]),
        (
            [f"{HOUR},g5.xlarge,us-east-11,1"],
            ["region: 'us-east-11' is not a known region (rows 2) (did you mean us-e"],
        ),
        ([f"{HOUR},g5.xlarge,,1"], ["region: '' is empty (rows 2)"]),
        ([f"{HOUR},p5e.48xlarge,us-east-1,1"], ["instance_type: 'p5e.48xlarge' has no on-demand price in us-east-1"]),
        (
            [f"{HOUR},dl1.24xlarge,eu-west-1,1"],
            ["instance_type: 'dl1.24xlarge' has no on-demand price in eu-west-1; held in us-east-1, us-west-2 (rows"],
        ),
        ([f"{HOUR},g5.xlarge,us-east-1,-1"], ["hours: '-1' must not be negative (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,one"], ["hours: 'one' is not a number (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,nan"], ["hours: 'nan' is not a number (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,inf"], ["hours: 'inf' is not a number (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,=1+1"], ["hours: '=1+1' is not a number (rows 2)"]),
        ([f'{HOUR},g5.xlarge,us-east-1,"1,000"'], ["hours: '1,000' is not a number (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,1e10"], ["hours: '1e10' is more than can run (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,"], ["hours: '' is empty (rows 2)"]),
        ([f"{HOUR},g5.xlarge,us-east-1,1"] * 2, [f"hour: '{HOUR}' has the same usage more than once (rows 2, 3)"]),
        (["2026-01-01T00:30Z,g5.xlarge,us-east-1,1"], ["hour: '2026-01-01T00:30Z' is not a whole hour (rows 2)"]),
        (["01/02/2026 00:00,g5.xlarge,us-east-1,1"], ["hour: '01/02/2026 00:00' is not a time (rows 2)"]),
        ([",g5.xlarge,us-east-1,1"], ["hour: '' is not a time (rows 2)"]),
        (
            ["2026-01-01,g5.xlarge,us-east-1,1"],
            ["hour: '2026-01-01' names no hour of a day, as 2026-06-30T23:00Z does"],
        ),
        (["2026,g5.xlarge,us-east-1,1"], ["hour: '2026' names no hour of a day, as 2026-06-30T23:00Z does (rows 2)"]),
        (
            [f"{HOUR},g5.xlarge,us-east-1,1", "2026-01-01T03:00Z,g5.xlarge,us-east-1,1"],
            ["hour: '2026-01-01 01:00:00+00:00' has no row: 2 hours are missing, first 2026-01-01 01:00:00+00:00, 2"],
        ),
    ],
)
def test_each_fault_names_value_and_rows(book, rows, faults):
    found = said(book, *rows)
    assert len(found) == len(faults), found
    for fault, wanted in zip(found, faults, strict=True):
        assert fault.startswith(wanted), fault


@pytest.mark.parametrize(
    ("column", "instance_type", "value", "fault"),
    [
        (
            "service",
            "g5.xlarge",
            "sagemaker",
            "instance_type: 'g5.xlarge' does not begin with ml., as SageMaker's do, bu",
        ),
        (
            "service",
            "ml.g5.xlarge",
            "ec2",
            "instance_type: 'ml.g5.xlarge' begins with ml., which is SageMaker's, but th",
        ),
        ("service", "g5.xlarge", "EC2", "service: 'EC2' is none of ec2, sagemaker (rows 2) (did you mean ec2?)"),
        (
            "service",
            "g5.xlarge",
            "fargate",
            "service: 'fargate' has no rates in the price book: leave out its rows (row",
        ),
        (
            "service",
            "g5.xlarge",
            "lambda",
            "service: 'lambda' has no rates in the price book: leave out its rows (rows",
        ),
        (
            "platform",
            "g5.xlarge",
            "windows",
            "platform: 'windows' has no price in the price book: only linux has (rows",
        ),
        ("tenancy", "g5.xlarge", "dedicated", "tenancy: 'dedicated' has no price in the price book: only shared has ("),
        ("zone", "g5.xlarge", "us-west-2a", "zone: 'us-west-2a' is not a zone of us-east-1 (rows 2)"),
        ("zone", "g5.xlarge", "us-east-1", "zone: 'us-east-1' is not a zone of us-east-1 (rows 2)"),
    ],
)
def test_each_fault_of_a_column_that_may_be_left_out(book, column, instance_type, value, fault):
    row = f"{HOUR},{instance_type},us-east-1,1,{value}"
    found = said(book, row, header=f"{HEADER},{column}")
    assert len(found) == 1
    assert found[0].startswith(fault), found


def test_all_faults_come_at_once(book):
    rows = [f"{HOUR},g5.xlarg,us-east-1,1", f"{HOUR},g5.xlarge,us-est-1,1", "noon,g5.xlarge,us-east-1,1",
            f"{HOUR},g5.2xlarge,us-east-1,-1"]  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        read(book, *rows)
    assert [fault.field for fault in caught.value.faults] == ["instance_type", "region", "hours", "hour"]
    assert ["(rows 3)" in fault.problem for fault in caught.value.faults] == [False, True, False, False]


def test_few_rows_and_few_names_are_shown_of_many(book):
    rows = [f"2026-01-01T00:00Z,made{at}.large,us-east-1,1" for at in range(9)]
    found = said(book, *rows)
    assert len(found) == 6
    assert found[-1] == "instance_type: 4 more names are wrong in the same way"
    found = said(book, *[f"2026-01-01T{at:02}:00Z,g5.xlarge,us-east-1,-1" for at in range(9)])
    assert found == ["hours: '-1' must not be negative (rows 2, 3, 4, 5, 6, ...)"]
    places = [f"{HOUR},p5e.48xlarge,{region},1" for region in sorted(book.vocabulary.regions)[:7]]
    found = said(book, *places)
    assert len(found) == 6
    assert found[-1] == "instance_type: 2 more pairs of type and region have no on-demand price"
    zones = [f"{HOUR},g5.xlarge,us-east-1,1,eu-{at}" for at in range(7)]
    found = said(book, *zones, header=HEADER + ",zone")
    assert len(found) == 6
    assert found[-1] == "zone: 2 more zones are wrong in the same way"


def test_a_wrong_century_is_refused_at_once(book):
    found = said(book, GOOD[0], "9999-01-01T00:00Z,g5.xlarge,us-east-1,1")
    assert len(found) == 1
    assert (
        f"{(date(9999, 1, 1) - date(2026, 1, 1)).days * 24 - 1} hours are missing, first 2026-01-01 01:00" in found[0]
    )


def test_columns_that_are_not_there(book):
    found = said(book, f"{HOUR},g5.xlarge,1", header="Hour,type,n")
    assert found == [
        "usage columns: 'hour' is missing (did you mean Hour?)",
        "usage columns: 'instance_type' is missing",
        "usage columns: 'region' is missing",
        "usage columns: 'hours, normalized_units' are both missing: one of them is needed",
    ]
    # What is there is looked at all the same.
    found = said(book, f"{HOUR},g5.xlarg", header="hour,instance_type")
    assert [fault.split(":")[0] for fault in found] == ["usage columns", "usage columns", "instance_type"]
    assert said(book, f"{HOUR},a,b,1,2", header=HEADER + ",hours") == ["usage columns: 'hours' is given twice"]
    assert said(book, f"{HOUR},a,b,1,2", header=HEADER + ",") == ["usage columns: 5 has no name"]


def test_longer_and_shorter_rows_are_all_named(book):
    found = said(book, GOOD[0], f"{HOUR},g5.xlarge", GOOD[1], f"{HOUR},g5.xlarge,us-east-1,1,2")
    assert found == ["usage: '2 cells' in a row where the header has 4 (rows 3, 5)"]


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "usage.csv", "is empty: its first row must name the columns"),
        (b"\n\n", "usage.csv", "is empty: its first row must name the columns"),
        (HEADER.encode(), "usage.csv", "holds no rows"),
        ((HEADER + "\n,,,\n").encode(), "usage.csv", "holds no rows"),
        (HEADER.replace(",", ";").encode(), "usage.csv", "has its columns separated by semicolons"),
        (HEADER.replace(",", "\t").encode(), "usage.csv", "has its columns separated by tabs"),
        ((HEADER + "\nR\u00e9gion,,,").encode("latin-1"), "usage.csv", "is not UTF-8 text: byte 33, line 2"),
        ((HEADER + "\na\x00,,,").encode(), "usage.csv", "holds control characters"),
        ((HEADER + '\n"a,b,c,1\n').encode(), "usage.csv", "is not a CSV: unexpected end of data (row 2)"),
        ((HEADER + '\n"a"b,b,c,1\n').encode(), "usage.csv", "is not a CSV: ',' expected after '\"' (row 2)"),
        (b"a" * 200_000, "usage.csv", "is not a CSV: field larger than field limit (131072) (row 1)"),
        (
            (HEADER + "\n" + "a" * 200_000 + ',"",,').encode(),
            "usage.csv",
            "is not a CSV: field larger than field limit",
        ),
        (b"PK\x03\x04....", "usage.xlsx", "is a workbook or an archive: save the sheet as a CSV"),
        (gzip.compress(HEADER.encode())[:-9], "usage.csv.gz", "is broken: it does not decompress"),
        (b"\x1f\x8b nonsense", "usage.csv.gz", "is broken: it does not decompress"),
        (b"PAR1 and no more", "usage.parquet", "is broken Parquet"),
        (HEADER.encode(), "usage.parquet", "is not a Parquet file, though its name says so"),
    ],
)
def test_what_is_no_table_is_refused(book, content, name, problem):
    assert problem in refused(book, content, name)


def test_what_cannot_be_read_is_refused(book, tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(InvalidInput, match="usage: .*cannot be read"):
            read_usage(path, book)


def test_parquet_that_is_torn_or_holds_lists_is_refused(book):
    frame = pd.read_csv(io.StringIO("\n".join([HEADER, *GOOD])))
    whole = as_parquet(frame)
    assert "is broken Parquet" in refused(book, whole[:40] + b"\x00" * 200 + whole[240:], "usage.parquet")
    assert "is broken Parquet" in refused(book, whole[:-20], "usage.parquet")
    assert "is broken Parquet" in refused(book, whole.replace(b"hours", b"h\xf4urs"), "usage.parquet")
    lists = as_parquet(frame.assign(hours=[[1.0]] * 3))
    assert "usage columns: 'hours' holds list<" in refused(book, lists, "usage.parquet")
    assert "not text, numbers or times" in refused(book, lists, "usage.parquet")


def test_parquet_without_rows_is_refused(book):
    frame = pd.DataFrame({"hour": [], "instance_type": [], "region": [], "hours": []})
    assert "holds no rows" in refused(book, as_parquet(frame), "usage.parquet")


def test_a_small_file_that_unfolds_to_a_huge_one_is_refused(book, monkeypatch):
    monkeypatch.setattr(table_file, "MOST_BYTES", 1 << 20)
    assert "holds more than 1 MiB of text" in refused(book, gzip.compress(b"a" * (2 << 20)), "usage.csv.gz")
    monkeypatch.setattr(table_file, "MOST_TABLE_ROWS", 2)
    frame = pd.read_csv(io.StringIO("\n".join([HEADER, *GOOD])))
    assert "holds more than 2 rows" in refused(book, as_parquet(frame), "usage.parquet")
