"""Transfer, copies, break-even and moves: AWS's own worked examples, closed-form corners, and every way tried."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.transfer import (
    break_even_gib,
    break_even_runs,
    cheapest_by_size,
    cheapest_each,
    copy_requests_usd,
    follow,
    initial_copy_usd,
    replica_storage_usd,
    stay_usd,
    sync_usd,
)

TB = 1024.0
CENT = 0.005


def test_the_faq_of_s3_on_310000_put_requests() -> None:
    """The same place, Request Example."""
    assert copy_requests_usd(310_000, 0.005) == pytest.approx(1.55, abs=CENT)


def test_the_pricing_page_on_replication_between_regions() -> None:
    """aws.amazon.com/s3/pricing, S3 Tables replication pricing example: us-west-2 to us-east-1, 504 files a day of 10
    MB."""
    gib_a_day = 504 * 10 / 1024
    assert sync_usd(gib_a_day * 30, 0.02, 1) == pytest.approx(2.95, abs=CENT)
    assert copy_requests_usd(504 * 30, 0.005) == pytest.approx(0.08, abs=CENT)


def test_the_pricing_page_on_10_gb_from_virginia_to_ohio() -> None:
    """aws.amazon.com/s3/pricing, Multi-Region Access Points, example 2."""
    assert initial_copy_usd(10, 0.01) == pytest.approx(0.10, abs=CENT)


def test_a_copy_costs_transfer_storage_and_its_changes() -> None:
    assert initial_copy_usd(5000, 0.02) == pytest.approx(100)
    assert replica_storage_usd(5000, 0.023, 6) == pytest.approx(690)
    assert sync_usd(0, 0.02, 6) == 0
    with pytest.raises(InvalidInput, match="negative"):
        initial_copy_usd(-1, 0.02)


@given(st.floats(-1e5, 1e5), st.floats(0, 1e4), st.floats(1e-4, 10))
def test_at_break_even_both_regions_cost_the_same(saved: float, fixed: float, per_gib: float) -> None:
    size = float(break_even_gib(saved, fixed, per_gib))
    if size > 0:
        assert fixed + size * per_gib == pytest.approx(saved, rel=1e-9, abs=1e-9)
    else:
        assert saved <= fixed


@given(st.floats(-1e5, 1e5), st.floats(0, 1e4))
def test_at_the_break_even_of_runs_the_copy_is_paid_for(saved: float, once: float) -> None:
    runs = float(break_even_runs(saved, once))
    if np.isfinite(runs):
        assert runs * saved == pytest.approx(once, rel=1e-9)
    else:
        assert saved <= 0 or once / saved > 1e300


def test_break_even_corners_and_vectors() -> None:
    sizes = break_even_gib([10.0, 10.0, -1.0, np.nan], [0.0, 20.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0])
    assert sizes[:3].tolist() == [np.inf, 0.0, 0.0] and np.isnan(sizes[3])
    runs = break_even_runs([2.0, 0.0, np.nan], [5.0, 5.0, 5.0])
    assert runs[:2].tolist() == [2.5, np.inf] and np.isnan(runs[2])


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=6))
def test_the_cheapest_at_each_size_is_the_least_of_all(lines: list[tuple[float, float]]) -> None:
    base, slope = (np.array(column) for column in zip(*lines, strict=True))
    pieces = cheapest_by_size(base, slope)
    starts = [start for start, _ in pieces]
    assert starts[0] == 0 and starts == sorted(starts)
    for number, (start, place) in enumerate(pieces):
        end = starts[number + 1] if number + 1 < len(pieces) else start + 1000.0
        for gib in (start, (start + end) / 2, end):
            costs = base + slope * gib
            assert costs[place] == pytest.approx(costs.min(), rel=1e-9, abs=1e-9)


def test_equal_lines_make_no_pieces() -> None:
    assert cheapest_by_size([1.0, 1.0 + 1e-15], [0.5, 0.2]) == [(0.0, 1)]
    with pytest.raises(InvalidInput, match="no place"):
        cheapest_by_size([np.nan], [1.0])


def every_way(usd: np.ndarray, move: np.ndarray, begin: np.ndarray) -> float:
    """The least over all paths, each added up step by step."""
    periods, places = usd.shape
    least = np.inf
    for path in itertools.product(range(places), repeat=periods):
        total = begin[path[0]] + usd[0, path[0]]
        for period in range(1, periods):
            total += move[period, path[period - 1], path[period]] + usd[period, path[period]]
        least = min(least, total)
    return least


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_following_is_the_best_of_every_way(periods: int, places: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    usd = rng.uniform(0, 10, (periods, places))
    usd[rng.random(usd.shape) < 0.2] = np.nan
    usd[np.isnan(usd).all(axis=1), 0] = 5.0
    move = rng.uniform(0, 5, (periods, places, places))
    move[:, np.arange(places), np.arange(places)] = 0.0
    begin = rng.uniform(0, 5, places)
    found = follow(usd, move, begin)
    best = every_way(np.where(np.isnan(usd), np.inf, usd), move, begin)
    assert found.usd == pytest.approx(best, rel=1e-12)
    assert found.usd <= stay_usd(usd, begin).min() + 1e-9
    assert found.usd <= cheapest_each(usd, move, begin).usd + 1e-9
    assert found.moves == np.count_nonzero(np.diff(found.places))


def test_moves_too_dear_are_not_made_and_free_ones_all() -> None:
    usd = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]])
    free, dear = np.zeros((2, 2)), np.array([[0.0, 9.0], [9.0, 0.0]])
    assert follow(usd, free, [0, 0]).places.tolist() == [0, 1, 0]
    stays = follow(usd, dear, [0, 0])
    assert stays.places.tolist() == [0, 0, 0] and stays.usd == 4.0 and stays.moves_usd == 0.0
    assert cheapest_each(usd, dear, [0, 0]).usd == 3.0 + 18.0
    # Moving pays once the periods ahead are worth it: the same prices for longer.
    long = np.vstack([usd[:1], np.repeat([[2.0, 1.0]], 12, axis=0)])
    assert follow(long, dear, [0, 99]).moves == 1
    assert follow(long, dear, [0, 0]).places.tolist() == [1] * 13, "beginning there is no move"


def test_equal_ways_stay() -> None:
    assert follow(np.ones((5, 3)), np.zeros((3, 3)), np.zeros(3)).moves == 0
    # The last period has one place to be: whoever was there before need not move.
    assert follow([[1.0, 1.0], [1.0, 1.0], [5.0, 1.0]], np.zeros((2, 2)), [0, 0]).places.tolist() == [1, 1, 1]


def test_following_refuses_what_does_not_go_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        follow(np.ones((2, 2)), np.ones((2, 2)), [0.0])
    assert {fault.field for fault in refused.value.faults} == {"move_usd", "begin_usd"}
    with pytest.raises(InvalidInput, match="no place is sold"):
        follow([[1.0, 1.0], [np.nan, np.nan]], np.zeros((2, 2)), [0, 0])
    apart = np.array([[0.0, np.nan], [np.nan, 0.0]])
    with pytest.raises(InvalidInput, match="every way"):
        follow([[1.0, np.nan], [np.nan, 1.0]], apart, [0, 0])
