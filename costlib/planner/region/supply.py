"""What each region sells within a search, and why it has no plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from costlib.planner.region.ranking import ANY
from costlib.planner.search import Result
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Supply:
    """Offers and plans by region, of one type or of all that the search has."""

    result: Result
    instance_type: str | None
    _counts: dict[tuple[str, str], Ints] = field(default_factory=dict, repr=False, compare=False)

    def sold(self, way: str) -> Ints:
        """How many offers of the search each region has."""
        return self._counted("sold", way, np.arange(len(self.result.sources.offers.region)))

    def costed(self, way: str) -> Ints:
        """How many plans of known cost each region has, late ones too."""
        return self._counted("costed", way, self.result.candidates.offer)

    def why_no_plan(self, way: str, number: int) -> str:
        """Why a region (its number in the offers) has no plan that is bought one way."""
        sources, space = self.result.sources, self.result.workload.search
        region, partition = sources.offers.regions[number], sources.partitions[number]
        if partition != sources.partition_of(self.result.workload.dataset.home_region):
            return f"is of partition {partition}: needs an account of its own, and data do not cross"
        if space.regions != "all" and region not in space.regions:
            return "search.regions does not name it"
        what = "no searched instance type is" if self.instance_type is None else f"{self.instance_type} is not"
        how = "sold" if way == ANY else f"sold as {way.replace('_', ' ')}"
        if not self.sold(way)[number]:
            return f"{what} {how} there, as far as prices are held"
        if self.costed(way)[number]:
            return "no plan there holds the deadline"
        return "what its plans cost is not known: a price of storage or transfer, or an interruption rate, is not held"

    def _counted(self, what: str, way: str, rows: Ints) -> Ints:
        if (what, way) not in self._counts:
            self._counts[what, way] = self._count(way, rows)
        return self._counts[what, way]

    def _count(self, way: str, rows: Ints) -> Ints:
        offers, space = self.result.sources.offers, self.result.workload.search
        keep = np.isin(offers.service[rows], [SERVICES.index(name) for name in space.services])
        ways = space.purchase if way == ANY else [way]
        keep &= np.isin(offers.purchase[rows], [PURCHASES.index(name) for name in ways])
        families = np.array(
            [space.instance_families == "all" or name in space.instance_families for name in offers.families]
        )
        types = families & np.array([self.instance_type in (None, name) for name in offers.instance_types])
        keep &= types[offers.instance_type[rows]]
        return np.bincount(offers.region[rows[keep]], minlength=len(offers.regions))
