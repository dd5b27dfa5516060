"""Bands from measured rows: which rows, which basis."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import NotKnown
from costlib.facts.efficiency import Efficiency, scale_of
from costlib.facts.measured_band import band_of, short_source
from costlib.facts.speedups import speedup_band
from costlib.tables import Snapshot


def test_scales() -> None:
    assert scale_of(np.array([0.125, 1, 8, 9, 64, 65, 4096])).tolist() == [0, 0, 0, 1, 1, 2, 2]


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


def test_a_card_timed_on_small_jobs_keeps_its_share_and_others_lie_between(snapshot: Snapshot) -> None:
    efficiency = Efficiency.open(snapshot)
    low, expected, high, rule = efficiency.relative_efficiency("T4")
    assert 0 < low <= expected <= high <= 1 and "small jobs" in rule
    between = efficiency.relative_efficiency("L4")
    ends = [efficiency.relative_efficiency(name)[1] for name in ("T4", "A10G")]
    assert min(ends) <= between[1] <= max(ends) and "no training run of L4" in between[3]


def test_scaling_over_pcie_is_at_most_perfect_and_larger_counts_take_the_next_measured(snapshot: Snapshot) -> None:
    efficiency = Efficiency.open(snapshot)
    low, expected, high, rule = efficiency.pcie_scaling(3)
    assert 0 < low <= expected <= high <= 1 and "4 cards" in rule
