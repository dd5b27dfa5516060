"""Builds the tables of measured speed: achieved FLOPs, precision speed-ups, scaling, and relative throughput.

**What counts as a FLOP.** One convention for every row and for ``costlib.models.throughput.training_flops``:
6 N T + 12 L h s T (Chowdhery et al. 2022, PaLM, appendix B: weights plus full attention, no recomputation;
causal masks do not halve it). Published figures use others: NVIDIA halves causal attention and leaves out the
input embedding, older Megatron papers and BLOOM count recomputed work (that is HFU). So the fraction is
recomputed here from tokens per second and the model's public shape; the published MFU is used only where
it is known to follow the same convention, and rows that count recomputed work are left out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from costlib.facts.efficiency import scale_of
from data.build.common import with_left_out
from data.build.public_models import RUN_SHAPES

#: GPU names in mfu.csv to the names of facts/accelerators.
MFU_GPUS = {
    "A100 40GB": "A100 40GB SXM4",
    "A100 80GB": "A100 80GB SXM4",
    "H100 80GB": "H100 80GB SXM5",
    "H200 141GB": "H200 141GB SXM",
    "B200": "B200 SXM",
    "B300": "B300 SXM",
    "GB200": "GB200 (per GPU)",
    "GB300": "GB300 (per GPU)",
    "Trn1": "Trainium1",
}
#: GPU names of Lambda's and NVIDIA's benchmark logs; parts that AWS does not offer are absent.
BENCHMARK_GPUS = {
    "A100 40GB SXM4": "A100 40GB SXM4",
    "A100 80GB SXM4": "A100 80GB SXM4",
    "A100 40GB": "A100 40GB SXM4",
    "A100 80GB": "A100 80GB SXM4",
    "V100 16GB SXM2": "V100 SXM2 16GB",
    "V100 32GB SXM2": "V100 SXM2 32GB",
    "V100 16GB": "V100 SXM2 16GB",
    "V100 32GB": "V100 SXM2 32GB",
    "H100 80GB SXM5": "H100 80GB SXM5",
    "H200 141GB SXM5": "H200 141GB SXM",
    "B200 180GB SXM": "B200 SXM",
}
#: (layers, hidden) from public configurations: llm-foundry's mpt yamls, Meta's params.json, the BERT paper,
#: TinyLlama's README, arXiv 2303.17564 table 4. They feed the attention term only.
SHAPES = {
    "MPT-125m": (12, 768),
    "MPT-760m": (24, 1536),
    "MPT-1b": (24, 2048),
    "MPT-3b": (32, 2560),
    "MPT-7b": (32, 4096),
    "MPT-13b": (40, 5120),
    "MPT-30b": (48, 7168),
    "MPT-70b": (64, 9216),
    "LLAMA3_8B": (32, 4096),
    "LLAMA3_70B": (80, 8192),
    "LLAMA3.1_405B": (126, 16384),
    "Llama3.1-8B": (32, 4096),
    "TinyLlama-1.1B": (22, 2048),
    "BloombergGPT-50.6B": (70, 7680),
    "Llama2-13B pre-training": (40, 5120),
    "Llama-3.1-70B pre-training": (80, 8192),
    "HuggingFace BERT-Large Ph1 pre-training": (24, 1024),
    "HuggingFace BERT-Large Ph2 pre-training": (24, 1024),
}
#: GPU names of published_runs.csv.
RUN_GPUS = {
    "A100 80GB SXM": "A100 80GB SXM4",
    "A100 80GB": "A100 80GB SXM4",
    "A100 40GB": "A100 40GB SXM4",
    "H100 80GB SXM": "H100 80GB SXM5",
}
#: Fine-tuning logs whose model size is public (Devlin et al. 2019): N, layers, hidden, sequence length.
BERT_LOGS = {
    "bert_base_squad": (110e6, 12, 768, 384),
    "bert_large_squad": (336e6, 24, 1024, 384),
}
LANGUAGE = "bert|transformer|gnmt|electra|bart"
VISION = "resnet|ssd|maskrcnn|segmentation|detection|classification|gpunet"


def canonical_precision(text: str) -> str | None:
    """bf16, fp16, fp8, fp32 or tf32; none for formats that no AWS accelerator table has a peak for."""
    lowered = text.lower()
    if "nvfp4" in lowered or "in parenthesis" in lowered:
        return None
    for name in ("fp8", "bf16", "fp16", "tf32", "fp32"):
        if lowered.startswith((name, f"mx{name}")):
            return name
    return None


def domain(model: str) -> str:
    """language, vision or other, from a benchmark's name."""
    lowered = pd.Series([model.lower()])
    if lowered.str.contains(LANGUAGE).item():
        return "language"
    return "vision" if lowered.str.contains(VISION).item() else "other"


