"""Memory and recomputation: predicted beside reference, row by row, with how far they are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from costlib.models.activations import recompute_extra_fraction
from costlib.models.memory import CONTEXT_BYTES, NCCL_BYTES, training_memory, verdict
from costlib.models.memory_states import megatron_bytes_per_parameter, zero_estimator_bytes
from costlib.models.throughput import training_flops
from costlib.tables import Snapshot
from costlib.units import BYTES_PER_GB, FLOPS_PER_TFLOPS, bytes_to_gib, gib_to_bytes
from costlib.validation.memory_cases import case_of

#: What the formulas must reproduce the published numbers within.
FORMULA_BAND = 0.02
#: What the median of the measured rows must stay within, and the share of verdicts that must be right.
MEASURED_MEDIAN, MEASURED_VERDICTS = 0.15, 0.90
#: Parameters of the largest layer of t5-3b, its embedding of 32,128 entries of width 1,024.
_T5_LARGEST = 32_128 * 1_024


def measured(snapshot: Snapshot, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each row of reference/memory_measured (or ``rows`` like it) with predicted_gib, low, high, error and verdict.

    ``reference_gib`` is per device; NaN where a row only says that it fits. ``verdict_right``: predicted "fits" and
    "tight" both hold a run that fitted, and "does not fit" one that did not; the high end decides what is tight.
    """
    table = (snapshot.read("reference/memory_measured") if rows is None else rows).reset_index(drop=True)
    shapes = snapshot.read("reference/model_shapes").set_index("model")
    made = []
    for _, row in table.iterrows():
        case = case_of(row, shapes)
        memory = training_memory(**case.arguments)
        low, expected, high = np.array([memory.total_low, memory.total, memory.total_high], dtype=float) - (
            0.0 if case.counts_reserve else 1.0
        ) * np.array([memory.framework_reserve_low, memory.framework_reserve, memory.framework_reserve_high])
        room = gib_to_bytes(float(row["accelerator_memory_gib"]))
        made.append(
            {
                "reference_gib": _gib_per_device(row),
                "predicted_low_gib": bytes_to_gib(low),
                "predicted_gib": bytes_to_gib(expected),
                "predicted_high_gib": bytes_to_gib(high),
                "verdict": str(verdict(memory, room)),
            }
        )
    result = pd.concat([table, pd.DataFrame(made)], axis=1)
    result["error_fraction"] = result["predicted_gib"] / result["reference_gib"] - 1.0
    result["inside_band"] = result["reference_gib"].between(result["predicted_low_gib"], result["predicted_high_gib"])
    held = result["verdict"] != "does not fit"
    result["verdict_right"] = held == (result["fits"] == "yes")
    return result


def measured_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """By set and over all: rows, median absolute error, worst, share inside the range, share of right verdicts."""
    sets = [*frame.groupby("set", sort=True), ("all", frame)]
    return pd.DataFrame(
        [
            {
                "set": name,
                "rows": len(part),
                "median_absolute_error": part["error_fraction"].abs().median(),
                "median_error": part["error_fraction"].median(),
                "worst_absolute_error": part["error_fraction"].abs().max(),
                "inside_band_fraction": part.loc[part["reference_gib"].notna(), "inside_band"].mean(),
                "verdict_right_fraction": part["verdict_right"].mean(),
            }
            for name, part in sets
        ]
    )


def published(snapshot: Snapshot) -> pd.DataFrame:
    """Each row of reference/memory_reference with what the formulas give, in its unit, and the error."""
    table = snapshot.read("reference/memory_reference")
    table["predicted"] = [_predicted(row) for _, row in table.iterrows()]
    table["error_fraction"] = table["predicted"] / table["value"] - 1.0
    # What is printed to 0.1 or 0.01 cannot be met closer than half of its last digit.
    rounding = table["value"].map(lambda value: 0.5 * 10.0 ** -len(f"{value:.10f}".rstrip("0").partition(".")[2]))
    apart = (table["predicted"] - table["value"]).abs()
    table["inside_band"] = apart <= np.maximum(FORMULA_BAND * table["value"], rounding)
    return table


def recomputed(snapshot: Snapshot) -> pd.DataFrame:
    """The numbers of reference/recompute_reference: quantity, predicted, reference, error; ``is_formula``.

    MFU and HFU follow from the step's seconds by the FLOPs formulas. The time that recomputation adds follows FLOPs
    only in part, as communication is in it, too; such rows are no formulas.
    """
    table = snapshot.read("reference/recompute_reference")
    vocabulary = snapshot.read("reference/memory_reference").groupby("model")["vocabulary"].max()
    accelerators = snapshot.read("facts/accelerators")
    peak = accelerators.loc[accelerators["accelerator"] == "A100 80GB SXM4", "bf16_tflops"].to_numpy(float)[0]
    made: list[dict[str, Any]] = []
    for _, row in table.iterrows():
        strategy = str(row["strategy"])
        what = {
            "source_table": row["source_table"],
            "model": row["model"],
            "strategy": strategy,
            "source": row["source"],
        }
        mode = "selective" if "selective" in strategy else "none" if "none" in strategy else "full"
        if strategy == "sequence parallel":
            mode = "none"
        if pd.notna(row["mfu_percent"]):
            share = _mfu(row, float(vocabulary[row["model"]]), float(peak))
            extra = recompute_extra_fraction(
                row["sequence_length"], row["hidden"], row["layers"], mode, vocabulary=vocabulary[row["model"]]
            )
            made.append({**what, "quantity": "mfu_percent", "predicted": share, "reference": row["mfu_percent"]})
            if pd.notna(row["hfu_percent"]):
                made.append(
                    {
                        **what,
                        "quantity": "hfu_percent",
                        "predicted": share * (1.0 + float(extra)),
                        "reference": row["hfu_percent"],
                    }
                )
        if (
            pd.notna(row["overhead_low_percent"])
            and pd.notna(row["hidden"])
            and row["source_table"].startswith("Table 4")
        ):
            extra = recompute_extra_fraction(row["sequence_length"], row["hidden"], row["layers"], mode)
            made.append(
                {
                    **what,
                    "quantity": "overhead_percent",
                    "predicted": 100.0 * float(extra),
                    "reference": row["overhead_low_percent"],
                }
            )
    result = pd.DataFrame(made)
    result["is_formula"] = result["quantity"] != "overhead_percent"
    result["error_fraction"] = np.where(result["is_formula"], result["predicted"] / result["reference"] - 1.0, np.nan)
    result["error_points"] = result["predicted"] - result["reference"]
    return result


