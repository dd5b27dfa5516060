"""The workload: reads YAML, reports every fault at once, survives a round trip."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.workload import Vocabulary, Workload

GPT2 = """
kind: training
name: gpt2-1.5b
model: {parameters: 1558000000, layers: 48, hidden: 1600, heads: 25, sequence_length: 1024, vocabulary: 50257}
work: {tokens: 33554432000}
measured: {p4d.24xlarge: {tokens_per_second: 180000}}
precision: [fp32, tf32, bf16]
dataset: {gib: 300, home_region: us-east-1}
checkpoint: {gib: 18, restart_minutes: 6}
deadline_hours: 72
runs_per_month: 4
search: {regions: all, instance_families: all, max_instances: 8, services: [ec2, sagemaker],
  purchase: [on_demand, spot, reserved, savings_plan, capacity_block]}
"""
KNOWN = Vocabulary(
    frozenset({"p4d.24xlarge", "p5.48xlarge"}),
    frozenset({"p4d", "p5"}),
    frozenset({"us-east-1", "eu-west-1"}),
)


def faults_of(text: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        Workload.from_yaml_text(text, KNOWN)
    return {fault.field: str(fault) for fault in caught.value.faults}


def test_reads_the_documented_keys() -> None:
    workload = Workload.from_yaml_text(GPT2, KNOWN)
    assert workload.model.parameters == 1_558_000_000
    assert workload.measured["p4d.24xlarge"].tokens_per_second == 180_000
    assert workload.precision == ("fp32", "tf32", "bf16")
    assert workload.search.regions == "all"


def test_is_frozen() -> None:
    workload = Workload.from_yaml_text(GPT2)
    with pytest.raises(ValueError, match="frozen"):
        workload.deadline_hours = 1  # type: ignore[misc]


@given(
    parameters=st.integers(1, 10**14),
    tokens=st.floats(1, 1e17, allow_nan=False),
    gib=st.floats(0, 1e9, allow_nan=False),
    deadline=st.one_of(st.none(), st.floats(0.01, 1e5)),
)
def test_round_trip_through_yaml(parameters: int, tokens: float, gib: float, deadline: float | None) -> None:
    workload = Workload.from_yaml_text(GPT2).changed(
        {
            "model.parameters": parameters,
            "work.tokens": tokens,
            "dataset.gib": gib,
            "deadline_hours": deadline,
        }
    )
    assert Workload.from_yaml_text(workload.to_yaml()) == workload
    assert math.isclose(workload.work.tokens or 0, tokens)


def test_all_faults_are_reported_together_with_close_matches() -> None:
    faults = faults_of(
        """
        kind: training
        name: x
        model: {parameters: -5, layres: 48}
        work: {tokens: 1.5e9}
        precision: [fp31]
        dataset: {gb: 300, home_region: us-east1}
        checkpoint: {gib: .inf, restart_minutes: true}
        deadline_hours: 0
        search: {regions: [eu-wst-1], instance_families: [p4e], max_instances: 8000, purchase: [spott]}
        """
    )
    assert "at least 1" in faults["model.parameters"]
    assert "did you mean layers" in faults["model.layres"]
    assert "fp32" in faults["precision.0"]
    assert "missing" in faults["dataset.gib"]
    assert "did you mean gib" in faults["dataset.gb"]
    assert "did you mean us-east-1" in faults["dataset.home_region"]
    assert "finite" in faults["checkpoint.gib"]
    assert "truth value" in faults["checkpoint.restart_minutes"]
    assert "above 0" in faults["deadline_hours"]
    assert "did you mean eu-west-1" in faults["search.regions.0"]
    assert "did you mean p4d" in faults["search.instance_families.0"]
    assert "512" in faults["search.max_instances"]
    assert "did you mean spot" in faults["search.purchase.0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line 1"),
        (GPT2 + "\nkind: training\n", "stands twice"),
        ("- 1", "mapping of keys"),
        ("", "mapping of keys"),
        ("work: {1: 2}", "work"),
        ("? [1]\n: 2", "plain word"),
        ("x: 2024-13-45", "not valid YAML"),
        ("x: !!int abc", "not valid YAML"),
        ("deadline_hours: 1:30", "not a plain number"),
        ("deadline_hours: 010", "not a plain number"),
    ],
)
def test_broken_yaml_says_where(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Workload.from_yaml_text(text, KNOWN)


@pytest.mark.parametrize(
    "work",
    [
        "{}",
        "{tokens: 5, hours_on: {instance_type: p5.48xlarge, hours: 3}}",
        "{samples: 5}",
        "{seconds_per_sample_on: {instance_type: p5.48xlarge, seconds: 3}}",
    ],
)
def test_work_is_given_in_exactly_one_way(work: str) -> None:
    assert "work" in faults_of(GPT2.replace("{tokens: 33554432000}", work))


def test_units_belong_in_keys() -> None:
    assert "unit is in the key" in faults_of(GPT2.replace("gib: 300", "gib: 300 GB"))["dataset.gib"]


def test_heads_must_divide_hidden() -> None:
    assert "does not divide" in faults_of(GPT2.replace("heads: 25", "heads: 7"))["model.heads"]


def test_measured_rate_must_match_work() -> None:
    text = GPT2.replace("tokens_per_second", "samples_per_second")
    assert "must give tokens_per_second" in faults_of(text)["workload"]


def test_samples_become_a_reference_run() -> None:
    text = GPT2.replace(
        "{tokens: 33554432000}",
        "{samples: 7200, seconds_per_sample_on: {instance_type: p5.48xlarge, seconds: 2}}",
    ).replace("measured: {p4d.24xlarge: {tokens_per_second: 180000}}", "")
    run = Workload.from_yaml_text(text, KNOWN).work.reference_run
    assert run is not None
    assert run.hours == 4.0
    assert run.instance_type == "p5.48xlarge"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"search.regions": ["all"]}, "search.regions.0"), ({"dataset.home_region": "all"}, "dataset.home_region")],
)
def test_all_is_no_name(change: dict[str, object], field: str) -> None:
    workload = Workload.from_yaml_text(GPT2, KNOWN)
    with pytest.raises(InvalidInput) as caught:
        workload.changed(change, KNOWN)
    assert [fault.field for fault in caught.value.faults] == [field]


def test_a_change_below_a_number_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has no parts"):
        Workload.from_yaml_text(GPT2).changed({"search.max_instances.x": 3})


def test_jobs_agree_with_each_other_and_survive_a_round_trip() -> None:
    jobs = "jobs: {count: 300, hours_each: 0.2, instance_type: p4d.24xlarge, gpu: 1, parallel: 20, needs: efa}\n"
    workload = Workload.from_yaml_text(GPT2 + jobs, KNOWN)
    assert workload.jobs is not None and workload.jobs.shared and workload.jobs.needs == ("efa",)
    assert Workload.from_yaml_text(workload.to_yaml(), KNOWN) == workload
    assert Workload.from_yaml_text(GPT2, KNOWN).jobs is None
    bad = "jobs: {count: 0, gpu: 2, instances: 2, standing: true, scale_down_minutes: 5, staff_usd_per_hour: 3}\n"
    assert set(faults_of(GPT2 + bad)) == {"jobs.count"}
    told = faults_of(GPT2 + bad.replace("count: 0", "count: 1"))
    assert set(told) == {
        "jobs.instances", "jobs.hours_each", "jobs.over_hours", "jobs.parallel", "jobs.scale_down_minutes",
        "jobs.staff_hours",
    }  # fmt: skip
    assert "needs.0" in next(iter(faults_of(GPT2 + "jobs: {needs: [gpu]}\n")))
