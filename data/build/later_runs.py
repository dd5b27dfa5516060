"""Builds reference/later_runs: whole runs found after the fit was made, to hold it against; none has a part in it.

Text that was read as a copy in a public repository, and not at its own address, says so. Left out: OPT-175B (its
tokens are not stated), GLM-130B (60 days are the access it had, not its run), Code Llama (one sum for all sizes).
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from data.build.reference_runs import COLUMNS

A100_40, A100_80, H100 = "A100 40GB SXM4", "A100 80GB SXM4", "H100 80GB SXM5"
COPY = "(copy in a public repository, not named)"
LLAMA1 = f"arXiv 2302.13971 tables 2 and 15 {COPY}"
LLAMA2 = "github.com/meta-llama/llama-models@d13eea5 models/llama2/MODEL_CARD.md"
LLAMA3 = "github.com/meta-llama/llama-models@1f0feb7 models/llama3/MODEL_CARD.md"
LLAMA31 = "github.com/meta-llama/llama-models@1b28708 models/llama3_1/MODEL_CARD.md"
PYTHIA = f"arXiv 2304.01373 tables 1 and 5 {COPY}"
PYTHIA_TOKENS = 299_892_736_000.0
OVER_15T = "15T+ tokens"


class Found(NamedTuple):
    """One run as published; ``shape``: layers, hidden, sequence length, where they were read."""

    run_id: str
    model: str
    accelerator: str
    count: int | None
    precision: str
    parameters: float
    tokens: float
    hours: float
    shape: tuple[int, int, int] | None
    source: str
    note: str = ""


def _pythia(size: str, inner: float, layers: int, hidden: int, count: int, hours: float) -> Found:
    """Parameters: those that table 1 counts and both embeddings of 50,304 tokens; hours: step time x steps x GPUs."""
    parameters, shape = inner + 2 * 50_304 * hidden, (layers, hidden, 2048)
    name, note = f"Pythia-{size}", "hours are the logged time of a step times the steps"
    return Found(
        name.lower(), name, A100_40, count, "fp16", parameters, PYTHIA_TOKENS, hours, shape, PYTHIA, note
    )  # fmt: skip


RUNS: tuple[Found, ...] = (
    Found("llama1-7b", "LLaMA-7B", A100_80, None, "bf16", 6.7e9, 1e12, 82_432, (32, 4096, 2048), LLAMA1),
    Found("llama1-13b", "LLaMA-13B", A100_80, None, "bf16", 13e9, 1e12, 135_168, (40, 5120, 2048), LLAMA1),
    Found("llama1-33b", "LLaMA-33B", A100_80, None, "bf16", 32.5e9, 1.4e12, 530_432, (60, 6656, 2048), LLAMA1),
    Found("llama1-65b", "LLaMA-65B", A100_80, 2048, "bf16", 65.2e9, 1.4e12, 1_022_362, (80, 8192, 2048), LLAMA1),
    Found("llama2-7b", "Llama-2-7B", A100_80, None, "bf16", 6_738_415_616, 2e12, 184_320, (32, 4096, 4096), LLAMA2),
    Found("llama2-13b", "Llama-2-13B", A100_80, None, "bf16", 13_015_864_320, 2e12, 368_640, (40, 5120, 4096), LLAMA2),
    Found("llama3-70b", "Llama-3-70B", H100, None, "bf16", 70_553_706_496, 15e12, 6.4e6, (80, 8192, 8192), LLAMA3,
          OVER_15T),
    Found("llama3.1-8b", "Llama-3.1-8B", H100, None, "bf16", 8_030_261_248, 15e12, 1.46e6, (32, 4096, 8192), LLAMA31,
          OVER_15T),
    Found("llama3.1-70b", "Llama-3.1-70B", H100, None, "bf16", 70_553_706_496, 15e12, 7e6, (80, 8192, 8192), LLAMA31,
          OVER_15T),
    _pythia("70M", 18_915_328, 6, 512, 32, 510),
    _pythia("160M", 85_056_000, 12, 768, 32, 1030),
    _pythia("410M", 302_311_424, 24, 1024, 32, 2540),
    _pythia("1.4B", 1_208_602_624, 24, 2048, 64, 7120),
    _pythia("2.8B", 2_517_652_480, 32, 2560, 64, 14_240),
    _pythia("6.9B", 6_444_163_072, 32, 4096, 128, 33_500),
    _pythia("12B", 11_327_027_200, 36, 5120, 256, 72_300),
    Found("starcoderbase-15.5b", "StarCoderBase", A100_80, 512, "bf16", 15.5e9, 1e12, 320_256, None,
          f"arXiv 2305.06161 sections 5.6 and 5.7 {COPY}", "the model card says 24 days on 512"),
    Found("mpt-7b", "MPT-7B", A100_40, 440, "bf16", 6_658_859_008, 1e12, 440 * 9.5 * 24, (32, 4096, 2048),
          f"HF card mosaicml/mpt-7b {COPY}", "about 9.5 days"),
    Found("smollm3-3b", "SmolLM3-3B", H100, 384, "bf16", 3_075_098_624, 11.2e12, 384 * 24 * 24.0, (36, 2048, 4096),
          f"huggingface.co/blog/smollm3 {COPY}", "24 days"),
    Found("phi-1.5", "phi-1.5", A100_40, 32, "fp16", 1.3e9, 150e9, 32 * 8 * 24.0, None,
          f"HF card microsoft/phi-1_5 {COPY}", "8 days"),
    Found("phi-2", "phi-2", A100_80, 96, "fp16", 2.7e9, 1.4e12, 96 * 14 * 24.0, None,
          f"HF card microsoft/phi-2 {COPY}", "14 days; precision not stated, taken as phi-1.5's"),
    Found("falcon-40b", "Falcon-40B", A100_40, 384, "bf16", 40e9, 1e12, 384 * 61 * 24.0, None,
          f"HF card tiiuae/falcon-40b {COPY}", "from December 2022 on, two months"),
    Found("falcon-180b", "Falcon-180B", A100_40, 4096, "bf16", 179_522_565_120, 3.5e12, 7e6, None,
          f"huggingface.co/blog/falcon-180b {COPY}", "about 7,000,000 GPU hours, on up to 4,096"),
    Found("nanochat-d32", "nanochat d32", H100, 8, "bf16", 1.9e9, 38e9, 8 * 33.0, None,
          f"github.com/karpathy/nanochat README.md {COPY}", "about 33 hours, fine-tuning too; no precision stated"),
)  # fmt: skip


def later_runs() -> pd.DataFrame:
    """The runs in the columns of reference/published_runs."""
    made = []
    for run in RUNS:
        layers, hidden, sequence_length = run.shape or (None, None, None)
        made.append(
            {
                "run_id": run.run_id,
                "task": "pretrain",
                "model": run.model,
                "accelerator": run.accelerator,
                "accelerator_count": run.count,
                "precision": run.precision,
                "method": "full",
                "parameters": run.parameters,
                "layers": layers,
                "hidden": hidden,
                "sequence_length": sequence_length,
                "tokens": run.tokens,
                "samples": None,
                "sample_kind": "",
                "epochs": None,
                "accelerator_hours": float(run.hours),
                "stop_rule": "fixed tokens",
                "check_use": "later",
                "unit": "accelerator-hours",
                "basis": "published",
                "source": run.source,
                "as_of": "",
                "note": run.note,
            }
        )
    table = pd.DataFrame(made, columns=COLUMNS.split())
    whole = ["accelerator_count", "layers", "hidden", "sequence_length"]
    table[whole] = table[whole].astype("Int64")
    return table.sort_values("run_id", ignore_index=True)
