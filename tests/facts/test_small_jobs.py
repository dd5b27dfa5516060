"""Small jobs and CPU families: known rows, what was left out, and what the CPUs are."""

from __future__ import annotations

import pytest

from costlib.errors import NotKnown
from costlib.facts.hardware import Hardware
from costlib.facts.small_jobs import SmallJobs
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def jobs(snapshot: Snapshot) -> SmallJobs:
    return SmallJobs.open(snapshot)


@pytest.mark.parametrize(
    ("library", "machine", "rows", "seconds"),
    [
        # github.com/szilard/GBM-perf, issue 56 (m7i) and 57 (A10G), and its README (V100).
        ("xgboost", "m7i.8xlarge", 1e7, 22.0),
        ("lightgbm", "m7i.8xlarge", 1e5, 1.6),
        ("xgboost", "g5.4xlarge", 1e7, 3.7),
        ("xgboost", "p3.2xlarge", 1e8, 80.0),
        ("lightgbm", "p3.2xlarge", 1e7, 40.0),
    ],
)
def test_times_as_published(jobs: SmallJobs, library: str, machine: str, rows: float, seconds: float) -> None:
    held = jobs.trees(library)
    found = held[(held["instance_type"] == machine) & (held["samples"] == rows)]
    assert found["seconds"].tolist() == [seconds]


def test_keys_are_unique_and_machines_known(jobs: SmallJobs, snapshot: Snapshot) -> None:
    keys = ["kind", "job", "library", "samples", "instance_type", "instances", "cores_used"]
    assert not jobs.jobs.duplicated(keys).any()
    accelerators = set(snapshot.read("facts/accelerators")["accelerator"])
    assert set(jobs.jobs["accelerator"].dropna()) <= accelerators
    sold = set(snapshot.read("prices/ec2_on_demand")["instance_type"])
    assert set(jobs.jobs["instance_type"]) <= sold
    assert (jobs.jobs["seconds"] > 0).all() and (jobs.jobs["samples"] > 0).all()


def test_what_was_left_out_is_counted(snapshot: Snapshot) -> None:
    left = dict(snapshot.tables["facts/small_jobs"]["left_out"])  # type: ignore[call-overload]
    assert left["not_on_aws"] and left["one_thread_of_many"] and left["other_epochs"] == 1


def test_networks_with_known_flops(jobs: SmallJobs) -> None:
    # BERT-base (110M, Devlin et al. 2019), three epochs of MRPC's 3,668 pairs of 128 tokens: 6 N T.
    timed = jobs.timed_networks.set_index("job")
    mrpc = timed.loc["BERT-base MRPC 3 epochs seq 128"]
    assert mrpc["training_flops"] == pytest.approx(6 * 110e6 * 3 * 3668 * 128) and mrpc["seconds"] == 466
    assert (timed["precision"] == "fp32").all() and (timed["instances"] == 1).all()


def test_cpus_have_cores_and_clock(jobs: SmallJobs, snapshot: Snapshot) -> None:
    cpus = jobs.cpus(Hardware.open(snapshot).instances)
    # 64 vCPUs are 32 cores at 3.5 GHz with 64 FLOPs a cycle: 7.2 TFLOP/s.
    one = cpus.loc["c6i.16xlarge"]
    assert one["vcpus"] / one["vcpus_per_core"] * one["ghz"] * one["flops_per_cycle"] == pytest.approx(7168)
    assert not [name for name in cpus.index if name.split(".")[0] not in jobs.families.index]
    assert cpus.notna().all(axis=None)
    assert "g5.xlarge" not in cpus.index and "c7g.xlarge" not in cpus.index


def test_unknown_library(jobs: SmallJobs) -> None:
    with pytest.raises(NotKnown, match="did you mean xgboost"):
        jobs.trees("xgbost")
    assert len(jobs.trees()) > len(jobs.trees("xgboost"))
