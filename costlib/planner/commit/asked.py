"""How to choose commitments: what a user asks for, checked, and as the models take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.commitments import Block, Commitment, Line, Rates
from costlib.models.commitments_forecast import MONTH
from costlib.models.commitments_inputs import COMMITTED, PAYMENTS, TERMS_YEARS
from costlib.models.commitments_problem import TAILS
from costlib.models.normalization import family_of
from costlib.planner.commit.demand import Future
from costlib.prices.book import PriceBook

#: How long a Capacity Block may be. Source: EC2 User Guide, "Capacity Blocks for ML".
BLOCK_DAYS_SINGLE, BLOCK_DAYS_MOST = 14, 182
BLOCK_DAYS_RULE = "is not sold: a Capacity Block is of 1 to 14 days, or of whole weeks up to 182 days"


@dataclass(frozen=True)
class DatedNeed:
    """A need of a type in a region from a day of the horizon on (0 is its first), for so many days."""

    instance_type: str
    region: str
    start_day: int
    days: int


@dataclass(frozen=True)
class Asked:
    """How to choose: the weight on the bad tail, what may be bought, capital, spot, dated needs, what is held.

    ``tail_of`` "loss": the futures in which commitments lose most against none; "cost": the costliest ones.
    ``spot_fraction`` is of every EC2 line that has a spot price, ``spot_by_type`` of one instance type in its place;
    ``needs`` are dated needs that a Capacity Block may serve; ``held`` commitments in force, with the hours until they
    end.
    """

    risk_weight: float = 0.25
    tail_fraction: float = 0.1
    tail_of: str = "loss"
    cost_of_capital_fraction: float = 0.0
    spot_fraction: float = 0.0
    spot_by_type: tuple[tuple[str, float], ...] = ()
    plan_types: tuple[str, ...] = COMMITTED
    payments: tuple[str, ...] = ("no_upfront", "partial_upfront", "all_upfront")
    terms_years: tuple[int, ...] = (1, 3)
    needs: tuple[DatedNeed, ...] = ()
    held: tuple[tuple[Commitment, int], ...] = ()

    def faults(self) -> list[Fault]:
        """What is wrong with the choices, apart from the usage."""
        found = []
        for name, value, good, wanted in (
            ("risk_weight", self.risk_weight, 0 <= self.risk_weight <= 1, "must be from 0 to 1"),
            ("tail_fraction", self.tail_fraction, 0 < self.tail_fraction <= 1, "must be above 0, at most 1"),
            ("spot_fraction", self.spot_fraction, 0 <= self.spot_fraction <= 1, "must be from 0 to 1"),
            *(
                (f"spot_by_type[{name}]", share, 0 <= share <= 1, "must be from 0 to 1")
                for name, share in self.spot_by_type
            ),
            (
                "cost_of_capital_fraction",
                self.cost_of_capital_fraction,
                0 <= self.cost_of_capital_fraction <= 1,
                "must be from 0 to 1 a year",
            ),
        ):
            if not good:
                found.append(Fault(name, value, wanted))
        if self.tail_of not in TAILS:
            found.append(unknown("tail_of", self.tail_of, TAILS, "tail"))
        for name, given, known in (
            ("plan_types", self.plan_types, COMMITTED),
            ("payments", self.payments, PAYMENTS),
            ("terms_years", self.terms_years, TERMS_YEARS),
        ):
            strange = [one for one in given if one not in known]
            found += [unknown(name, str(one), map(str, known), "choice") for one in strange]
            if not given:
                found.append(Fault(name, None, f"must name at least one of {', '.join(map(str, known))}"))
        for at, need in enumerate(self.needs):
            if not (1 <= need.days <= BLOCK_DAYS_MOST and (need.days <= BLOCK_DAYS_SINGLE or need.days % 7 == 0)):
                found.append(Fault(f"needs[{at}].days", need.days, BLOCK_DAYS_RULE))
        return found


def lines_of(held: Sequence[tuple[Commitment, int]], book: PriceBook) -> list[Line]:
    """Lines whose rates say what commitments in force are: their own type, or the types of their family."""
    found = []
    for one, _ in held:
        if one.instance_type is not None and one.region is not None:
            found.append(Line(one.instance_type, one.region))
        elif one.family is not None and one.region is not None:
            names = sorted(name for name in book.vocabulary.instance_types if family_of(name) == one.family)
            found += [Line(name, one.region) for name in names]
    return found


def spot_shares(lines: Sequence[Line], rates: Rates, asked: Asked) -> tuple[dict[int, float], list[str]]:
    """The share of each line that tolerates spot, and the lines that have no spot price for theirs."""
    types = [line.instance_type for line in lines]
    faults = [
        unknown(f"spot_by_type[{name}]", name, types, "type in the usage")
        for name, _ in asked.spot_by_type
        if name not in types
    ]
    if faults:
        raise InvalidInput(faults)
    own, share, without = dict(asked.spot_by_type), {}, []
    for at, line in enumerate(lines):
        wanted = own.get(line.instance_type, asked.spot_fraction)
        if wanted and line.service == "ec2" and np.isfinite(rates.usd(line, "spot")):
            share[at] = wanted
        elif wanted:
            without.append(f"{line.instance_type} {line.region}")
    return share, without


def blocks_of(lines: Sequence[Line], rates: Rates, asked: Asked, future: Future) -> tuple[Block, ...]:
    """Dated needs as the models take them. Raises InvalidInput for types not used or without Capacity Blocks."""
    found, faults = [], []
    for at, need in enumerate(asked.needs):
        own = [
            number
            for number, line in enumerate(lines)
            if (line.instance_type, line.region, line.service) == (need.instance_type, need.region, "ec2")
        ]
        last = future.months * MONTH
        if not own:
            known = [f"{line.instance_type} {line.region}" for line in lines]
            faults.append(unknown(f"needs[{at}]", f"{need.instance_type} {need.region}", known, "usage"))
        elif np.isnan(rates.usd(lines[own[0]], "capacity_block")):
            faults.append(Fault(f"needs[{at}]", need.instance_type, f"has no Capacity Block price in {need.region}"))
        elif not 0 <= need.start_day * 24 < (need.start_day + need.days) * 24 <= last:
            faults.append(Fault(f"needs[{at}].start_day", need.start_day, f"is not within the {last // 24} days"))
        else:
            found.append(Block(own[0], need.start_day * 24, need.days * 24))
    if faults:
        raise InvalidInput(faults)
    return tuple(found)
