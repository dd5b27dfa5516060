"""Builds facts/training_throughput: measured samples a second of named networks on accelerators that AWS has."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.build.common import with_left_out
from data.build.measured_tables import BENCHMARK_GPUS

#: Names in the benchmark logs to classes whose sample is one thing: an image, or a sequence of 384 tokens.
LAMBDA_CLASSES = {
    "resnet50": "resnet50",
    "ssd": "ssd300",
    "maskrcnn": "maskrcnn",
    "bert_base_squad": "bert_base_squad",
    "bert_large_squad": "bert_large_squad",
}
#: NVIDIA's READMEs name the variant in these folders; in others (EfficientNet, BERT) one folder mixes several.
NVIDIA_CLASSES = {
    "MxNet/Classification/RN50v1.5": "resnet50",
    "PyTorch/Classification/ConvNets/resnet50v1.5": "resnet50",
}
SAMPLES = {"bert_base_squad": "sequences of 384 tokens", "bert_large_squad": "sequences of 384 tokens"}
KEYS = ["model_class", "accelerator", "accelerator_count", "precision", "measured_by"]


def training_throughput(raw: Path) -> pd.DataFrame:
    """Median samples a second of all accelerators of one machine, for each class, accelerator, count and who measured.

    Peer-to-peer copies switched off slow runs of several GPUs by that setting, so those are left out.
    """
    logs = pd.read_csv(raw / "hardware/throughput.csv", low_memory=False)
    logs = logs[logs["model"].isin(LAMBDA_CLASSES) & (logs["usable"] == "yes") & logs["gpu"].isin(BENCHMARK_GPUS)]
    disabled = (logs["nccl_p2p"] != "default") & (logs["gpu_count"] > 1)
    logs = logs[~disabled]
    own = pd.DataFrame(
        {
            "model_class": logs["model"].map(LAMBDA_CLASSES),
            "accelerator": logs["gpu"].map(BENCHMARK_GPUS),
            "accelerator_count": logs["gpu_count"],
            # amp computes in fp16 with fp32 master weights, as do the logs called fp16.
            "precision": logs["precision"].replace({"amp": "fp16"}),
            "measured_by": "Lambda",
            "samples_per_second": logs["throughput_corrected"],
            "source": "github.com/lambdal/deeplearning-benchmark@aa5addb",
            "as_of": logs["date"].astype(str).str[:10],
        }
    )
    vendor = pd.read_csv(raw / "hardware/nvidia_dle_training.csv")
    vendor = vendor[vendor["model"].isin(NVIDIA_CLASSES) & vendor["gpu"].isin(BENCHMARK_GPUS)]
    given = {"fp16": vendor["amp_throughput"], "base": vendor["base_throughput"]}
    parts = [
        pd.DataFrame(
            {
                "model_class": vendor["model"].map(NVIDIA_CLASSES),
                "accelerator": vendor["gpu"].map(BENCHMARK_GPUS),
                "accelerator_count": vendor["gpu_count"],
                "precision": vendor["base_precision"] if name == "base" else name,
                "measured_by": "NVIDIA, " + vendor["model"].str.split("/").str[0],
                "samples_per_second": rate,
                "source": vendor["source"].str.replace(r" .*", "", regex=True),
                "as_of": "",
            }
        )
        for name, rate in given.items()
    ]
    rows = pd.concat([own, *parts], ignore_index=True).dropna(subset=["samples_per_second", "precision"])
    rows = rows[rows["precision"].isin(["fp32", "tf32", "fp16", "bf16"])]
    made = rows.groupby(KEYS, as_index=False).agg(
        samples_per_second=("samples_per_second", "median"),
        runs=("samples_per_second", "size"),
        source=("source", "first"),
        as_of=("as_of", "max"),
    )
    made["accelerator_count"] = made["accelerator_count"].astype(int)
    made["unit"] = made["model_class"].map(SAMPLES).fillna("images") + " per second"
    made["basis"] = "measured"
    made["rule"] = "median of the runs; all accelerators of one machine together"
    columns = [*KEYS, "samples_per_second", "runs", "unit", "basis", "rule", "source", "as_of"]
    return with_left_out(made[columns].sort_values(KEYS, ignore_index=True), peer_to_peer_disabled=disabled.sum())
