"""The cheapest policy of each dataset, and what all of it costs: beside everything in STANDARD, and in each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.storage import CLASSES, STANDARD, TIERING, ClassTerms, Stored, populations_of, strata_of
from costlib.models.storage_bill import BillLine, bill, daily_use
from costlib.models.storage_policy import Policy, cheapest
from costlib.models.tiers import average_usd
from costlib.planner.store.classes import RegionClasses, classes_for
from costlib.planner.store.pattern import StoragePattern, StoredData
from costlib.planner.store.sources import StoreSources

Floats = npt.NDArray[np.float64]
#: Beyond so many days of age the search moves objects on fewer days only: see ``_days``.
EVERY_DAY_TO = 400
ALL_STANDARD = Policy(((STANDARD, 0),))
RULE = (
    "objects of a dataset are all of its mean size; a month is 730 hours; what was stored before the horizon begins"
    " lies in STANDARD; what is deleted, and what is moved, pays for the rest of its class's least days; rules move"
    " objects on the day they name, though AWS may take some time"
)


@dataclass(frozen=True)
class Held:
    """One dataset joined with the terms of its region; ``stored`` at the expected reads, and at their ends."""

    data: StoredData
    classes: RegionClasses
    stored: tuple[Stored, Stored, Stored]
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Billed:
    """The lines of all datasets under some policies, at low, expected and high reads."""

    policies: tuple[Policy, ...]
    lines: tuple[tuple[tuple[BillLine, ...], ...], ...]

    def usd(self, dataset: int | None = None, end: int = 1) -> float:
        """Dollars over the horizon, of one dataset or of all."""
        chosen = self.lines[end] if dataset is None else self.lines[end][dataset : dataset + 1]
        return float(sum(line.usd.sum() for lines in chosen for line in lines))

    def monthly_usd(self, dataset: int | None = None) -> Floats:
        """Dollars of each month."""
        chosen = self.lines[1] if dataset is None else self.lines[1][dataset : dataset + 1]
        return np.asarray(sum(line.usd for lines in chosen for line in lines), float)


def held_of(pattern: StoragePattern, sources: StoreSources) -> tuple[Held, ...]:
    """Each dataset with its terms. Raises NotKnown for a region without S3 prices, InvalidInput for what cannot be."""
    faults = sources.check_region(pattern.region)
    if faults:
        raise InvalidInput(faults)
    return tuple(
        _held(data, index, pattern.horizon_days, classes_for(data, pattern.region, sources), faults)
        for index, data in enumerate(pattern.datasets)
    )


def _held(data: StoredData, index: int, horizon_days: int, classes: RegionClasses, faults: list[Fault]) -> Held:
    asked = (data.force_class,) if data.force_class else data.classes or CLASSES
    allowed = tuple(
        name
        for name in asked
        if name in classes.terms and (name != "ONEZONE_IA" or data.can_be_remade or data.classes or data.force_class)
    )
    missing = [name for name in asked if name in classes.left_out and (data.classes or data.force_class)]
    if missing:
        raise InvalidInput([Fault(f"datasets.{index}.classes", name, classes.left_out[name]) for name in missing])
    populations, ages, ends = populations_of(
        data.gib, data.added_gib_per_month, data.age_days, horizon_days, data.lifetime_days
    )
    wait = np.full(ages, np.inf)
    for one in data.reads:
        if one.per_month > 0:
            wait[one.from_day : one.to_day] = np.minimum(wait[one.from_day : one.to_day], one.wait_hours)
    made = []
    for end in ("low", "", "high"):
        windows = []
        for one in data.reads:
            rate = getattr(one, f"per_month_{end}") if end else None
            windows.append((one.from_day, one.to_day, one.per_month if rate is None else rate, one.fraction))
        strata = strata_of(windows, ages)
        made.append(
            Stored(data.object_kib, populations, strata, wait, ends, data.gets_per_object, data.restored_copy_days)
        )
    return Held(data, classes, (made[0], made[1], made[2]), allowed)


def billed(held: Sequence[Held], policies: Sequence[Policy], horizon_days: int) -> Billed:
    """The bill of all datasets together, at both ends of their reads and as expected."""
    terms = [one.classes.terms for one in held]
    ends = []
    for end in range(3):
        uses = [
            daily_use(one.classes.terms, one.stored[end], policy, horizon_days)
            for one, policy in zip(held, policies, strict=True)
        ]
        ends.append(tuple(tuple(lines) for lines in bill(terms, uses, horizon_days)))
    return Billed(tuple(policies), tuple(ends))


def choose(held: Sequence[Held], horizon_days: int, uploads: str) -> Billed:
    """The policies of least cost at the expected reads.

    Exact for each dataset at a price a GiB. Where the volume reaches a cheaper tier of STANDARD the search is made at
    each price that could hold, and the bill with its tiers decides, one dataset after the other.
    """
    found: list[list[Policy]] = []
    faults: list[Fault] = []
    rates = _rates(held)
    for number, one in enumerate(held):
        try:
            found.append(list(dict.fromkeys(_searched(one, rate, uploads) for rate in rates)))
        except InvalidInput as refused:
            faults += [
                Fault(f"datasets.{number}.{fault.field}", fault.value, fault.problem) for fault in refused.faults
            ]
    if faults:
        raise InvalidInput(faults)
    best = [mine[0] for mine in found]
    cost = billed(held, best, horizon_days)
    for number, mine in enumerate(found):
        for other in mine[1:]:
            tried = billed(held, [*best[:number], other, *best[number + 1 :]], horizon_days)
            if tried.usd() < cost.usd():
                best[number], cost = other, tried
    return cost


def in_one_class(held: Sequence[Held], name: str, horizon_days: int) -> Billed | str:
    """Everything uploaded to one class and left there (what exists is moved at once); or why that cannot be."""
    for one in held:
        if name not in one.classes.terms:
            return one.classes.left_out.get(name, f"{name} is not sold there")
        if _late(one, name).any():
            hours = one.classes.terms[name].wait_hours
            return f"{one.data.name} is read sooner than {name} gives it back ({hours:g} h)"
    return billed(held, [Policy(((name, 0),))] * len(held), horizon_days)


def _late(one: Held, name: str) -> npt.NDArray[np.bool_]:
    """The days of age at which a read would wait longer for a class than it may."""
    stored = one.stored[1]
    return np.asarray((stored.reads_per_day > 0) & (stored.wait_hours < one.classes.terms[name].wait_hours))


def _searched(one: Held, usd_per_gib_month: float, uploads: str) -> Policy:
    forced = one.data.force_class
    if forced:
        terms = one.classes.terms[forced]
        late = _late(one, forced)
        if late.any():
            least = float(one.stored[1].wait_hours[late].min())
            problem = f"gives back after {terms.wait_hours:g} h, but reads may wait {least:g} h only"
            raise InvalidInput([Fault("force_class", forced, problem)])
        return Policy(((forced, 0),))
    names = {STANDARD, *one.allowed}
    priced = {name: _at(one.classes.terms[name], usd_per_gib_month) for name in names}
    firsts = one.allowed if uploads == "any_class" else (STANDARD,)
    return cheapest(priced, one.stored[1], _days(one), firsts, one.allowed).policy


def _rates(held: Sequence[Held]) -> list[float]:
    """Prices of a STANDARD GiB-month that may hold: the tiers up to the most that is stored, and their average."""
    terms = held[0].classes.terms[STANDARD]
    most = sum(float(np.max(population.gib)) for one in held for population in one.stored[1].populations
               if not population.daily)  # fmt: skip
    most += sum(one.data.added_gib_per_month * one.stored[1].ages / 30.0 for one in held)
    reached = [usd for end, usd in zip((0.0, *terms.upto_gib), terms.usd_by_tier, strict=False) if most > end]
    return list(dict.fromkeys([float(average_usd(most, terms.upto_gib, terms.usd_by_tier)), *reached]))


def _at(terms: ClassTerms, usd_per_gib_month: float) -> ClassTerms:
    if terms.name not in (STANDARD, TIERING):
        return terms
    share = usd_per_gib_month / terms.usd_by_tier[0]
    return replace(terms, usd={**terms.usd, "storage": terms.usd["storage"] * share})


def _days(one: Held) -> list[int] | None:
    """Days on which a rule may move objects: all of a short life; of a long one those around which anything changes."""
    ages = one.stored[1].ages
    if ages <= EVERY_DAY_TO:
        return None
    edges = {0, one.data.age_days, ages}
    for read in one.data.reads:
        edges |= {read.from_day, read.to_day}
    minimums = {terms.min_days for terms in one.classes.terms.values()} | {30, 60}
    edges |= {edge + days for edge in list(edges) for days in minimums}
    edges |= {ages - days for days in minimums}
    step = -(-ages // (EVERY_DAY_TO // 2))
    return sorted({*range(0, ages + 1, step), *(day for day in edges if 0 <= day <= ages)})
