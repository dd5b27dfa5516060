"""``costlib serve`` as a person meets it: answers, refusals, exit codes and stable keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from costlib import cli
from costlib.paths import data_dir
from tests.running import Ran

EXAMPLES = data_dir() / "examples" / "serving"
USUAL = ("serve", EXAMPLES / "made_up_traffic.csv", "--capacity", EXAMPLES / "made_up_load_test.csv")


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_in(one)}
    return {key for one in value for key in keys_in(one)} if isinstance(value, list) else set()


def test_json_has_the_keys_that_help_names(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, *USUAL, "--p95-ms", 200, "--consolidate", EXAMPLES / "made_up_models.csv", "--review",
              EXAMPLES / "made_up_endpoints.csv", "--simulate", "--json")  # fmt: skip
    assert ran.code == 0
    found = ran.json
    said = set(re.findall(r"\w+", cli.cli.commands["serve"].help or ""))
    own = {name: value for name, value in found.items() if name != "assumptions"}
    own["autoscaling"] = {**own["autoscaling"], "requests": {}}
    own["review"] = {**own["review"], "rules": {}}
    assert keys_in(own) <= said
    assert found["fleet"]["usd_per_month"] == found["instances"][0]["usd_per_month_by_hour"]
    assert found["autoscaling"]["requests"]["policy"]["PolicyType"] == "TargetTrackingScaling"
    assert found["assumptions"]["high_minutes"] == 3


def test_text_says_fleet_ways_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, *USUAL, "--p99-ms", 300, "--deployments", 2)
    assert ran.code == 0
    for words in ("p99 within 300 ms", "fleet: ml.", "autoscaling:", "deployments add", "serverless endpoint",
                  "from requests/month", "not costed"):  # fmt: skip
        assert words in ran.out, words


def test_drawn_traffic_and_an_estimate_alone(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "serve", "--draw", 40, "--days", 14, "--burst-times", 3, "--bursts-per-week", 2, "--estimate",
              "ml.g5.xlarge=5,1,8,2", "--p95-ms", 60, "--json")  # fmt: skip
    assert ran.code == 0
    assert ran.json["instances"][0]["capacity_basis"] == "estimate"
    assert any("drawn, not recorded" in note for note in ran.json["notes"])
    assert any("not measured" in note for note in ran.json["notes"])


def test_the_template_is_written_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    assert Ran(capsys, "serve", "--template", path).code == 0
    assert path.read_text().startswith("instance_type,concurrency,batch,requests_per_second,p50_ms")
    assert Ran(capsys, "serve", "--template", path).code == 2


def test_faults_of_all_inputs_come_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time,requests\nnever,1\n")
    (tmp_path / "c.csv").write_text(
        "instance_type,concurrency,requests_per_second,p50_ms,p95_ms\nml.g5.xlrge,1,1,9,9\n"
    )
    ran = Ran(capsys, "serve", tmp_path / "t.csv", "--capacity", tmp_path / "c.csv", "--p95-ms", -5, "--json")
    assert ran.code == 2
    assert {fault["field"] for fault in ran.json["errors"]} == {"time", "instance_type", "promise_ms"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve"], "give TRAFFIC"),
        ([*USUAL], "--p95-ms or --p99-ms"),
        ([*USUAL, "--p95-ms", 1, "--p99-ms", 2], "one of them"),
        (["serve", USUAL[1], "--p95-ms", 100], "--capacity"),
        ([*USUAL, "--p95-ms", 100, "--draw", 5], "two traffics"),
        ([*USUAL, "--p95-ms", 100, "--noise-percent", 5], "give --draw"),
        ([*USUAL, "--p95-ms", 5], "kept by nothing"),
        ([*USUAL, "--p95-ms", 200, "--region", "us-east-9"], "not a known region"),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], words: list, told: str) -> None:
    ran = Ran(capsys, *words)
    assert ran.code == 2 and told in ran.err
