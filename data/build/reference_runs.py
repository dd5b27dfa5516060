"""Builds reference/published_runs: whole runs whose hardware, size and time were published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.build.measured_tables import RUN_GPUS, canonical_precision
from data.build.public_models import RUN_SHAPES

#: GPU names of published_runs.csv to those of facts/accelerators. "A100" alone leaves the memory, and the speed with
#: it, open; parts that AWS does not offer have no row.
GPUS = {
    **RUN_GPUS,
    "H100 80GB": "H100 80GB SXM5",
    "H200 141GB": "H200 141GB SXM",
    "V100 16GB": "V100 SXM2 16GB",
    "V100 32GB": "V100 SXM2 32GB",
    "T4": "T4",
    "A10G": "A10G",
    "L4": "L4",
    "L40S": "L40S",
    "RTX PRO 6000": "RTX PRO 6000 Blackwell Server Edition",
    "Trainium1": "Trainium1",
}
COLUMNS = (
    "run_id task model accelerator accelerator_count precision method parameters layers hidden sequence_length tokens"
    " samples sample_kind epochs accelerator_hours stop_rule check_use unit basis source as_of note"
)


def published_runs(path: Path) -> pd.DataFrame:
    """The rows of a file like published_runs.csv as the project's table; what is not stated stays empty."""
    table = pd.read_csv(path)
    shapes = pd.DataFrame(
        [RUN_SHAPES[run][:4] if run in RUN_SHAPES else (None,) * 4 for run in table["run_id"]],
        columns=["layers", "hidden", "heads", "sequence_length"],
        index=table.index,
    ).astype("Int64")
    given = table["precision"].fillna("").astype(str)
    words = table["model"].astype(str) + " " + table["run_id"].astype(str)
    count = pd.to_numeric(table["gpu_count"], errors="coerce")
    # Accelerator-hours are rounded to hundredths; hours on a stated number are not.
    whole = (pd.to_numeric(table["hours"], errors="coerce") * count).fillna(table["gpu_hours"])
    amount, unit = pd.to_numeric(table["train_amount"], errors="coerce"), table["train_unit"].fillna("").astype(str)
    made = pd.DataFrame(
        {
            "run_id": table["run_id"],
            "task": table["task"],
            "model": table["model"],
            "accelerator": table["gpu"].map(GPUS),
            "accelerator_count": count.astype("Int64"),
            # 4-bit weights are computed with in bf16.
            "precision": given.replace("amp", "fp16").replace(r"^nf4.*", "bf16", regex=True).map(canonical_precision),
            "method": words.str.lower().map(lambda text: "lora" if "lora" in text else "full"),
            "parameters": table["params_m"] * 1e6,
            "layers": shapes["layers"],
            "hidden": shapes["hidden"],
            "sequence_length": shapes["sequence_length"],
            "tokens": amount.where(unit == "tokens"),
            "samples": amount.where(unit != "tokens"),
            "sample_kind": unit.where(unit != "tokens", "").replace(r" \(.*", "", regex=True),
            "epochs": pd.to_numeric(table["epochs"], errors="coerce"),
            "accelerator_hours": whole,
            "stop_rule": table["stop_rule"],
            "check_use": table["check_use"],
            "unit": "accelerator-hours",
            "basis": table["quality"].str.contains("measured").map({True: "measured", False: "published"}),
            "source": table["source"],
            "as_of": "",
            "note": table["note"].fillna(""),
        }
    )
    # Adapters over 4-bit weights are QLoRA, whether or not they are called so.
    made.loc[(made["method"] == "lora") & given.str.startswith("nf4"), "method"] = "qlora"
    return made[COLUMNS.split()].sort_values("run_id", ignore_index=True)
