"""Fleets: counts, zones, hours, deployments, and levels in place of a long series."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.serving_fleet import by_hour, instances_for, load_levels, mean_instances, surge_hours


def test_counts() -> None:
    assert instances_for([0.0, 10.0, 20.0, 20.1, 95.0], 10.0, 2).tolist() == [2, 2, 2, 3, 10]
    assert instances_for([0.0, 10.0], 10.0, 0).tolist() == [0, 1]
    # 0.1 three times is not 0.3 to the last bit; it must not need a fourth.
    assert instances_for(0.1 + 0.2, 0.1, 1) == 3
    assert instances_for(1e-12, 10.0, 0) == 1
    assert np.isinf(instances_for(1.0, 0.0, 2)) and instances_for(0.0, 0.0, 2) == 2


@pytest.mark.parametrize("zones", [2, 3, 4])
def test_the_rest_carries_the_load_when_a_zone_is_lost(zones: int) -> None:
    for needed in range(1, 30):
        count = int(instances_for(float(needed), 1.0, 0, zones))
        left = count - -(-count // zones)
        assert left >= needed
        # One fewer would not do.
        assert (count - 1) - -(-(count - 1) // zones) < needed


def test_an_hour_is_set_to_its_fullest_interval() -> None:
    assert by_hour([1, 5, 2, 2, 3, 1, 4], 3).tolist() == [5, 3, 4]


def test_a_second_fleet_for_two_hours() -> None:
    assert surge_hours(10, 4, 2.0) == 80 and surge_hours(10, 4, 2.0, 0.25) == 24


def test_levels_keep_the_mean_and_nearly_the_instances() -> None:
    rng = np.random.default_rng(0)
    load = 50 * rng.gamma(2.0, 1.0, 100_000)
    levels, share = load_levels(load)
    assert share.sum() == pytest.approx(1) and levels @ share == pytest.approx(load.mean())
    for scale in (0.05, 0.3, 1.0, 7.0):
        exact = instances_for(scale * load, 12.0, 2).mean()
        assert mean_instances([scale], levels, share, [12.0])[0, 0] == pytest.approx(exact, rel=2e-3)


def test_few_loads_are_their_own_levels() -> None:
    levels, share = load_levels([3.0, 1.0])
    assert levels.tolist() == [1, 3] and share.tolist() == [0.5, 0.5]


def test_refused() -> None:
    for wrong in (lambda: instances_for(-1.0, 1.0), lambda: instances_for(1.0, 1.0, 2, 1), lambda: load_levels([])):
        with pytest.raises(InvalidInput):
            wrong()
