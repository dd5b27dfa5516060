"""Enumerates every way to buy a run, costs all of them as columns, and says why the rest fell out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, NoPlan
from costlib.planner.hours import HoursGrid, hours_grid
from costlib.planner.lines import total_usd
from costlib.planner.places import Places
from costlib.planner.quantities import CAPACITY_BLOCK, SPOT, Candidates, quantities
from costlib.planner.residency import may_hold_data
from costlib.planner.sources import Sources
from costlib.workload import PURCHASES, SERVICES, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Sizes a Capacity Block is sold in. Source:
#: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-blocks-purchase.html
CAPACITY_BLOCK_COUNTS = (1, 2, 4, 8, 16, 32, 64)

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Exclusion:
    """A group of candidates that fell out: why, how many, and what would bring them back."""

    reason: str
    candidates: int
    detail: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"reason": self.reason, "candidates": self.candidates, "detail": self.detail}


@dataclass(frozen=True)
class Result:
    """A search's answer as columns: one entry a costed candidate, those that miss the deadline included.

    ``cost_usd`` and ``wall_hours`` are expected values for one run. ``order`` lists the candidates that hold the
    deadline, cheapest first.
    """

    workload: Workload
    sources: Sources
    grid: HoursGrid
    places: Places
    candidates: Candidates
    cost_usd: Floats
    wall_hours: Floats
    meets_deadline: Bools
    enumerated: int
    exclusions: tuple[Exclusion, ...]

    @cached_property
    def order(self) -> Ints:
        """Rows of the candidates that hold the deadline, by expected cost, then by hours."""
        rows = np.nonzero(self.meets_deadline)[0]
        return rows[np.lexsort((self.wall_hours[rows], self.cost_usd[rows]))]

    @cached_property
    def front(self) -> Ints:
        """Rows on the Pareto front of cost and time, cheapest first: nothing else is both cheaper and faster."""
        hours = self.wall_hours[self.order]
        fastest_before = np.concatenate(([np.inf], np.minimum.accumulate(hours)[:-1]))
        return self.order[hours < fastest_before]

    def rank_of(self, rows: Ints) -> Ints:
        """The place of each row in ``order``, from 1; 0 for rows that miss the deadline."""
        places = np.zeros(len(self.cost_usd), dtype=np.int64)
        places[self.order] = np.arange(1, len(self.order) + 1)
        return places[rows]

    def require_on_time(self) -> None:
        """Raises InvalidInput if nothing holds the deadline, naming the fastest time that can be had."""
        if len(self.order) == 0:
            fastest = float(self.wall_hours.min())
            raise InvalidInput(
                [
                    Fault(
                        "deadline_hours",
                        self.workload.deadline_hours,
                        f"cannot be met: the fastest of {len(self.candidates):,} candidates takes {fastest:.3g} h;"
                        " give more time, more instances (search.max_instances) or less work",
                    )
                ]
            )

    def best_per(self, *columns: str, rows: Ints | None = None) -> Ints:
        """The cheapest row of each group, cheapest first.

        ``columns``: any of service, purchase, instance_type, region, precision, offer.
        """
        rows = self.order if rows is None else rows
        code = np.zeros(len(rows), dtype=np.int64)
        for column in columns:
            values = self.column(column)[rows]
            code = code * (int(values.max(initial=0)) + 1) + values
        first = np.unique(code, return_index=True)[1]
        return rows[np.sort(first)]

    def column(self, name: str) -> Ints:
        """One of the candidates' codes, by name."""
        offers, offer = self.sources.offers, self.candidates.offer
        if name == "offer":
            return offer
        if name == "precision":
            return self.candidates.precision_index
        by_name = {
            "service": offers.service,
            "purchase": offers.purchase,
            "instance_type": offers.instance_type,
            "region": offers.region,
        }
        return by_name[name][offer]


def search(workload: Workload, sources: Sources, progress: Progress | None = None) -> Result:
    """All candidates for a workload, costed at expected values.

    ``progress(share, what)`` is called between stages; it may raise Cancelled to stop.
    Raises InvalidInput for names the book does not know, NoPlan when nothing can be bought at all.
    """
    tell = progress or (lambda share, what: None)
    tell(0.0, "hours for every instance type")
    grid = hours_grid(workload, sources)
    tell(0.4, "prices of every region")
    places = Places.of(workload, sources)
    ledger = _Ledger(len(sources.offers.service) * grid.cells, [])
    offers = _chosen_offers(workload, sources, grid.cells, ledger)
    candidates = _expand(offers, sources, grid, ledger)
    tell(0.6, f"cost of {len(candidates):,} candidates")
    expected = quantities(workload, sources, grid, places, candidates, "expected")
    cost = total_usd(workload, expected)
    wall = expected.wall_hours
    keep = _finite(workload, sources, places, candidates, cost, wall, ledger)
    candidates, cost, wall = candidates.take(keep), cost[keep], wall[keep]
    if not len(candidates):
        raise NoPlan("no candidate is left: " + "; ".join(_summary(ledger.exclusions)))
    on_time = np.ones(len(candidates), dtype=bool)
    if workload.deadline_hours is not None:
        on_time = wall <= workload.deadline_hours
        ledger.drop(
            "misses the deadline",
            int(np.count_nonzero(~on_time)),
            f"expected time is over {workload.deadline_hours:g} h; the fastest takes {wall.min():.3g} h",
        )
    tell(0.9, "ranking")
    return Result(
        workload,
        sources,
        grid,
        places,
        candidates,
        cost,
        wall,
        on_time,
        ledger.enumerated,
        tuple(ledger.exclusions),
    )


