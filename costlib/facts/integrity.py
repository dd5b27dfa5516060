"""What must hold of the facts tables: run by the tests and by ``costlib snapshot verify``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from costlib.row_checks import TableRule, row_problems
from costlib.tables import Snapshot

_FRACTION = (0.0, 1.0)
#: No dense peak, count or memory of one type or accelerator in the tables comes near it: more is a slip of units.
_MOST = 1e5
RULES: Mapping[str, TableRule] = MappingProxyType(
    {
        "facts/accelerators": TableRule(
            ("accelerator",),
            {
                name: (0.0, _MOST)
                for name in ("memory_gib", "usable_gib", "processes", "memory_bandwidth_gb_s", "fp32_tflops",
                             "tf32_tflops", "fp16_tflops", "bf16_tflops", "fp8_tflops", "nvlink_gb_s", "tdp_w")
            },
            gaps=frozenset({"fp32_tflops", "tf32_tflops", "fp16_tflops", "bf16_tflops", "fp8_tflops", "nvlink_gb_s",
                            "tdp_w", "memory_bandwidth_gb_s", "memory_gib", "usable_gib"}),
            dated=False,
        ),
        "facts/instances": TableRule(
            ("instance_type",),
            {"vcpu": (1, 1e4), "memory_gib": (0.25, _MOST), "accelerator_count": (0.1, 1e3),
             "accelerator_memory_gib": (1.0, 1e3), "network_gbps": (0.01, _MOST)},
            gaps=frozenset({"accelerator_count", "accelerator_memory_gib", "network_gbps"}),
        ),
        "facts/regions": TableRule(("region",)),
        "facts/region_places": TableRule(
            ("region",),
            {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0)},
            gaps=frozenset({"latitude", "longitude"}),
        ),
        "facts/service_facts": TableRule(("topic", "fact"), dated=False),
        "facts/serving_facts": TableRule(
            ("topic", "fact"),
            {"value": (0.0, _MOST)},
            frozenset({"seconds", "minutes", "fraction", "mb", "count"}),
            dated=False,
        ),
        "facts/storage_facts": TableRule(("topic", "fact"), {"value": (0.0, _MOST)}, dated=False),
        "facts/successors": TableRule(("what", "family"), dated=False),
        "facts/spot_interruptions": TableRule(
            ("instance_type", "region"),
            {"monthly_interruption_low_fraction": _FRACTION, "monthly_interruption_high_fraction": _FRACTION,
             "savings_fraction": _FRACTION},
            frozenset({"fraction"}),
        ),
        "facts/achieved_flops": TableRule(
            (),
            {"accelerator_count": (1, 1e6), "parameters": (1e6, 1e13), "peak_tflops": (1.0, _MOST),
             "achieved_fraction": (0.01, 1.0), "achieved_fraction_6n": (0.01, 1.0)},
            frozenset({"fraction of dense peak"}),
            frozenset({"achieved_fraction_6n"}),
            dated=False,
        ),
        "facts/whole_runs": TableRule(
            ("run_id",),
            {"parameters": (1e6, 1e13), "tokens": (1e6, 1e15), "accelerator_hours": (0.1, 1e9),
             "achieved_fraction": (0.01, 1.0), "achieved_fraction_6n": (0.01, 1.0), "accelerator_count": (1, 1e6),
             "benchmark_over_run": (0.1, 10.0)},
            frozenset({"ratio of shares of dense peak"}),
            frozenset({"accelerator_count"}),
            dated=False,
        ),
        "facts/precision_speedups": TableRule(
            (),
            {"speedup": (0.5, 10.0), "accelerator_count": (1, 1e5)},
            frozenset({"ratio of throughputs"}),
            dated=False,
        ),
        "facts/relative_throughput": TableRule(
            ("accelerator", "model"),
            {"throughput_ratio": (0.01, 10.0), "relative_efficiency": (0.01, 10.0)},
            frozenset({"ratio of achieved shares of dense peak"}),
            dated=False,
        ),
        "facts/scaling_efficiency": TableRule(
            ("gpu", "model", "precision", "accelerator_count"),
            {"efficiency": (0.1, 1.1), "accelerator_count": (2, 1e5)},
            frozenset({"fraction"}),
            dated=False,
        ),
        "facts/small_jobs": TableRule(
            (),
            {"seconds": (0.1, 1e6), "samples": (1e3, 1e10), "instances": (1, 1e3), "training_flops": (1e9, 1e24)},
            frozenset({"seconds"}),
            frozenset({"training_flops"}),
            dated=False,
        ),
        "facts/cpu_families": TableRule(
            ("family",),
            {"all_core_ghz": (1.0, 6.0), "vcpus_per_core": (1, 2), "fp32_flops_per_cycle": (4, 256)},
            frozenset({"GHz"}),
            dated=False,
        ),
        "facts/scaling_runs": TableRule(
            (),
            {"parameters": (1e6, 1e13), "base_accelerators": (1, 1e5), "accelerators": (2, 1e5), "batch": (1, 1e7),
             "base_batch": (1, 1e7), "step_seconds": (1e-4, 1e3), "base_step_seconds": (1e-4, 1e3),
             "link_gb_s": (1.0, 1e4), "network_gbps": (1.0, _MOST), "efficiency": (0.1, 1.1)},
            frozenset({"fraction"}),
            frozenset({"network_gbps"}),
            dated=False,
        ),
        "facts/training_throughput": TableRule(
            ("model_class", "accelerator", "accelerator_count", "precision", "measured_by"),
            {"accelerator_count": (1, 1e3), "samples_per_second": (0.1, 1e6), "runs": (1, 1e4)},
            frozenset({"images per second", "sequences of 384 tokens per second"}),
            dated=False,
        ),
        "facts/samples_to_target": TableRule(
            (),
            {"batch": (1, 1e7), "samples": (1e3, 1e12), "accelerators": (1, 1e5)},
            frozenset({"samples"}),
            dated=False,
        ),
    }
)  # fmt: skip


def check(tables: Mapping[str, pd.DataFrame], newest: str | None = None) -> list[str]:
    """Everything that is wrong with the facts tables, one sentence each; an empty list means nothing is.

    ``newest`` is the day after which no date may be.
    """
    problems = [f"{name} is missing" for name in RULES if name not in tables]
    for name, rule in RULES.items():
        if name in tables:
            problems += (f"{name}: {text}" for text in row_problems(tables[name], rule, newest))
    return problems or list(_joins(tables))


def check_snapshot(snapshot: Snapshot) -> list[str]:
    """The same for a snapshot on disk."""
    return check({name: snapshot.read(name) for name in RULES if name in snapshot.tables}, snapshot.as_of)


def _joins(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """What one table says of another's rows."""
    peaks = tables["facts/accelerators"].set_index("accelerator")
    for name in ("achieved_flops", "whole_runs"):
        strange = set(tables[f"facts/{name}"]["accelerator"]) - set(peaks.index)
        if strange:
            yield f"facts/{name}: accelerators not in facts/accelerators: {', '.join(sorted(strange))}"
            return
    runs = tables["facts/achieved_flops"]
    stated = [
        peaks[f"{precision}_tflops"].get(accelerator)
        for accelerator, precision in zip(runs["accelerator"], runs["precision"], strict=True)
    ]
    wrong = runs["peak_tflops"].to_numpy() != pd.Series(stated, dtype=float).to_numpy()
    if wrong.any():
        yield f"facts/achieved_flops: {int(wrong.sum())} rows are shares of another peak than facts/accelerators has"
    if (peaks["usable_gib"] * peaks["processes"] > peaks["memory_gib"]).any():
        yield "facts/accelerators: processes see more memory than there is"
    spot = tables["facts/spot_interruptions"]
    empty = spot["monthly_interruption_low_fraction"] >= spot["monthly_interruption_high_fraction"]
    if empty.any():
        yield f"facts/spot_interruptions: {int(empty.sum())} bands end below their beginning"
