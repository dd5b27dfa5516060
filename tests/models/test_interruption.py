"""Interruption rates: bands give back their shares, histories their exact intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.interruption import (
    hazard_from_history,
    hazard_per_hour,
    hazard_range_per_hour,
    mean_hours_between_interruptions,
)


def test_hazard_gives_back_the_monthly_share() -> None:
    shares = np.array([0.0, 0.05, 0.2, 0.63, 0.99])
    assert 1 - np.exp(-730 * hazard_per_hour(shares)) == pytest.approx(shares)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5])
def test_hazard_refuses_impossible_shares(share: float) -> None:
    with pytest.raises(InvalidInput, match="monthly_interruption_fraction"):
        hazard_per_hour(share)


def test_no_hazard_never_interrupts_and_more_instances_are_hit_sooner() -> None:
    assert np.isinf(mean_hours_between_interruptions(0.0, 4))
    assert mean_hours_between_interruptions(0.01, [1, 2, 10]) == pytest.approx([100, 50, 10])


def test_a_closed_band_has_three_rates_and_an_open_one_no_end() -> None:
    found = hazard_range_per_hour([0.05, 0.20], [0.10, 1.0])
    assert found.low == pytest.approx(hazard_per_hour([0.05, 0.20]))
    assert found.high[0] == pytest.approx(hazard_per_hour(0.10)) and np.isinf(found.high[1])
    assert found.expected[0] == pytest.approx((found.low[0] + found.high[0]) / 2) and np.isnan(found.expected[1])
    read = hazard_range_per_hour(0.20, 1.0, open_band_high_fraction=0.5)
    assert read.high == pytest.approx(np.log(2) / 730)
    assert read.low < read.expected < read.high


def test_published_intervals_of_a_poisson_count() -> None:
    # Garwood 1936, 95 %: counts of 0, 1 and 10 have means within 0 to 3.69, 0.0253 to 5.57, 4.80 to 18.39.
    for count, low, high in ((0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)):
        found = hazard_from_history(count, 1.0, 0.95)
        assert (float(found.low), float(found.high)) == pytest.approx((low, high), abs=5e-4)
        assert found.expected == count


@given(count=st.integers(0, 400), hours=st.floats(1, 1e6), factor=st.integers(2, 5))
def test_more_record_narrows_the_range_and_the_unit_of_time_does_not_matter(count, hours, factor) -> None:
    once, more = hazard_from_history(count, hours), hazard_from_history(count * factor, hours * factor)
    assert once.low <= once.expected <= once.high
    assert more.high - more.low < once.high - once.low
    assert hazard_from_history(count, hours * 10).high * 10 == pytest.approx(float(once.high))


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (lambda: hazard_range_per_hour(-0.1, 1.2), ["monthly_low_fraction", "monthly_high_fraction"]),
        (lambda: hazard_range_per_hour(0.3, 0.2), ["monthly_low_fraction"]),
        (lambda: hazard_range_per_hour(0.2, 1.0, 1.0), ["open_band_high_fraction"]),
        (lambda: hazard_from_history(-1, 0.0, 1.0), ["interruptions", "instance_hours", "confidence"]),
    ],
)
def test_impossible_numbers_are_refused_by_name(call, fields) -> None:
    with pytest.raises(InvalidInput) as refused:
        call()
    assert [fault.field for fault in refused.value.faults] == fields
