"""Which region for a workload, net of data gravity: rankings side by side, break-even, constraints, stability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.transfer import cheapest_by_size
from costlib.planner.lines import NOT_COSTED, months_kept, runs_sharing_a_copy
from costlib.planner.region.amounts import RULES, amounts, number_or_none
from costlib.planner.region.constraints import NEAR_RULE, Constraints, Near, place_of
from costlib.planner.region.gravity import BreakEven, Gravity, break_even, gravity
from costlib.planner.region.ranking import (
    ANY,
    WAYS,
    Ranking,
    bought,
    rankings,
)
from costlib.planner.region.stability import PriceFacts, stability
from costlib.planner.region.supply import Supply
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import Workload

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RegionAnswer:
    """The answer of one workload. ``constrained`` is the workload as given; the search has all regions, allowed or
    not."""

    constrained: Workload
    result: Result
    constraints: Constraints
    instance_type: str | None
    near: Near | None
    rankings: dict[str, Ranking]
    facts: PriceFacts

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions and zones of the price book, in the order of every array."""
        return self.result.sources.offers.regions

    @cached_property
    def home(self) -> int:
        """The number of the dataset's home region; -1 where no instance is sold in it."""
        home = self.result.sources.parent_region(self.constrained.dataset.home_region)
        return self.regions.index(home) if home in self.regions else -1

    @property
    def months(self) -> float:
        """Of the campaign."""
        return months_kept(self.constrained)

    @property
    def runs(self) -> float:
        """Of the campaign."""
        return runs_sharing_a_copy(self.constrained)

    @property
    def overall(self) -> Ranking:
        """The ranking by the cheapest way of all."""
        return self.rankings[ANY]

    def even(self, way: str) -> BreakEven:
        """Break-even of every region, one way to buy."""
        if self.home < 0:
            nothing = np.full(len(self.regions), np.nan)
            return BreakEven(nothing, nothing)
        return break_even(self.result, self.rankings[way], self.home)

    def gravity(self, way: str) -> Gravity:
        """Every region's cost over the size of the dataset."""
        return gravity(self.result, self.rankings[way])

    def by_size(self, way: str) -> list[tuple[float, str]]:
        """From which size of the dataset (GiB) on which of the ranked regions is the cheapest."""
        lines, ranked = self.gravity(way), self.rankings[way].order
        return [
            (size, self.regions[ranked[number]])
            for size, number in cheapest_by_size(lines.base_usd[ranked], lines.usd_per_gib[ranked])
        ]

    @property
    def taken(self) -> list[str]:
        """What the workload does not say, and what is taken in its place."""
        data = self.constrained.dataset
        said = [
            f"{key} is not given, taken as 0"
            for key, value in (
                ("dataset.changed_gib_per_month", data.changed_gib_per_month),
                ("dataset.result_gib_per_run", data.result_gib_per_run),
                ("dataset.objects", data.objects),
            )
            if value is None
        ]
        if data.result_gib_per_run and data.results_to is None:
            said.append("dataset.results_to is not given: results go to the home region")
        if self.constrained.campaign_months is None:
            said.append(
                "campaign_months is not given, taken as 1: each month makes a copy of its own, as in costlib plan"
            )
        if data.residency is None:
            said.append("dataset.residency is not given: the data may be in every region of the partition")
        return said

    def mistake_usd(self, way: str) -> float:
        """What following the price of instances alone costs more, USD a run."""
        ranking = self.rankings[way]
        wrong = ranking.price_only
        return float(ranking.by_price.total_usd[wrong] - ranking.best.total_usd[ranking.order[0]])

    def row(self, way: str, number: int, even: BreakEven | None = None) -> dict[str, object]:
        """One region of a ranking, JSON-ready; without a plan its amounts are null."""
        ranking = self.rankings[way]
        even = self.even(way) if even is None else even
        plan = int(ranking.best.rows[number])
        told: dict[str, object] = {
            **self.named[number],
            "is_home": bool(self.result.places.is_home[number]),
            "allowed": bool(ranking.allowed[number]),
            "reasons": list(self.reasons(way, number)),
            "rank": int(ranking.rank[number]) or None,
            "rank_by_price_only": int(ranking.rank_by_price_only[number]) or None,
            "least_round_trip_ms": number_or_none(self.constraints.least_round_trip_ms[number]),
            **amounts(ranking.best, number, self.runs),
            "break_even": {"gib": number_or_none(even.gib[number]), "runs": number_or_none(even.runs[number])},
        }
        return {**told, **(bought(self.result, plan) if plan >= 0 else {})}

    @cached_property
    def named(self) -> tuple[dict[str, object], ...]:
        """Each region as data: its name and where it is, null where that is not held."""
        sources = self.result.sources
        names = sources.places.table["name"].reindex(list(self.regions))
        return tuple(
            {
                "region": region,
                "name": name if isinstance(name, str) else None,
                **(place_of(region, sources) or {"city": None, "country": None, "continent": None}),
                "partition": partition,
            }
            for region, name, partition in zip(self.regions, names, sources.partitions, strict=True)
        )

    def reasons(self, way: str, number: int) -> tuple[str, ...]:
        """Why a region is not ranked; empty for one that is."""
        ranking = self.rankings[way]
        said = list(self.constraints.reasons[number])
        if ranking.best.rows[number] < 0:
            said.append(self.supply.why_no_plan(way, number))
        return tuple(said)

    @cached_property
    def supply(self) -> Supply:
        """How many offers and plans each region has."""
        return Supply(self.result, self.instance_type)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready, with the keys that ``costlib region --json`` documents."""
        overall = self.overall
        first, wrong = int(overall.order[0]), overall.price_only
        evens = {way: self.even(way) for way in self.rankings}
        return {
            "workload": self.constrained.name,
            "home_region": self.constrained.dataset.home_region,
            "dataset_gib": self.constrained.dataset.gib,
            "campaign": {"months": self.months, "runs": self.runs},
            "taken": self.taken,
            "best": self.row(ANY, first, evens[ANY]),
            "price_only": self._price_only(ANY),
            "mistake_usd": self.mistake_usd(ANY),
            "mistake_campaign_usd": self.mistake_usd(ANY) * self.runs,
            "price_only_is_wrong": wrong != first,
            "rankings": {
                way: [self.row(way, number, evens[way]) for number in self.listed(way)]
                if way in self.rankings
                else None
                for way in WAYS
            },
            "by_size": {
                way: [{"from_gib": size, "region": region} for size, region in self.by_size(way)]
                for way in self.rankings
                if len(self.rankings[way].order)
            },
            "stability": {
                way: stability(self.result, ranking, self.facts)
                for way, ranking in self.rankings.items()
                if len(ranking.order)
            },
            "as_of": self.as_of,
            "snapshot_id": self.result.sources.book.snapshot_id,
            "rules": {**RULES, **({"near": NEAR_RULE} if self.near is not None else {})},
            "not_costed": NOT_COSTED,
        }

    def _price_only(self, way: str) -> dict[str, object]:
        ranking = self.rankings[way]
        number = ranking.price_only
        return {
            "region": self.regions[number],
            **amounts(ranking.by_price, number, self.runs),
            **bought(self.result, int(ranking.by_price.rows[number])),
        }

    def listed(self, way: str) -> list[int]:
        """The numbers of all regions: ranked ones first, then the others by name."""
        order = [int(number) for number in self.rankings[way].order]
        ranked = set(order)
        return order + [number for number in range(len(self.regions)) if number not in ranked]

    @property
    def as_of(self) -> dict[str, str]:
        """Of which days the prices of the ranked plans are."""
        rows = self.overall.best.rows[self.overall.order]
        dates = sorted(
            {str(one) for one in self.result.sources.offers.words["as_of"][self.result.candidates.offer[rows]]}
        )
        return {"oldest": dates[0], "newest": dates[-1]}


def region_answer(
    workload: Workload,
    sources: Sources,
    instance_type: str | None = None,
    near: Near | None = None,
    facts: PriceFacts | None = None,
) -> RegionAnswer:
    """The rankings of a workload. ``facts`` keeps what is looked up of price histories between answers.

    Raises InvalidInput where a name is not known, where nothing holds the deadline, and where constraints leave no
    region.
    """
    sources.require_type(instance_type)
    free = workload.model_copy(update={"dataset": workload.dataset.model_copy(update={"residency": None})})
    result = search(free, sources)
    result.require_on_time()
    constraints = Constraints.of(workload, sources, near)
    ranked = rankings(result, constraints.allowed, instance_type)
    answer = RegionAnswer(
        workload,
        result,
        constraints,
        instance_type,
        near,
        ranked,
        facts if facts is not None else PriceFacts.of(sources.book),
    )
    _require_a_region(answer)
    return answer


def _require_a_region(answer: RegionAnswer) -> None:
    """Raises InvalidInput, with what each constraint leaves, where no region is ranked."""
    ranking, data = answer.overall, answer.constrained.dataset
    if len(ranking.order):
        return
    planned = np.nonzero(ranking.best.rows >= 0)[0]
    if not len(planned):
        known = answer.supply.sold(ANY)
        where = ", ".join(answer.regions[number] for number in np.nonzero(known)[0]) or "no region"
        problem = f"has no plan that holds the deadline in any region; it is sold in {where}"
        raise InvalidInput([Fault("instance_type", answer.instance_type, problem)])
    cheapest = answer.regions[int(planned[np.argmin(ranking.best.total_usd[planned])])]
    faults = []
    if data.residency is not None:
        faults.append(
            Fault("dataset.residency", list(data.residency), f"leaves no region with a plan; without it: {cheapest}")
        )
    if answer.near is not None:
        least = answer.constraints.least_round_trip_ms[planned]
        nearest = "" if np.isnan(least).all() else f"; the nearest with a plan takes {np.nanmin(least):.0f} ms at least"
        faults.append(Fault("within_ms", answer.near.within_ms, f"leaves no region with a plan{nearest}"))
    raise InvalidInput(faults)
