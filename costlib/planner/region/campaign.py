"""A long campaign that goes where the price is lowest: every move pays a copy and a changeover, and staying pays
nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.transfer import (
    Followed,
    cheapest_each,
    copy_requests_usd,
    follow,
    initial_copy_usd,
    replica_storage_usd,
    stay_usd,
    sync_usd,
)
from costlib.planner.lines import changed_gib_per_month
from costlib.planner.quantities import START_UP_SECONDS
from costlib.planner.region.amounts import number_or_none
from costlib.planner.region.answer import RegionAnswer
from costlib.planner.region.price_paths import price_grid
from costlib.planner.region.ranking import Rows
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_DAY, MINUTES_PER_HOUR, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

#: What binds to no region.
UNCOMMITTED = ("on_demand", "spot")
PATHS_RULE = (
    "each month's price is known beforehand, as given: the best that following prices could do. Runs are billed as many"
    " instance-hours everywhere as the plan's; a copy comes from home or from the place before, whichever is"
    " cheaper, is kept while the runs are there, and is made again on return; nothing else is paid to leave"
)
ZONES_RULE = (
    "recorded spot prices of us-east-1's zones, the price in force as each day begins, for instances that run all"
    " day; data are the region's, so a move costs its changeover alone. Zone letters are one account's; no other"
    " region's record is held"
)
RECORDED_REGION = "us-east-1"


@dataclass(frozen=True)
class Following:
    """A campaign with moves against staying: period by period where, and what each way costs in all.

    ``stay_usd``: staying in ``stay_place``, the best place for the whole; nan where none is sold throughout.
    ``each``: after the cheapest place of each period, whatever the moves cost.
    """

    periods: tuple[str, ...]
    places: tuple[str, ...]
    usd: Floats
    followed: Followed
    each: Followed
    stay_place: str
    stay_usd: float
    changeover_hours: float
    instance_type: str
    count: int
    rule: str

    @property
    def saved_usd(self) -> float:
        """What following saves over staying; never negative, as staying is one of its ways."""
        return self.stay_usd - self.followed.usd

    @property
    def table(self) -> pd.DataFrame:
        """One row a period: place, usd (without moves), moved (whether it began with one), cheapest (that period's)."""
        path = self.followed.places
        return pd.DataFrame(
            {
                "period": self.periods,
                "place": [self.places[number] for number in path],
                "usd": self.usd[np.arange(len(path)), path],
                "moved": np.concatenate(([False], np.diff(path) != 0)),
                "cheapest": [self.places[number] for number in self.each.places],
            }
        )

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "instance_type": self.instance_type,
            "count": self.count,
            "follow_usd": number_or_none(self.followed.usd),
            "moves": self.followed.moves,
            "moves_usd": number_or_none(self.followed.moves_usd),
            "stay_place": self.stay_place,
            "stay_usd": number_or_none(self.stay_usd),
            "saved_usd": number_or_none(self.saved_usd),
            "cheapest_each_usd": number_or_none(self.each.usd),
            "cheapest_each_moves": self.each.moves,
            "changeover_hours": self.changeover_hours,
            "periods": self.table.to_dict("records"),
            "rule": self.rule,
        }


def follow_prices(answer: RegionAnswer, paths: pd.DataFrame, changeover_hours: float | None = None) -> Following:
    """The cheapest way through months of given prices, for the answer's cheapest plan without commitment; ``paths``
    as of ``read_paths``.

    ``changeover_hours``: paid instances that do not work, at each move; without it a start-up and the workload's
    restart. Regions that constraints forbid are no places to go. Raises InvalidInput with every fault of the prices.
    """
    hours = changeover_of(answer, changeover_hours)
    months, regions, price = price_grid(answer, paths)
    numbers = np.array([answer.regions.index(region) for region in regions])
    workload, result, places = answer.constrained, answer.result, answer.result.places
    data = workload.dataset
    best, first = _uncommitted(answer)
    row = int(best.rows[first])
    count = int(result.grid.counts[result.candidates.count_index[row]])
    offer = int(result.candidates.offer[row])
    instance_hours = float(best.compute_usd[first] / result.sources.offers.usd_per_hour[1][offer])
    runs = workload.runs_per_month
    away = ~places.is_home[numbers]
    objects_per_gib = data.objects / data.gib if data.objects else 0.0
    put = places.put_usd_per_1000_requests[numbers]
    changed = changed_gib_per_month(workload)
    monthly = (
        replica_storage_usd(data.gib, np.where(away, places.storage_usd_per_gib_month[numbers], 0.0), 1.0)
        + sync_usd(changed, places.transfer_usd_per_gib[numbers], 1.0)
        + copy_requests_usd(objects_per_gib * changed, put)
        + places.result_usd_per_gib[numbers] * (data.result_gib_per_run or 0.0) * runs
        + best.usd["checkpoint_storage"][first] * runs
    )
    usd = price * instance_hours * runs + monthly
    requests = copy_requests_usd(data.objects or 0.0, put)
    copy = initial_copy_usd(data.gib, _copy_usd_per_gib(answer, regions, numbers)) + np.where(away, requests, 0.0)
    begin = initial_copy_usd(data.gib, places.transfer_usd_per_gib[numbers]) + np.where(away, requests, 0.0)
    move = copy[None, :, :] + price[:, None, :] * count * hours
    move[:, np.arange(len(regions)), np.arange(len(regions))] = 0.0
    instance_type = result.sources.offers.instance_types[result.sources.offers.instance_type[offer]]
    return _following(months, regions, usd, move, begin, hours, instance_type, count, PATHS_RULE)


