"""``costlib bill`` as a person meets it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from costlib.cli.bill import bill
from costlib.paths import data_dir
from tests.billing.conftest import focus, written
from tests.billing.test_reading import HOSTILE
from tests.running import Ran

EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"
TRUTH = json.loads(EXAMPLE.with_name("ml_focus_1_2_truth.json").read_text())


def test_the_whole_review_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "budget.csv").write_text("month,budget\n2026-09,9000\n2026-10,20000\n")
    (tmp_path / "policy.yaml").write_text("required: [team, project]\n")
    (tmp_path / "requests.csv").write_text("period,requests\n2026-09-01,4000000\n")
    found = Ran(
        capsys,
        "bill",
        EXAMPLE,
        "--json",
        "--group",
        "team",
        "--budget",
        tmp_path / "budget.csv",
        "--tag-policy",
        tmp_path / "policy.yaml",
        "--requests",
        tmp_path / "requests.csv",
        "--out",
        tmp_path / "chargeback.csv",
    ).json
    help_text = str(bill.help)
    for key, value in found.items():
        assert key in help_text, key
        rows = value if isinstance(value, list) and value and isinstance(value[0], dict) else []
        for name in rows[0] if rows else ():
            assert name in help_text, f"{key}.{name}"
    assert found["reconciliation"]["whole"] and found["reconciliation"]["raw_rows"] == TRUTH["rows"]
    assert [row["period"][:7] for row in found["periods"]] == list(TRUTH["months"])
    assert found["periods"][0]["coverage"] == pytest.approx(TRUTH["months"]["2026-04"]["kpis"]["coverage"])
    assert found["periods"][0]["cost_per_thousand_requests"] is None
    assert found["periods"][-1]["cost_per_thousand_requests"] > 0
    # Numbers have eight decimals, which hardly depend on the order of a sum.
    costs = [row[name] for row in found["periods"] for name in ("billed_cost", "effective_cost", "instance_effective")]
    assert costs == [round(cost, 8) for cost in costs]
    assert "(untagged)" in {row["owner"] for row in found["attribution"]}
    assert {row["owner"] for row in found["chargeback"]} == {"nlp", "vision", "platform", "speech"}
    total = sum(row["total"] for row in found["chargeback"])
    assert total == pytest.approx(TRUTH["totals"]["EffectiveCost"], abs=0.006)
    verdicts = {row["month"]: row["verdict"] for row in found["budget"] if row["verdict"]}
    assert verdicts == {"2026-09": "over", "2026-10": "likely within"}
    assert found["violators"][0]["problem"] and found["policies"]["tag_policy"]["tags"]
    with (tmp_path / "chargeback.csv").open() as file:
        assert [row["owner"] for row in csv.DictReader(file)][0] == found["chargeback"][0]["owner"]


def numbers_apart(value: object, found: list[float]) -> object:
    """A value with its fractions taken out, into ``found``."""
    if isinstance(value, float):
        found.append(value)
        return "a fraction"
    if isinstance(value, dict):
        return {key: numbers_apart(one, found) for key, one in value.items()}
    return [numbers_apart(one, found) for one in value] if isinstance(value, list) else value


def test_two_runs_print_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("bill", EXAMPLE, "--json", "--group", "project")
    first, second = [], []
    once, again = Ran(capsys, *words).json, Ran(capsys, *words).json
    assert numbers_apart(once, first) == numbers_apart(again, second)
    # Threads add up in any order, which moves the last decimal at most.
    assert len(first) > 100 and first == pytest.approx(second, abs=1.1e-8, rel=0)


def test_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = Ran(capsys, "bill", EXAMPLE, "--group", "account", "--by", "total").out
    assert "every row and cent of the raw files is here" in text
    for words in ("utilisation of commitments", "why months differ", "forecast", "chargeback", "accelerator-hours"):
        assert words in text
    one = Ran(capsys, "bill", EXAMPLE, "--month", "2026-08").out
    assert "no forecast" in one and "no drivers" in one


def test_a_month_that_is_not_over_is_judged_by_its_forecast(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    days = [(4, 30, 30.0), (5, 31, 62.0), (6, 30, 90.0), (7, 10, 5.0)]
    rows = [
        {
            "BillingPeriodStart": f"2026-0{month}-01T00:00:00Z",
            "ChargePeriodStart": f"2026-0{month}-{day}T00:00:00Z",
            "EffectiveCost": cost,
        }
        for month, day, cost in days
    ]
    path = written(focus(*rows), tmp_path / "bill.csv")
    (tmp_path / "budget.csv").write_text("month,budget\n2026-07,50\n")
    (row,) = [
        row
        for row in Ran(capsys, "bill", path, "--budget", tmp_path / "budget.csv", "--json").json["budget"]
        if row["month"] == "2026-07"
    ]
    # July's ten days cost 5; days that cost 1, 2 and 3 so far go on to 4.
    assert (row["actual"], row["forecast"], row["verdict"]) == (5.0, pytest.approx(124.0), "likely over")


def test_hostile_bills_print_as_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"ResourceId": "\x1b[31mred\x07", "Tags": json.dumps({"team": value})} for value in HOSTILE.values()]
    path = written(focus(*rows), tmp_path / "bill.csv")
    out = tmp_path / "out.csv"
    (tmp_path / "policy.yaml").write_text("required: [project]\n")
    ran = Ran(capsys, "bill", path, "--group", "tag:team", "--out", out, "--tag-policy", tmp_path / "policy.yaml")
    assert ran.code == 0 and "\x1b" not in ran.out and "\x07" not in ran.out and "\u202e" not in ran.out
    # What a spreadsheet would run has an apostrophe in front.
    assert "'=HYPERLINK(1)" in out.read_text() and "\n=HYPERLINK" not in out.read_text()
    as_json = Ran(capsys, "bill", path, "--group", "tag:team", "--json").json
    assert {row["owner"] for row in as_json["attribution"]} == set(HOSTILE.values())


def test_refusals_come_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "budget.csv").write_text("month,budget\nsoon,1\n")
    ran = Ran(
        capsys, "bill", tmp_path / "none", "--budget", tmp_path / "budget.csv", "--tag-policy", "x.yaml", "--json"
    )
    assert ran.code == 2
    assert [fault["field"] for fault in ran.json["errors"]] == ["bill", "budget", "tag_policy"]
    assert "did you mean team" in Ran(capsys, "bill", EXAMPLE, "--group", "tag:taem").err
    assert Ran(capsys, "bill", EXAMPLE, "--out", "x.csv").code == 2
    assert Ran(capsys, "bill", EXAMPLE, "--workgroup", "w").code == 2
    assert "workgroup" in Ran(capsys, "bill", "t", "--engine", "athena", "--json").json["errors"][0]["field"]


def test_help_loads_no_engine() -> None:
    tell = "import atexit, sys; atexit.register(lambda: print(*({'ibis', 'duckdb', 'pandas'} & set(sys.modules))))"
    code = f"{tell}; from costlib import cli; cli.main(['bill', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
