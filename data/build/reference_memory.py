"""Builds the reference tables of memory: published figures, measured runs, recomputation, shapes of the models."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.build.common import with_left_out

#: Feed-forward width, gated or not, and vocabulary as in the public configuration of each model of the measured rows.
_QWEN = "Hugging Face Qwen/{} config.json; intermediate_size is twice the width"
_LLAMA = "Hugging Face meta-llama/{} config.json (as copied in public repositories)"
SHAPES = (
    ("Qwen-1.8B", 1_836_828_672, 24, 2048, 16, 5504, 151936, _QWEN.format("Qwen-1_8B")),
    ("Qwen-7B", 7_721_324_544, 32, 4096, 32, 11008, 151936, _QWEN.format("Qwen-7B")),
    ("Qwen-14B", 14_167_290_880, 40, 5120, 40, 13696, 152064, _QWEN.format("Qwen-14B")),
    ("Qwen-72B", 72_287_920_128, 80, 8192, 64, 24576, 152064, _QWEN.format("Qwen-72B")),
    ("Llama-2-7b", 6_738_415_616, 32, 4096, 32, 11008, 32000, _LLAMA.format("Llama-2-7b-hf")),
    ("Llama-2-13b", 13_015_864_320, 40, 5120, 40, 13824, 32000, _LLAMA.format("Llama-2-13b-hf")),
    ("Llama-2-70b", 68_976_648_192, 80, 8192, 64, 28672, 32000, _LLAMA.format("Llama-2-70b-hf")),
    ("Llama3.1-8B", 8_030_261_248, 32, 4096, 32, 14336, 128256, _LLAMA.format("Llama-3.1-8B")),
    ("Llama3.1-70B", 70_553_706_496, 80, 8192, 64, 28672, 128256, _LLAMA.format("Llama-3.1-70B")),
    ("Llama3.1-405B", 405_853_388_800, 126, 16384, 128, 53248, 128256, _LLAMA.format("Llama-3.1-405B")),
)
_UNITS = {
    "GB per GPU": "gb_per_accelerator",
    "GB": "gb_per_accelerator",
    "GB (GiB) per GPU": "gib_per_accelerator",
    "GiB per GPU (first pipeline stage)": "gib_per_accelerator",
    "GiB": "gib_per_accelerator",
    "GiB per GPU (max over ranks)": "gib_per_accelerator",
    "GB total over all GPUs": "gb_over_all_accelerators",
    "% of TP baseline": "percent_of_tensor_parallel_baseline",
    "%": "percent",
    "bytes/param": "bytes_per_parameter",
    "bytes/param (+activations)": "bytes_per_parameter",
}
_NUMBERS = {
    "layers": "layers", "hidden": "hidden", "heads": "heads", "seq_len": "sequence_length", "vocab": "vocabulary",
    "micro_batch": "micro_batch", "global_batch": "global_batch", "tp": "tensor_parallel", "pp": "pipeline_parallel",
    "num_gpus": "devices", "zero_stage": "zero_stage",
}  # fmt: skip
_END = ["value", "unit", "basis", "source", "as_of", "note"]


def memory_tables(reference: Path) -> dict[str, pd.DataFrame]:
    """The tables from memory_reference.csv, memory_measured.csv and recompute_reference.csv of ``reference``."""
    tables = {
        "reference/memory_reference": published(reference / "memory_reference.csv"),
        "reference/memory_measured": measured(reference / "memory_measured.csv"),
        "reference/recompute_reference": recomputed(reference / "recompute_reference.csv"),
        "reference/model_shapes": shapes(),
    }
    for table in tables.values():
        # Where the first reader found a copy of a paper says nothing to others; the paper is named.
        for column in ("source", "note"):
            if column in table:
                table[column] = table[column].str.replace(r"\s*\((?:text cop|ids? )[^)]*\)?", "", regex=True)
    return tables


def shapes() -> pd.DataFrame:
    """reference/model_shapes: one row a model; all of them are gated (SwiGLU) and hold two embeddings."""
    columns = ["model", "parameters", "layers", "hidden", "heads", "feed_forward", "vocabulary", "source"]
    table = pd.DataFrame(SHAPES, columns=columns)
    return table.assign(gated=True, unit="count", basis="published", as_of="")[
        [*columns[:-1], "gated", "unit", "basis", "source", "as_of"]
    ].sort_values("model")


def published(path: Path) -> pd.DataFrame:
    """reference/memory_reference: every number; a range or a step from one to another makes two rows."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = []
    formulas = 0
    for row in table.to_dict("records"):
        text = row["value"].split(" ;")[0]
        between = " -> " if " -> " in text else "-" if "-" in text.lstrip("-") else None
        parts = text.split(between) if between else [text]
        if row["unit"] not in _UNITS or not row["value"] or not parts[0].replace(".", "", 1).isdigit():
            formulas += 1
            continue
        for part, suffix in zip(parts, ("",) if len(parts) == 1 else (": first", ": second"), strict=True):
            rows.append({**row, "item": row["item"] + suffix, "value": float(part)})
    made = pd.DataFrame(rows)
    made["parameters"] = pd.to_numeric(made["params_b"], errors="coerce") * 1e9
    for old, new in _NUMBERS.items():
        made[new] = pd.to_numeric(made[old], errors="coerce").astype("Int64")
    # "none" is one part a device; rows that do not say (figure 7 is of the runs of figure 1) take the model's.
    given = pd.to_numeric(made["interleave_m"].replace("none", "1"), errors="coerce")
    made["interleave"] = given.fillna(given.groupby(made["model"]).transform("max")).astype("Int64")
    made["unit"] = made["unit"].map(_UNITS)
    made["basis"] = made["quality"].str.contains("measured").map({True: "measured", False: "published"})
    made["as_of"] = ""
    columns = ["item", "model", "parameters", *_NUMBERS.values(), "interleave", "precision", *_END]
    keys = ["item", "model"]
    return with_left_out(made[columns].sort_values(keys, ignore_index=True), formulas_in_words=formulas)