def _uncommitted(answer: RegionAnswer) -> tuple[Rows, int]:
    """The cheapest ranked plan that can move: on demand or spot. Raises InvalidInput where there is none."""
    ranked = [answer.rankings[way] for way in UNCOMMITTED if way in answer.rankings and len(answer.rankings[way].order)]
    if not ranked:
        raise InvalidInput([Fault("search.purchase", None, "has no plan on demand or on spot, and others cannot move")])
    least = min(ranked, key=lambda ranking: float(ranking.best.total_usd[ranking.order[0]]))
    return least.best, int(least.order[0])


def _copy_usd_per_gib(answer: RegionAnswer, regions: Sequence[str], numbers: npt.NDArray[np.int64]) -> Floats:
    """(from, to) USD a GiB of a copy: from home, or from the place before if that is cheaper."""
    places, sources = answer.result.places, answer.result.sources
    from_home = places.transfer_usd_per_gib[numbers]
    table = np.empty((len(regions), len(regions)))
    for number, region in enumerate(regions):
        prices = sources.transfer_prices(sources.parent_region(region))
        direct = [prices.get(sources.parent_region(other)) for other in regions]
        table[number] = [np.inf if one is None else one.amount for one in direct]
    return np.where(places.is_home[numbers][None, :], 0.0, np.fmin(table, from_home[None, :]))


def changeover_of(answer: RegionAnswer, given: float | None) -> float:
    """Hours of paid instances at each move. Raises InvalidInput for a negative one."""
    if given is None:
        restart = answer.constrained.checkpoint.restart_minutes / MINUTES_PER_HOUR
        return restart + START_UP_SECONDS["ec2"][1] / SECONDS_PER_HOUR
    if not (given >= 0 and math.isfinite(given)):
        raise InvalidInput([Fault("changeover_hours", given, "must be a number of hours from 0 up")])
    return given


def follow_recorded(answer: RegionAnswer, changeover_hours: float | None = None) -> Following | None:
    """The same over the recorded spot prices of us-east-1's zones, day by day, for the answer's spot plan there.

    None where that region has no ranked spot plan, or no record of two zones is held of its type.
    """
    ranking, result = answer.rankings.get("spot"), answer.result
    if ranking is None or RECORDED_REGION not in answer.regions:
        return None
    here = answer.regions.index(RECORDED_REGION)
    if not ranking.rank[here]:
        return None
    hours = changeover_of(answer, changeover_hours)
    row = int(ranking.best.rows[here])
    offers = result.sources.offers
    instance_type = offers.instance_types[offers.instance_type[result.candidates.offer[row]]]
    count = int(result.grid.counts[result.candidates.count_index[row]])
    days = zone_days(result.sources.book, instance_type)
    if days.shape[0] < 2 or days.shape[1] < 2:
        return None
    price = days.to_numpy(float)
    zones = [str(zone) for zone in days.columns]
    move = np.broadcast_to((price * count * hours)[:, None, :], (len(days), len(zones), len(zones))).copy()
    move[:, np.arange(len(zones)), np.arange(len(zones))] = 0.0
    labels = [str(day) for day in days.index]
    return _following(
        labels,
        zones,
        price * count * HOURS_PER_DAY,
        move,
        np.zeros(len(zones)),
        hours,
        instance_type,
        count,
        ZONES_RULE,
    )


def zone_days(book: PriceBook, instance_type: str) -> pd.DataFrame:
    """USD an hour in force as each day begins, one column a zone of us-east-1; nan before a zone's first sample."""
    samples = book.spot_history(instance_type)
    samples = samples[samples["region"] == RECORDED_REGION]
    if samples.empty:
        return pd.DataFrame()
    when = pd.to_datetime(samples["timestamp_utc"], utc=True)
    wide = samples.assign(when=when).pivot_table(index="when", columns="az", values="usd", aggfunc="last").sort_index()
    days = pd.date_range(when.min().ceil("D"), when.max().floor("D"), freq="D")
    held = wide.ffill().reindex(wide.index.union(days)).ffill().reindex(days).dropna(how="all")
    held.index = pd.Index([str(day)[:10] for day in held.index])
    return held


def _following(
    periods: Sequence[str],
    places: Sequence[str],
    usd: Floats,
    move: Floats,
    begin: Floats,
    hours: float,
    instance_type: str,
    count: int,
    rule: str,
) -> Following:
    # Where a place is not sold in a period, nothing can move there either.
    move = np.where(np.isnan(move), np.inf, move)
    staying = stay_usd(usd, begin)
    best = int(np.argmin(staying))
    return Following(
        tuple(periods), tuple(places), usd, follow(usd, move, begin), cheapest_each(usd, move, begin),
        places[best] if math.isfinite(staying[best]) else "", float(staying[best]), hours, instance_type, count, rule,
    )  # fmt: skip
