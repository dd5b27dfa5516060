"""Usage files: what is read, and every fault with its rows, as a spreadsheet numbers them."""

import gzip
import io
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.commit import quantity_cells, table_file
from costlib.planner.commit.usage_file import UsageFile, read_usage, usage_of
from costlib.prices.book import PriceBook
from data.build import example_usage

HEADER = "hour,instance_type,region,hours"
GOOD = [
    "2026-01-01T00:00Z,g5.xlarge,us-east-1,1",
    "2026-01-01T01:00Z,g5.xlarge,us-east-1,2.5",
    "2026-01-01T01:00Z,ml.g5.xlarge,us-east-1,4",
]


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


def read(book: PriceBook, *rows: str, header: str = HEADER) -> UsageFile:
    return usage_of("\n".join([header, *rows]).encode(), "usage.csv", book)


def said(book: PriceBook, *rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(book, *rows, header=header)
    return [str(fault) for fault in caught.value.faults]


def refused(book: PriceBook, content: bytes, name: str = "usage.csv") -> str:
    with pytest.raises(InvalidInput) as caught:
        usage_of(content, name, book)
    assert len(caught.value.faults) == 1
    return str(caught.value)


def by_line(file: UsageFile) -> dict[str, list[float]]:
    return {line.instance_type: file.usage.quantity[:, at].tolist() for at, line in enumerate(file.usage.lines)}


def as_parquet(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()


def test_rows_become_hours_by_lines(book):
    file = read(book, *GOOD)
    assert by_line(file) == {"g5.xlarge": [1, 2.5], "ml.g5.xlarge": [0, 4]}
    assert {line.instance_type: line.service for line in file.usage.lines} == {
        "g5.xlarge": "ec2",
        "ml.g5.xlarge": "sagemaker",
    }
    assert file.hours.tolist() == [pd.Timestamp("2026-01-01T00:00Z"), pd.Timestamp("2026-01-01T01:00Z")]
    assert file.notes == (
        "3 rows name no service: taken as SageMaker where the type begins with ml., else as EC2",
        "1 of 4 hours of a line have no row: nothing ran then, as on a bill",
    )


def test_nothing_is_noted_where_nothing_is_taken_for_granted(book):
    file = read(
        book, "2026-01-01T00:00Z,g5.xlarge,us-east-1,1,ec2", header="hour,instance_type,region,quantity,service"
    )
    assert (file.notes, by_line(file), file.name) == ((), {"g5.xlarge": [1]}, "usage.csv")


def test_order_of_rows_and_columns_does_not_matter(book):
    given = pd.read_csv(io.StringIO("\n".join([HEADER, *GOOD])), dtype=str)
    turned = given.iloc[::-1, ::-1].to_csv(index=False).encode()
    assert by_line(usage_of(turned, "usage.csv", book)) == by_line(read(book, *GOOD))


def test_a_file_is_read_the_same_in_every_form(book, tmp_path):
    content = "\n".join([HEADER, *GOOD]).encode()
    frame = pd.read_csv(io.BytesIO(content))
    times = frame.assign(hour=pd.to_datetime(frame["hour"]))
    forms = {
        "a.csv": content,
        "b.csv.gz": gzip.compress(content),
        "c.parquet": as_parquet(times),
        "d.parquet": as_parquet(frame.astype({"instance_type": "category"})),
        "quoted.csv": content.replace(b",g5.xlarge", b',"g5.xlarge"'),
        "marked.csv": b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        "elsewhere.parquet": as_parquet(times.assign(hour=times["hour"].dt.tz_convert("Asia/Tokyo"))),
    }
    wanted = read(book, *GOOD)
    for name, form in forms.items():
        (tmp_path / name).write_bytes(form)
        found = read_usage(tmp_path / name, book)
        assert (found.name, by_line(found), found.notes) == (name, by_line(wanted), wanted.notes), name
        assert (found.hours == wanted.hours).all(), name


def test_normalized_units_are_over_the_factor_of_the_type(book):
    header = "hour,instance_type,region,normalized_units"
    file = read(book, "2026-01-01T00:00Z,m5.xlarge,us-east-1,24", "2026-01-01T00:00Z,m5.large,us-east-1,2",
                header=header)  # fmt: skip
    # An xlarge is 8 units for an hour, a large 4: the EC2 User Guide's table.
    assert by_line(file) == {"m5.xlarge": [3], "m5.large": [0.5]}
    assert any("normalized units are turned" in note for note in file.notes)


def test_both_columns_fill_each_other_and_must_agree(book):
    header = "hour,instance_type,region,hours,normalized_units"
    rows = ["2026-01-01T00:00Z,m5.xlarge,us-east-1,0.333,2.6667", "2026-01-01T01:00Z,m5.xlarge,us-east-1,,8",
            "2026-01-01T02:00Z,m5.xlarge,us-east-1,2,"]  # fmt: skip
    assert by_line(read(book, *rows, header=header)) == {"m5.xlarge": [0.333, 1, 2]}
    rows[0] = "2026-01-01T00:00Z,m5.xlarge,us-east-1,1,16"
    assert said(book, *rows, header=header) == ["normalized_units: '16' contradicts hours (rows 2)"]
    rows = ["2026-01-01T00:00Z,m5.xlarge,us-east-1,,"]
    assert said(book, *rows, header=header) == ["hours: '' is empty, and so is normalized_units (rows 2)"]


def test_a_type_without_a_known_size_needs_hours(book):
    # Sold, but sizes such as metal of this family have no published factor.
    row = "2026-01-01T00:00Z,i4i.metal,us-east-1,{}"
    problem = "instance_type: 'i4i.metal' has no normalization factor, its size is not known: give hours (rows 2)"
    assert said(book, row.format(8), header="hour,instance_type,region,normalized_units") == [problem]
    assert by_line(read(book, row.format(8))) == {"i4i.metal": [8]}


def test_times_without_a_zone_are_utc_and_others_are_turned(book):
    file = read(book, "2026-01-01 00:00,g5.xlarge,us-east-1,1", "2026-01-01T03:00+02:00,g5.xlarge,us-east-1,2")
    assert by_line(file) == {"g5.xlarge": [1, 2]}
    assert file.notes[0] == "1 rows give the hour without a time zone: taken as UTC"
    bare = pd.DataFrame({"hour": pd.to_datetime(["2026-01-01"]), "instance_type": "g5.xlarge", "region": "us-east-1",
                         "hours": 1})  # fmt: skip
    assert "without a time zone" in usage_of(as_parquet(bare), "x.parquet", book).notes[0]


def test_unknown_columns_are_noted_not_dropped_in_silence(book):
    file = read(book, "2026-01-01T00:00Z,g5.xlarge,us-east-1,1,web,b", header=HEADER + ",team,zones")
    assert file.notes[:2] == ("column 'team' is not read", "column 'zones' is not read (did you mean zone?)")


def test_zone_and_account_make_lines_apart(book):
    header = HEADER + ",zone,account,platform,tenancy"
    rows = ["2026-01-01T00:00Z,g5.xlarge,us-east-1,1,us-east-1a,one,linux,",
            "2026-01-01T00:00Z,g5.xlarge,us-east-1,2,use1-az4,,,shared",
            "2026-01-01T00:00Z,g5.xlarge,us-east-1,3,,,,"]  # fmt: skip
    file = read(book, *rows, header=header)
    found = {(line.zone, line.account): hours for line, hours in zip(file.usage.lines, file.usage.quantity[0],
                                                                      strict=True)}  # fmt: skip
    assert found == {("us-east-1a", "one"): 1, ("use1-az4", ""): 2, (None, ""): 3}
    assert {(line.platform, line.tenancy) for line in file.usage.lines} == {("linux", "shared")}


HOUR = "2026-01-01T00:00Z"


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


def test_rows_that_name_no_service_are_counted(book):
    rows = [f"{HOUR},g5.xlarge,us-east-1,1,ec2", f"{HOUR},ml.g5.xlarge,us-east-1,1,"]
    assert read(book, *rows, header=HEADER + ",service").notes[0].startswith("1 rows name no service")


def test_a_cell_may_hold_a_comma_or_a_line_between_quotes(book):
    rows = [f'{HOUR},g5.xlarge,us-east-1,1,"one, two\nand ""three"""', f"{HOUR},g5.2xlarge,us-east-1,x,"]
    assert said(book, *rows, header=HEADER + ",account") == ["hours: 'x' is not a number (rows 3)"]
    file = read(book, rows[0], header=HEADER + ",account")
    assert file.usage.lines[0].account == 'one, two\nand "three"'


def test_rows_keep_their_numbers_past_empty_ones(book):
    quoted = f'{HOUR},"g5.xlarge",us-east-1,1'
    assert said(book, quoted, "", ",,,", "2026-01-01T01:00Z,g5.xlarge,us-east-1,x") == [
        "hours: 'x' is not a number (rows 5)"
    ]
    assert said(book, GOOD[0], "", ",,,", "2026-01-01T01:00Z,g5.xlarge,us-east-1,x") == [
        "hours: 'x' is not a number (rows 5)"
    ]
    assert by_line(read(book, GOOD[0], "", " , ,,", "")) == {"g5.xlarge": [1]}


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


def test_parquet_rows_are_numbered_as_a_spreadsheet_would(book):
    frame = pd.read_csv(io.StringIO("\n".join([HEADER, *GOOD]))).assign(hours=[1.0, np.nan, -2.0])
    with pytest.raises(InvalidInput) as caught:
        usage_of(as_parquet(frame), "usage.parquet", book)
    found = [str(fault) for fault in caught.value.faults]
    assert found == ["hours: '-2' must not be negative (rows 4)", "hours: '' is empty (rows 3)"]


def test_numbers_of_parquet_keep_every_bit(book):
    hours = np.random.default_rng(1).gamma(2.0, size=500)
    clock = pd.date_range("2026-01-01", periods=500, freq="h", tz="UTC")
    frame = pd.DataFrame({"hour": clock, "instance_type": "g5.xlarge", "region": "us-east-1", "hours": hours})
    assert usage_of(as_parquet(frame), "usage.parquet", book).usage.quantity[:, 0].tolist() == hours.tolist()


def test_a_small_file_that_unfolds_to_a_huge_one_is_refused(book, monkeypatch):
    monkeypatch.setattr(table_file, "MOST_BYTES", 1 << 20)
    assert "holds more than 1 MiB of text" in refused(book, gzip.compress(b"a" * (2 << 20)), "usage.csv.gz")
    monkeypatch.setattr(table_file, "MOST_TABLE_ROWS", 2)
    frame = pd.read_csv(io.StringIO("\n".join([HEADER, *GOOD])))
    assert "holds more than 2 rows" in refused(book, as_parquet(frame), "usage.parquet")


def test_rounding_is_within_what_three_decimals_lose():
    assert quantity_cells.ROUNDING_FRACTION >= 0.0005 / 1.0 + 0.0005 / 1.0


def test_a_year_of_fifty_types_is_placed_as_a_pivot_places_it(book):
    types = sorted(book.part("ec2", "on_demand").query("region == 'us-east-1'")["instance_type"])[:50]
    clock = pd.date_range("2025-07-01", periods=480, freq="h", tz="UTC")
    rows = pd.MultiIndex.from_product([clock, types], names=["hour", "instance_type"]).to_frame(index=False)
    rows = rows.assign(region="us-east-1", hours=np.random.default_rng(2).integers(1, 99, len(rows)))
    rows = rows.sample(frac=0.7, random_state=3)
    wide = rows.pivot(index="hour", columns="instance_type", values="hours").fillna(0.0)
    file = usage_of(rows.to_csv(index=False).encode(), "usage.csv", book)
    assert [line.instance_type for line in file.usage.lines] == list(wide.columns)
    assert (file.usage.quantity == wide.to_numpy()).all()
    assert (file.hours == wide.index).all()


def test_the_example_is_what_its_rule_makes_and_every_line_has_prices(book, tmp_path):
    example_usage.write(tmp_path / "made.csv")
    path: Path = example_usage.PATH
    assert path.read_bytes() == (tmp_path / "made.csv").read_bytes()
    assert path.stat().st_size < 1_000_000
    file = read_usage(path, book)
    assert len(file.hours) == 26 * 7 * 24
    assert str(file.hours[-1]) == "2026-06-30 23:00:00+00:00"
    assert len(file.notes) == 1, "only that lines have hours without a row"
    reserved = book.table("prices/ec2_reserved").query("region == 'us-east-1'")
    for line in file.usage.lines:
        assert book.on_demand(line.instance_type, line.region, line.service).amount > 0
        assert line.service == "sagemaker" or line.instance_type in set(reserved["instance_type"])
    # The rule's own numbers: 13 training runs; 12 with the three days before them whole, and the first has them too.
    of = by_line(file)
    assert sum(of["c6i.8xlarge"]) == 13 * 3 * 10 * 3
    assert sum(of["m6i.4xlarge"]) == 182 * 4 * 4 + 26 * 8 * 10
    assert min(of["g5.12xlarge"]) == 2
    assert sorted(set(of["p4d.24xlarge"])) == [0, 2, 4]
    weekend = file.hours.day_of_week >= 5
    assert set(np.array(of["g5.xlarge"])[weekend]) == {1.0}


def test_an_endpoints_type_needs_no_training_price(tmp_path: Path, book: PriceBook) -> None:
    table = book.table("prices/sagemaker_instances")
    trained = set(book.part("sagemaker", "on_demand")["billed_type"])
    only = table[(table["component"] == "Hosting") & ~table["instance_type"].isin(trained)].iloc[0]
    path = tmp_path / "usage.csv"
    path.write_text(f"hour,instance_type,region,hours\n2026-06-30T00:00Z,{only['instance_type']},{only['region']},2\n")
    assert read_usage(path, book).usage.lines[0].instance_type == only["instance_type"]
