"""Builds the tables of small jobs: trees and small networks timed on CPU and GPU instances, and what the CPUs are."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from data.build.common import finish, with_left_out

#: Machines of the raw file to the instance types and accelerators of facts/instances.
MACHINES = {
    "p3.2xlarge V100 (2024-06)": ("p3.2xlarge", "V100 SXM2 16GB"),
    # The 100M rows name the chip only; the source's one V100 machine is p3.2xlarge.
    "V100": ("p3.2xlarge", "V100 SXM2 16GB"),
    "V100 (h2o xgboost)": ("p3.2xlarge", "V100 SXM2 16GB"),
    "g5.4xlarge A10G": ("g5.4xlarge", "A10G"),
    "g4dn.12xlarge (GPU reference, 16 T4)": ("g4dn.12xlarge", "T4"),
}
TREES = "100 boosted trees of depth 10, airline data"
#: Networks whose training FLOPs follow from their public size: parameters, tokens of one sample, epochs.
NETWORKS = {
    # Devlin et al. 2019 (110M); samples padded to 128, as the job's name says.
    "BERT-base MRPC 3 epochs seq 128": (110e6, 128, 3, 3668),
    # Sanh et al. 2019 (66M); run_qa.py pads to 384 unless told otherwise, and cuts SQuAD into 88 thousand windows.
    "DistilBERT SQuAD fine-tuning, 1 epoch": (66e6, 384, 1, 88_000),
}
SAMPLES = {
    **{"100K rows": 1e5, "1M rows": 1e6, "10M rows": 1e7, "100M rows": 1e8},
    # Twenty epochs of FashionMNIST's training images.
    "60k images": 20 * 60_000,
}
FLOPS_RULE = "training_flops = 6 x parameters x tokens x epochs, public model size"
#: When the blog posts that the raw file names were published.
BLOGS = {"intel-sapphire-rapids": "2023-01-02", "accelerating-pytorch": "2021-11-19"}

_X86 = "two vCPUs a core: docs.aws.amazon.com/AWSEC2 compute-optimized-instances"
_AVX512 = "64 = 2 AVX-512 units x 16 lanes x 2 (FMA): stackoverflow.com/questions/15655835"
_PAGE = "AWS's page of the instance type (text copy in a public repository, not named)"
_ICE_LAKE = "AWS SDK for PHP, CHANGELOG.md, EC2: C6i, M6i and R6i"
_SAPPHIRE = "github.com/szilard/GBM-perf/issues/56"
#: family, processor, sustained clock of all cores in GHz, source, date, note.
FAMILIES = (
    ("c5", "Intel Xeon, Skylake-SP or Cascade Lake", 3.4, _PAGE, "", "3.6 where it is Cascade Lake"),
    ("m5", "Intel Xeon, Skylake-SP or Cascade Lake", 3.1, _PAGE, "", "up to"),
    ("r5", "Intel Xeon, Skylake-SP or Cascade Lake", 3.1, _PAGE, "", "up to"),
    ("c6i", "Intel Xeon, Ice Lake", 3.5, _ICE_LAKE, "2021-11", ""),
    ("m6i", "Intel Xeon, Ice Lake", 3.5, _ICE_LAKE, "2021-11", ""),
    ("r6i", "Intel Xeon, Ice Lake", 3.5, _ICE_LAKE, "2021-11", ""),
    ("c7i", "Intel Xeon, Sapphire Rapids 8488C", 3.2, _SAPPHIRE, "2024-06-07", "AMX (bf16) not counted"),
    ("m7i", "Intel Xeon, Sapphire Rapids 8488C", 3.2, _SAPPHIRE, "2024-06-07", "AMX (bf16) not counted"),
    ("r7i", "Intel Xeon, Sapphire Rapids 8488C", 3.2, _SAPPHIRE, "2024-06-07", "AMX (bf16) not counted"),
)


def cpu_families() -> pd.DataFrame:
    """facts/cpu_families: what multiplies to the fp32 peak of an instance's cores."""
    names = ["family", "processor", "all_core_ghz", "source", "as_of", "note"]
    table = pd.DataFrame(FAMILIES, columns=names)
    table["vcpus_per_core"] = 2
    table["fp32_flops_per_cycle"] = 64
    table["source"] = table["source"] + "; " + _X86 + "; " + _AVX512
    extra = ["vcpus_per_core", "fp32_flops_per_cycle", "processor"]
    return finish(table, ["family"], "GHz", extra, value="all_core_ghz")


