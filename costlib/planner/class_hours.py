"""Hours of a network of a measured class: its rows on the same accelerator, carried to others by FLOP/s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from costlib.errors import NotKnown, unknown
from costlib.facts.class_rates import ClassRates
from costlib.facts.measured_band import MeasuredBand
from costlib.planner.rates import Note, RateGrid
from costlib.planner.training_rate import RELATIVE_TO
from costlib.units import SECONDS_PER_HOUR

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def class_hours(
    samples: float,
    model_class: str,
    rates: RateGrid,
    accelerators: Sequence[tuple[str, float]],
    known: ClassRates,
) -> tuple[tuple[Floats, Floats, Floats], Ints, list[Note]]:
    """Low, expected and high hours of every cell of ``rates``, the index of each cell's note, and the notes.

    ``accelerators``: name and number in one instance, for each type of ``rates``. On an accelerator with a row in the
    precision one instance takes samples over its rate, and more of them in proportion to the FLOP/s of the grid. On
    others the rate on an A100 is carried over by the ratio of FLOP/s, at the ends of both. NaN where the grid has no
    FLOP/s. Raises NotKnown where even the A100 has no row.
    """
    hours = tuple(np.full(rates.reason.shape, np.nan) for _ in range(3))
    note = np.zeros(rates.reason.shape, np.int64)
    notes: list[Note] = [Note("", "", "", "")]
    fast, expected, slow = rates.flops_per_second
    witness, flops_of_one = _witness(model_class, rates, accelerators, known)
    notes.append(_carried(witness))
    # The rate per FLOP/s of the witness; every type's hours at the ends of that and of its own FLOP/s.
    for end, (speed, rate) in enumerate(
        zip((fast, expected, slow), (witness.high, witness.expected, witness.low), strict=True)
    ):
        hours[end][:] = samples / (rate / flops_of_one * speed) / SECONDS_PER_HOUR
    note[:] = 1
    codes: dict[MeasuredBand, int] = {}
    for row, (accelerator, cards) in enumerate(accelerators):
        for column, precision in enumerate(rates.precisions):
            band = known.band(model_class, accelerator, precision, max(1, int(cards))) if accelerator else None
            if band is None or not cards:
                continue
            more = expected[row, :, column] / expected[row, 0, column]
            for end, rate in enumerate((band.high, band.expected, band.low)):
                hours[end][row, :, column] = samples / (rate * cards * more) / SECONDS_PER_HOUR
            if band not in codes:
                codes[band] = len(notes)
                notes += [_own(band), _own(band, "; more instances in proportion to their FLOP/s")]
            note[row, :, column] = np.where(np.asarray(rates.counts) == 1, codes[band], codes[band] + 1)
    return (hours[0], hours[1], hours[2]), note, notes


def _witness(
    model_class: str, rates: RateGrid, accelerators: Sequence[tuple[str, float]], known: ClassRates
) -> tuple[MeasuredBand, float]:
    """The rate on one A100, and its expected FLOP/s in the grid, in the first precision that both have."""
    row = next((index for index, (name, _) in enumerate(accelerators) if name == RELATIVE_TO), None)
    for column, precision in enumerate(rates.precisions):
        band = known.band(model_class, RELATIVE_TO, precision, 8)
        if row is None or band is None or not np.isfinite(rates.flops_per_second[1][row, 0, column]):
            continue
        return band, float(rates.flops_per_second[1][row, 0, column]) / accelerators[row][1]
    raise NotKnown([unknown("precision", ", ".join(rates.precisions), ("fp16", "bf16", "tf32"), "measured precision")])


def _own(band: MeasuredBand, more: str = "") -> Note:
    return Note("estimate" if more else band.basis, band.rule + more, band.source, band.as_of)


def _carried(band: MeasuredBand) -> Note:
    return Note("estimate", f"{band.rule}, carried over by the ratio of FLOP/s", band.source, band.as_of)
