"""``costlib commit`` as a person meets it: answers, refusals, exit codes and stable keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costlib import cli
from tests.running import Ran


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten weeks of an endpoint and of boxes at work."""
    hours = np.arange(10 * 168)
    at_work = (hours % 24 >= 8) & (hours % 24 < 18)
    times = pd.date_range("2026-04-01", periods=len(hours), freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%MZ")
    frames = [
        pd.DataFrame({"hour": times, "instance_type": name, "region": "us-east-1", "hours": quantity})
        for name, quantity in (("g5.12xlarge", 4.0), ("g5.xlarge", 1.0 + 5 * at_work))
    ]
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_in(one)}
    return {key for one in value for key in keys_in(one)} if isinstance(value, list) else set()


def test_json_has_the_keys_that_help_names_and_adds_up(capsys: pytest.CaptureFixture[str], usage: Path) -> None:
    ran = Ran(capsys, "commit", usage, "--json")
    assert ran.code == 0
    found, said = ran.json, set(re.findall(r"\w+", cli.cli.commands["commit"].help or ""))
    own = {name: value for name, value in found.items() if name not in ("assumptions", "rules")}
    assert keys_in(own) - {"planned"} <= said
    assert len(found["purchases"]) >= 1 and found["summary"]["expected_saved_usd"] > 0
    chances = [row["probability"] for row in found["scenarios"]]
    assert sum(chances) == pytest.approx(1)
    expected = sum(row["probability"] * row["cost_usd"] for row in found["scenarios"])
    assert found["summary"]["expected_usd"] == pytest.approx(expected)
    paid = sum(row["total_usd"] for row in found["cash_by_month"])
    assert paid == pytest.approx(expected)
    assert found["notes"] and found["assumptions"]["stop_chance_fraction"] == 0.1


def test_text_says_what_to_buy_and_what_it_rests_on(capsys: pytest.CaptureFixture[str], usage: Path) -> None:
    ran = Ran(capsys, "commit", usage, "--plan", "standard", "--term", "1", "--no-ladder")
    assert ran.code == 0
    assert "standard RI" in ran.out and "g5.12xlarge us-east-1" in ran.out and "4 x" in ran.out
    assert re.search(r"published +20\d\d-\d\d-\d\d", ran.out) and "rest on estimated rates" not in ran.out
    assert "look-back" in ran.out and "told by the usage's own history" in ran.out


def test_options_go_before_a_file_of_futures(capsys: pytest.CaptureFixture[str], usage: Path, tmp_path: Path) -> None:
    future = tmp_path / "future.yaml"
    future.write_text("months: 12\nstop_chance_percent: 30\nprice_cuts: [{families: g5, cut_percent: 40, "
                      "from_month: 3, chance_percent: 50}]\n")  # fmt: skip
    ran = Ran(capsys, "commit", usage, "--future", future, "--growth-percent", -10, 0, 10, "--stop-chance-percent", 0,
              "--no-ladder", "--json")  # fmt: skip
    taken = ran.json["assumptions"]
    assert taken["growth"] == [-0.1, 0.0, 0.1] and taken["stop_chance_fraction"] == 0
    assert len(ran.json["scenarios"]) == 6
    certain = Ran(capsys, "commit", usage, "--growth-percent", -10, 0, 10, "--stop-chance-percent", 0, "--no-ladder",
                  "--json").json  # fmt: skip
    assert ran.json["summary"]["committed_usd"] < certain["summary"]["committed_usd"]


