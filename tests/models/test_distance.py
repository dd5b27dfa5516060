"""Distances and the least time: known distances, symmetry, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.distance import EARTH_RADIUS_KM, great_circle_km, least_round_trip_ms

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


def test_a_quarter_and_a_half_of_the_globe() -> None:
    assert great_circle_km(0, 0, 0, 90) == pytest.approx(np.pi / 2 * EARTH_RADIUS_KM)
    assert great_circle_km(90, 0, -90, 0) == pytest.approx(np.pi * EARTH_RADIUS_KM)


def test_the_published_rule_of_fibre() -> None:
    """mapyourtech.com: 4.897 microseconds a kilometre at 1550 nm, so 9.794 ms there and back over 1,000 km."""
    assert least_round_trip_ms(1000) == pytest.approx(9.794, abs=0.002)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_the_same_both_ways_and_none_to_itself(a: float, b: float, c: float, d: float) -> None:
    there, back = great_circle_km(a, b, c, d), great_circle_km(c, d, a, b)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= np.pi * EARTH_RADIUS_KM + 1e-6
    assert great_circle_km(a, b, a, b) == 0


def test_many_at_once_and_unknown_ones() -> None:
    found = great_circle_km(51.5, -0.13, np.array([48.85, np.nan]), np.array([2.35, 0.0]))
    assert found[0] == pytest.approx(float(great_circle_km(51.5, -0.13, 48.85, 2.35)))
    # London to Paris is some 340 km.
    assert 330 < found[0] < 350 and np.isnan(found[1])


def test_degrees_beyond_the_globe_are_refused_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        great_circle_km(91, 181, 0, 0)
    assert [fault.field for fault in refused.value.faults] == ["latitude", "longitude"]
