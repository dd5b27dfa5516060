"""Several pools: closed corners, a simulation, and what more pools may and may not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.diversification import diversified, interrupted_within

HAZARDS = st.lists(st.floats(0, 5), min_size=1, max_size=6)


def test_one_pool_is_itself() -> None:
    found = diversified([0.1], 2.0)
    chance = 1 - np.exp(-0.2)
    assert tuple(map(float, found)) == pytest.approx((0.1, chance, chance, chance, chance))


def test_by_hand() -> None:
    # ln 2 an hour: half within an hour; ln 4: three quarters.
    found = diversified([np.log(2), np.log(4)], 1.0)
    assert found.mean_hazard_per_hour == pytest.approx(1.5 * np.log(2))
    assert found.lost_fraction == pytest.approx(0.625)
    assert found.all_best_fraction == pytest.approx(0.375)
    assert found.all_worst_fraction == pytest.approx(0.5)
    assert found.any_fraction == pytest.approx(1 - 0.5 * 0.25)
    assert diversified([np.log(2), np.log(4)], 1.0, [0.2, 0.8]).lost_fraction == pytest.approx(0.7)


def test_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(4)
    hazard = np.array([0.2, 0.5, 1.0])
    hit = rng.exponential(1 / hazard, (200_000, 3)) < 1.5
    found = diversified(hazard, 1.5)
    # Three standard errors of 200,000 draws are below 0.004.
    assert found.all_best_fraction == pytest.approx(hit.all(axis=1).mean(), abs=0.004)
    assert found.any_fraction == pytest.approx(hit.any(axis=1).mean(), abs=0.004)
    assert found.lost_fraction == pytest.approx(hit.mean(), abs=0.004)
    # One cause for all: pool i goes when the same draw is below its chance.
    together = rng.random(200_000)[:, None] < interrupted_within(hazard, 1.5)
    assert found.all_worst_fraction == pytest.approx(together.all(axis=1).mean(), abs=0.004)
    assert found.lost_fraction == pytest.approx(together.mean(), abs=0.004)


@given(hazards=HAZARDS, more=st.floats(0, 5), window=st.floats(0, 10))
def test_another_pool_never_raises_the_chance_to_lose_all(hazards: list[float], more: float, window: float) -> None:
    few, many = diversified(hazards, window), diversified([*hazards, more], window)
    assert many.all_best_fraction <= few.all_best_fraction + 1e-12
    assert many.all_worst_fraction <= few.all_worst_fraction + 1e-12
    assert many.any_fraction >= few.any_fraction - 1e-12
    assert few.all_best_fraction <= few.all_worst_fraction + 1e-12
    assert few.all_worst_fraction <= few.lost_fraction + 1e-12


@given(hazards=HAZARDS, windows=st.lists(st.floats(0, 10), min_size=1, max_size=4))
def test_vector_is_scalar(hazards: list[float], windows: list[float]) -> None:
    whole = diversified(np.tile(hazards, (len(windows), 1)), windows)
    for index, window in enumerate(windows):
        one = diversified(hazards, window)
        assert [float(column[index]) for column in whole] == pytest.approx([float(column) for column in one])


def test_a_hazard_that_nothing_bounds() -> None:
    found = diversified([np.inf, 0.1], 1.0)
    assert found.all_best_fraction == pytest.approx(1 - np.exp(-0.1))
    assert found.any_fraction == pytest.approx(1.0)
    assert np.isinf(found.mean_hazard_per_hour)
    assert diversified([np.inf, 0.1], 1.0, [0.0, 1.0]).mean_hazard_per_hour == pytest.approx(0.1)
    assert interrupted_within(np.inf, 0.0) == 0.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (([-0.1], 1.0), "hazard_per_hour"),
        (([0.1], -1.0), "window_hours"),
        (([], 1.0), "hazard_per_hour"),
        (([0.1, 0.2], 1.0, [0.5, 0.4]), "shares"),
        (([0.1, 0.2], 1.0, [1.0]), "shares"),
        (([0.1, 0.2], 1.0, [1.5, -0.5]), "shares"),
    ],
)
def test_refusals(arguments: tuple, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        diversified(*arguments)
    assert refused.value.faults[0].field == field