def achieved_flops(raw: Path, reference: Path, accelerators: pd.DataFrame) -> pd.DataFrame:
    """facts/achieved_flops: the share of the dense peak that dense-model training reached."""
    table = pd.read_csv(reference / "mfu.csv")
    table = table[(table["dense_or_moe"] == "dense") & (table["job_kind"] == "pretrain")].copy()
    # H100 with 96 GB at 500 W is slower than the p5 part; it would drag the band of p5 down.
    table = table[~table["aws_instance_match"].str.startswith("near")]
    table["accelerator"] = table["gpu"].map(MFU_GPUS)
    table["precision"] = table["precision"].map(canonical_precision)
    table["accelerator_count"] = pd.to_numeric(table["gpu_count"], errors="coerce")
    table["sequence_length"] = pd.to_numeric(table["seq_len"], errors="coerce")
    table["parameters"] = table["params_b"] * 1e9
    peaks = accelerators.set_index("accelerator")
    table = table[table["precision"].notna() & table["accelerator_count"].notna()].copy()
    table["peak_tflops"] = [
        peaks.at[a, f"{p}_tflops"] for a, p in zip(table["accelerator"], table["precision"], strict=True)
    ]
    shape = table["model"].map(SHAPES)
    layers_hidden = shape.map(lambda pair: pair[0] * pair[1], na_action="ignore").astype(float)
    weights = 6 * table["parameters"] * table["tokens_per_s_per_gpu"] / (table["peak_tflops"] * 1e12)
    attention = 1 + 2 * layers_hidden * table["sequence_length"] / table["parameters"]
    recomputed = weights * attention
    # Korthikanti table 5 and Megatron's H100 table state MFU by 72 B L s h^2 (1 + s/6h + v/12hL): the same
    # count.
    same_count = table["set"].str.startswith(("Korthikanti 2022 Table", "Megatron-LM weak scaling H100"))
    published = pd.to_numeric(table["mfu_pct_published"], errors="coerce") / 100
    table["achieved_fraction"] = recomputed.fillna(published.where(same_count))
    table["achieved_fraction_6n"] = weights
    table["rule"] = "tokens/s x (6 N + 12 L h s) / dense peak, public model shape"
    table.loc[recomputed.isna(), "rule"] = "MFU as published; the paper counts FLOPs the same way"
    table["job"] = "pretrain"
    table = pd.concat([table, bert_rows(raw, peaks)], ignore_index=True)
    table["basis"] = recomputed_or_read(table["rule"])
    table = table[table["achieved_fraction"].notna()]
    table["vendor_architecture"] = table["accelerator"].map(peaks["vendor_architecture"])
    table["unit"] = "fraction of dense peak"
    # The repositories' commits in `source` date these rows; only Lambda's logs carry a day.
    table["as_of"] = table["date"].fillna("") if "date" in table else ""
    table["accelerator_count"] = table["accelerator_count"].astype(int)
    columns = (
        "accelerator vendor_architecture accelerator_count job model parameters sequence_length micro_batch precision"
        " peak_tflops achieved_fraction achieved_fraction_6n unit basis rule source as_of note"
    )
    return table[columns.split()].sort_values(["accelerator", "precision", "accelerator_count", "model"])


def recomputed_or_read(rule: pd.Series) -> pd.Series:
    """``measured`` where the share was read as published; ``derived`` where it is ours, from measured tokens."""
    return rule.str.startswith("MFU as published").map({True: "measured", False: "derived"})