def measured(path: Path) -> pd.DataFrame:
    """reference/memory_measured: the words of the source on method, sharding and recomputation stay as they are."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    table["accelerator_memory_gib"] = table["gpu"].str.extract(r"(\d+)GB")[0].astype(float)
    table["unit"] = table["memory_unit"].map(_UNITS)
    table["fits"] = table["fits"].str.split(" ").str[0]
    table["note"] = table["note"].fillna("")
    table["basis"], table["as_of"] = "measured", ""
    named = {
        "seq_len": "sequence_length", "gpu": "accelerator", "gpus": "devices",
        "zero_or_sharding": "sharding", "activation_checkpointing": "recompute",
    }  # fmt: skip
    columns = [
        "set", "model", "method", "precision", "accelerator", "accelerator_memory_gib", "nodes", "devices",
        "sequence_length", "micro_batch", "sharding", "recompute", "fits",
    ]  # fmt: skip
    return table.rename(columns=named)[[*columns, *_END]].sort_values(columns, ignore_index=True)


def recomputed(path: Path) -> pd.DataFrame:
    """reference/recompute_reference: one row a run or statement; a range of overhead has two ends."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    ends = table["overhead_pct"].str.extract(r"^(-?[\d.]+)(?:-([\d.]+))?$").astype(float)
    table["overhead_low_percent"], table["overhead_high_percent"] = ends[0], ends[1].fillna(ends[0])
    named = {
        **_NUMBERS, "forward_ms": "forward_milliseconds", "backward_ms": "backward_milliseconds",
        "total_ms": "total_milliseconds", "iteration_s": "step_seconds", "mfu_pct": "mfu_percent",
        "hfu_pct": "hfu_percent", "throughput_gain_pct": "throughput_gain_percent",
    }  # fmt: skip
    named = {old: new for old, new in named.items() if old in table}
    for old, new in named.items():
        table[new] = pd.to_numeric(table[old], errors="coerce")
    whole = [name for name in _NUMBERS.values() if name in named.values()]
    table[whole] = table[whole].astype("Int64")
    table["basis"] = table["quality"].str.contains("measured").map({True: "measured", False: "published"})
    table["unit"], table["as_of"] = "percent", ""
    columns = ["source_table", "model", *whole, "gpu", "strategy", "overhead_low_percent", "overhead_high_percent"]
    columns += [name for name in named.values() if name not in whole]
    return table.rename(columns={"gpu": "accelerator"})[
        ["accelerator" if name == "gpu" else name for name in columns] + ["unit", "basis", "source", "as_of", "note"]
    ].sort_values(["source_table", "model", "strategy"], ignore_index=True)
