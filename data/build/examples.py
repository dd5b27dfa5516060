"""Writes data/examples/*.yaml: workloads of published runs, without the hours and costs that they reported."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.build.public_models import RUN_BATCHES, RUN_SHAPES

EXAMPLES_DIR = Path(__file__).resolve().parent.parent / "examples"

#: The workbook's main example; unlike the others, its data set and checkpoint are round choices, not derived.
GPT2_15B = """\
# GPT-2 1.5B on 33.6 G tokens. Model: {source}.
# Parameters and tokens: {run_source}
# tokens_per_step: {batch_source}
# dataset, checkpoint, deadline_hours and runs_per_month are choices of this example.
kind: training
name: gpt2-1.5b
model: {{parameters: 1558000000, layers: 48, hidden: 1600, heads: 25, sequence_length: 1024, vocabulary: 50257}}
work: {{tokens: 33554432000, tokens_per_step: {batch_tokens}}}
precision: [fp32, tf32, bf16]
dataset: {{gib: 300, home_region: us-east-1}}
checkpoint: {{gib: 18, restart_minutes: 6}}
deadline_hours: 72
runs_per_month: 4
search: {{regions: all, instance_families: all, max_instances: 8, services: [ec2, sagemaker], \
purchase: [on_demand, spot, reserved, savings_plan, capacity_block]}}
"""

OTHERS = """\
# {model}: a published run. Model shape: {source}.
# Parameters, tokens: {run_source}
# tokens_per_step: {batch_source}
# dataset.gib is derived: tokens x 2 bytes (2-byte token ids). checkpoint.gib is derived: 12 bytes a parameter
# (fp32 weights and two Adam moments). home_region, restart_minutes, deadline_hours are choices of this example.
kind: training
name: {name}
model: {{parameters: {parameters}, layers: {layers}, hidden: {hidden}, heads: {heads}, \
sequence_length: {sequence_length}, vocabulary: {vocabulary}}}
work: {{tokens: {tokens}, tokens_per_step: {batch_tokens}}}
precision: [{precision}]
dataset: {{gib: {dataset_gib}, home_region: us-east-1}}
checkpoint: {{gib: {checkpoint_gib}, restart_minutes: 10}}
deadline_hours: {deadline_hours}
search: {{regions: all, instance_families: all, max_instances: {max_instances}, services: [ec2, sagemaker], \
purchase: [on_demand, spot, reserved, savings_plan, capacity_block]}}
"""

#: run_id: (file name, deadline in hours, most instances). Deadlines are round choices: days to months.
CHOSEN = {
    "llmc-gpt2-124m": ("gpt2-124m", 24, 8),
    "llmc-gpt2-350m": ("gpt2-350m", 48, 8),
    "llmc-gpt2-774m": ("gpt2-774m", 168, 8),
    "tinyllama-300b": ("tinyllama-1.1b", 720, 8),
    "pythia-1.0b": ("pythia-1b", 720, 8),
    "llama2-70b": ("llama2-70b", 2160, 256),
    "bloomberggpt-50b": ("bloomberggpt-50b", 1440, 64),
    "falcon-7b": ("falcon-7b", 720, 64),
}


def significant(value: float) -> int | float:
    """Three significant digits, as a whole number where that loses nothing."""
    rounded = float(f"{value:.3g}")
    return int(rounded) if rounded.is_integer() else rounded


def batch_of(run_id: str) -> dict[str, int | str]:
    """The published tokens of one optimizer step of a run, and where they stand."""
    tokens, source = RUN_BATCHES[run_id]
    return {"batch_tokens": tokens, "batch_source": source}


def write(published_runs: Path, out: Path = EXAMPLES_DIR) -> None:
    """Writes the examples from published_runs.csv under ``out``."""
    runs = pd.read_csv(published_runs).set_index("run_id")
    out.mkdir(parents=True, exist_ok=True)
    gpt2 = RUN_SHAPES["llmc-gpt2-1558m"]
    run_source, batch = runs.at["llmc-gpt2-1558m", "source"], batch_of("llmc-gpt2-1558m")
    text = GPT2_15B.format(source=gpt2.source, run_source=run_source, **batch)
    (out / "gpt2-1.5b.yaml").write_text(text, encoding="utf-8")
    for run_id, (name, deadline_hours, max_instances) in CHOSEN.items():
        run = runs.loc[run_id]
        text = OTHERS.format(
            name=name,
            model=run["model"],
            run_source=run["source"],
            parameters=round(run["params_m"] * 1e6),
            tokens=round(float(run["train_amount"])),
            precision=run["precision"],
            dataset_gib=significant(float(run["train_amount"]) * 2 / 2**30),
            checkpoint_gib=significant(run["params_m"] * 1e6 * 12 / 2**30),
            deadline_hours=deadline_hours,
            max_instances=max_instances,
            **RUN_SHAPES[run_id]._asdict(),
            **batch_of(run_id),
        )
        (out / f"{name}.yaml").write_text(text, encoding="utf-8")
