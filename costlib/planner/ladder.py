"""The savings ladder: from a naive start to the best plan, one lever at a time.

A lever frees one choice that the naive start had fixed. Savings multiply rather than add, so what a lever
saves depends on those pulled before it: the order is shown and can be changed.

A start that misses the deadline is too cheap to compare with: the lever that first holds the deadline may cost more
than it saves. Such a lever has a negative saving, and its words say "costs 3 % more, and holds the deadline".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from costlib import display
from costlib.errors import InvalidInput, unknown
from costlib.planner.search import Result
from costlib.workload import PRECISIONS, PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]

#: Each lever and what pulling it means, in the order shown unless the user chooses another.
LEVERS = {
    "service": "run on EC2 instead of SageMaker",
    "precision": "use a lower precision",
    "instance": "use older, smaller or other accelerators",
    "spot": "use spot capacity",
    "region": "use a cheaper region",
    "commitment": "commit (Reserved Instance, Savings Plan, Capacity Block)",
}
_ON_DEMAND, _SPOT = PURCHASES.index("on_demand"), PURCHASES.index("spot")


@dataclass(frozen=True)
class Rung:
    """One lever: the cost with it and all before it, and what it saves in this order and alone.

    ``row`` is the candidate that is best after the lever; ``alone_usd`` the cost with only this lever. What is
    saved is negative where the lever costs more.
    """

    lever: str
    meaning: str
    row: int
    cost_usd: float
    saved_usd: float
    saved_fraction: float
    alone_usd: float
    alone_fraction: float
    alone_meets_deadline: bool
    meets_deadline: bool

    @property
    def effect(self) -> str:
        """What the lever does in this order, in words: "saves 40 %", "costs 3 % more, and holds the deadline"."""
        return _effect(self.saved_fraction, self.meets_deadline)

    @property
    def alone_effect(self) -> str:
        """What the lever does alone, in words."""
        return _effect(self.alone_fraction, self.alone_meets_deadline)


@dataclass(frozen=True)
class Ladder:
    """The naive start (its candidate row and cost), the rungs in order, and the total saving."""

    start_row: int
    start_usd: float
    start_meets_deadline: bool
    start_choices: dict[str, str]
    rungs: tuple[Rung, ...]

    @property
    def rows(self) -> list[int]:
        """The candidates of the start and of each rung."""
        return [self.start_row, *(rung.row for rung in self.rungs)]

    @property
    def end_usd(self) -> float:
        """Cost after the last lever."""
        return self.rungs[-1].cost_usd if self.rungs else self.start_usd

    @property
    def saved_fraction(self) -> float:
        """Share of the naive cost that all levers together save; negative if the best plan costs more."""
        return 1.0 - self.end_usd / self.start_usd

    @property
    def effect(self) -> str:
        """What all levers together do, in words."""
        return _effect(self.saved_fraction, self.rungs[-1].meets_deadline if self.rungs else self.start_meets_deadline)

    @property
    def summary(self) -> str:
        """A sentence on all levers together."""
        if self.effect == "no change":
            return "All levers together change nothing."
        if self.saved_fraction > 0:
            return f"All levers together save {display.share(self.saved_fraction)} of the naive start."
        return f"The best plan {self.effect}; the naive start misses it."


def ladder(result: Result, order: Sequence[str] = tuple(LEVERS)) -> Ladder:
    """The ladder of a search, with the levers in ``order`` (each of LEVERS at most once).

    The naive start is the newest accelerator, on-demand, in the dataset's home region, in the widest precision
    allowed, on SageMaker: of each, what the search holds. If no naive plan holds the deadline, the start is the
    cheapest naive plan that misses it, and says so; from the first rung on that can hold it, it is held.
    Raises InvalidInput for an unknown or repeated lever.
    """
    faults = [unknown("order", name, LEVERS, "lever") for name in order if name not in LEVERS]
    if len(set(order)) != len(order):
        faults.append(unknown("order", list(order), LEVERS, "order: a lever stands twice"))
    if faults:
        raise InvalidInput(faults)
    groups = _Groups(result)
    start_row = groups.best(())
    assert start_row is not None, "the naive start is chosen among what the search holds"
    start_usd = float(result.cost_usd[start_row])
    rungs = []
    pulled: list[str] = []
    row, cost = start_row, start_usd
    for lever in order:
        pulled.append(lever)
        before_row, before = row, cost
        row = _or(groups.best(pulled), before_row)
        cost = float(result.cost_usd[row])
        alone_row = _or(groups.best((lever,)), start_row)
        alone = float(result.cost_usd[alone_row])
        rungs.append(
            Rung(
                lever=lever,
                meaning=LEVERS[lever],
                row=row,
                cost_usd=cost,
                saved_usd=before - cost,
                saved_fraction=1.0 - cost / before,
                alone_usd=alone,
                alone_fraction=1.0 - alone / start_usd,
                alone_meets_deadline=bool(result.meets_deadline[alone_row]),
                meets_deadline=bool(result.meets_deadline[row]),
            )
        )
    return Ladder(start_row, start_usd, bool(result.meets_deadline[start_row]), groups.naive, tuple(rungs))


def _effect(saved_fraction: float, meets_deadline: bool) -> str:
    """Levers only add choices, so one costs more only where nothing held the deadline before it, and now it is held."""
    words = display.saving(saved_fraction)
    return f"{words}, and holds the deadline" if saved_fraction < -1e-9 and meets_deadline else words


def _or(row: int | None, otherwise: int) -> int:
    return otherwise if row is None else row


class _Groups:
    """The cheapest candidate of each combination of "as in the naive start" and "freed", for any set of levers."""

    def __init__(self, result: Result):
        offers, offer = result.sources.offers, result.candidates.offer
        precision = result.candidates.precision_index
        purchase = offers.purchase[offer]
        home = np.array([region == result.workload.dataset.home_region for region in offers.regions])
        in_home = home[offers.region[offer]]
        generation = np.array([accelerator_generation(name) for name in offers.instance_types])
        generation = generation[offers.instance_type[offer]]

        # Each naive choice is made among what the choices before it leave, so that a naive plan always exists.
        left = np.ones(len(offer), dtype=bool)
        naive: dict[str, str] = {}

        def narrow(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
            nonlocal left
            if np.any(left & mask):
                left = left & mask
                return mask
            return np.ones(len(offer), dtype=bool)

        as_naive = {}
        on_demand = narrow(purchase == _ON_DEMAND)
        as_naive["region"] = narrow(in_home)
        as_naive["service"] = narrow(offers.service[offer] == SERVICES.index("sagemaker"))
        widest = min(set(precision[left].tolist()), key=lambda p: PRECISIONS.index(result.grid.precisions[p]))
        as_naive["precision"] = narrow(precision == widest)
        as_naive["instance"] = narrow(generation == generation[left].max())
        example = int(np.nonzero(left)[0][0])
        naive["region"] = offers.regions[offers.region[offer[example]]] if in_home[example] else "any"
        naive["service"] = SERVICES[offers.service[offer[example]]]
        naive["precision"] = result.grid.precisions[widest]
        naive["instance"] = offers.instance_types[offers.instance_type[offer[example]]].split(".")[0]
        naive["purchase"] = PURCHASES[purchase[example]]
        self.naive = naive
        self._purchase_group = np.where(on_demand, 0, np.where(purchase == _SPOT, 1, 2))
        self._result = result
        code = self._purchase_group
        for name in ("service", "precision", "instance", "region"):
            code = code * 2 + ~as_naive[name]
        # On-time candidates come before late ones; within each, cheaper first.
        key = result.cost_usd + np.where(result.meets_deadline, 0.0, 2.0 * result.cost_usd.max())
        cheapest = np.full(3 * 16, np.inf)
        np.minimum.at(cheapest, code, key)
        best = np.nonzero(key == cheapest[code])[0]
        codes, first = np.unique(code[best], return_index=True)
        self._rows = dict(zip(codes.tolist(), best[first].tolist(), strict=True))

    def best(self, pulled: Sequence[str]) -> int | None:
        """The cheapest row when only the pulled levers are free; on time before late; None if there is none."""
        bits = [name in pulled for name in ("service", "precision", "instance", "region")]
        purchases = [0, *([1] if "spot" in pulled else []), *([2] if "commitment" in pulled else [])]
        rows = []
        for code, row in self._rows.items():
            group, rest = divmod(code, 16)
            freed = [bool(rest >> shift & 1) for shift in (3, 2, 1, 0)]
            if group in purchases and all(bit or not free for bit, free in zip(bits, freed, strict=True)):
                rows.append(row)
        if not rows:
            return None
        late = ~self._result.meets_deadline[rows]
        return int(rows[int(np.lexsort((self._result.cost_usd[rows], late))[0])])


@cache
def accelerator_generation(instance_type: str) -> int:
    """How new the accelerators of a type are: EC2's own generation number (p5 before p6), P before other letters."""
    match = re.match(r"([a-z]+)(\d+)", instance_type)
    if match is None:
        return 0
    letter, number = match.group(1), int(match.group(2))
    return number + 1000 if letter == "p" else number
