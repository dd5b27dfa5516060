"""Ready or copy when needed: closed corners, break-even by substitution, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.failover import copy_hours, readiness

USD = st.floats(0, 1e5)


def test_hours_of_a_copy_by_hand() -> None:
    # 1,000 GB are 8,000 gigabits: 1,600 s at 5 Gbit/s.
    assert copy_hours(1e12 / 2**30, 5.0) == pytest.approx(1600 / 3600)
    assert copy_hours(0.0, 1.0) == 0.0


def test_agrees_with_a_published_copy() -> None:
    # Skyplane 0.1.3, benchmark_replicate: "about 70 GB" in 28.11 s at 19.85 Gbit/s, which are 69.7 GB.
    assert copy_hours(70e9 / 2**30, 19.85) * 3600 == pytest.approx(28.11, rel=0.01)


def test_break_even_by_hand() -> None:
    found = readiness(10.0, 5.0, 45.0, 0.5)
    assert found.ready_usd == pytest.approx(12.5)
    assert found.on_need_usd == pytest.approx(22.5)
    assert found.break_even_chance == pytest.approx(0.25)
    assert found.break_even_loss_usd == 0.0
    # At 10 % it costs 10.5 against 4.5: a loss of 60 more makes up the 6 that it costs more.
    assert readiness(10.0, 5.0, 45.0, 0.1).break_even_loss_usd == pytest.approx(60.0)


def test_corners() -> None:
    assert np.isinf(readiness(1.0, 5.0, 5.0, 0.5).break_even_chance)
    assert np.isinf(readiness(50.0, 5.0, 45.0, 0.5).break_even_chance)
    assert readiness(0.0, 5.0, 45.0, 0.0).break_even_chance == 0.0
    assert np.isinf(readiness(1.0, 0.0, 5.0, 0.0).break_even_loss_usd)
    assert np.isnan(readiness(np.nan, 0.0, 5.0, 0.0).break_even_loss_usd)
    unknown = readiness(np.nan, 0.0, 5.0, 0.5)
    assert np.isnan(unknown.break_even_chance) and np.isnan(unknown.ready_usd) and np.isnan(unknown.break_even_loss_usd)


@given(fixed=USD, ready=USD, need=USD, chance=st.floats(0.001, 1))
def test_the_break_evens_do_even(fixed: float, ready: float, need: float, chance: float) -> None:
    found = readiness(fixed, ready, need, chance)
    scale = 1e-9 * (fixed + ready + need + 1.0) / chance  # rounding of sums, divided by the chance
    if np.isfinite(found.break_even_chance):
        at = readiness(fixed, ready, need, found.break_even_chance)
        assert at.ready_usd == pytest.approx(at.on_need_usd, rel=1e-9, abs=scale)
        assert (chance > found.break_even_chance) <= (found.ready_usd <= found.on_need_usd + scale)
    else:
        assert found.ready_usd >= found.on_need_usd - scale
    more = readiness(fixed, ready, need + found.break_even_loss_usd, chance)
    assert more.ready_usd <= more.on_need_usd + scale
    if found.break_even_loss_usd > 0:
        assert more.ready_usd == pytest.approx(more.on_need_usd, rel=1e-9, abs=scale)


def test_vector_is_scalar() -> None:
    fixed, ready, need, chance = [1.0, 9.0, 0.0], [0.0, 2.0, 1.0], [5.0, 6.0, 4.0], [0.1, 0.5, 0.9]
    whole = readiness(fixed, ready, need, chance)
    for index in range(3):
        one = readiness(fixed[index], ready[index], need[index], chance[index])
        assert [float(column[index]) for column in whole] == [float(column) for column in one]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((-1.0, 0.0, 1.0, 0.5), "fixed_usd"),
        ((1.0, 0.0, -1.0, 0.5), "on_need_usd"),
        ((1.0, 0.0, 1.0, 1.5), "chance"),
        ((1.0, 0.0, 1.0, -0.5), "chance"),
    ],
)
def test_refusals(arguments: tuple, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        readiness(*arguments)
    assert refused.value.faults[0].field == field


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        copy_hours(1.0, 0.0)
    assert refused.value.faults[0].field == "gbps"
