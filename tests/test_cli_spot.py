"""``costlib spot`` and ``costlib replay`` as a person meets them: answers, refusals, exit codes and stable keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from costlib import cli
from costlib.facts.spot_traces import SpotTraces
from costlib.planner.spot.replays import PAPER_PRICE_RATIO
from tests.exports.conftest import WORKLOAD
from tests.few_traces import LONG_TRACE, few_traces
from tests.running import Ran

#: A job of four hours.
JOB = ("--work-hours", 4, "--deadline-hours", 8, "--changeover-hours", 0.5)


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    return path


@pytest.fixture
def always(tmp_path: Path) -> Path:
    path = tmp_path / "always.json"
    path.write_text(json.dumps({"gap_seconds": 1800, "avail": [1] * 40}))
    return path


def words_of(command: str) -> set[str]:
    return set(re.findall(r"\w+", cli.cli.commands[command].help or ""))


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_in(one)}
    return {key for one in value for key in keys_in(one)} if isinstance(value, list) else set()


def test_spot_json_has_the_keys_that_help_names(
    capsys: pytest.CaptureFixture[str], workload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = few_traces()
    monkeypatch.setattr(SpotTraces, "open", classmethod(lambda cls, snapshot=None: few))
    ran = Ran(capsys, "spot", workload, "--instance-type", "p4d.24xlarge", "--json")
    found, said = ran.json, words_of("spot")
    assert ran.code == 0
    assert set(found) <= said
    # What costlib plan and the pools say of themselves is named there.
    own = {name: found[name] for name in ("checkpoints", "notice", "mixes", "deadline", "policies", "game_day",
                                          "waiting", "work_hours", "hazard_origin")}  # fmt: skip
    assert keys_in(own) <= said
    assert found["plan"]["instance_type"] == "p4d.24xlarge" and found["plan"]["purchase"] == "spot"
    assert found["deadline_hours"] == 72 and found["deadline_given"] is True and found["why_not_replayed"] is None
    ways = found["deadline"]["ways"]
    assert ways[0]["way"] == "on_demand" and ways[0]["net_hours"] is None and ways[-1]["way"] == "spot_only"
    assert {row["policy"] for row in found["policies"]} >= {"on_demand", "spot_only", "lookahead"}
    assert found["fleet_request"]["request"]["SpotOptions"]


def test_spot_without_replay_is_quick_and_says_why(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    found = Ran(capsys, "spot", workload, "--no-replay", "--json").json
    assert found["why_not_replayed"] == "not asked for"
    assert [found[name] for name in ("deadline", "policies", "game_day", "waiting")] == [None] * 4
    assert found["checkpoints"] and found["pools"] and found["managed_spot"]


def test_spot_takes_own_prices_and_choices(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    words = ("spot", workload, "--no-replay", "--json", "--instance-type", "p4d.24xlarge", "--count", 2)
    plain = Ran(capsys, *words).json
    own = Ran(capsys, *words, "--discount", "ec2=50").json
    assert plain["plan"]["count"] == 2
    half = 0.5 * plain["spot_usd_per_hour"]["expected"]
    assert own["spot_usd_per_hour"]["expected"] == pytest.approx(half)
    there = Ran(capsys, *words, "--az", plain["plan"]["az"], "--region", plain["plan"]["region"]).json
    assert there["plan"]["az"] == plain["plan"]["az"]
    managed = Ran(capsys, *words[:4], "--service", "sagemaker").json
    assert managed["plan"]["service"] == "sagemaker"


def test_spot_text_has_the_plan_its_odds_and_a_fleet(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    ran = Ran(capsys, "spot", workload, "--no-replay")
    said = ("as of 20", "young", "two-minute notice", "was not replayed", "pool", "aws ec2 create-fleet", "Not costed")
    assert ran.code == 0 and [words for words in said if words not in ran.out] == []


def test_spot_refuses_with_near_names(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    ran = Ran(capsys, "spot", workload, "--instance-type", "p4d.24xlarg", "--region", "us-eat-1", "--json")
    assert ran.code == 2
    faults = {fault["field"]: fault["nearest"] for fault in ran.json["errors"]}
    assert "p4d.24xlarge" in faults["instance_type"] and "us-east-1" in faults["region"]
    assert Ran(capsys, "spot", workload, "--chance-percent", 101, "--json").json["errors"][0]["field"]
    assert Ran(capsys, "spot", workload.with_name("none.yaml")).code == 2
    workload.write_text(WORKLOAD.replace("search: {", "search: {purchase: [on_demand], "))
    ran = Ran(capsys, "spot", workload)
    assert ran.code != 0 and "no spot plan" in ran.err


def test_replay_of_a_file(capsys: pytest.CaptureFixture[str], always: Path) -> None:
    words = ("replay", always, "--policy", "safety_net", *JOB, "--spot-price-ratio", 0.25)
    found = Ran(capsys, *words, "--json").json
    # Capacity is always there: one changeover, at the spot price.
    assert found["summary"]["cost_ratio"] == pytest.approx(0.25 * 4.5 / 4)
    assert found["summary"]["met_fraction"] == 1.0 and found["summary"]["preemptions"] == 0
    assert found["trace"] == "always.json" and found["step_hours"] == 0.5 and found["available_fraction"] == 1.0
    assert len(found["starts"]) == found["summary"]["starts"] == 40 - 16 + 1
    assert found["spot_price_rule"] == "given" and keys_in(found) <= words_of("replay")
    text = Ran(capsys, *words)
    assert text.code == 0 and "0.281" in text.out and "spot at 0.250 of on-demand" in text.out
    assert "met the deadline" in text.out


def test_replay_of_a_name_and_every_policy(capsys: pytest.CaptureFixture[str]) -> None:
    costs = {}
    for policy in ("on_demand", "spot_only", "greedy", "up", "uniform_progress_plain", "lookahead", "optimum"):
        found = Ran(capsys, "replay", LONG_TRACE, "--policy", policy, *JOB, "--every", 500, "--json").json
        assert found["spot_price_ratio"] == pytest.approx(PAPER_PRICE_RATIO) and "Wu et al." in found["spot_price_rule"]
        costs[policy] = [row["cost_ratio"] for row in found["starts"]]
    assert costs["on_demand"] == pytest.approx([1.125] * len(costs["on_demand"]))
    for policy in ("greedy", "up", "lookahead"):
        assert all(best <= mine + 1e-9 for best, mine in zip(costs["optimum"], costs[policy], strict=True))
    assert found["starts"][0]["finish_hours"] is None, "the optimum tells costs only"
    text = Ran(capsys, "replay", LONG_TRACE, "--policy", "optimum", *JOB, "--every", 500).out
    assert "not known" in text and LONG_TRACE in text


def test_replay_of_counts_needs_nodes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text(json.dumps({"metadata": {"gap_seconds": 1800}, "data": [4, 1] * 20}))
    words = ("replay", path, "--policy", "up", *JOB, "--json")
    ran = Ran(capsys, *words)
    assert ran.code == 2 and "--nodes" in ran.json["errors"][0]["problem"]
    assert Ran(capsys, *words, "--nodes", 2).json["available_fraction"] == 0.5
    assert Ran(capsys, *words, "--nodes", 1).json["available_fraction"] == 1.0


def test_replay_refuses_everything_at_once(capsys: pytest.CaptureFixture[str], always: Path, tmp_path: Path) -> None:
    bad = ("--work-hours", -4, "--deadline-hours", 8, "--changeover-hours", -1, "--spot-price-ratio", 2)
    ran = Ran(capsys, "replay", always, "--policy", "upp", *bad, "--json")
    assert ran.code == 2
    fields = {fault["field"] for fault in ran.json["errors"]}
    assert fields == {"policy", "work_hours", "changeover_hours", "spot_price_ratio"}
    assert Ran(capsys, "replay", "aws1026-us-west-2a_v100_9", "--policy", "up", *JOB).code == 2
    assert "did you mean" in Ran(capsys, "replay", "aws1026-us-west-2a_v100_9", "--policy", "up", *JOB).err
    assert "cannot be read" in Ran(capsys, "replay", tmp_path / "no.json", "--policy", "up", *JOB).err
    assert Ran(capsys, "replay", always, "--policy", "up", *JOB, "--every", 0).code == 2
    late = ("--work-hours", 8, "--deadline-hours", 8, "--changeover-hours", 0.5)
    assert "cannot be met" in Ran(capsys, "replay", always, "--policy", "up", *late).err
    long = ("--work-hours", 100, "--deadline-hours", 200, "--changeover-hours", 0.5)
    for policy in ("up", "optimum"):
        ran = Ran(capsys, "replay", always, "--policy", policy, *long)
        assert ran.code == 2 and "no start fits" in ran.err


def test_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: Path) -> None:
    path = tmp_path / "a\x1b[31mb\u202e.json"
    path.write_text(json.dumps({"gap_seconds": 1800, "avail": [1, 0] * 20}))
    ran = Ran(capsys, "replay", path, "--policy", "up", *JOB)
    assert ran.code == 0 and "\x1b" not in ran.out and "\u202e" not in ran.out and "a[31mb.json" in ran.out


def test_spot_takes_a_history_of_the_own_zone(
    capsys: pytest.CaptureFixture[str], workload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = few_traces()
    monkeypatch.setattr(SpotTraces, "open", classmethod(lambda cls, snapshot=None: few))
    history = tmp_path / "mine.json"
    history.write_text(json.dumps({"gap_seconds": 1800, "avail": [1] * 400}))
    found = Ran(capsys, "spot", workload, "--instance-type", "p4d.24xlarge", "--history", history, "--json").json
    own = {row["way"]: row for row in found["own_odds"]}
    assert own["spot_only"]["chance"] > 0.5 and keys_in(found["own_odds"]) <= words_of("spot")
    text = Ran(capsys, "spot", workload, "--instance-type", "p4d.24xlarge", "--history", history).out
    assert "odds from your own trace" in text
    history.write_text(json.dumps({"gap_seconds": 1800, "avail": [1] * 10}))
    short = Ran(capsys, "spot", workload, "--instance-type", "p4d.24xlarge", "--history", history)
    assert short.code == 2 and "24 h or more" in short.err
    both = Ran(capsys, "spot", workload, "--history", history, "--no-replay")
    assert both.code == 2 and "choose one" in both.err
