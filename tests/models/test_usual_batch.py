"""The usual global batch of a size: published ones, its ends, and arrays as scalars."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.usual_batch import PUBLISHED, usual_tokens_per_step


@pytest.mark.parametrize(
    ("parameters", "tokens"),
    [
        (124.5e6, 524_288),  # GPT-2 124M in llm.c
        (1.3e9, 1_048_576),  # GPT-3 XL: 1M
        (13e9, 2_097_152),  # GPT-3 13B: 2M
        (65.2e9, 4_194_304),  # LLaMA-65B: 4M
    ],
)
def test_sizes_whose_batch_was_published(parameters: float, tokens: int) -> None:
    assert usual_tokens_per_step(parameters) == tokens


def test_all_published_batches_lie_as_near_as_the_rule_says() -> None:
    _, sizes, tokens = zip(*PUBLISHED, strict=True)
    ratio = usual_tokens_per_step(sizes) / np.array(tokens)
    away = np.maximum(ratio, 1.0 / ratio)
    assert away.max() <= 2.3 and np.median(away) <= 1.2


def test_larger_models_never_take_smaller_batches_and_none_leaves_what_was_published() -> None:
    batches = usual_tokens_per_step(np.logspace(6, 13, 200))
    assert (np.diff(batches) >= 0).all()
    assert batches[0] == 2**19 and batches[-1] == 2**22
    assert (np.log2(batches) % 1 == 0).all()


def test_arrays_are_scalars_and_what_is_not_known_stays_so() -> None:
    sizes = np.array([1e8, 7e9, np.nan])
    together = usual_tokens_per_step(sizes)
    assert together[:2].tolist() == [float(usual_tokens_per_step(size)) for size in sizes[:2]]
    assert np.isnan(together[2])


@pytest.mark.parametrize("size", [0.0, -1.0])
def test_no_size_has_no_batch(size: float) -> None:
    with pytest.raises(InvalidInput, match="parameters"):
        usual_tokens_per_step(size)