def whole_runs(reference: Path, accelerators: pd.DataFrame, achieved: pd.DataFrame) -> pd.DataFrame:
    """facts/whole_runs: published complete pre-trainings, and how far they fell short of short benchmarks.

    ``benchmark_over_run`` = median share of peak of the benchmark rows of the same accelerator and scale (16
    bit, sequences to 4,096 tokens; all scales where the run's is not stated, the architecture's rows where
    fewer than 5 are left) over the run's own share. Above 1 the run was slower than a tuned benchmark.
    """
    table = pd.read_csv(reference / "published_runs.csv")
    table = table[(table["task"] == "pretrain") & (table["check_use"] == "yes")].copy()
    table["accelerator"] = table["gpu"].map(RUN_GPUS)
    parts = accelerators.set_index("accelerator")
    table["vendor_architecture"] = table["accelerator"].map(parts["vendor_architecture"])
    shapes = pd.DataFrame([RUN_SHAPES[run] for run in table["run_id"]], index=table.index)
    table["parameters"] = table["params_m"] * 1e6
    table["tokens"] = table["train_amount"]
    table["accelerator_hours"] = table["gpu_hours"]
    # Model cards that give hours alone leave the number of accelerators open.
    table["accelerator_count"] = pd.to_numeric(table["gpu_count"]).astype("Int64")
    table["sequence_length"] = shapes["sequence_length"]
    attention = 12 * shapes["layers"] * shapes["hidden"] * shapes["sequence_length"]
    flops = (6 * table["parameters"] + attention) * table["tokens"]
    peak_flops = table["accelerator"].map(parts["fp16_tflops"]) * 1e12 * table["gpu_hours"] * 3600
    table["achieved_fraction"] = flops / peak_flops
    table["achieved_fraction_6n"] = 6 * table["parameters"] * table["tokens"] / peak_flops
    rows = achieved[(achieved["precision"] != "fp8") & (achieved["sequence_length"] <= 4096)]
    medians = [
        benchmark_median(rows, run.accelerator, run.vendor_architecture, run.gpu_count) for run in table.itertuples()
    ]
    table["benchmark_over_run"] = medians / table["achieved_fraction"]
    table["unit"] = "ratio of shares of dense peak"
    table["basis"] = "derived"
    table["rule"] = "(6 N + 12 L h s) T / (accelerator-hours x dense peak); public model shape"
    table["as_of"] = ""
    columns = (
        "run_id model accelerator vendor_architecture accelerator_count precision parameters tokens sequence_length"
        " accelerator_hours achieved_fraction achieved_fraction_6n benchmark_over_run unit basis rule source as_of note"
    )
    return table[columns.split()].sort_values("run_id")


def benchmark_median(rows: pd.DataFrame, accelerator: str, architecture: str, accelerator_count: float) -> float:
    """The median share of peak of the narrowest of three pools with at least 5 rows."""
    same = rows["accelerator"] == accelerator
    same_scale = scale_of(rows["accelerator_count"].to_numpy()) == scale_of(accelerator_count)
    pools = [same, rows["vendor_architecture"] == architecture]
    if pd.notna(accelerator_count):
        pools.insert(0, same & same_scale)
    for pool in pools:
        if pool.sum() >= 5:
            return float(rows.loc[pool, "achieved_fraction"].median())
    raise ValueError(f"fewer than 5 benchmark rows of {architecture}")


