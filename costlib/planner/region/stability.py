"""How far a ranking of regions can be trusted: what is held of how prices moved, and how much it would take to change
it.

A ranking over time needs prices of all regions at the same times. Held are: on demand one price a region, of
different days, and a history of us-east-1 alone; of spot two looks at many regions, two months apart, and one month
of us-east-1's zones. So what is told is how close the ranking is, what us-east-1's price would have made of it, and
how spot's two looks agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.planner.region.ranking import Ranking
from costlib.planner.search import Result
from costlib.planner.spot.price_history import HISTORY_RULE, price_stability
from costlib.prices.book import PriceBook
from costlib.workload import PURCHASES

Floats = npt.NDArray[np.float64]

#: The one region whose on-demand prices have a history.
HISTORY_REGION = "us-east-1"
COULD_WIN_RULE = (
    "a region could be the cheapest if its total with the low end of its instances' price is not above the least of all"
    " totals with their high ends; hours and data as expected, prices of different regions taken to move apart"
)
THEN_RULE = (
    "the total of us-east-1's plan with each earlier list price of its type, against the other regions at the one"
    " price that is held of them: what they cost then is not held, so this is not the ranking of that day"
)
TWO_LOOKS_RULE = (
    "means over a region's zones as published, against the mean of its listed zones at the later date, of the types"
    " and regions that have both; the two are of different sources, so part of what moved may be that"
)

EARLIER_RULE = (
    "each region's spot plan with its price times how the region's mean stood at the earlier date over the later one,"
    " of the regions whose type was seen at both, ranked among themselves; the plans are those of today's prices"
)


@dataclass(frozen=True)
class TwoLooks:
    """How spot's ranking of regions held between two dates, over all types with two regions or more."""

    types: int
    cheapest_stayed: int
    pairs: int
    pairs_in_order: int
    earlier: str
    later: str

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "types": self.types, "cheapest_stayed": self.cheapest_stayed, "pairs": self.pairs,
            "pairs_in_order": self.pairs_in_order, "earlier": self.earlier, "later": self.later, "rule": TWO_LOOKS_RULE,
        }  # fmt: skip


def spot_at_two_dates(book: PriceBook) -> pd.DataFrame:
    """Types and regions whose spot price is held of two dates: ``usd`` of ``as_of``, and ``later`` of ``day``."""
    spot = book.table("prices/ec2_spot")
    pair = ["instance_type", "region"]
    later = (
        spot[spot["statistic"] == "zone"].groupby(pair, as_index=False).agg(later=("usd", "mean"), day=("as_of", "min"))
    )
    mean = spot.loc[spot["statistic"] == "mean", [*pair, "usd", "as_of"]]
    both = later.merge(mean, on=pair)
    return both[both["day"] > both["as_of"]]


def two_looks(book: PriceBook) -> TwoLooks | None:
    """Spot prices of the same type and region at two dates, each type's regions ranked at both; None without any."""
    both = spot_at_two_dates(book)
    many = both.groupby("instance_type")["region"].transform("size") > 1
    both = both[many]
    if both.empty:
        return None
    first = both.loc[both.groupby("instance_type")["usd"].idxmin()].set_index("instance_type")["region"]
    last = both.loc[both.groupby("instance_type")["later"].idxmin()].set_index("instance_type")["region"]
    pairs = both.merge(both, on="instance_type", suffixes=("", "_other"))
    pairs = pairs[pairs["region"] < pairs["region_other"]]
    sign = np.sign(pairs["usd"] - pairs["usd_other"]) * np.sign(pairs["later"] - pairs["later_other"])
    return TwoLooks(
        len(first), int((first == last).sum()), int((sign != 0).sum()), int((sign > 0).sum()),
        str(both["as_of"].min()), str(both["day"].max()),
    )  # fmt: skip


@dataclass(frozen=True)
class PriceFacts:
    """What a price book holds of how prices moved, looked up once: searches come and go.

    ``ratio``: by type and region, spot's earlier mean over its later one.
    """

    on_demand: pd.DataFrame
    spot: pd.DataFrame
    looks: TwoLooks | None
    ratio: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, book: PriceBook) -> PriceFacts:
        """Reads the histories."""
        history = book.table("prices/ec2_on_demand_history").sort_values("first_seen")
        both = spot_at_two_dates(book)
        names = zip(both["instance_type"], both["region"], strict=True)
        ratio = dict(zip(names, (both["usd"] / both["later"]).tolist(), strict=True))
        return cls(history, price_stability(book), two_looks(book), ratio)


