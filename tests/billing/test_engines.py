"""The same expressions on every engine: Athena's SQL and its adapter, Spark to the cent, DuckDB in little memory."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import sqlglot

from costlib.billing import attribution, drivers, engine, kpis, rates, reconcile, usage
from costlib.billing.bill import Bill, open_bill
from costlib.billing.engine import open_engine
from costlib.billing.tag_policy import TagPolicy, violators
from costlib.errors import InvalidInput
from costlib.paths import data_dir
from tests.billing.conftest import cur2, focus, legacy, written

KNOWN = Path(__file__).parent / "known"
EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"


def questions(bill: Bill) -> dict[str, Any]:
    """The expressions behind the room's answers."""
    rows = bill.rows
    return {
        "months": reconcile.by_month(rows),
        "sums": kpis.sums(rows),
        "weeks": kpis.sums(rows, "week"),
        "items": drivers.items(rows),
        "hourly": usage.hourly(rows),
    }


def test_unknown_engines_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="did you mean duckdb"):
        open_engine("duckdbb")
    with pytest.raises(InvalidInput) as caught:
        open_engine("athena")
    assert [fault.field for fault in caught.value.faults] == ["workgroup", "database"]
    if importlib.util.find_spec("pyspark") is None:
        with pytest.raises(InvalidInput, match="pyspark, which is not installed"):
            open_engine("spark")
    assert set(engine.ENGINES) == {"duckdb", "athena", "spark"}


class Cursor:
    """Answers Athena's questions: those on the schema from ``columns``, all others from a DuckDB table."""

    def __init__(self, service: Athena) -> None:
        self.service = service
        self.rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str) -> None:
        self.service.asked.append(sql)
        if "information_schema" in sql:
            self.rows = list(self.service.columns.items())
        else:
            # Athena's words for what DuckDB calls otherwise; numbers come back as text, as drivers may give them.
            found = self.service.backend.execute(self.service.translated(sql)).fetchall()
            self.rows = [tuple(str(one) if isinstance(one, float) else one for one in row) for row in found]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def close(self) -> None:
        self.service.closed += 1


class Athena:
    """A stand-in for the service: it takes Athena's SQL, has it translated, and answers from a file."""

    def __init__(self, path: str, columns: dict[str, str]) -> None:
        self.columns, self.asked, self.closed = columns, [], 0
        self.backend = duckdb.connect()
        self.backend.execute("create schema bills")
        self.backend.execute(f"create view bills.focus as select * from read_parquet('{path}')")

    def cursor(self) -> Cursor:
        return Cursor(self)

    @staticmethod
    def translated(sql: str) -> str:
        # cardinality() is of maps in these questions, which the translator takes to be lists; is_infinite() it lacks.
        sql = str(sqlglot.transpile(sql, read="athena", write="duckdb")[0])
        return sql.replace("ARRAY_LENGTH(", "CARDINALITY(").replace("IS_INFINITE(", "ISINF(")


ATHENA_TYPES = {"VARCHAR": "varchar", "DOUBLE": "double", "MAP(VARCHAR, VARCHAR)": "map(varchar, varchar)"}


@pytest.fixture
def athena() -> Athena:
    described = duckdb.sql(f"describe select * from read_parquet('{EXAMPLE}')").fetchall()
    return Athena(str(EXAMPLE), {name: ATHENA_TYPES.get(kind, "timestamp(3)") for name, kind, *_ in described})


def test_athena_answers_as_duckdb_does(athena: Athena) -> None:
    """The whole way: columns from the information schema, Athena's SQL, rows back into frames of the right types."""
    mine = open_bill(str(EXAMPLE))
    theirs = open_bill("focus", open_engine("athena", workgroup="w", database="bills", connection=athena))
    assert theirs.versions == ("FOCUS 1.2",) and theirs.reconciliation.whole
    assert theirs.reconciliation.view == pytest.approx(mine.reconciliation.view, abs=1e-6)
    columns = ["billed_cost", "savings_rate_list", "coverage", "utilisation", "spot_share", "instance_hours"]
    left, right = kpis.kpis(mine), kpis.kpis(theirs)
    pd.testing.assert_frame_equal(left[columns], right[columns], check_dtype=False, atol=1e-6)
    assert list(left["period"]) == list(right["period"])
    teams = [attribution.attributed(bill, "team").set_index("owner")["cost"].to_dict() for bill in (mine, theirs)]
    assert teams[0] == pytest.approx(teams[1], abs=1e-6)
    assert athena.closed == len(athena.asked) > 3 and '"bills"."focus"' in athena.asked[-1]