def bert_rows(raw: Path, peaks: pd.DataFrame) -> pd.DataFrame:
    """V100 fine-tuning BERT: the only language-model logs of an AWS accelerator that mfu.csv lacks."""
    logs = pd.read_csv(raw / "hardware/throughput.csv", low_memory=False)
    logs = logs[
        logs["gpu"].str.startswith("V100")
        & logs["model"].isin(BERT_LOGS)
        & logs["precision"].isin(["amp", "fp16"])
        & (logs["usable"] == "yes")
        & (logs["nccl_p2p"] == "default")
    ].copy()
    logs["accelerator"] = logs["gpu"].map(BENCHMARK_GPUS)
    logs["accelerator_count"] = logs["gpu_count"]
    logs["precision"] = "fp16"
    logs["peak_tflops"] = logs["accelerator"].map(peaks["fp16_tflops"])
    sizes = pd.DataFrame([BERT_LOGS[name] for name in logs["model"]], index=logs.index, dtype=float)
    sizes.columns = pd.Index(["parameters", "layers", "hidden", "sequence_length"])
    tokens_per_s = logs["throughput_corrected"] / logs["gpu_count"] * sizes["sequence_length"]
    logs["parameters"] = sizes["parameters"]
    logs["sequence_length"] = sizes["sequence_length"]
    logs["micro_batch"] = logs["global_batch"] / logs["gpu_count"]
    logs["achieved_fraction_6n"] = 6 * sizes["parameters"] * tokens_per_s / (logs["peak_tflops"] * 1e12)
    attention = 1 + 2 * sizes["layers"] * sizes["hidden"] * sizes["sequence_length"] / sizes["parameters"]
    logs["achieved_fraction"] = logs["achieved_fraction_6n"] * attention
    logs["rule"] = "sequences/s x 384 x (6 N + 12 L h s) / dense peak, BERT's public shape"
    logs["job"] = "finetune"
    logs["source"] = "github.com/lambdal/deeplearning-benchmark@aa5addb"
    logs["note"] = logs["machine_kind"]
    return logs


def precision_speedups(raw: Path, accelerators: pd.DataFrame) -> pd.DataFrame:
    """facts/precision_speedups: throughput in 16-bit mixed precision over fp32 or tf32, same model and machine."""
    logs = pd.read_csv(raw / "hardware/speedups.csv")
    logs = logs[logs["flag"].isna()]
    # Peer-to-peer off slows multi-GPU runs by their communication, which is not the precision's doing.
    lambda_logs = logs[(logs["nccl_p2p"] == "default") | (logs["gpu_count"] == 1)]
    vendor = pd.read_csv(raw / "hardware/nvidia_dle_training.csv")
    # On A100 a README's "FP32" column may run in TF32; those rows cannot be told apart.
    ambiguous = vendor["gpu"].str.startswith("A100") & (vendor["base_precision"] != "tf32")
    vendor = vendor[vendor["base_precision"].notna() & vendor["speedup"].notna() & ~ambiguous]
    vendor = vendor.assign(low_precision="amp")
    table = pd.concat([lambda_logs, vendor], ignore_index=True)
    table["accelerator"] = table["gpu"].map(BENCHMARK_GPUS)
    architecture = accelerators.set_index("accelerator")["vendor_architecture"]
    table["vendor_architecture"] = table["accelerator"].map(architecture)
    # READMEs that say only "V100" or "A100" still tell the architecture.
    table.loc[table["gpu"] == "V100", "vendor_architecture"] = "NVIDIA Volta"
    table.loc[table["gpu"] == "A100", "vendor_architecture"] = "NVIDIA Ampere"
    table = table[table["vendor_architecture"].notna()].copy()
    table["low_precision"] = table["low_precision"].str.replace(" (from folder name)", "", regex=False)
    table["domain"] = table["model"].map(domain)
    table["accelerator_count"] = table["gpu_count"]
    table["unit"] = "ratio of throughputs"
    table["basis"] = "derived"
    table["rule"] = "measured throughput in mixed precision over that in the base precision, same machine and model"
    table["as_of"] = ""
    columns = (
        "accelerator vendor_architecture model domain low_precision base_precision accelerator_count speedup"
        " unit basis rule source as_of"
    )
    keys = ["vendor_architecture", "accelerator", "base_precision", "model", "accelerator_count", "speedup"]
    # The same numbers of one machine, kept in two folders of the log, are one measurement.
    repeated = table.duplicated(columns.split())
    result = table.loc[~repeated, columns.split()].sort_values(keys)
    return with_left_out(result, repeated=repeated.sum(), peer_to_peer_disabled=len(logs) - len(lambda_logs))


