"""``costlib service`` as a person meets it: keys that help names, sums that reproduce, refusals all at once."""

from pathlib import Path

import pytest
import yaml

from costlib import cli
from costlib.paths import data_dir
from costlib.planner.service.kinds import KINDS
from tests.exports.conftest import WORKLOAD
from tests.running import Ran

SWEEP = KINDS["a sweep of small jobs"]


def written(folder: Path, name: str, **jobs: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(WORKLOAD), "name": name, "jobs": jobs}))
    return path


def test_json_has_the_keys_of_its_help_and_the_lines_add_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = Ran(capsys, "service", written(tmp_path, "sweep", **SWEEP), "--json").json
    said = " ".join(str(cli.service.help).split())
    for key in [*found, *found["services"][0], *found["services"][0]["choice"], *found["batch"], *found["premium"][0]]:
        assert key in said, key
    for one in found["services"]:
        for end, key in (("low", "usd_low"), ("expected", "usd"), ("high", "usd_high")):
            assert sum(line[key] for line in one["lines"]) == pytest.approx(one["usd"][end])
        for line in one["lines"]:
            assert eval(line["formula"], {"__builtins__": {}}, line["inputs"]) == pytest.approx(line["usd"])
    costs = {one["service"]: one["usd"]["expected"] for one in found["services"]}
    assert found["best"] == min(costs, key=lambda name: costs[name])
    assert found["saved_usd"] == pytest.approx(sorted(costs.values())[1] - min(costs.values()))
    premium = {row["instance_type"]: row["premium_fraction"] for row in found["premium"]}
    assert premium["g5.12xlarge"] == pytest.approx(0.25, abs=1e-3)
    assert all(row["source"] for row in found["batch"]["limits"])


def test_text_answers_and_names_what_is_not_in_the_totals(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = Ran(capsys, "service", written(tmp_path, "long", **KINDS["one long job"])).out
    for words in ("AWS Batch is the cheapest", "SageMaker over EC2",
                  "hours a job on AWS Batch is cheaper than SageMaker",
                  "not in the total of EC2", "15.0 %", "of people's time before"):  # fmt: skip
        assert words in out, words
    plain = Ran(capsys, "service", data_dir() / "examples" / "gpt2-1.5b.yaml").out
    assert "EC2 and AWS Batch are the cheapest" in plain and "people's time: no hours are given" in plain


def test_several_workloads_are_a_portfolio(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = [written(tmp_path, name.replace(" ", "-"), **jobs) for name, jobs in KINDS.items()]
    found = Ran(capsys, "service", *paths, "--json").json
    mix = found["portfolio"]
    assert [one["service"] for one in mix["workloads"]] == [one["best"] for one in found["reports"]]
    best = sum(min(one["usd"].values()) for one in mix["workloads"])
    assert mix["mix_usd"] == pytest.approx(best) and mix["saved_usd"] > 0
    assert "the mix: $" in Ran(capsys, "service", *paths).out
    one = Ran(capsys, "service", *paths, "--extra-service-usd", "1e6", "--json").json["portfolio"]
    assert len({row["service"] for row in one["workloads"]}) == 1


def test_peoples_time_from_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(tmp_path, "w", count=3, hours_each=4, instance_type="g5.xlarge")
    words = ("service", path, "--json", "--staff-usd-per-hour", "50", "--staff-hours", "ec2=4")
    plain, staffed = Ran(capsys, "service", path, "--json").json, Ran(capsys, *words).json
    gap = [one["usd"]["expected"] - two["usd"]["expected"]
           for one, two in zip(staffed["services"], plain["services"], strict=True)]  # fmt: skip
    assert gap == pytest.approx([0, 200, 0])


def test_everything_wrong_is_told_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = written(tmp_path, "bad", count=-1, hours_each=0, instance_type="g5.xlrge", gpus=2)
    ran = Ran(capsys, "service", bad, "--discount", "ec3=4", "--json")
    assert ran.code == 2
    fields = {fault["field"]: fault for fault in ran.json["errors"]}
    assert {"discounts", "jobs.count", "jobs.hours_each", "jobs.instance_type", "jobs.gpus"} <= set(fields)
    assert "g5.xlarge" in fields["jobs.instance_type"]["problem"] and "gpu" in fields["jobs.gpus"]["nearest"]
    good = written(tmp_path, "good", count=1, hours_each=1, instance_type="g5.xlarge")
    ran = Ran(capsys, "service", good, "--staff-usd-per-hour", "-3", "--staff-hours", "ecc2=6", "--json")
    assert ran.code == 2
    fields = {fault["field"]: fault for fault in ran.json["errors"]}
    assert "ec2" in fields["jobs.staff_hours.ecc2"]["nearest"] and "jobs.staff_usd_per_hour" in fields
    both = written(tmp_path, "both", count=-1, hours_each=0, instance_type="g5.xlarge", gpu=4, max_vcpus=2)
    fields = {fault["field"] for fault in Ran(capsys, "service", both, "--json").json["errors"]}
    assert fields == {"jobs.count", "jobs.hours_each", "jobs.gpu", "jobs.max_vcpus"}
    broken = tmp_path / "broken.yaml"
    broken.write_text("jobs: [")
    assert "is not valid YAML" in Ran(capsys, "service", broken, tmp_path / "none.yaml").err
    big = written(tmp_path, "big", count=1, hours_each=1, instance_type="g5.xlarge", gpu=4)
    ran = Ran(capsys, "service", big)
    assert ran.code == 2 and "is more than g5.xlarge has, 1" in ran.err
    assert Ran(capsys, "service", good, "--staff-hours", "ec2").code == 2


def test_no_service_left_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(tmp_path, "w", count=1, hours_each=1000, instance_type="p4d.24xlarge", instances=2, purchase="spot",
                   needs=["managed_restart"])  # fmt: skip
    ran = Ran(capsys, "service", path)
    assert ran.code == 2
    for words in ("28 days", "yours to build", "not supported on spot"):
        assert words in ran.err
