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