def test_commitments_in_force_come_first(capsys: pytest.CaptureFixture[str], usage: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.csv"
    held.write_text("plan_type,amount,term_years,payment,instance_type,region,ends\n"
                    "standard,4,1,no_upfront,g5.12xlarge,us-east-1,2027-03-31\n")  # fmt: skip
    options = ("--plan", "standard", "--no-ladder", "--json")
    bare, after = (Ran(capsys, "commit", usage, *options, *more).json["purchases"] for more in ((), ("--held", held)))
    assert {row["instance_type"] for row in bare} == {"g5.12xlarge", "g5.xlarge"}
    assert {row["instance_type"] for row in after} == {"g5.xlarge"}


def test_workloads_are_laid_on_the_calendar(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "commit", "data/examples/gpt2-124m.yaml", "--spread", "even", "--no-ladder", "--json")
    assert ran.code == 0 and ran.json["usage"]["planned"] and ran.json["look_back"] == []


def test_all_that_is_wrong_comes_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(
        "hour,instance_type,region,hours\n"
        "2026-04-01T00:00Z,g5.xlarg,us-east-1,1\n"
        "2026-04-01T01:00Z,g5.xlarge,us-east-1,-1\n"
        "2026-04-01T01:00Z,g5.xlarge,us-east-1,1\n"
        "2026-04-01T04:00Z,g5.xlarge,us-eats-1,1\n"
    )
    future = tmp_path / "future.yaml"
    future.write_text("monhts: 12\n")
    ran = Ran(capsys, "commit", path, "--future", future, "--spot", "g5.xlarge=120", "--json")
    assert ran.code == 2
    text = json.dumps(ran.json["errors"])
    for said in ("g5.xlarge", "us-east-1", "must not be negative", "more than once", "2 hours are missing", "months",
                 "--spot"):  # fmt: skip
        assert said in text, said


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("a.csv", "b.csv"), "one file of usage"),
        (("data/examples/gpt2-124m.yaml", "--stop-chance-percent", "5"), "workloads say themselves"),
        (("data/examples/gpt2-124m.yaml", "--held", "x.csv"), "needs a file of usage"),
        (("a.csv", "--spread", "even"), "is for workloads"),
        (("a.csv", "--months", "6"), "12<=x<=60"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], problem: str
) -> None:
    ran = Ran(capsys, "commit", *options, "--json")
    assert ran.code == 2 and problem in ran.json["errors"][0]["problem"]


@pytest.mark.parametrize("option", ["--risk-percent", "--stop-chance-percent", "--spot-percent", "--capital-percent"])
def test_a_percentage_that_is_no_number_is_told_by_its_option(
    capsys: pytest.CaptureFixture[str], usage: Path, option: str
) -> None:
    ran = Ran(capsys, "commit", usage, option, "nan")
    assert ran.code == 2 and option in ran.err and "nan is not a number" in ran.err


def test_usage_of_nothing_and_a_future_of_nothing_are_refused(
    capsys: pytest.CaptureFixture[str], usage: Path, tmp_path: Path
) -> None:
    idle, empty = tmp_path / "idle.csv", tmp_path / "empty.yaml"
    pd.read_csv(usage).assign(hours=0).to_csv(idle, index=False)
    empty.write_text("")
    ran = Ran(capsys, "commit", idle, "--future", empty)
    assert ran.code == 2 and "nothing ran" in ran.err and "says nothing" in ran.err


def test_nothing_to_buy_says_why(capsys: pytest.CaptureFixture[str], usage: Path) -> None:
    ran = Ran(capsys, "commit", usage, "--term", "3", "--no-ladder")
    assert ran.code == 0 and "buy nothing: none of the plans, terms and payments asked for" in ran.out
    assert "paid back, months" not in ran.out and re.search(r"7 days +nothing +\$", ran.out)
    ran = Ran(capsys, "commit", usage, "--no-ladder", "--stop-chance-percent", "99")
    assert ran.code == 0 and "buy nothing: no commitment is expected to pay here" in ran.out


def test_an_upfront_share_that_is_a_rule_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hours = pd.date_range("2026-04-01", periods=10 * 168, freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%MZ")
    path = tmp_path / "steady.csv"
    pd.DataFrame({"hour": hours, "instance_type": "p4d.24xlarge", "region": "us-east-1", "hours": 1}).to_csv(
        path, index=False
    )
    words = "upfront, where it is partial, is an estimate: half"
    steady = ("commit", path, "--growth-percent", "0", "0", "0", "--plan", "standard", "--no-ladder")
    assert words in Ran(capsys, *steady, "--payment", "partial_upfront").out
    assert words not in Ran(capsys, *steady, "--payment", "no_upfront").out


def test_a_bill_is_usage_too(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "commit", "data/examples/bills", "--bill", "--no-ladder", "--json")
    assert ran.code == 0 and not ran.json["usage"]["planned"]
    assert any("from the bill" in note for note in ran.json["notes"])
    both = Ran(capsys, "commit", "data/examples/gpt2-124m.yaml", "--bill", "--json")
    assert both.code == 2 and "--bill is for a bill" in both.json["errors"][0]["problem"]