@dataclass
class _Ledger:
    """Counts what was enumerated and what fell out."""

    enumerated: int
    exclusions: list[Exclusion]

    def drop(self, reason: str, candidates: int, detail: str = "") -> None:
        if candidates:
            self.exclusions.append(Exclusion(reason, candidates, detail))


def _summary(exclusions: Sequence[Exclusion]) -> list[str]:
    return [f"{item.reason} ({item.candidates:,})" for item in exclusions]


def _chosen_offers(workload: Workload, sources: Sources, cells: int, ledger: _Ledger) -> Ints:
    """The offers inside the search space."""
    offers, space = sources.offers, workload.search
    left = np.ones(len(offers.service), dtype=bool)

    def keep(mask: Bools, reason: str, detail: str) -> None:
        nonlocal left
        gone = left & ~mask
        ledger.drop(reason, int(np.count_nonzero(gone)) * cells, detail)
        left &= mask

    def by_code(codes: Ints, names: Sequence[str], chosen: Sequence[str]) -> Bools:
        return np.isin(np.array(names, dtype=object), list(chosen))[codes]

    keep(
        by_code(offers.region, sources.partitions, [sources.partition_of(workload.dataset.home_region)]),
        "in another AWS partition",
        "needs an account of its own, and data do not cross; search from a home region there",
    )
    if workload.dataset.residency is not None:
        keep(
            may_hold_data(workload, sources)[offers.region],
            "the data may not be there",
            "dataset.residency",
        )
    if space.regions != "all":
        keep(
            by_code(offers.region, offers.regions, space.regions),
            "region not chosen",
            "search.regions",
        )
    if space.instance_families != "all":
        keep(
            by_code(offers.instance_type, offers.families, space.instance_families),
            "instance family not chosen",
            "search.instance_families",
        )
    keep(by_code(offers.service, SERVICES, space.services), "service not chosen", "search.services")
    keep(by_code(offers.purchase, PURCHASES, space.purchase), "purchase option not chosen", "search.purchase")
    return np.nonzero(left)[0]


def _expand(offers: Ints, sources: Sources, grid: HoursGrid, ledger: _Ledger) -> Candidates:
    """Offers times the counts and precisions that their type can run at."""
    types = sources.offers.instance_type[offers]
    reason = grid.reason.reshape(len(grid.reason), -1)
    for code, why in enumerate(grid.reasons):
        if code:
            by_type = np.count_nonzero(reason == code, axis=1)
            ledger.drop(why.reason, int(by_type[types].sum()), why.detail)
    may_run = reason == 0
    per_type = np.count_nonzero(may_run, axis=1)
    start = np.concatenate(([0], np.cumsum(per_type)))
    cell_of = np.nonzero(may_run)[1]
    repeats = per_type[types]
    offer = np.repeat(offers, repeats)
    first = np.repeat(np.concatenate(([0], np.cumsum(repeats)[:-1])), repeats) if len(offers) else offer
    cell = cell_of[np.repeat(start[types], repeats) + np.arange(len(offer)) - first]
    count_index, precision_index = np.divmod(cell, len(grid.precisions))
    sold = (sources.offers.purchase[offer] != CAPACITY_BLOCK) | np.isin(grid.counts[count_index], CAPACITY_BLOCK_COUNTS)
    ledger.drop(
        "Capacity Blocks are not sold in this size",
        int(np.count_nonzero(~sold)),
        f"sold in {', '.join(map(str, CAPACITY_BLOCK_COUNTS))} instances",
    )
    return Candidates(offer, count_index, precision_index).take(np.nonzero(sold)[0])


def _finite(
    workload: Workload,
    sources: Sources,
    places: Places,
    candidates: Candidates,
    cost: Floats,
    wall: Floats,
    ledger: _Ledger,
) -> Ints:
    """The rows with a known, finite cost; the others are counted by what is missing."""
    lost = np.nonzero(~np.isfinite(cost) | ~np.isfinite(wall))[0]
    offer = candidates.offer[lost]
    region = sources.offers.region[offer]
    purchase = sources.offers.purchase[offer]
    unexplained = np.ones(len(lost), dtype=bool)
    hazard = sources.spot_hazards(workload).hazard
    causes = (
        (
            "no interruption rate is known",
            (purchase == SPOT) & np.isnan(hazard[1][offer]),
            "the Spot advisor has no row for the type and region; spot.history can give your own",
        ),
        *((reason, np.isnan(usd[region]), detail) for reason, usd, detail in places.needed),
        ("will not finish on spot", purchase == SPOT, "interruptions come faster than work is saved"),
    )
    for reason, mask, detail in causes:
        hit = unexplained & mask
        ledger.drop(reason, int(np.count_nonzero(hit)), detail)
        unexplained &= ~mask
    ledger.drop("no price is known", int(np.count_nonzero(unexplained)))
    keep = np.ones(len(candidates), dtype=bool)
    keep[lost] = False
    return np.nonzero(keep)[0]
