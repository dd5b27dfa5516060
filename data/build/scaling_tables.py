"""Builds facts/scaling_runs: the same training on few and on many accelerators, with all that its time depends on.

A row is kept if everything that the model of ``costlib.models.scaling`` takes is known: gradient bytes (from the
model's published size), time of a step, links within a machine and network between machines. Rows of time to target
are left out: a larger batch changes the work there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from data.build.common import with_left_out
from data.build.measured_tables import BENCHMARK_GPUS, SHAPES

#: Parameters: Devlin et al. 2019 (arXiv 1810.04805, section 3); torchvision's ResNet-50, 25,557,032.
PARAMETERS = {
    "bert_base_squad": 110e6,
    "bert_large_squad": 336e6,
    "bert": 336e6,
    "resnet50": 25.557e6,
    "resnet": 25.557e6,
}
#: One direction of a slot in 10**9 bytes a second: 16 lanes x 16 GT/s x 128/130 / 8 (PCI Express 4.0).
PCIE4_GB_S = 31.5
#: Network of a machine in Gbit/s, from the submitters' system descriptions (``host_networking``; v2.0 NVIDIA, Azure and
#: Dell, v2.1 HPE, v4.0 NVIDIA, HPE, Oracle and Supermicro); the same machine in other rounds has the same.
NETWORKS = {
    r"results_v[12]\.\d NVIDIA/results/dgxa100": 8 * 200.0,
    r"results_v0\.7 NVIDIA/results/dgxa100": 8 * 200.0,
    r"Azure/results/(?:ND96amsr_A100_v4|nd96amsr_a100_v4)": 8 * 200.0,
    r"Dell/results/\d+xXE8545x4A100": 2 * 200.0,
    r"HPE/results/HPE-ProLiant-XL675d": 4 * 200.0,
    r"NVIDIA/results/eos_n": 8 * 400.0,
    r"HPE/results/HPE-Cray-XD670-Gen11-H100": 8 * 200.0,
    r"Oracle/results/8xBM\.GPU\.H100": 4000.0,
    r"Supermicro/results/SYS-421GE-TNHR2-LCC": 8 * 400.0,
}
MLPERF_GPUS = {
    "A100 40GB SXM": "A100 40GB SXM4",
    "A100 80GB SXM": "A100 80GB SXM4",
    "H100 80GB": "H100 80GB SXM5",
    "A100 40GB": "A100 40GB SXM4",
    "A100 80GB": "A100 80GB SXM4",
}
PCIE_CARDS = {"A100 40GB PCIe": "A100 40GB PCIe", "A100 80GB PCIe": "A100 80GB PCIe"}
#: llm-foundry's page states the network of its A100 clusters (1,600 Gbit/s, RoCE) and of no other; the sequence is
#: that of all its rows by the number of GPUs whose sequence is stated beside the rate.
LLM_FOUNDRY_GBPS = {"A100 40GB": 1600.0, "A100 80GB": 1600.0}
LLM_FOUNDRY_SEQUENCE = 2048
COLUMNS = (
    "measured_by model parameters accelerator precision kind link sharded base_nodes base_accelerators nodes"
    " accelerators base_batch batch base_step_seconds step_seconds link_gb_s network_gbps efficiency unit basis rule"
    " source as_of note"
)
RULE = "throughput an accelerator over that of the base run; step = batch / throughput"


def scaling_runs(raw: Path, reference: Path, accelerators: pd.DataFrame) -> pd.DataFrame:
    """facts/scaling_runs: one row a pair of runs, base and larger."""
    one_machine, left_machine = in_one_machine(raw)
    mlperf, left_mlperf = of_mlperf(raw)
    foundry, left_foundry = of_llm_foundry(raw, reference)
    table = pd.concat([one_machine, mlperf, foundry], ignore_index=True)
    nvlink = accelerators.set_index("accelerator")["nvlink_gb_s"]
    # Data sheets add up both directions of NVLink; a ring sends one way and receives the other.
    table["link_gb_s"] = (table["accelerator"].map(nvlink) / 2).where(table["link"] == "nvlink", PCIE4_GB_S)
    per_base = table["base_batch"] / table["base_step_seconds"] / table["base_accelerators"]
    table["efficiency"] = table["batch"] / table["step_seconds"] / table["accelerators"] / per_base
    table["unit"], table["basis"], table["rule"], table["as_of"] = "fraction", "derived", RULE, ""
    keys = ["measured_by", "model", "accelerator", "precision", "base_accelerators", "accelerators", "step_seconds"]
    for name in ("base_nodes", "base_accelerators", "nodes", "accelerators"):
        table[name] = table[name].astype(int)
    result = table[COLUMNS.split()].sort_values([*keys, "source", "note"], ignore_index=True)
    return with_left_out(result, **left_machine, **left_mlperf, **left_foundry)


def in_one_machine(raw: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """Lambda's logs of 2, 4 and 8 cards of one machine: models whose size and whose batch are known."""
    logs = pd.read_csv(raw / "hardware/scaling.csv")
    kept = logs[logs["nccl_p2p"].eq("default") & logs["flag"].isna() & logs["base_gpu_count"].eq(1)]
    left = {"one_machine_flagged_or_peer_to_peer_disabled": len(logs) - len(kept)}
    table = kept[kept["model"].isin(PARAMETERS) & kept["global_batch"].notna()].copy()
    left["one_machine_size_or_batch_not_known"] = len(kept) - len(table)
    table["link"] = table["gpu"].isin(PCIE_CARDS).map({True: "pcie", False: "nvlink"})
    table["accelerator"] = table["gpu"].map({**BENCHMARK_GPUS, **PCIE_CARDS})
    table["measured_by"] = "Lambda " + table["machine_kind"]
    table["parameters"] = table["model"].map(PARAMETERS)
    table["kind"], table["sharded"] = "weak", False
    table["base_nodes"], table["nodes"] = 1, 1
    table["base_accelerators"], table["accelerators"] = table["base_gpu_count"], table["gpu_count"]
    # Every card keeps the batch of the single one.
    table["batch"] = table["global_batch"]
    table["base_batch"] = table["global_batch"] / table["gpu_count"]
    table["step_seconds"] = table["batch"] / table["throughput"]
    table["base_step_seconds"] = table["base_batch"] / table["base_throughput"]
    table["network_gbps"], table["note"] = float("nan"), table["machine_kind"]
    return table, left