@pytest.mark.parametrize("make", [focus, cur2, legacy])
def test_every_question_compiles_for_athena(tmp_path: Path, make: Any) -> None:
    frame = make({}).drop(columns=["Tags", "product", "resource_tags"], errors="ignore")
    hostile = 'it"s; --'
    frame[hostile] = "x"
    types = {name: "float64" if isinstance(frame[name].iloc[0], float) else "string" for name in frame}
    types |= {"Tags": "map<string, string>"} if make is focus else {}
    bill_engine = open_engine("athena", workgroup="w", database="d", connection=object(), columns=types)
    from costlib.billing import sources, versions, view

    group = sources.FileGroup(("t",), "athena", None, str(versions.version_of(types)), tuple(types.items()))
    part = view.part_of(group, view.raw_of(bill_engine, group))
    bill = Bill(bill_engine, part.rows, (part,), "t", (), "USD", pd.DataFrame(), None, ())  # type: ignore[arg-type]
    for name, question in questions(bill).items():
        sql = bill_engine.sql(question)
        assert '"d"."t"' in sql and "GROUP BY" in sql, name


def test_athena_wants_maps_and_knows_its_table(tmp_path: Path) -> None:
    types = dict.fromkeys(focus({}).columns, "string")
    with pytest.raises(InvalidInput, match="map<string,string>"):
        open_bill("t", open_engine("athena", workgroup="w", database="d", connection=object(), columns=types))
    with pytest.raises(InvalidInput, match="neither a FOCUS nor a CUR"):
        open_bill("t", open_engine("athena", workgroup="w", database="d", connection=object(), columns={"a": "string"}))
    empty = Athena(str(EXAMPLE), {})
    with pytest.raises(InvalidInput, match="is not in the database"):
        open_bill("none", open_engine("athena", workgroup="w", database="d", connection=empty))


def test_duckdb_says_when_its_memory_is_too_small() -> None:
    small = open_bill(str(EXAMPLE), open_engine("duckdb", memory_limit="20MB", threads=1))
    wide = small.rows.group_by(["charge_start", "resource_id", "usage_type", "description"]).agg(n=small.rows.count())
    try:
        assert small.ask(wide)["n"].sum() == small.reconciliation.raw_rows
    except InvalidInput as error:
        assert error.faults[0].field == "memory_limit"


SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
needs_spark = pytest.mark.skipif(not SPARK, reason="pyspark or Java is not here: Spark is an optional extra")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    opened = open_engine("spark", master="local[2]")
    yield opened
    opened.session.stop()  # type: ignore[attr-defined]


@needs_spark
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["focus_sample_aws.parquet", "nise_cur_legacy_2024-09.parquet", "example"])
def test_spark_and_duckdb_agree_to_the_cent(spark: Any, name: str) -> None:
    path = str(EXAMPLE if name == "example" else KNOWN / name)
    mine, theirs = open_bill(path), open_bill(path, spark)
    assert theirs.reconciliation.whole and theirs.reconciliation.view == pytest.approx(
        mine.reconciliation.view, abs=1e-9
    )
    assert {note.kind: note.rows for note in theirs.notes} == {note.kind: note.rows for note in mine.notes}
    left, right = kpis.kpis(mine), kpis.kpis(theirs)
    pd.testing.assert_frame_equal(left, right, check_dtype=False, atol=0.005, rtol=0.0)
    assert mine.tag_keys == theirs.tag_keys
    by = f"tag:{mine.tag_keys[-1]}"
    owners = [attribution.attributed(bill, by).set_index("owner")["cost"].to_dict() for bill in (mine, theirs)]
    assert owners[0] == pytest.approx(owners[1], abs=0.005)
    hours = [rates.rates(bill)["hours"].sum() for bill in (mine, theirs)]
    assert hours[0] == pytest.approx(hours[1])
    policy = TagPolicy((mine.tag_keys[0], "none"))
    counted = [violators(bill, policy)["rows"].sum() for bill in (mine, theirs)]
    assert counted[0] == counted[1]


@needs_spark
@pytest.mark.timeout(600)
def test_spark_reads_csv_and_hostile_tags(spark: Any, tmp_path: Path) -> None:
    import json

    from tests.billing.test_reading import HOSTILE

    path = written(focus({"Tags": json.dumps(HOSTILE)}, {"ResourceId": "null"}), tmp_path / "b.csv.gz")
    bill = open_bill(path, spark)
    assert bill.reconciliation.whole and set(bill.tag_keys) == set(HOSTILE)
    for key, value in HOSTILE.items():
        assert bill.ask(bill.rows.filter(bill.rows.has_tags).select(v=bill.tag(key)))["v"].tolist() == [value]
    assert any(note.kind == "null_text" for note in bill.notes)
