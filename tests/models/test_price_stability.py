"""Price stability: closed corners, what must not move it, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.price_stability import stability


def test_one_series_is_the_textbook_coefficient() -> None:
    prices = [1.0, 1.2, 0.9, 1.1]
    found = stability(prices, [0, 0, 0, 0], [0])
    assert found.cv_fraction[0] == pytest.approx(np.std(prices, ddof=1) / np.mean(prices))
    assert found.range_fraction[0] == pytest.approx(0.3 / np.mean(prices))
    assert (found.samples[0], found.series[0]) == (4, 1)


def test_by_hand_over_two_series() -> None:
    # Relative to their means: -0.1, 0.1 and -0.2, 0, 0.2; squares add to 0.02 + 0.08 over 5 - 2 degrees of freedom.
    found = stability([9.0, 11.0, 0.8, 1.0, 1.2], [0, 0, 1, 1, 1], [0, 0])
    assert found.cv_fraction[0] == pytest.approx(np.sqrt(0.1 / 3))
    assert found.range_fraction[0] == pytest.approx(0.4)


def test_a_constant_price_is_steady_and_zones_may_differ() -> None:
    found = stability([1.0, 1.0, 5.0, 5.0], [0, 0, 1, 1], [0, 0])
    assert (found.cv_fraction[0], found.range_fraction[0]) == (0.0, 0.0)


def test_single_samples_say_nothing() -> None:
    found = stability([1.0, 3.0, 2.0, 2.2], [0, 1, 2, 2], [0, 0, 1])
    assert np.isnan(found.cv_fraction[0]) and np.isnan(found.range_fraction[0])
    assert (found.samples.tolist(), found.series.tolist()) == ([0, 2], [0, 1])
    assert found.cv_fraction[1] == pytest.approx(np.std([2.0, 2.2], ddof=1) / 2.1)


@given(
    prices=st.lists(st.floats(0.01, 100), min_size=2, max_size=20),
    factor=st.floats(0.01, 100),
    other=st.lists(st.floats(0.01, 100), min_size=2, max_size=5),
)
def test_the_unit_does_not_matter_and_groups_are_alone(prices: list[float], factor: float, other: list[float]) -> None:
    alone = stability(prices, [0] * len(prices), [0])
    scaled = stability(np.array(prices) * factor, [0] * len(prices), [0])
    assert scaled.cv_fraction == pytest.approx(alone.cv_fraction, rel=1e-6, abs=1e-9)  # rounding of the mean
    both = stability(prices + other, [0] * len(prices) + [1] * len(other), [0, 1])
    assert both.cv_fraction[0] == pytest.approx(alone.cv_fraction[0])
    assert both.range_fraction[0] == pytest.approx(alone.range_fraction[0])
    assert alone.range_fraction[0] >= 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (([1.0, 0.0], [0, 0], [0]), "price_usd"),
        (([1.0, 2.0], [0], [0]), "series"),
        (([1.0, 2.0], [0, 1], [0]), "series"),
    ],
)
def test_refusals(arguments: tuple, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stability(*arguments)
    assert refused.value.faults[0].field == field
