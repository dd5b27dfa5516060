"""The global batch of a run whose batch is not given: what published pre-trainings of its size took."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import numeric, positive

Floats = NDArray[np.float64]

#: Parameters and tokens of one optimizer step of pre-trainings, as published; ramps to the final batch left out.
PUBLISHED: tuple[tuple[str, float, float], ...] = (
    # Brown et al. 2020, arXiv 2005.14165, table 2.1.
    ("GPT-3 Small", 125e6, 0.5e6),
    ("GPT-3 Medium", 350e6, 0.5e6),
    ("GPT-3 Large", 760e6, 0.5e6),
    ("GPT-3 XL", 1.3e9, 1e6),
    ("GPT-3 2.7B", 2.7e9, 1e6),
    ("GPT-3 6.7B", 6.7e9, 2e6),
    ("GPT-3 13B", 13e9, 2e6),
    ("GPT-3 175B", 175e9, 3.2e6),
    # Touvron et al. 2023, arXiv 2302.13971, table 2.
    ("LLaMA-7B", 6.7e9, 4e6),
    ("LLaMA-13B", 13e9, 4e6),
    ("LLaMA-33B", 32.5e9, 4e6),
    ("LLaMA-65B", 65.2e9, 4e6),
    # github.com/meta-llama/llama-models, models/llama2/MODEL_CARD.md.
    ("Llama 2 7B", 6.74e9, 4e6),
    ("Llama 2 13B", 13.0e9, 4e6),
    ("Llama 2 70B", 69.0e9, 4e6),
    # github.com/karpathy/llm.c, scripts/run_gpt2_*.sh (-d).
    ("GPT-2 124M", 124.5e6, 524_288.0),
    ("GPT-2 350M", 354.8e6, 524_288.0),
    ("GPT-2 774M", 774e6, 524_288.0),
    ("GPT-2 1.5B", 1.5577e9, 1_048_576.0),
    # github.com/jzhang38/TinyLlama README.md; Pythia there: 143,000 steps for its 299,892,736,000 tokens.
    ("TinyLlama-1.1B", 1.1e9, 2_097_152.0),
    ("Pythia-1.0B", 1.0118e9, 2_097_152.0),
    # Hugging Face cards tiiuae/falcon-7b and falcon-40b: 2,304 and 1,152 sequences of 2,048 tokens.
    ("Falcon-7B", 7.217e9, 2304 * 2048.0),
    ("Falcon-40B", 41.8e9, 1152 * 2048.0),
    # arXiv 2303.17564: 2,048 sequences of 2,048 tokens after 7,200 steps.
    ("BloombergGPT", 50.6e9, 2048 * 2048.0),
)
RULE = (
    f"the power of two nearest to the trend of {len(PUBLISHED)} published pre-trainings (GPT-3 table 2.1, LLaMA,"
    " Llama 2, Falcon and others: half a million tokens at 0.1 billion parameters, 4 million from about 30); all of"
    " them lie within 2.3 times of it, half within 1.2"
)


@numeric()
def usual_tokens_per_step(parameters: ArrayLike) -> Floats:
    """Tokens of one optimizer step of pre-trainings of ``parameters``; scalars or arrays, nan stays nan.

    log tokens = a + b log parameters by least squares over PUBLISHED (b is 0.35), rounded to a power of two and kept
    between the smallest and the largest power among them. Raises InvalidInput for sizes that are not above 0.
    """
    size = positive("parameters", parameters, bounded=True)
    slope, level = _trend()
    powers = np.log2([tokens for _, _, tokens in PUBLISHED])
    return 2.0 ** np.clip(np.round(level + slope * np.log2(size)), round(powers.min()), round(powers.max()))


@cache
def _trend() -> tuple[float, float]:
    sizes, tokens = np.log2([[size, tokens] for _, size, tokens in PUBLISHED]).T
    slope, level = np.polyfit(sizes, tokens, 1)
    return float(slope), float(level)
