"""What it costs to bring data to another region, keep them there, and send results back; and when that pays.

AWS's GB is a GiB, 2**30 bytes, and its TB 1,024 of them (aws.amazon.com/s3/pricing). Data that go into a region, and
data within one, are free. Between regions each pair has one price at every volume; to the internet the price falls by
the volume of a month, counted over all services of the region (models.tiers). A copy by S3 replication pays transfer
out of the source, one PUT an object at the destination, and its storage there (aws.amazon.com/s3/pricing,
"Replication").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REQUESTS_PER_PRICE = 1000.0


def initial_copy_usd(dataset_gib: npt.ArrayLike, transfer_usd_per_gib: npt.ArrayLike) -> Floats:
    """USD of copying a dataset to another region once; one price a pair of regions. Raises InvalidInput."""
    gib, price = none_negative(dataset_gib=dataset_gib, transfer_usd_per_gib=transfer_usd_per_gib)
    return np.asarray(price * gib)


def sync_usd(
    changed_gib_per_month: npt.ArrayLike, transfer_usd_per_gib: npt.ArrayLike, months: npt.ArrayLike
) -> Floats:
    """USD of sending what changes each month to the copy, over ``months``. Raises InvalidInput."""
    changed, price, kept = none_negative(
        changed_gib_per_month=changed_gib_per_month, transfer_usd_per_gib=transfer_usd_per_gib, months=months
    )
    return np.asarray(price * changed * kept)


def replica_storage_usd(
    dataset_gib: npt.ArrayLike, storage_usd_per_gib_month: npt.ArrayLike, months: npt.ArrayLike
) -> Floats:
    """USD of keeping the copy for ``months``. Raises InvalidInput."""
    gib, price, kept = none_negative(
        dataset_gib=dataset_gib, storage_usd_per_gib_month=storage_usd_per_gib_month, months=months
    )
    return np.asarray(price * gib * kept)


def copy_requests_usd(objects_copied: npt.ArrayLike, put_usd_per_1000_requests: npt.ArrayLike) -> Floats:
    """USD of the PUT requests that copy objects: one an object, at the destination's price. Raises InvalidInput."""
    copied, price = none_negative(objects_copied=objects_copied, put_usd_per_1000_requests=put_usd_per_1000_requests)
    return np.asarray(price * copied / REQUESTS_PER_PRICE)


def break_even_gib(saved_usd: npt.ArrayLike, fixed_usd: npt.ArrayLike, usd_per_gib: npt.ArrayLike) -> Floats:
    """The size of the dataset at which a cheaper region stops to pay.

    ``saved_usd``: what its instances save over a campaign, after what its results cost more to bring back;
    ``fixed_usd``: what moving costs whatever the size; ``usd_per_gib``: what each GiB of the dataset adds. The costs
    are equal where saved = fixed + size * usd_per_gib. 0 where it pays at no size, inf where it pays at every size;
    nan where an argument is not known. Broadcasts. Raises InvalidInput for negative costs.
    """
    fixed, per_gib = none_negative(fixed_usd=fixed_usd, usd_per_gib=usd_per_gib)
    left = np.asarray(saved_usd, dtype=float) - fixed
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = np.where(left > 0, np.where(per_gib > 0, left / per_gib, np.inf), 0.0)
    return np.where(np.isnan(left) | np.isnan(per_gib), np.nan, size)


