"""The offers that can win, for a page that searches at every move of a slider."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from costlib.planner.quantities import SPOT
from costlib.planner.sources import Sources
from costlib.prices.price import Price

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def shortlist(sources: Sources, home_region: str) -> Sources:
    """The sources without the offers that can be cheapest, or fastest, for no workload that keeps and moves data.

    An offer is left out if another of the same service, type and purchase option, on the same side of "in the home
    region", is not dearer by the hour, in storage or in transfer from ``home_region``, and (spot) is not
    interrupted more. Both take the same hours, so no size, deadline or number of runs makes the first the better
    one: the cheapest plan, the Pareto front and the savings ladder are those of all offers. Counts of candidates
    and exclusions are not; and a workload with its own history of interruptions needs all offers, since the Spot
    advisor's rates decide here, as does one with results to send back, objects or residency.
    """
    offers = sources.offers
    home = sources.parent_region(home_region)
    transfer = sources.transfer_prices(home)
    parents = [sources.parent_region(region) for region in offers.regions]
    storage_usd = np.array([_amount(sources.storage_prices, region) for region in parents])
    transfer_usd = np.array([0.0 if region == home else _amount(transfer, region) for region in parents])
    spot = offers.purchase == SPOT
    values = np.column_stack(
        [
            offers.usd_per_hour[1],
            storage_usd[offers.region],
            transfer_usd[offers.region],
            np.where(spot, sources.interruptions.hazard[1], 0.0),
        ]
    )
    in_home = np.array([region == home_region for region in offers.regions])[offers.region]
    same_partition = np.array([name == sources.partition_of(home_region) for name in sources.partitions])
    known = np.isfinite(values).all(axis=1) & same_partition[offers.region]
    rows = np.nonzero(known)[0]
    group = ((offers.instance_type * 2 + offers.service) * 8 + offers.purchase) * 2 + in_home
    return sources.only(rows[undominated(group[rows], values[rows])])


def undominated(group: Ints, values: Floats) -> Ints:
    """The rows that no other row of their ``group`` matches or beats in every column; of equal rows the first.

    ``group``: (n,); ``values``: (n, k), smaller is better. Returns rows in ascending order.
    """
    left = np.lexsort((*values.T[::-1], group))
    kept = []
    while len(left):
        # The first of a group in this order has no better: it stays, and all that it matches or beats go, with itself.
        first = np.diff(group[left], prepend=-1) != 0
        leaders = left[first]
        kept.append(leaders)
        leader = leaders[np.cumsum(first) - 1]
        left = left[(values[left] < values[leader]).any(axis=1)]
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, dtype=np.int64)


def _amount(prices: Mapping[str, Price], region: str) -> float:
    price = prices.get(region)
    return np.nan if price is None else price.amount
