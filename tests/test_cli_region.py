"""``costlib region`` as a person meets it: the answer, refusals, exit codes and stable keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from costlib import cli
from tests.planner.region.conftest import FAR
from tests.running import Ran
from tests.test_cli_spot import keys_in, words_of


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "far.yaml"
    path.write_text(FAR)
    return path


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text("month,region,usd_per_hour\n1,eu-west-1,20\n2,eu-west-1,30\n2,us-east-1,1\n3,us-east-1,1\n")
    return path


def test_region_json_has_the_keys_that_help_names(
    capsys: pytest.CaptureFixture[str], workload: Path, prices: Path
) -> None:
    ran = Ran(capsys, "region", workload, "--prices", prices, "--json")
    found = ran.json
    assert ran.code == 0
    # The rules' own names are prose; regions are keys of nothing.
    told = {name: value for name, value in found.items() if name != "rules"}
    assert keys_in(told) | {"rules"} <= words_of("region")
    assert found["best"]["rank"] == 1 and found["home_region"] == "eu-west-1" and found["campaign"]["runs"] == 12
    assert set(found["rankings"]) == {"any", "on_demand", "spot", "reserved", "savings_plan"}
    assert [row["place"] for row in found["follow"]["periods"]] == ["eu-west-1", "us-east-1", "us-east-1"]
    assert found["recorded_zones"]["stay_place"].startswith("us-east-1")
    plan = Ran(capsys, "plan", workload, "--json", "--limit", 1).json[0]
    assert found["best"]["region"] == plan["region"]
    assert found["best"]["total_usd"] == pytest.approx(plan["cost_usd"]["expected"], abs=0.005)


def test_region_text_answers_first(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    ran = Ran(capsys, "region", workload)
    lines = ran.out.splitlines()
    assert ran.code == 0 and lines[0].startswith("snapshot ") and lines[1].startswith("us-east-1: ")
    assert lines[2].startswith("The price of instances alone picks")
    for words in (
        "pays to", "Savings Plan", "could be the cheapest", "spot at two dates", "of those seen twice was us-east-2",
        "cheapest by the size", "Following", "results_to is not given", "Not costed",
    ):  # fmt: skip
        assert words in ran.out


def test_region_says_what_price_alone_would_cost(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    workload.write_text(FAR.replace("runs_per_month: 2\ncampaign_months: 6\n", ""))
    found = Ran(capsys, "region", workload, "--json").json
    assert found["price_only_is_wrong"] and found["best"]["region"] == "eu-west-1"
    assert found["mistake_usd"] == pytest.approx(found["price_only"]["total_usd"] - found["best"]["total_usd"])
    text = Ran(capsys, "region", workload).out
    assert "picks us-east-1, which costs" in text and "campaign_months is not given" in text


def test_region_takes_constraints_and_own_prices(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    near = Ran(capsys, "region", workload, "--near", "52.52,13.40", "--within-ms", 20, "--json").json
    assert near["best"]["continent"] == "Europe" and near["best"]["least_round_trip_ms"] < 20
    plain = Ran(capsys, "region", workload, "--json").json
    half = Ran(capsys, "region", workload, "--discount", "transfer=50", "--discount", "s3=50", "--json").json
    assert half["best"]["data_usd"] == pytest.approx(0.5 * plain["best"]["data_usd"])
    typed = Ran(capsys, "region", workload, "--instance-type", "p5en.48xlarge", "--json").json
    assert typed["best"]["instance_type"] == "p5en.48xlarge"


def test_region_refuses_everything_at_once(capsys: pytest.CaptureFixture[str], workload: Path, prices: Path) -> None:
    workload.write_text(FAR.replace("objects: 1000000", "residency: [Eurpe]").replace("gib: 5000", "gib: -1"))
    prices.write_text("month;region\n")
    words = ("--instance-type", "p5en.48xlrge", "--near", "Berlin", "--within-ms", 5, "--prices", prices)
    ran = Ran(capsys, "region", workload, *words, "--json")
    assert ran.code == 2
    fields = {fault["field"] for fault in ran.json["errors"]}
    assert {"dataset.residency.0", "dataset.gib", "instance_type", "near", "prices"} <= fields
    assert Ran(capsys, "region", workload, "--near", "1,2").code == 2
    workload.write_text(FAR)
    bad = Ran(capsys, "region", workload, "--changeover-hours", -1)
    assert bad.code == 2 and "changeover_hours" in bad.err
    workload.write_text(FAR.replace("objects: 1000000", "residency: [ZA]"))
    none = Ran(capsys, "region", workload)
    assert none.code == 2 and "leaves no region" in none.err
    assert "region" in cli.cli.commands