def of_mlperf(raw: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """MLPerf's samples a second: BERT and ResNet-50 on machines whose network the submitter states."""
    rows = pd.read_csv(raw / "hardware/multi_node_scaling.csv")
    to_target = rows["scaling_kind"].str.contains("time to target")
    rows = rows[rows["scaling_kind"].eq("samples per second incl. evaluation") & rows["flag"].isna()].copy()
    rows["network_gbps"] = float("nan")
    for pattern, gbps in NETWORKS.items():
        rows.loc[rows["source"].str.contains(pattern), "network_gbps"] = gbps
    rows["accelerator"] = rows["gpu"].map(MLPERF_GPUS)
    table = rows[rows["network_gbps"].notna() & rows["accelerator"].notna()].copy()
    left = {"time_to_target": int(to_target.sum()), "mlperf_network_not_known": len(rows) - len(table)}
    table["measured_by"] = table["set"].str.replace(r"v\d\.\d ", "", regex=True)
    table["model"], table["precision"] = table["workload"], "amp"
    table["parameters"] = table["workload"].map(PARAMETERS)
    table["kind"], table["link"], table["sharded"] = "strong", "nvlink", False
    table["base_accelerators"], table["accelerators"] = table["base_gpus"], table["gpus"]
    table["base_batch"], table["batch"] = table["global_batch_base"], table["global_batch"].astype(float)
    table["base_step_seconds"] = table["base_batch"] / table["base_value"]
    table["step_seconds"] = table["batch"] / table["value"]
    table["note"] = "evaluation included"
    # One result that two rounds repeat is one measurement.
    keys = ["measured_by", "model", "accelerator", "accelerators", "value"]
    repeated = table.duplicated(keys)
    return table[~repeated], {**left, "mlperf_repeated": int(repeated.sum())}


def samples_to_target(raw: Path) -> pd.DataFrame:
    """facts/samples_to_target: how many samples MLPerf's runs took to their target, by global batch.

    Minutes to the target times samples a second, both of one log; the target of a benchmark is the same in all.
    """
    rows = pd.read_csv(raw / "hardware/multi_node_scaling.csv")
    keys = ["set", "workload", "gpu", "gpus", "source"]
    minutes = rows[rows["scaling_kind"].str.contains("time to target") & rows["unit"].eq("minutes")]
    rates = rows[rows["scaling_kind"].eq("samples per second incl. evaluation")]
    table = minutes.merge(rates, on=keys, suffixes=("", "_rate"), validate="one_to_one")
    table["model"] = table["workload"].map({"bert": "bert_large", "resnet": "resnet50"})
    table["batch"] = table["global_batch"].astype(float)
    table["samples"] = (table["value"] * 60.0 * table["value_rate"]).round(-3)
    # One result that two rounds repeat is one measurement.
    repeated = table.duplicated(["model", "batch", "value", "value_rate"])
    table = table[~repeated]
    table["measured_by"], table["accelerators"] = table["set"], table["gpus"]
    table["unit"], table["basis"], table["as_of"] = "samples", "derived", ""
    table["rule"] = "minutes to the target x 60 x samples a second (evaluation included in both)"
    columns = "model batch samples measured_by accelerators unit basis rule source as_of"
    result = table[columns.split()].sort_values(["model", "batch", "samples", "source"], ignore_index=True)
    return with_left_out(result, repeated=int(repeated.sum()))


def of_llm_foundry(raw: Path, reference: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """llm-foundry's MPT runs, fully sharded; a step is one micro-batch, whose gathers are the same in each."""
    rows = pd.read_csv(raw / "hardware/multi_node_scaling.csv")
    rows = rows[rows["set"].str.startswith("llm-foundry")]
    sizes = mpt_parameters(reference)
    table = rows[rows["flag"].isna()].copy()
    left = {"llm_foundry_flagged": len(rows) - len(table)}
    table["network_gbps"] = table["gpu"].map(LLM_FOUNDRY_GBPS)
    left["llm_foundry_network_not_known"] = int(table["network_gbps"].isna().sum())
    table = table[table["network_gbps"].notna()]
    micro = table["note"].str.extract(r"(\d+) -> (\d+)").astype(float)
    table = table.assign(parameters=table["workload"].map(sizes))
    known = table["parameters"].notna() & micro.notna().all(axis=1)
    left["llm_foundry_size_not_known"] = int((~known).sum())
    table, micro = table[known].copy(), micro[known]
    table["measured_by"] = "llm-foundry " + table["gpu"]
    table["model"], table["precision"] = table["workload"], "bf16"
    table["accelerator"] = table["gpu"].map(MLPERF_GPUS)
    table["kind"], table["link"], table["sharded"] = "weak", "nvlink", True
    table["base_accelerators"], table["accelerators"] = table["base_gpus"], table["gpus"]
    table["base_batch"], table["batch"] = micro[0] * table["base_gpus"], micro[1] * table["gpus"]
    table["base_step_seconds"] = micro[0] * LLM_FOUNDRY_SEQUENCE / table["base_value"]
    table["step_seconds"] = micro[1] * LLM_FOUNDRY_SEQUENCE / table["value"]
    table["note"] = f"sequences of {LLM_FOUNDRY_SEQUENCE} tokens; " + table["note"].map(same_batch)
    return table, left


def mpt_parameters(reference: Path) -> pd.Series:
    """Parameters of each MPT model with 2,048 positions: those of longer sequences less their further positions.

    The positions are learned, ``hidden`` parameters each (llm-foundry's configurations).
    """
    rows = pd.read_csv(reference / "mfu.csv")
    rows = rows[rows["model"].isin(SHAPES) & rows["model"].str.startswith("MPT-")]
    hidden = rows["model"].map(lambda name: SHAPES[name][1])
    further = hidden * (pd.to_numeric(rows["seq_len"]) - LLM_FOUNDRY_SEQUENCE)
    return (rows["params_b"] * 1e9 - further).groupby(rows["model"]).median()


def same_batch(note: str) -> str:
    """The raw note's micro-batches in our words."""
    found = re.search(r"(\d+) -> (\d+)", note)
    if found is None:
        raise ValueError(f"no micro-batches in {note!r}")
    return f"micro-batch {found[1]}" if found[1] == found[2] else f"micro-batch {found[1]}, then {found[2]}"
