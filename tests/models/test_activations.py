"""Activations and recomputation against Korthikanti et al. 2022, arXiv 2205.05198, as typed in from its tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.activations import layer_bytes, layers_held, recompute_extra_fraction

S, B, H, A, T = 2048, 4, 6144, 64, 8


@pytest.mark.parametrize(
    ("arguments", "paper"),
    [
        ({}, S * B * H * (34 + 5 * A * S / H)),
        ({"tensor_parallel": T}, S * B * H * (10 + 24 / T + 5 * A * S / (H * T))),
        ({"tensor_parallel": T, "sequence_parallel": True}, S * B * H / T * (34 + 5 * A * S / H)),
        ({"tensor_parallel": T, "recompute": "selective"}, S * B * H * (10 + 24 / T)),
        ({"tensor_parallel": T, "sequence_parallel": True, "recompute": "selective"}, 34 * S * B * H / T),
        ({"recompute": "full"}, 2 * S * B * H),
        ({"attention": "flash"}, 34 * S * B * H),
        ({"feed_forward": 20000}, S * B * (18 * H + 4 * 20000 + 5 * A * S)),
    ],
)
def test_table_2(arguments: dict, paper: float) -> None:
    assert float(layer_bytes(B, S, H, A, **arguments)) == pytest.approx(paper, rel=1e-12)


@pytest.mark.parametrize(("layers", "stages", "parts", "held"), [(48, 1, 1, 48), (128, 64, 1, 128), (96, 8, 3, 124)])
def test_first_stage(layers: int, stages: int, parts: int, held: float) -> None:
    # 175B in figure 1: L (1 + 7 / 24) = 124 layers.
    assert float(layers_held(layers, stages, parts)) == pytest.approx(held)


def test_fp32_doubles_all_but_the_masks() -> None:
    # 34 = 32 bytes of 16-bit elements and 2 of masks; 5 = 4 and 1.
    assert float(layer_bytes(1, S, H, A, precision="fp32")) == S * H * (66 + 9 * A * S / H)


@given(st.integers(1, 64), st.integers(1, 4096), st.sampled_from(["standard", "flash"]))
def test_more_recomputation_keeps_less_and_costs_more(batch: int, tokens: int, attention: str) -> None:
    kept = [
        float(layer_bytes(batch, tokens, H, A, attention=attention, recompute=r)) for r in ("none", "selective", "full")
    ]
    extra = [float(recompute_extra_fraction(tokens, H, 48, r, attention)) for r in ("none", "selective", "full")]
    assert kept == sorted(kept, reverse=True)
    assert extra == sorted(extra)
    twice = float(layer_bytes(2 * batch, tokens, H, A, attention=attention))
    assert twice == pytest.approx(2 * kept[0])


def test_scores_grow_with_the_square_of_the_sequence() -> None:
    def scores(tokens: int) -> float:
        return float(layer_bytes(1, tokens, H, A) - layer_bytes(1, tokens, H, A, attention="flash"))

    assert scores(4096) == 4 * scores(2048) > 0


def test_extra_flops_of_the_paper() -> None:
    # Section 5: full recomputation adds a third; selective 2.7 % for GPT-3 and 1.6 % for the 530B model.
    assert float(recompute_extra_fraction(S, 12288, 96, "full")) == pytest.approx(1 / 3)
    assert float(recompute_extra_fraction(S, 12288, 96, "selective")) == pytest.approx(0.027, abs=5e-4)
    assert float(recompute_extra_fraction(S, 20480, 105, "selective")) == pytest.approx(0.016, abs=5e-4)


def test_vector_equals_scalar() -> None:
    batches, modes = np.array([1, 2, 4]), np.array(["none", "selective", "full"])
    together = layer_bytes(batches, S, H, A, recompute=modes)
    assert together.tolist() == [
        float(layer_bytes(b, S, H, A, recompute=str(m))) for b, m in zip(batches, modes, strict=True)
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heads": 7}, "heads: 7 does not divide hidden"),
        ({"heads": None}, "heads are needed"),
        ({"attention": "linear"}, "attention 'linear'"),
        ({"recompute": "some"}, "recompute 'some'"),
        ({"micro_batch": 1.5}, "micro_batch"),
        ({"recompute": np.array(["none", "some"])}, "recompute 'some'"),
    ],
)
def test_impossible_inputs_raise(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layer_bytes(**{"micro_batch": 1, "sequence_length": S, "hidden": H, "heads": A, **change})


def test_stages_must_divide_layers() -> None:
    with pytest.raises(ValueError, match="does not divide layers"):
        layers_held(48, 5)
    with pytest.raises(ValueError, match="layers"):
        layers_held(0)


@pytest.mark.parametrize(("stages", "parts", "held"), [(1, 1, 48), (8, 1, 6), (4, 3, 36), (8, 2, 27)])
def test_layers_of_the_last_stage(stages: int, parts: int, held: float) -> None:
    # Chunks of 48 / (p m) layers: (m - 1) p run forward before the first goes backward, and one more.
    chunk = 48 / (stages * parts)
    assert float(layers_held(48, stages, parts, last_stage=True)) == pytest.approx(held)
    assert held == pytest.approx(chunk * ((parts - 1) * stages + 1))
    assert held <= float(layers_held(48, stages, parts))
