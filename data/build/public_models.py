"""Public shapes of the models whose published runs are held."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """layers, hidden, heads, sequence_length, vocabulary as in the model's public configuration (``source``)."""

    layers: int
    hidden: int
    heads: int
    sequence_length: int
    vocabulary: int
    source: str


GPT2 = "Radford et al. 2019, table 2; llm.c and nanoGPT train at 1,024 tokens"

#: By run_id of published_runs.csv.
RUN_SHAPES = {
    "llmc-gpt2-124m": Shape(12, 768, 12, 1024, 50257, GPT2),
    "llmc-gpt2-350m": Shape(24, 1024, 16, 1024, 50257, GPT2),
    "llmc-gpt2-774m": Shape(36, 1280, 20, 1024, 50257, GPT2),
    "llmc-gpt2-1558m": Shape(48, 1600, 25, 1024, 50257, GPT2),
    "nanogpt-gpt2-124m": Shape(12, 768, 12, 1024, 50257, GPT2),
    "tinyllama-300b": Shape(22, 2048, 32, 2048, 32000, "TinyLlama README, model table"),
    "tinyllama-22b": Shape(22, 2048, 32, 2048, 32000, "TinyLlama README, model table"),
    "pythia-1.0b": Shape(16, 2048, 8, 2048, 50304, "Biderman 2023, arXiv 2304.01373, table 1; vocabulary padded"),
    "llama2-70b": Shape(80, 8192, 64, 4096, 32000, "Touvron et al. 2023, arXiv 2307.09288; Hugging Face config.json"),
    "bloomberggpt-50b": Shape(70, 7680, 40, 2048, 131072, "Wu et al. 2023, arXiv 2303.17564, table 4"),
    "falcon-7b": Shape(32, 4544, 71, 2048, 65024, "Hugging Face tiiuae/falcon-7b config.json"),
}

LLMC = "github.com/karpathy/llm.c@039904e scripts/{script}, -d (tokens a step)"

#: Tokens of one optimizer step by run_id, and where they stand.
RUN_BATCHES: dict[str, tuple[int, str]] = {
    "llmc-gpt2-124m": (524_288, LLMC.format(script="run_gpt2_124M.sh")),
    "llmc-gpt2-350m": (524_288, LLMC.format(script="run_gpt2_350M.sh").replace("039904e", "100bba0")),
    "llmc-gpt2-774m": (524_288, LLMC.format(script="run_gpt2_774M.sh")),
    "llmc-gpt2-1558m": (1_048_576, LLMC.format(script="run_gpt2_1558M.sh")),
    "tinyllama-300b": (2_097_152, "github.com/jzhang38/TinyLlama@026587c README.md: 2048 * 1024"),
    "pythia-1.0b": (
        2_097_152,
        "derived: its 299,892,736,000 tokens over 143,000 steps (github.com/jzhang38/TinyLlama@026587c README.md)",
    ),
    "llama2-70b": (
        4_194_304,
        "github.com/meta-llama/llama-models@d13eea5 models/llama2/MODEL_CARD.md: 4M, read as 1,024 sequences of 4,096",
    ),
    "bloomberggpt-50b": (
        4_194_304,
        "arXiv 2303.17564: 2,048 sequences of 2,048 from step 7,200 of 139,200 on, half as many before",
    ),
    "falcon-7b": (4_718_592, "HF card tiiuae/falcon-7b: 2,304 sequences of 2,048, after a ramp over 30 billion tokens"),
}