def small_jobs(raw: Path) -> pd.DataFrame:
    """facts/small_jobs: seconds of boosted trees and small networks on AWS instances, CPU and GPU."""
    table = pd.read_csv(raw / "hardware/cpu.csv")
    on_aws = table["on_aws"].isin(["yes", "GPU reference"])
    # Runs to an accuracy do a number of epochs that is not said; the oldest machines are no longer a choice.
    unknown_work = table["set"].isin(["DAWNBench"]) | table["workload"].str.startswith("XGBoost, default")
    retired = table["set"] == "benchm-ml"
    other_epochs = table["note"].fillna("").str.contains("not comparable")
    one_thread = table["cores_used"] == "1 thread"
    model_unclear = table["workload"].str.startswith("BERT/DistilBERT")
    table["machine"] = table["instance_or_cpu"].str.replace(r" \((?:Ice Lake|SPR)\)$", "", regex=True)
    no_machine = table["machine"].isin(["A10 (g5)", "L4 (g6)", "A100", "H100"])
    repeated = table["set"].eq("GBM-perf GPU") & table["machine"].eq("p3.2xlarge V100")
    left_out = {
        "not_on_aws": ~on_aws,
        "unknown_work": unknown_work,
        "retired_hardware": retired,
        "other_epochs": other_epochs,
        "one_thread_of_many": one_thread,
        "model_unclear": model_unclear,
        "instance_not_stated": no_machine,
        "repeated": repeated,
    }
    gone = pd.Series(False, index=table.index)
    counts = {}
    for reason, mask in left_out.items():
        counts[reason] = int((mask & ~gone).sum())
        gone |= mask
    rows = pd.concat([table[~gone], _gpu_side(table[~gone])], ignore_index=True)
    return with_left_out(_finished(rows), **counts)


def _gpu_side(table: pd.DataFrame) -> pd.DataFrame:
    """The GPU times that stand beside CPU rows, once each, as rows of their own."""
    beside = table[table["set"].eq("GBM-perf") & table["gpu_time_s"].notna()]
    beside = beside.assign(machine=beside["gpu_comparator"], time_s=beside["gpu_time_s"], cores_used=pd.NA)
    beside = beside.assign(note=beside["gpu_comparator"].where(beside["gpu_comparator"].str.contains("2024"), "2020"))
    beside["library"] = beside["library"].replace({"h2o": "h2o xgboost"})
    return beside.drop_duplicates(["library", "data_size", "machine"])


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    machines = rows["machine"].map(lambda name: MACHINES.get(name, (name, "")))
    rows["instance_type"], rows["accelerator"] = machines.str[0], machines.str[1]
    trees = rows["set"].str.startswith("GBM-perf")
    rows["job"] = rows["workload"].where(~trees, TREES)
    rows["kind"] = trees.map({True: "trees", False: "network"})
    shape = rows["job"].map(NETWORKS)
    rows["samples"] = shape.map(lambda of: of[2] * of[3], na_action="ignore").astype(float)
    rows["samples"] = rows["samples"].fillna(rows["data_size"].map(SAMPLES))
    per_sample = shape.map(lambda of: 6 * of[0] * of[1], na_action="ignore").astype(float)
    rows["training_flops"] = per_sample * rows["samples"]
    rows["precision"] = rows["precision"].str.split(" ").str[0]
    rows["cores_used"] = rows["cores_used"].fillna("")
    rows["basis"] = "measured"
    rows["rule"] = rows["training_flops"].notna().map({True: FLOPS_RULE, False: ""})
    rows["as_of"] = [_date(*row) for row in zip(rows["source"], rows["note"], rows["gpu_comparator"], strict=True)]
    rows["seconds"] = rows["time_s"]
    keys = ["kind", "job", "library", "samples", "instance_type", "instances", "cores_used"]
    return finish(rows, keys, "seconds", ["accelerator", "precision", "training_flops"], value="seconds")


def _date(source: str, note: object, comparator: object) -> str:
    """The month or year that the note, or the GPU times beside it, are of; a blog's own day; else nothing."""
    for name, day in BLOGS.items():
        if name in source:
            return day
    found = re.search(r"\b20\d\d(-\d\d)?\b", f"{note} {comparator}")
    return found[0] if found else ""
