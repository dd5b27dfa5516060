"""How long training takes: FLOPs of the run over the FLOP/s that the accelerators reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import not_negative
from costlib.units import FLOPS_PER_TFLOPS, SECONDS_PER_HOUR

Floats = NDArray[np.float64]


def training_flops(
    parameters: ArrayLike,
    tokens: ArrayLike,
    layers: ArrayLike | None = None,
    hidden: ArrayLike | None = None,
    sequence_length: ArrayLike | None = None,
    trained_fraction: ArrayLike = 1.0,
) -> Floats:
    """FLOPs of one training run of a dense transformer; scalars or arrays.

    6 N T + 12 L h s T: forward and backward of the weights (N ``parameters``, T ``tokens``) and of full
    attention (L ``layers``, width h ``hidden``, s ``sequence_length`` tokens). Recomputed activations are not
    counted and a causal mask does not halve attention, as in facts/achieved_flops. Without the whole shape
    the attention term is left out: take shares of peak that were measured against 6 N T then. Chowdhery et
    al. 2022 (PaLM, arXiv 2204.02311), appendix B.

    Of the 6 N, 2 are the forward pass, 2 the gradients of activations and 2 those of weights: where only
    ``trained_fraction`` of the weights is trained (0 for LoRA, whose own weights are few: Hu et al. 2021, arXiv
    2106.09685, section 4.2), the last 2 are saved on the rest. Raises ValueError for negative numbers, and for a
    fraction above 1.
    """
    trained = not_negative("trained_fraction", trained_fraction)
    if np.any(trained > 1):
        raise ValueError("trained_fraction must be at most 1")
    per_token = 4.0 + 2.0 * trained
    weights = per_token * not_negative("parameters", parameters) * not_negative("tokens", tokens)
    if layers is None or hidden is None or sequence_length is None:
        return weights
    attention = (
        12.0
        * not_negative("layers", layers)
        * not_negative("hidden", hidden)
        * not_negative("sequence_length", sequence_length)
        * np.asarray(tokens, float)
    )
    return weights + attention


def training_hours(
    flops: ArrayLike,
    accelerators: ArrayLike,
    peak_tflops: ArrayLike,
    achieved_fraction_low: ArrayLike,
    achieved_fraction_expected: ArrayLike,
    achieved_fraction_high: ArrayLike,
) -> tuple[Floats, Floats, Floats]:
    """Low, expected and high hours of a run; arrays broadcast together.

    hours = flops / (accelerators * peak * share of peak * 3600): the fewest hours come from the highest
    share. ``peak_tflops`` is the dense peak of one accelerator in the precision of the shares. A missing peak
    or share (nan) gives missing hours. Raises ValueError unless accelerators and peaks are positive and 0 <
    low <= expected <= high <= 1.
    """
    count, peak = np.asarray(accelerators, float), np.asarray(peak_tflops, float)
    low = np.asarray(achieved_fraction_low, float)
    expected = np.asarray(achieved_fraction_expected, float)
    high = np.asarray(achieved_fraction_high, float)
    # Comparisons are written so that nan (not known) passes and comes out as nan hours.
    if np.any(count <= 0) or np.any(peak <= 0):
        raise ValueError("accelerators and peak_tflops must be positive")
    if np.any(low <= 0) or np.any(low > expected) or np.any(expected > high) or np.any(high > 1):
        raise ValueError("achieved fractions must satisfy 0 < low <= expected <= high <= 1")
    peak_hours = not_negative("flops", flops) / (count * peak * FLOPS_PER_TFLOPS * SECONDS_PER_HOUR)
    return peak_hours / high, peak_hours / expected, peak_hours / low
