"""Serverless, scale to zero, many models, consolidation and thresholds: corners and simulations as judges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.consolidation import cheapest_places, packed
from costlib.models.multi_model import (
    cold_load_fraction,
    in_memory_fraction,
    work_seconds_with_loads,
    zipf_popularity,
)
from costlib.models.scale_to_zero import first_wait_fraction, on_fraction
from costlib.models.serverless import cold_fraction, environments, usd_per_request
from costlib.models.serving_fleet import instances_for, load_levels, mean_instances
from costlib.models.serving_modes import cheapest_mode, mode_grid, mode_thresholds


def simulated_cold(rate: float, service: float, kept: float, held: int, requests: int, seed: int) -> float:
    """Requests one by one: each takes the first free environment; one idle for longer than it is kept is gone."""
    rng = np.random.default_rng(seed)
    free_at: list[float] = [-1e18] * 0
    now, cold = 0.0, 0
    for _ in range(requests):
        now += rng.exponential(1 / rate)
        for place, free in enumerate(free_at):
            if free <= now:
                cold += place >= held and now - free > kept
                break
        else:
            place = len(free_at)
            free_at.append(0.0)
            cold += place >= held
        free_at[place] = now + rng.exponential(service)
    return cold / requests


@pytest.mark.parametrize(
    ("rate", "service", "kept", "held"),
    [(0.001, 0.5, 600.0, 0), (0.05, 2.0, 60.0, 0), (1.0, 1.0, 300.0, 0), (10.0, 0.5, 60.0, 0), (5.0, 1.0, 30.0, 4)],
)
def test_cold_starts_are_those_of_a_simulation(rate: float, service: float, kept: float, held: int) -> None:
    """Overflow comes in bursts, not at random, so that the far environments are colder than said: within a half and
    three requests in ten thousand."""
    judge = simulated_cold(rate, service, kept, held, 60_000, 1)
    assert cold_fraction(rate, service, kept, held) == pytest.approx(judge, rel=0.5, abs=3e-4)


def test_cold_corners() -> None:
    # So little that they never overlap: cold if nothing came for as long as it is kept.
    assert cold_fraction(1e-3, 1e-4, 900.0) == pytest.approx(np.exp(-0.9), rel=1e-3)
    assert cold_fraction(0.0, 1.0, 900.0) == 1.0 and cold_fraction(0.0, 1.0, 900.0, 1) == 0.0
    assert cold_fraction(2.0, 1.0, 0.0) == pytest.approx(1.0, abs=1e-8)
    # More traffic, fewer cold starts, but for what a further environment adds where it is first needed.
    assert np.all(np.diff(cold_fraction(np.geomspace(1e-5, 10, 60), 0.2, 900.0)) <= 2e-3)
    assert cold_fraction([0.1, 3.0], 1.0, 60.0)[1] == pytest.approx(float(cold_fraction(3.0, 1.0, 60.0)))


def test_environments_are_a_percentile_of_poisson() -> None:
    """Of Poisson with mean 1: P(N <= 4) = 0.9963, P(N <= 5) = 0.9994."""
    assert environments(1.0, 1.0, 0.999) == 5 and environments(1.0, 1.0, 0.99) == 4
    assert environments(0.0, 1.0) == 0
    draws = np.random.default_rng(0).poisson(800, 400_000)
    assert environments(800.0, 1.0) == pytest.approx(np.quantile(draws, 0.999), abs=2)


def test_a_request_costs_its_seconds_times_memory() -> None:
    assert usd_per_request(0.2, 4.0, 2e-5, 1e-6, 0.1, 5.0) == pytest.approx(0.7 * 4 * 2e-5 + 1e-6)


def simulated_on(rate: float, work: float, start: float, idle: float, requests: int, seed: int) -> tuple[float, float]:
    """One server with set-up and delayed switching off: its share of time on, and of requests that met it not ready."""
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1 / rate, requests))
    on = free = ready = 0.0
    waited, began = 0, -1.0
    for at in arrivals:
        if began < 0 or at > free + idle:
            if began >= 0:
                on += free + idle - began
            began, ready = at, at + start
            free = ready
        waited += at < ready
        free = max(free, at) + rng.exponential(work)
    on += free + idle - began
    return on / (free + idle), waited / requests


@pytest.mark.parametrize(
    ("rate", "work", "start", "idle"),
    [(0.001, 5.0, 600.0, 900.0), (0.003, 60.0, 300.0, 300.0), (0.0001, 1.0, 600.0, 60.0), (0.02, 40.0, 100.0, 30.0)],
)
def test_on_time_is_that_of_a_simulation(rate: float, work: float, start: float, idle: float) -> None:
    """The formula is exact; 200,000 requests tell a share to a percent or two."""
    on, waited = simulated_on(rate, work, start, idle, 200_000, 2)
    found = on_fraction(rate, work, start, idle)
    assert found == pytest.approx(on, rel=0.02)
    assert first_wait_fraction(rate, start, found) == pytest.approx(waited, rel=0.03)


def test_on_corners() -> None:
    assert on_fraction(0.0, 1.0, 600.0, 900.0) == 0 and on_fraction(2.0, 1.0, 600.0, 900.0) == 1
    assert on_fraction(1.0, 0.1, 600.0, 900.0) == pytest.approx(1.0)
    # Without start and idling it is on for its work alone.
    assert on_fraction(0.3, 1.0, 0.0, 0.0) == pytest.approx(0.3)


def simulated_lru(popularity: np.ndarray, slots: int, requests: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    held: dict[int, None] = {}
    cold = 0
    asked = rng.choice(len(popularity), requests, p=popularity)
    for number, model in enumerate(asked.tolist()):
        if model in held:
            del held[model]
        else:
            cold += number >= requests // 5
            if len(held) >= slots:
                del held[next(iter(held))]
        held[model] = None
    return cold / (requests - requests // 5)


@pytest.mark.parametrize(
    ("models", "exponent", "slots"), [(50, 0.0, 10), (200, 0.8, 40), (200, 1.2, 10), (1000, 1.0, 5)]
)
def test_cold_loads_are_those_of_an_lru(models: int, exponent: float, slots: int) -> None:
    share = zipf_popularity(models, exponent)
    judge = simulated_lru(share, slots, 100_000, 3)
    assert cold_load_fraction(share, slots) == pytest.approx(judge, rel=0.03)


def test_memory_corners() -> None:
    assert zipf_popularity(3, 1.0) == pytest.approx(np.array([6, 3, 2]) / 11)
    assert cold_load_fraction(zipf_popularity(10, 1.0), 10) == 0
    assert cold_load_fraction(zipf_popularity(10, 0.0), 4) == pytest.approx(0.6)
    assert cold_load_fraction(zipf_popularity(10, 1.0), 0) == pytest.approx(1.0)
    held = in_memory_fraction([5.0, 1.0, 0.0], 2)
    assert held.tolist() == [1.0, 1.0, 0.0]
    assert in_memory_fraction(zipf_popularity(40, 0.9), 7).sum() == pytest.approx(7)
    assert work_seconds_with_loads(0.1, 4.0, 0.05) == pytest.approx(0.3)


def test_packing_holds_its_bounds_and_is_near_the_fewest() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        memory, work = rng.uniform(0.5, 9, 8), rng.uniform(0.01, 0.5, 8)
        found = packed(memory, work, 16.0, 1.0)
        for group in range(found.groups):
            own = found.group == group
            assert memory[own].sum() <= 16 + 1e-9 and work[own].sum() <= 1 + 1e-9
        fewest = max(np.ceil(memory.sum() / 16), np.ceil(work.sum()))
        assert found.groups <= 11 / 9 * fewest + 1
    assert packed([20.0, 1.0], [0.1, 0.1], 16.0, 1.0).group.tolist() == [-1, 0]


def test_places_are_never_dearer_than_alone_and_near_the_best_of_all() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        memory, work, alone = rng.uniform(1, 8, 6), rng.uniform(0.01, 0.4, 6), rng.uniform(5, 120, 6)
        found = cheapest_places(memory, work, alone, 16.0, 1.0, 100.0)
        cost = alone[found.group < 0].sum() + 100.0 * found.groups
        assert cost <= alone.sum() + 1e-9
        best = min(
            alone[[one for one in range(6) if not shared[one]]].sum()
            + (100.0 * packed(memory[list(shared)], work[list(shared)], 16.0, 1.0).groups if any(shared) else 0.0)
            for shared in itertools.product([False, True], repeat=6)
        )
        assert cost <= 1.1 * best


def test_two_lines_cross_where_they_must() -> None:
    """2 + 3 s and 10 s cross at s = 2 / 7."""
    grid = mode_grid(0.01, 100.0)
    found = mode_thresholds(lambda s: np.stack([2 + 3 * s, 10 * s]), grid)
    assert found["mode"].tolist() == [1, 0]
    assert found["to_scale"][0] == pytest.approx(2 / 7, rel=2e-5)


def test_thresholds_of_stairs_are_those_of_brute_force() -> None:
    """A fleet in whole instances over a real series against a price by the request: within 2 % of the whole series
    looked at every half percent of traffic, on forty random pairs of prices."""
    rng = np.random.default_rng(8)
    load = rng.gamma(1.5, 4.0, 20_000)
    levels, share = load_levels(load)
    dense = np.geomspace(0.01, 100.0, 1848)
    for _ in range(40):
        kept, usd, each = rng.uniform(5, 60), rng.uniform(0.5, 4), 10 ** rng.uniform(-2, 0)

        def costs(s: np.ndarray, kept: float = kept, usd: float = usd, each: float = each) -> np.ndarray:
            return np.stack([usd * mean_instances(s, levels, share, [kept])[0], each * load.mean() * s])

        found = mode_thresholds(costs, mode_grid(0.01, 100.0))
        fleet = np.array([usd * instances_for(s * load, kept).mean() for s in dense[::4]])
        brute = cheapest_mode(np.stack([fleet, each * load.mean() * dense[::4]]))
        changes = np.sqrt(dense[::4][1:] * dense[::4][:-1])[brute[1:] != brute[:-1]]
        if len(changes) == 1:
            assert len(found) == 2
            assert found["to_scale"].iloc[0] == pytest.approx(changes[0], rel=0.02)


def test_nothing_serves_where_all_are_infinite() -> None:
    assert cheapest_mode([[np.inf, 2.0], [np.nan, 1.0]]).tolist() == [-1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cold_fraction(-1.0, 1.0, 1.0),
        lambda: cold_fraction(1e6, 1.0, 1.0),
        lambda: on_fraction(1.0, 0.0, 1.0, 1.0),
        lambda: zipf_popularity(0, 1.0),
        lambda: in_memory_fraction([0.0, 0.0], 1),
        lambda: packed([1.0], [1.0, 2.0], 1.0, 1.0),
        lambda: mode_grid(2.0, 1.0),
    ],
)
def test_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput):
        wrong()
