"""The cheapest plan of each region, for each way to buy, net of what the data cost there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costlib.planner.lines import DATA_ITEMS, ITEMS, total_usd
from costlib.planner.quantities import Candidates, Quantities, quantities
from costlib.planner.search import Result
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ANY = "any"
#: The ways to buy that are ranked side by side: the cheapest of all (Capacity Blocks too), and each kind.
WAYS = (ANY, "on_demand", "spot", "reserved", "savings_plan")
#: What the copy of the dataset costs, shared by the runs of the campaign.
COPY_ITEMS = ("data_transfer", "data_sync", "copy_storage", "copy_requests")


@dataclass(frozen=True)
class Rows:
    """Some candidates of a search with their lines: ``usd[item]`` is USD a run, one entry a candidate.

    ``low_usd`` and ``high_usd`` are the totals at the ends of the price of the instances, all else as expected.
    """

    rows: Ints
    region: Ints
    usd: dict[str, Floats]
    low_usd: Floats
    high_usd: Floats

    @classmethod
    def of(cls, result: Result, rows: Ints) -> Rows:
        """The lines by the same items as ``costlib plan``; a row of -1 (no plan) has nan."""
        held = np.nonzero(rows >= 0)[0]
        chosen = result.candidates.take(rows[held])
        expected = quantities(result.workload, result.sources, result.grid, result.places, chosen, "expected")
        low, high = (
            total_usd(result.workload, replace(expected, usd_per_hour=_price(result, chosen, end))) for end in (0, 2)
        )

        def spread(values: Floats) -> Floats:
            whole = np.full(len(rows), np.nan)
            whole[held] = values
            return whole

        usd = {item.name: spread(item.cost(item.inputs(result.workload, expected))) for item in ITEMS}
        region = np.full(len(rows), -1, dtype=np.int64)
        region[held] = result.sources.offers.region[chosen.offer]
        return cls(rows, region, usd, spread(np.minimum(low, high)), spread(np.maximum(low, high)))

    @cached_property
    def total_usd(self) -> Floats:
        """USD a run, added up as the search does."""
        total = np.zeros(len(self.rows))
        for item in ITEMS:
            total = total + self.usd[item.name]
        return total

    @cached_property
    def data_usd(self) -> Floats:
        """What goes by where the data are."""
        return np.asarray(sum(self.usd[name] for name in DATA_ITEMS))

    @cached_property
    def compute_usd(self) -> Floats:
        """What a price list of instances tells: all but the data."""
        return np.asarray(sum(usd for name, usd in self.usd.items() if name not in DATA_ITEMS))

    @cached_property
    def copy_usd(self) -> Floats:
        """What the copy of the dataset costs a run."""
        return np.asarray(sum(self.usd[name] for name in COPY_ITEMS))


def _price(result: Result, chosen: Candidates, end: int) -> Floats:
    return result.sources.offers.usd_per_hour[end][chosen.offer]


@dataclass(frozen=True)
class Ranking:
    """One way to buy over all regions of the offers, an entry a region.

    ``best`` is its cheapest plan net of data; ``by_price`` the one that instances' prices alone would pick there.
    ``rank`` and ``rank_by_price_only`` are places from 1 among the allowed regions with a plan, 0 for the others.
    """

    way: str
    best: Rows
    by_price: Rows
    allowed: Bools
    rank: Ints
    rank_by_price_only: Ints

    @cached_property
    def order(self) -> Ints:
        """The ranked regions, cheapest first."""
        ranked = np.nonzero(self.rank)[0]
        return ranked[np.argsort(self.rank[ranked])]

    @cached_property
    def price_only(self) -> int:
        """The region that a ranking by the price of instances alone puts first."""
        return int(np.argmax(self.rank_by_price_only == 1))


def rankings(result: Result, allowed: Bools, instance_type: str | None) -> dict[str, Ranking]:
    """The ranking of each way that the workload searches, of plans that hold the deadline, with one type or all."""
    offers, order = result.sources.offers, result.order
    offer = result.candidates.offer[order]
    if instance_type is not None:
        of_type = offers.instance_type[offer] == offers.instance_types.index(instance_type)
        order, offer = order[of_type], offer[of_type]
    regions = len(offers.regions)
    group = offers.purchase[offer] * regions + offers.region[offer]
    groups = len(PURCHASES) * regions
    first = _first_of(group, groups)
    by_price = _first_by_price(result, order, group, groups)
    made = {}
    for way in WAYS:
        if way != ANY and way not in result.workload.search.purchase:
            continue
        if way == ANY:
            found = _least_position(first.reshape(len(PURCHASES), regions))
            compute = by_price.compute_usd.reshape(len(PURCHASES), regions)
            cheapest = np.argmin(compute, axis=0)
            price_rows = np.where(
                np.isfinite(compute.min(axis=0)),
                by_price.rows.reshape(len(PURCHASES), regions)[cheapest, np.arange(regions)],
                -1,
            )
        else:
            part = slice(PURCHASES.index(way) * regions, (PURCHASES.index(way) + 1) * regions)
            found, price_rows = first[part], by_price.rows[part]
        rows = np.where(found >= 0, order[found] if len(order) else -1, -1)
        best, priced = Rows.of(result, rows), Rows.of(result, price_rows)
        made[way] = Ranking(
            way, best, priced, allowed, _ranks(best.total_usd, allowed), _ranks(priced.compute_usd, allowed)
        )
    return made


def _first_of(group: Ints, groups: int) -> Ints:
    """The first position of each group; -1 for those without."""
    first = np.full(groups, -1, dtype=np.int64)
    # Of several writes to one place the last stays.
    first[group[::-1]] = np.arange(len(group))[::-1]
    return first


def _least_position(first: Ints) -> Ints:
    never = np.iinfo(np.int64).max
    least = np.where(first >= 0, first, never).min(axis=0)
    return np.where(least == never, -1, least)


@dataclass(frozen=True)
class _ByPrice:
    rows: Ints
    compute_usd: Floats


def _first_by_price(result: Result, order: Ints, group: Ints, groups: int) -> _ByPrice:
    """The row of each group with the least cost without data; of equal ones the cheapest in all."""
    compute = result.cost_usd[order] - _data_usd(result, order)
    least = np.full(groups, np.inf)
    np.minimum.at(least, group, compute)
    # Differences of large sums: what is equal but for rounding is equal.
    is_least = np.nonzero(compute <= least[group] * (1 + 1e-12))[0]
    first = _first_of(group[is_least], groups)
    rows = np.where(first >= 0, order[is_least][first] if len(is_least) else -1, -1)
    return _ByPrice(rows, least)


def _data_usd(result: Result, rows: Ints) -> Floats:
    """The lines of DATA_ITEMS of many candidates: of a region all but the checkpoints' storage are the same."""
    offers = result.sources.offers
    by_region = total_usd(
        result.workload, _of_places(result, np.arange(len(offers.regions)), np.zeros(len(offers.regions))), DATA_ITEMS
    )
    region = offers.region[result.candidates.offer[rows]]
    storage = result.places.storage_usd_per_gib_month
    by_hour = total_usd(
        result.workload, _of_places(result, np.arange(len(storage)), np.ones(len(storage))), {"checkpoint_storage"}
    )
    return by_region[region] + by_hour[region] * result.wall_hours[rows]