def _gib_per_device(row: pd.Series[Any]) -> float:
    if pd.isna(row["value"]):
        return np.nan
    value = float(row["value"])
    if row["unit"] == "gb_over_all_accelerators":
        value /= float(row["devices"])
    return value if row["unit"].startswith("gib") else bytes_to_gib(value * BYTES_PER_GB)


def _mfu(row: pd.Series[Any], vocabulary: float, peak_tflops: float) -> float:
    """Percent of the peak by 72 B L s h^2 (1 + s / (6 h) + v / (12 h L)), the paper's count, and the step's seconds."""
    tokens, width, layers = float(row["sequence_length"]), float(row["hidden"]), float(row["layers"])
    # In section 6.3 eight times the devices take eight times the batch.
    batch = row["global_batch"] if pd.notna(row["global_batch"]) else row["devices"]
    flops = training_flops(12.0 * layers * width**2, batch * tokens, layers, width, tokens)
    flops = flops + 6.0 * vocabulary * width * batch * tokens
    return float(100.0 * flops / (row["step_seconds"] * row["devices"] * peak_tflops * FLOPS_PER_TFLOPS))


def _predicted(row: pd.Series[Any]) -> float:
    """What the formulas give for one published number, in its unit."""
    item = str(row["item"])
    if item.startswith("Korthikanti"):
        return _korthikanti(row, item)
    if item.startswith("ZeRO paper"):
        stage = int(item.split("stage ")[1][0]) if "stage" in item else 0
        return _states(row["parameters"], int(row["devices"]), stage) / BYTES_PER_GB
    if item.startswith("DeepSpeed estimator"):
        offload = (
            "optimizer_and_parameters" if "param offload" in item else "optimizer" if "offload" in item else "none"
        )
        if "no offload" in item:
            offload = "none"
        count = zero_estimator_bytes(row["parameters"], row["devices"], int(row["zero_stage"]), offload, _T5_LARGEST)
        return float(bytes_to_gib(float(count)))
    if item.startswith("DeepSpeed tutorial"):
        devices = 8 if item.endswith("second") else 1
        memory = _memory(row["parameters"], devices, 1)
        return float(memory.optimizer_states) / BYTES_PER_GB
    if item.startswith("AdamW mixed"):
        return float(megatron_bytes_per_parameter("bf16"))
    ends = CONTEXT_BYTES if item.startswith("CUDA") else NCCL_BYTES if item.startswith("torch.distributed") else None
    if ends is None:
        return np.nan
    return float(bytes_to_gib(ends[2 if item.endswith("second") else 0]))


def _memory(parameters: float, devices: int, stage: int) -> Any:
    return training_memory(
        parameters, activation_bytes_per_sample=1.0, precision="fp16", zero_stage=stage, data_parallel=devices
    )


def _states(parameters: float, devices: int, stage: int) -> float:
    memory = _memory(parameters, devices, stage)
    return float(memory.weights + memory.gradients + memory.optimizer_states)


def _korthikanti(row: pd.Series[Any], item: str) -> float:
    if "saved by selective" in item:
        # GPT-3: 175 B parameters, s = 2,048, a = 96, h = 12,288 (Brown et al. 2020, table 2.1).
        shape = {"parameters": 175e9, "layers": 96, "hidden": 12288, "heads": 96, "sequence_length": 2048}
        kept = [
            float(training_memory(**shape, attention="standard", recompute=mode).activations)  # type: ignore[arg-type]
            for mode in ("none", "selective")
        ]
        return 100.0 * (1.0 - kept[1] / kept[0])
    tail = item.rpartition(": ")[2]
    arguments: dict[str, Any] = {
        "parameters": row["parameters"],
        "micro_batch": row["micro_batch"],
        "layers": row["layers"],
        "hidden": row["hidden"],
        "heads": row["heads"],
        "sequence_length": row["sequence_length"],
        "attention": "standard",
        "tensor_parallel": row["tensor_parallel"],
        "pipeline_parallel": row["pipeline_parallel"],
        "interleave": row["interleave"],
        "gradients_fp32": True,
    }
    baseline = training_memory(**arguments)
    if "parameters + optimizer" in item:
        return float(bytes_to_gib(float(baseline.weights + baseline.gradients + baseline.optimizer_states)))
    changed = training_memory(
        **arguments,
        sequence_parallel="sequence parallel" in tail,
        recompute="full" if "full" in tail else "selective" if "selective" in tail else "none",
    )
    if row["unit"].startswith("percent"):
        return float(100.0 * changed.activations / baseline.activations)
    return float(bytes_to_gib(float(changed.activations)))