def break_even_runs(saved_usd_per_run: npt.ArrayLike, once_usd: npt.ArrayLike) -> Floats:
    """The number of runs of a campaign from which a cheaper region pays.

    ``saved_usd_per_run``: what one run saves there, after what its results cost more to bring back; ``once_usd``: what
    the data cost there over the campaign however many runs share them. inf where a run saves nothing; nan where an
    argument is not known. Broadcasts. Raises InvalidInput for a negative ``once_usd``.
    """
    (once,) = none_negative(once_usd=once_usd)
    saved = np.asarray(saved_usd_per_run, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        runs = np.where(saved > 0, once / saved, np.inf)
    return np.where(np.isnan(saved) | np.isnan(once), np.nan, runs)


class Followed(NamedTuple):
    """A campaign that moves: the place of each period, what it costs, and what the moves are of that."""

    places: Ints
    usd: float
    moves: int
    moves_usd: float


def follow(usd: npt.ArrayLike, move_usd: npt.ArrayLike, begin_usd: npt.ArrayLike) -> Followed:
    """The cheapest way through the periods of a campaign, when every move costs; exact, for prices known beforehand.

    ``usd``: (periods, places), what a period costs in a place, nan where nothing is sold; ``move_usd``: what moving
    from a place (second-last axis) to another (last) costs, (places, places) or (periods, places, places), at the
    beginning of the period; ``begin_usd``: (places,), what beginning in a place costs. Bellman's recursion: the least
    cost of having come to a place is the least over the places before of theirs and the move. Of equal ways the one
    that stays. Raises InvalidInput for shapes that do not go together, negative costs, and where some period has no
    place.
    """
    cost, move, begin = _checked(usd, move_usd, begin_usd)
    periods, places = cost.shape
    reached = begin + cost[0]
    came_from = np.zeros((periods, places), dtype=np.int64)
    stay = np.arange(places)
    for period in range(1, periods):
        ways = reached[:, None] + move[period]
        best = np.argmin(ways, axis=0)
        # Staying is free: on a tie it is the way that does not move.
        best = np.where(ways[stay, stay] <= ways[best, stay], stay, best)
        came_from[period] = best
        reached = ways[best, stay] + cost[period]
    if not np.isfinite(reached).any():
        raise InvalidInput(
            [Fault("usd", None, "has no place through all periods: every way meets one where none is sold")]
        )
    path = np.empty(periods, dtype=np.int64)
    path[-1] = int(np.argmin(reached))
    for period in range(periods - 1, 0, -1):
        path[period - 1] = came_from[period, path[period]]
    return _followed(path, cost, move, begin)


def stay_usd(usd: npt.ArrayLike, begin_usd: npt.ArrayLike) -> Floats:
    """(places,): what staying in each place for all periods costs; inf where it is not sold in all. As ``follow``."""
    periods = np.asarray(usd, dtype=float)
    cost, _, begin = _checked(periods, np.zeros((periods.shape[-1],) * 2), begin_usd)
    return np.asarray(begin + cost.sum(axis=0))


def cheapest_each(usd: npt.ArrayLike, move_usd: npt.ArrayLike, begin_usd: npt.ArrayLike) -> Followed:
    """What it costs to run after the cheapest place of each period, whatever the moves cost. As ``follow``."""
    cost, move, begin = _checked(usd, move_usd, begin_usd)
    return _followed(np.argmin(cost, axis=1), cost, move, begin)


def _followed(path: Ints, cost: Floats, move: Floats, begin: Floats) -> Followed:
    periods = np.arange(len(path))
    moves = float(move[periods[1:], path[:-1], path[1:]].sum())
    total = float(begin[path[0]] + cost[periods, path].sum() + moves)
    return Followed(path, total, int(np.count_nonzero(np.diff(path))), moves)


def _checked(usd: npt.ArrayLike, move_usd: npt.ArrayLike, begin_usd: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    cost, move, begin = none_negative(usd=usd, move_usd=move_usd, begin_usd=begin_usd)
    faults = []
    if cost.ndim != 2 or not cost.size:
        raise InvalidInput([Fault("usd", cost.shape, "must be (periods, places), at least one of each")])
    periods, places = cost.shape
    if move.shape not in ((places, places), (periods, places, places)):
        faults.append(Fault("move_usd", move.shape, f"must be {(places, places)} or {(periods, places, places)}"))
    elif np.any(np.diagonal(move, axis1=-2, axis2=-1) != 0):
        faults.append(Fault("move_usd", None, "must be 0 from a place to itself: staying is no move"))
    if begin.shape != (places,):
        faults.append(Fault("begin_usd", begin.shape, f"must be {(places,)}"))
    if faults:
        raise InvalidInput(faults)
    cost, move, begin = (np.where(np.isnan(array), np.inf, array) for array in (cost, move, begin))
    if np.isinf(cost).all(axis=1).any():
        period = int(np.argmax(np.isinf(cost).all(axis=1)))
        raise InvalidInput([Fault("usd", period, "is a period in which no place is sold")])
    return cost, np.broadcast_to(move, (periods, places, places)), begin


def cheapest_by_size(at_nothing_usd: npt.ArrayLike, usd_per_gib: npt.ArrayLike) -> list[tuple[float, int]]:
    """Which place is cheapest at which size of the dataset: (from which GiB on, its number), from 0 upward.

    Both are (places,): what a place costs without data, and what each GiB adds; nan where not known. The lower
    envelope of straight lines: its pieces get flatter, so there are at most as many as places. Of equal lines the
    first. Raises InvalidInput where nothing is known.
    """
    base, slope = np.atleast_1d(np.asarray(at_nothing_usd, float)), np.atleast_1d(np.asarray(usd_per_gib, float))
    held = np.isfinite(base) & np.isfinite(slope)
    if base.shape != slope.shape or not held.any():
        raise InvalidInput([Fault("at_nothing_usd", None, "has no place whose cost is known")])
    order = np.nonzero(held)[0]
    # What differs by rounding is equal: the flatter line is the cheaper one from the start.
    least = base[order].min()
    level = order[base[order] <= least + 1e-12 * abs(least)]
    here = int(level[np.lexsort((level, slope[level]))[0]])
    pieces = [(0.0, here)]
    while True:
        flatter = order[slope[order] < slope[here]]
        if not len(flatter):
            return pieces
        with np.errstate(over="ignore"):
            meets = (base[flatter] - base[here]) / (slope[here] - slope[flatter])
        next_one = np.lexsort((flatter, slope[flatter], meets))[0]
        if np.isinf(meets[next_one]):
            return pieces
        here = int(flatter[next_one])
        pieces.append((max(float(meets[next_one]), 0.0), here))
