"""The command line as a person meets it: answers, refusals, exit codes and stable keys."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

import costlib
from costlib import cli
from costlib.paths import data_dir
from costlib.planner.plan import Band, Line, Plan
from tests.exports.conftest import WORKLOAD
from tests.running import Ran


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    return path


def test_help_names_every_command_and_is_quick_to_import() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, costlib.cli; print('pandas' in sys.modules, 'numpy' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "False"]
    commands = [
        "anomalies",
        "bench-template",
        "bill",
        "commit",
        "fit",
        "plan",
        "price",
        "region",
        "replay",
        "report",
        "serve",
        "service",
        "snapshot",
        "spot",
        "store",
        "waste",
    ]
    assert sorted(cli.cli.commands) == commands


def _commands(group: click.Group, path: str = "costlib") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += _commands(command, f"{path} {name}")
    return found


def test_every_command_has_json_and_says_its_keys() -> None:
    for path, command in _commands(cli.cli):
        if path != "costlib report":
            assert "as_json" in [option.name for option in command.params], path
            assert "JSON:" in (command.help or ""), path


def test_public_names_load_when_used() -> None:
    for name in costlib.__all__:
        assert getattr(costlib, name) is not None
    with pytest.raises(AttributeError):
        costlib.nothing  # noqa: B018


def test_price_json_has_every_way_to_buy(capsys: pytest.CaptureFixture[str]) -> None:
    rows = Ran(capsys, "price", "g5.xlarge", "--region", "us-east-1", "--json").json
    keys = {"service", "region", "az", "purchase", "option", "usd_low", "usd_per_hour", "usd_high", "unit", "basis",
            "rule", "source", "as_of"}  # fmt: skip
    assert all(keys <= row.keys() for row in rows)
    assert {"on_demand", "spot", "reserved", "savings_plan"} <= {row["purchase"] for row in rows}
    (on_demand,) = [row for row in rows if (row["service"], row["purchase"]) == ("ec2", "on_demand")]
    assert on_demand["usd_per_hour"] == 1.006 and on_demand["unit"] == "usd_per_hour" and on_demand["az"] is None
    assert all(row["rule"] for row in rows if row["basis"] in ("derived", "estimate"))


def test_price_refuses_unknown_names_together(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "price", "g5.xlarg", "--region", "us-eats-1", "--service", "ec3", "--json")
    assert ran.code == 2
    assert [fault["field"] for fault in ran.json["errors"]] == ["region", "service", "instance_type"]
    assert "g5.xlarge" in ran.json["errors"][2]["nearest"]
    assert "did you mean g5.xlarge" in Ran(capsys, "price", "g5.xlarg").err


def test_price_takes_own_discounts(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("price", "p5.48xlarge", "--region", "us-east-1", "--service", "ec2", "--json")
    plain, own = Ran(capsys, *words).json, Ran(capsys, *words, "--discount", "ec2=10").json
    assert [row["usd_per_hour"] for row in own] == pytest.approx([0.9 * row["usd_per_hour"] for row in plain])


def test_plan_json_is_sorted_and_adds_up(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    plans = Ran(capsys, "plan", workload, "--json", "--limit", "40").json
    assert len(plans) == 40 and [plan["rank"] for plan in plans] == list(range(1, 41))
    costs = [plan["cost_usd"]["expected"] for plan in plans]
    assert costs == sorted(costs)
    for plan in plans:
        assert plan["cost_usd"]["low"] <= plan["cost_usd"]["expected"] <= plan["cost_usd"]["high"]
        assert sum(line["usd"] for line in plan["lines"]) == pytest.approx(plan["cost_usd"]["expected"], rel=1e-9)
        assert plan["meets_deadline"] and plan["hours"]["expected"] <= 72
        assert all(line["basis"] and line["source"] and line["as_of"] for line in plan["lines"])


def test_plan_keys_are_those_that_help_names(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    (one,) = Ran(capsys, "plan", workload, "--json", "--limit", "1").json
    text = cli.plan.help or ""
    for key in [*one, *one["hours"], *one["lines"][0]]:
        assert key in text, key
    line = Line("compute", Band(1, 1, 1), "published", "s", "2026-01-01", "a")
    assert set(one) == set(
        Plan(
            "ec2", "t", 1, "r", None, "spot", "", "bf16", "", 0, Band(1, 1, 1), "user",
            "", "", (line,), True, True, 0.0, 1,
        ).as_dict()
    )  # fmt: skip


def test_plan_shows_late_plans_only_when_asked(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    plans = Ran(capsys, "plan", workload, "--json", "--limit", "0", "--include-late").json
    late = [plan for plan in plans if not plan["meets_deadline"]]
    assert late and all(plan["rank"] == 0 and plan["hours"]["expected"] > 72 for plan in late)
    on_time = Ran(capsys, "plan", workload, "--json", "--limit", "0").json
    assert len(on_time) == len(plans) - len(late)


def test_plan_text_has_units_date_and_reasons(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    ran = Ran(capsys, "plan", workload, "--ladder", "--best-per", "service,instance_type,purchase")
    assert ran.code == 0
    said = ("as of 20", "USD a run", "fell out because", "candidates hold the deadline", "naive start", "estimate")
    assert [words for words in said if words not in ran.out] == []


def test_plan_explain_ladder_and_excluded(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    assert "usd_per_hour * count" in Ran(capsys, "plan", workload, "--explain", "2").out
    one = Ran(capsys, "plan", workload, "--explain", "2", "--json").json
    assert one["rank"] == 2
    found = Ran(capsys, "plan", workload, "--ladder", "--json").json
    assert found["end_usd"] < found["start"]["cost_usd"] and len(found["rungs"]) == 6
    gone = Ran(capsys, "plan", workload, "--excluded", "--json").json
    assert sum(row["candidates"] for row in gone["exclusions"]) + gone["on_time"] == gone["enumerated"]
    assert Ran(capsys, "plan", workload, "--explain", "0").code == 2
    assert Ran(capsys, "plan", workload, "--json", "--ladder", "--excluded").code == 2


def test_plan_tells_what_could_be_late(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    plans = Ran(capsys, "plan", workload, "--json", "--limit", "0").json
    unsure = [plan for plan in plans if not plan["meets_deadline_at_high"]]
    assert unsure and len(unsure) < len(plans)
    assert all((plan["hours"]["high"] > 72) != plan["meets_deadline_at_high"] for plan in plans)
    said = Ran(capsys, "plan", workload, "--explain", unsure[0]["rank"]).out
    assert "deadline: could be late" in said and "Not costed: EBS" in said
    assert "could be late" in Ran(capsys, "plan", workload, "--limit", "0", "--best-per", "all").out


def test_a_ladder_that_costs_more_says_so(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    example = yaml.safe_load((data_dir() / "examples" / "gpt2-1.5b.yaml").read_text())
    workload.write_text(yaml.safe_dump({**example, "deadline_hours": 1}))
    found = Ran(capsys, "plan", workload, "--ladder", "--json").json
    (dearer,) = [rung for rung in found["rungs"] if rung["saved_usd"] < 0]
    assert dearer["effect"].startswith("costs ") and dearer["effect"].endswith(", and holds the deadline")
    assert found["saved_fraction"] < 0 and found["effect"].startswith("costs ")
    keys = " ".join(str(cli.plan.help).split())
    for key in [*found, *found["start"], *found["rungs"][0]]:
        assert key in keys, key
    text = Ran(capsys, "plan", workload, "--ladder").out
    assert dearer["effect"] in text and "$-" not in text and "-$" not in text


def test_plan_refuses_everything_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD.replace("us-west-2", "us-wset-2").replace("deadline_hours: 72", "deadline_hours: -1"))
    ran = Ran(capsys, "plan", path, "--discount", "ec2=lots", "--out", tmp_path / "x.pdf", "--json")
    assert ran.code == 2
    fields = [fault["field"] for fault in ran.json["errors"]]
    assert fields[0] == "--out" and "discounts.ec2" in fields and "deadline_hours" in fields
    assert any(field.startswith("search.regions") for field in fields)


def test_impossible_deadline(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD.replace("deadline_hours: 72", "deadline_hours: 0.001"))
    ran = Ran(capsys, "plan", path, "--json")
    assert ran.code == 2
    (fault,) = ran.json["errors"]
    assert fault["field"] == "deadline_hours" and fault["value"] == 0.001 and "fastest" in fault["problem"]
    assert "deadline_hours: 0.001 cannot be met" in Ran(capsys, "plan", path).err


def test_empty_search(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD.replace("[g5, p4d, p5]", "[t3]"))
    ran = Ran(capsys, "plan", path, "--json")
    assert ran.code == 2 and ran.json["errors"][0]["field"] == "search"
    assert "no candidate is left" in Ran(capsys, "plan", path).err


def test_wrong_usage_is_json_too(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    ran = Ran(capsys, "plan", workload, "--limit", "many", "--json")
    assert ran.code == 2 and ran.json["errors"][0]["field"] == "limit"
    assert Ran(capsys, "prise", "--json").code == 2
    assert "Usage:" in Ran(capsys, "plan").err


def test_plan_writes_a_file(capsys: pytest.CaptureFixture[str], workload: Path, tmp_path: Path) -> None:
    assert Ran(capsys, "plan", workload, "--limit", "3", "--out", tmp_path / "x.csv").code == 0
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 4


def test_report_refuses_before_it_runs(
    capsys: pytest.CaptureFixture[str], workload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from costlib.reports import runner

    monkeypatch.setattr(runner, "_executed", lambda *_: pytest.fail("the notebook ran"))
    out = tmp_path / "none" / "r.html"
    ran = Ran(capsys, "report", "plan", workload, "--out", out, "-p", "topn=3", "-p", "workload=x", "--json")
    assert ran.code == 2
    assert [fault["field"] for fault in ran.json["errors"]] == ["-p", "-p workload", "--out"]
    ran = Ran(capsys, "report", "plan", workload, "--out", tmp_path / "r.html", "-p", "top_n=0", "--json")
    assert [fault["field"] for fault in ran.json["errors"]] == ["top_n"]


def test_report_writes_its_page(capsys: pytest.CaptureFixture[str], workload: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    ran = Ran(capsys, "report", "plan", workload, "--out", out, "-p", "top_n=3", "--json")
    assert ran.code == 0 and ran.json["file"] == str(out) and ran.json["parameters"]["top_n"] == 3
    assert ran.json["snapshot_id"] in out.read_text()


def test_a_reader_that_leaves_early_is_no_error(workload: Path) -> None:
    command = f"{sys.executable} -m costlib plan {workload} --json --limit 500 | head -c 10"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert len(done.stdout) == 10 and done.stderr == ""


def test_version_is_the_project_s() -> None:
    import tomllib

    from costlib.paths import repository_dir

    project = tomllib.loads((repository_dir() / "pyproject.toml").read_text())["project"]
    assert project.get("version", costlib.__version__) == costlib.__version__


def test_bench_template_writes_a_sheet_and_a_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sheet, script = tmp_path / "rows.csv", tmp_path / "bench.py"
    answer = Ran(capsys, "bench-template", sheet, "--script", script, "--json").json
    assert answer["file"] == str(sheet) and answer["script"] == str(script)
    header = [column["name"] for column in answer["columns"]]
    assert sheet.read_text().splitlines()[0].split(",") == header
    compile(script.read_text(), str(script), "exec")
    again = Ran(capsys, "bench-template", sheet, "--script", tmp_path / "no" / "bench.py", "--json")
    assert again.code == 2
    assert [fault["field"] for fault in again.json["errors"]] == ["SHEET_CSV", "--script"]


def test_plan_takes_own_benchmarks(capsys: pytest.CaptureFixture[str], workload: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "rows.csv"
    Ran(capsys, "bench-template", sheet)
    with sheet.open("a") as file:
        file.write("p4d.24xlarge,1,bf16,64,tokens_per_second,150000,38,91,,\n")
    words = ("plan", workload, "--json", "--limit", "0", "--include-late", "--benchmarks", sheet)
    own = [plan for plan in Ran(capsys, *words).json if plan["hours_basis"] == "user"]
    assert own and {(plan["instance_type"], plan["count"], plan["precision"]) for plan in own} == {
        ("p4d.24xlarge", 1, "bf16")
    }
    assert all("your benchmark" in plan["hours_rule"] for plan in own)
    sheet.write_text(sheet.read_text().replace("150000", "0"))
    refused = Ran(capsys, *words)
    assert refused.code == 2 and refused.json["errors"][0]["field"] == "row 4, throughput"


def test_plan_says_that_the_batch_is_an_estimate_only_where_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    batch = "GPT-3 table 2.1"
    bare, given = tmp_path / "bare.yaml", tmp_path / "given.yaml"
    bare.write_text(WORKLOAD)
    given.write_text(WORKLOAD.replace("work: {", "work: {tokens_per_step: 524288, "))
    said = Ran(capsys, "plan", bare, "--limit", 1).out
    assert "A step (the global batch) is taken to be" in said and batch in said
    assert batch not in Ran(capsys, "plan", given, "--limit", 1).out
