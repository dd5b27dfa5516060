"""Bands from measured rows: which rows, which basis."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import NotKnown
from costlib.facts.efficiency import Efficiency, achieved_fraction_band, scale_of, whole_run_band
from costlib.facts.measured_band import band_of, short_source
from costlib.facts.speedups import speedup_band
from costlib.facts.training_rate import TrainingRates


def table_of(rows: list[tuple[str, str, int, str, float]]) -> pd.DataFrame:
    columns = ["accelerator", "vendor_architecture", "accelerator_count", "precision", "achieved_fraction"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        achieved_fraction_6n=table["achieved_fraction"], sequence_length=2048, basis="derived", source="s", as_of=""
    )


FIVE = [0.1, 0.2, 0.3, 0.4, 0.5]
TABLE = table_of(
    [("A", "V one", 8, "bf16", f) for f in FIVE]
    + [("A", "V one", 64, "bf16", 0.9)]
    + [("B", "V one", 8, "bf16", 0.6)]
    + [("C", "W two", 8, "fp8", 0.2)]
)


def test_scales() -> None:
    assert scale_of(np.array([0.125, 1, 8, 9, 64, 65, 4096])).tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_five_rows_of_the_same_accelerator_and_scale_are_as_well_known_as_the_weakest_of_them() -> None:
    band = achieved_fraction_band(TABLE, "A", "V one", 0, "bf16")
    assert (band.low, band.expected, band.high) == pytest.approx((0.14, 0.3, 0.46))
    assert (band.basis, band.n_rows) == ("derived", 5)
    assert achieved_fraction_band(TABLE.assign(basis="measured"), "A", "V one", 0, "bf16").basis == "measured"


def test_fp16_and_bf16_are_one_pool() -> None:
    assert achieved_fraction_band(TABLE, "A", "V one", 0, "fp16").expected == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("accelerator", "architecture", "scale", "rows", "words"),
    [
        ("A", "V one", 1, 6, "A at other scales"),
        ("B", "V one", 0, 7, "all V one accelerators"),
        ("D", "V three", 0, 7, "all V accelerators"),
        ("E", "X four", 0, 7, "all accelerators"),
    ],
)
def test_widening_is_an_estimate_and_says_so(
    accelerator: str, architecture: str, scale: int, rows: int, words: str
) -> None:
    band = achieved_fraction_band(TABLE, accelerator, architecture, scale, "bf16")
    assert (band.basis, band.n_rows) == ("estimate", rows)
    assert words in band.rule


def test_too_few_rows_and_unknown_precision_raise() -> None:
    with pytest.raises(NotKnown):
        achieved_fraction_band(TABLE, "C", "W two", 0, "fp8")
    with pytest.raises(NotKnown, match="precision"):
        achieved_fraction_band(TABLE, "A", "V one", 0, "int8")


def test_long_sequences_do_not_enter_while_short_ones_suffice() -> None:
    longer = TABLE.assign(sequence_length=65536, achieved_fraction=0.01)
    both = pd.concat([TABLE, longer])
    assert achieved_fraction_band(both, "A", "V one", 0, "bf16").expected == pytest.approx(0.3)


def test_speedup_bands_widen_to_the_architecture() -> None:
    rows = pd.DataFrame(
        {
            "accelerator": ["A"] * 5 + [None] * 5,
            "vendor_architecture": "V one",
            "base_precision": "fp32",
            "domain": "language",
            "speedup": [2.0] * 5 + [4.0] * 5,
            "basis": "derived",
            "source": "s",
            "as_of": "",
        }
    )
    own = speedup_band(rows, "A", "V one", "fp32")
    assert (own.expected, own.basis) == (2.0, "derived")
    widened = speedup_band(rows, "B", "V one", "fp32")
    assert (widened.expected, widened.basis, widened.n_rows) == (3.0, "estimate", 10)
    with pytest.raises(NotKnown):
        speedup_band(rows, "A", "V one", "tf32")


def test_division_adds_spreads_in_quadrature() -> None:
    rows = pd.DataFrame({"x": [0.2] * 5, "source": "a", "as_of": ""})
    one = band_of(rows, "x", "measured", "r")
    wide = one.__class__(0.5, 1.0, 2.0, "measured", "w", 5, "b", "")
    band = one.over(wide, 1.0, "over w")
    assert (band.low, band.expected, band.high) == pytest.approx((0.1, 0.2, 0.4))
    twice = band.over(wide, 1.0, "again")
    # Two independent factors of two: a factor of 2 ** sqrt(2), not of 4.
    assert twice.high / twice.expected == pytest.approx(2**2**0.5)


def test_short_source_names_papers_and_counts_the_rest() -> None:
    assert short_source(["x b", "x c", "arXiv 1.2 t", "y", "z"]) == "x; arXiv 1.2; and 2 more"


def test_whole_runs_widen_and_do_not_move() -> None:
    runs = pd.DataFrame({"benchmark_over_run": [0.8, 1.1, 2.0], "basis": "derived", "source": "s", "as_of": ""})
    band = whole_run_band(runs)
    assert band.basis == "derived"
    assert (band.low, band.expected, band.high) == (0.8, 1.0, 2.0)


def test_every_published_whole_run_is_inside_its_band(rates: TrainingRates, snapshot) -> None:
    runs = snapshot.read("facts/whole_runs")
    achieved = snapshot.read("facts/achieved_flops")
    efficiency: Efficiency = rates.efficiency
    for run in runs.itertuples():
        inside = 0
        # Where the number of accelerators is not stated, any scale's band may hold it.
        for scale in range(3):
            band = efficiency.band(run.accelerator, run.vendor_architecture, scale, run.precision, "model_flops")
            inside += band.low <= run.achieved_fraction <= band.high
        assert inside, run.run_id
    assert len(achieved) > 150
