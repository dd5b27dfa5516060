"""Mixes of on-demand and spot workers: closed corners, a simulated fleet, and what may only rise or fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.mixes import elastic, non_elastic, spot_up_fraction


def test_without_interruptions_only_the_price_counts() -> None:
    for model in (elastic, non_elastic):
        found = model(2, 6, 0.0, 1.0, 0.2, 0.3)
        assert (found.progress_fraction, found.cost_ratio) == pytest.approx((1.0, (2 + 6 * 0.3) / 8))
        alone = model(4, 0, 5.0, 1.0, 0.2, 0.3)
        assert (alone.progress_fraction, alone.cost_ratio) == pytest.approx((1.0, 1.0))


def test_by_hand() -> None:
    # h = 0.1 an hour, replaced after 2.5 h: there 0.8 of the time.
    assert spot_up_fraction(0.1, 2.5) == pytest.approx(0.8)
    rigid = non_elastic(1, 2, 0.1, 2.5, 0.5, 0.25)
    assert rigid.progress_fraction == pytest.approx(0.8**2 * np.exp(-0.1))
    bends = elastic(1, 2, 0.1, 2.5, 0.05, 0.25)
    assert bends.progress_fraction == pytest.approx(2.6 / 3 * np.exp(-2 * 2 * 0.08 * 0.05))
    assert bends.cost_ratio == pytest.approx((1 + 2 * 0.8 * 0.25) / 3 / bends.progress_fraction)


def test_agrees_with_a_simulated_fleet() -> None:
    rng = np.random.default_rng(9)
    workers, hazard, gone, restart, step, hours = 3, 0.2, 0.7, 0.4, 0.01, 20_000
    there = np.ones(workers, bool)
    whole_for = np.inf
    done = 0.0
    lucky = rng.random((int(hours / step), workers))
    for chance in lucky:
        there = np.where(there, chance >= hazard * step, chance < step / gone)
        whole_for = whole_for + step if there.all() else 0.0
        done += step if whole_for > restart else 0.0
    found = non_elastic(0, workers, hazard, gone, restart, 0.3)
    # Some 8,000 stretches: their mean is known to 1 %, their sum's share to 2 %.
    assert done / hours == pytest.approx(float(found.progress_fraction), rel=0.04)


@given(st.integers(0, 16), st.integers(1, 16), st.floats(0, 0.5), st.floats(0, 3), st.floats(0, 0.3))
def test_more_interruptions_never_help_and_bending_beats_stopping(fixed, spot, hazard, gone, pause) -> None:
    rigid, worse = (non_elastic(fixed, spot, rate, gone, pause, 0.3) for rate in (hazard, 2 * hazard))
    assert worse.progress_fraction <= rigid.progress_fraction + 1e-12 <= 1 + 2e-12
    free = elastic(fixed, spot, hazard, gone, 0.0, 0.3)
    assert free.progress_fraction >= rigid.progress_fraction - 1e-12


def test_vectors_equal_scalars() -> None:
    spot = np.array([0, 1, 8])
    for model in (elastic, non_elastic):
        together = model(2, spot, 0.1, 0.5, 0.1, 0.3)
        for at, count in enumerate(spot):
            alone = model(2, count, 0.1, 0.5, 0.1, 0.3)
            assert [float(field) for field in alone] == pytest.approx([field[at] for field in together])


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        elastic(-1, 2, -0.1, 1, 0, 0.3)
    assert [fault.field for fault in refused.value.faults] == ["on_demand_workers", "hazard_per_hour"]
    with pytest.raises(InvalidInput, match="spot_price_ratio"):
        non_elastic(1, 2, 0.1, 1, 0, 0.0)
    with pytest.raises(InvalidInput, match="both be 0"):
        elastic(0, 0, 0.1, 1, 0, 0.3)