def stability(result: Result, ranking: Ranking, facts: PriceFacts) -> dict[str, object]:
    """What can be said of one ranking, JSON-ready; keys in ``costlib region --help``."""
    order, best = ranking.order, ranking.best
    regions = result.sources.offers.regions
    first = int(order[0])
    total = best.total_usd
    margin = float(total[order[1]] - total[first]) if len(order) > 1 else None
    compute = float(best.compute_usd[first])
    dates = sorted(str(result.sources.offers.words["as_of"][result.candidates.offer[best.rows[one]]]) for one in order)
    told: dict[str, object] = {
        "ahead_usd": margin,
        "price_may_rise_fraction": margin / compute if margin is not None and compute > 0 else None,
        "could_win": [regions[one] for one in could_win(best.low_usd[order], best.high_usd[order], order)],
        "could_win_rule": COULD_WIN_RULE,
        "prices_from": dates[0],
        "prices_to": dates[-1],
        "us_east_1_on_demand": None,
        "us_east_1_spot": None,
        "spot_two_looks": None,
        "spot_earlier": None,
    }
    if ranking.way in ("on_demand", "any"):
        told["us_east_1_on_demand"] = _then(result, ranking, facts.on_demand)
    if ranking.way in ("spot", "any"):
        told["us_east_1_spot"] = _spot(result, first, ranking, facts.spot)
        told["spot_two_looks"] = None if facts.looks is None else facts.looks.as_dict()
        told["spot_earlier"] = None if facts.looks is None else _earlier(result, ranking, facts.ratio, facts.looks)
    return told


def could_win(low_usd: Floats, high_usd: Floats, regions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of ``regions`` whose low end is not above the least high end of all (COULD_WIN_RULE)."""
    return regions[low_usd <= high_usd.min()]


def _then(result: Result, ranking: Ranking, history: pd.DataFrame) -> dict[str, object] | None:
    """us-east-1's on-demand plan at each price its type had; None where it has none or another way to buy won there."""
    offers = result.sources.offers
    if HISTORY_REGION not in offers.regions:
        return None
    here = offers.regions.index(HISTORY_REGION)
    row = int(ranking.best.rows[here])
    if row < 0 or not ranking.rank[here]:
        return None
    offer = int(result.candidates.offer[row])
    if PURCHASES[offers.purchase[offer]] != "on_demand" or offers.service[offer] != 0:
        return None
    of_type = history[history["instance_type"] == offers.instance_types[offers.instance_type[offer]]]
    if of_type.empty:
        return None
    price = float(offers.usd_per_hour[1][offer])
    total, compute = float(ranking.best.total_usd[here]), float(ranking.best.compute_usd[here])
    others = ranking.best.total_usd[[one for one in ranking.order if one != here]]
    prices: list[Mapping[str, object]] = []
    for first, last, usd in zip(of_type["first_seen"], of_type["last_seen"], of_type["usd"], strict=True):
        then = total + compute * (float(usd) / price - 1.0)
        prices.append(
            {"first_seen": str(first), "last_seen": str(last), "usd_per_hour": float(usd), "total_usd": then,
             "rank": 1 + int(np.count_nonzero(others < then))}
        )  # fmt: skip
    return {"instance_type": str(of_type["instance_type"].iloc[0]), "prices": prices, "rule": THEN_RULE}


def _earlier(
    result: Result, ranking: Ranking, ratio: Mapping[tuple[str, str], float], looks: TwoLooks
) -> dict[str, object] | None:
    """The ranked spot plans at the earlier date's prices (EARLIER_RULE); None where fewer than two can be told."""
    offers, order = result.sources.offers, ranking.order
    offer = result.candidates.offer[ranking.best.rows[order]]
    names = [(offers.instance_types[offers.instance_type[one]], offers.regions[offers.region[one]]) for one in offer]
    of_spot = offers.purchase[offer] == PURCHASES.index("spot")
    times = np.array([ratio.get(name, np.nan) for name in names])
    then = ranking.best.total_usd[order] + ranking.best.compute_usd[order] * (times - 1.0)
    told = np.nonzero(of_spot & np.isfinite(then))[0]
    if len(told) < 2:
        return None
    by_then = told[np.argsort(then[told], kind="stable")]
    regions = [
        {"region": names[place][1], "instance_type": names[place][0], "total_usd": float(then[place]), "rank": rank,
         "rank_now": 1 + int(np.count_nonzero(told < place))}
        for rank, place in enumerate(by_then, start=1)
    ]  # fmt: skip
    return {"as_of": looks.earlier, "regions": regions, "rule": EARLIER_RULE}


def _spot(result: Result, first: int, ranking: Ranking, spot: pd.DataFrame) -> dict[str, object] | None:
    """How steady the winner's type was on us-east-1's spot market; None where no samples are held of it."""
    offers = result.sources.offers
    offer = int(result.candidates.offer[ranking.best.rows[first]])
    name = offers.instance_types[offers.instance_type[offer]]
    held = spot[(spot["instance_type"] == name) & np.isfinite(spot["price_cv_fraction"])]
    if held.empty:
        return None
    row = held.iloc[0]
    return {
        "instance_type": name,
        "price_cv_fraction": float(row["price_cv_fraction"]),
        "price_range_fraction": float(row["price_range_fraction"]),
        "from": str(row["price_history_from"]),
        "to": str(row["price_history_to"]),
        "rule": HISTORY_RULE,
    }
