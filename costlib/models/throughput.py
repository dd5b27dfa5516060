"""How long training takes: FLOPs of the run over the FLOP/s that the accelerators reach."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import fraction, in_order, not_negative, numeric, positive
from costlib.units import FLOPS_PER_TFLOPS, SECONDS_PER_HOUR

Floats = NDArray[np.float64]


class TrainingHours(NamedTuple):
    """Hours of the clock at the best, the expected and the worst share of peak; each a scalar or an array."""

    low: Floats
    expected: Floats
    high: Floats


@numeric()
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
    2106.09685, section 4.2), the last 2 are saved on the rest. Raises InvalidInput for negative numbers, and for a
    fraction above 1.
    """
    trained = fraction("trained_fraction", trained_fraction)
    per_token = 4.0 + 2.0 * trained
    size, amount = not_negative("parameters", parameters, bounded=True), not_negative("tokens", tokens, bounded=True)
    weights = per_token * size * amount
    if layers is None or hidden is None or sequence_length is None:
        return weights
    attention = (
        12.0
        * not_negative("layers", layers, bounded=True)
        * not_negative("hidden", hidden, bounded=True)
        * not_negative("sequence_length", sequence_length, bounded=True)
        * amount
    )
    return weights + attention


@numeric()
def training_hours(
    flops: ArrayLike,
    accelerators: ArrayLike,
    peak_tflops: ArrayLike,
    achieved_fraction_low: ArrayLike,
    achieved_fraction_expected: ArrayLike,
    achieved_fraction_high: ArrayLike,
) -> TrainingHours:
    """Low, expected and high hours of a run (of the clock, on all accelerators); scalars or arrays that broadcast.

    hours = flops / (accelerators * peak * share of peak * 3600): the fewest hours come from the highest
    share. ``peak_tflops`` is the dense peak of one accelerator in the precision of the shares. A missing peak
    or share (nan) gives missing hours. Raises InvalidInput unless accelerators and peaks are positive and 0 <
    low <= expected <= high <= 1.
    """
    count = positive("accelerators", accelerators, bounded=True)
    peak = positive("peak_tflops", peak_tflops, bounded=True)
    low = fraction("achieved_fraction_low", achieved_fraction_low, above_zero=True)
    expected = fraction("achieved_fraction_expected", achieved_fraction_expected, above_zero=True)
    high = fraction("achieved_fraction_high", achieved_fraction_high, above_zero=True)
    # Comparisons are written so that nan (not known) passes and comes out as nan hours.
    in_order("achieved_fraction_low", low, "achieved_fraction_expected", expected)
    in_order("achieved_fraction_expected", expected, "achieved_fraction_high", high)
    peak_hours = not_negative("flops", flops, bounded=True) / (count * peak * FLOPS_PER_TFLOPS * SECONDS_PER_HOUR)
    return TrainingHours(peak_hours / high, peak_hours / expected, peak_hours / low)