def relative_throughput(raw: Path, reference: Path, accelerators: pd.DataFrame) -> pd.DataFrame:
    """facts/relative_throughput: speed against an A100 80GB on the same job, and that per unit of dense 16-bit peak."""
    charts = pd.read_csv(raw / "hardware/aws_gpu_small_jobs.csv")
    charts = charts[charts["set"].str.startswith("xl0") & charts["precision"].str.startswith("fp16")]
    wide = charts.pivot_table(index="workload", columns="gpu", values="value")
    t4 = pd.DataFrame({"model": wide.index, "throughput_ratio": (wide["T4"] / wide["A100 SXM4 80GB"]).to_numpy()})
    t4["accelerator"] = "T4"
    t4["source"] = charts["source"].iloc[0]
    t4["as_of"] = "2022-10"

    # One epoch of the same LoRA fine-tuning, same settings, one card each.
    lora = pd.read_csv(raw / "hardware/multi_node_scaling.csv")
    lora = lora[lora["gpu"].eq("A10G") & lora["set"].str.startswith("h2o")].drop_duplicates("workload")
    runs = pd.read_csv(reference / "published_runs.csv").set_index("run_id")["hours"]
    a10g = pd.DataFrame({"model": lora["workload"], "source": lora["source"]})
    run_ids = [f"h2o-lora-{name.split('-')[2].replace(' ', '-')}-1xA100" for name in lora["workload"]]
    a10g["throughput_ratio"] = runs.loc[run_ids].to_numpy() * 60 / lora["base_value"].to_numpy()
    a10g["accelerator"] = "A10G"
    a10g["as_of"] = ""

    rows = pd.concat([t4, a10g], ignore_index=True)
    peaks = accelerators.set_index("accelerator")["fp16_tflops"]
    rows["base_accelerator"] = "A100 80GB SXM4"
    rows["relative_efficiency"] = rows["throughput_ratio"] * peaks["A100 80GB SXM4"] / rows["accelerator"].map(peaks)
    rows["unit"] = "ratio of achieved shares of dense peak"
    rows["basis"] = "derived"
    rows["rule"] = (
        rows["accelerator"].map({"T4": "ratio of the bars of one chart", "A10G": "ratio of the minutes of one epoch"})
        + "; relative_efficiency divides it by the ratio of dense 16-bit peaks"
    )
    columns = "accelerator base_accelerator model throughput_ratio relative_efficiency unit basis rule source as_of"
    return rows[columns.split()].sort_values(["accelerator", "model"])


def scaling_efficiency(raw: Path) -> pd.DataFrame:
    """facts/scaling_efficiency: throughput of n GPUs over n times one GPU, cards without NVLink, one machine.

    Runs with peer-to-peer copies switched off measure that setting, not the cards: they are left out.
    """
    table = pd.read_csv(raw / "hardware/scaling.csv")
    table = table[table["gpu"].str.contains("PCIe") & table["flag"].isna() & (table["base_gpu_count"] == 1)]
    disabled = table["nccl_p2p"] == "disabled"
    table = table[~disabled]
    nodes = pd.read_csv(raw / "hardware/multi_node_scaling.csv")
    nodes = nodes[nodes["gpu"].eq("A10G") & nodes["flag"].isna() & (nodes["base_gpus"] == 1)]
    nodes = nodes[~nodes["note"].astype(str).str.contains("looks slow")]
    nodes = nodes.rename(columns={"gpus": "gpu_count", "workload": "model"})
    table = pd.concat([table, nodes], ignore_index=True)
    table["accelerator_count"] = table["gpu_count"].astype(int)
    table["unit"] = "fraction"
    table["basis"] = "derived"
    table["rule"] = "measured throughput (or time of one epoch) of the count over that of one, over the count"
    table["as_of"] = ""
    columns = "gpu model precision accelerator_count efficiency unit basis rule source as_of"
    result = table[columns.split()].sort_values(["gpu", "accelerator_count", "model", "precision"])
    return with_left_out(result, peer_to_peer_disabled=disabled.sum())