def _of_places(result: Result, region: Ints, wall_hours: Floats) -> Quantities:
    """Quantities of places alone: no instances, and hours that only keep checkpoints."""
    places, size = result.places, len(region)
    none, nothing = np.full(size, np.nan), np.zeros(size)
    storage = places.storage_usd_per_gib_month[region]
    return Quantities(
        usd_per_hour=none,
        ec2_usd_per_hour=none,
        count=nothing,
        work_hours=wall_hours,
        rework_hours=nothing,
        requeue_hours=nothing,
        start_up_hours=nothing,
        idle_hours=nothing,
        mtbi_hours=none,
        interval_hours=none,
        checkpoint_write_hours=none,
        home_storage_usd_per_gib_month=np.full(size, places.home_storage_usd_per_gib_month),
        storage_usd_per_gib_month=storage,
        copy_storage_usd_per_gib_month=np.where(places.is_home[region], 0.0, storage),
        transfer_usd_per_gib=places.transfer_usd_per_gib[region],
        result_usd_per_gib=places.result_usd_per_gib[region],
        put_usd_per_1000_requests=places.put_usd_per_1000_requests[region],
    )


def _ranks(usd: Floats, allowed: Bools) -> Ints:
    held = np.nonzero(allowed & np.isfinite(usd))[0]
    ranks = np.zeros(len(usd), dtype=np.int64)
    ranks[held[np.argsort(usd[held], kind="stable")]] = np.arange(1, len(held) + 1)
    return ranks


def bought(result: Result, row: int) -> dict[str, object]:
    """What a candidate is, in words: service, type, count, place, purchase, option, precision, dates and basis of its
    price."""
    offers = result.sources.offers
    offer = int(result.candidates.offer[row])
    words = {name: str(offers.words[name][offer]) for name in ("az", "option", "basis", "source", "as_of")}
    return {
        "service": SERVICES[offers.service[offer]],
        "instance_type": offers.instance_types[offers.instance_type[offer]],
        "count": int(result.grid.counts[result.candidates.count_index[row]]),
        "az": words["az"] or None,
        "purchase": PURCHASES[offers.purchase[offer]],
        "option": words["option"],
        "precision": result.grid.precisions[result.candidates.precision_index[row]],
        "hours": float(result.wall_hours[row]),
        "usd_per_hour": float(offers.usd_per_hour[1][offer]),
        "price_basis": words["basis"],
        "price_source": words["source"],
        "price_as_of": words["as_of"],
    }
