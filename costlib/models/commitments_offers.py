"""What can be committed to for given lines: offers from rates, their price over time, and which are never best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_apply import COVERS, RANK
from costlib.models.commitments_inputs import COMMITTED, RESERVED, Line, Rates
from costlib.models.normalization import family_of, is_size_flexible, normalization_factor
from costlib.units import HOURS_PER_YEAR

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Offer:
    """One thing on sale: what a unit of each line takes of its capacity, and what capacity costs an hour.

    An amount is instances of a Reserved Instance or Capacity Block, USD an hour of a Savings Plan; one of them gives
    ``capacity`` (normalized units where sizes are flexible). ``usd_per_hour`` is that of one amount, upfront spread.
    """

    plan_type: str
    term_hours: float
    payment: str
    scope: tuple[tuple[str, str], ...]
    lines: tuple[int, ...]
    rates: tuple[float, ...]
    usd_per_hour: float
    upfront_fraction: float
    capacity: float = 1.0
    in_order: bool = False

    @property
    def stage(self) -> int:
        """When AWS applies it."""
        return RANK.get(self.plan_type, -1)

    @property
    def whole(self) -> bool:
        """Whether it is sold by the instance."""
        return self.plan_type in (*RESERVED, "capacity_block")

    def unit_usd(self, lines: int) -> Floats:
        """What an hour of a unit of each line costs when nothing is wasted (lines,); infinite where not covered."""
        found = np.full(lines, np.inf)
        found[list(self.lines)] = np.array(self.rates) * self.usd_per_hour / self.capacity
        return found


def offers_of(
    rates: Rates,
    lines: Sequence[Line],
    plan_types: Sequence[str] = COMMITTED,
    exchanges: Mapping[int, Sequence[int]] | None = None,
) -> tuple[list[Offer], pd.DataFrame]:
    """Every commitment that the rates hold for the lines, and the rates left out with the reason.

    ``exchanges`` gives, for a line, those that its convertible Reserved Instances may be exchanged for: their capacity
    then serves them too, at the ratio of their rates.
    """
    frame = rates.frame[rates.frame["plan_type"].isin(plan_types) & rates.frame["plan_type"].isin(COMMITTED)]
    frame = frame[frame["region"].isin({line.region for line in lines})]
    unknown = frame["upfront_fraction"].isna()
    left_out = frame[unknown].assign(reason="the share paid upfront is not known")
    found = []
    for key, rows in frame[~unknown].groupby(["plan_type", "term_years", "payment"]):
        plan_type, term, payment = cast(tuple[str, float, str], key)
        terms = (plan_type, term * HOURS_PER_YEAR, payment)
        if plan_type in RESERVED:
            found += _reserved(terms, rows, lines, rates, exchanges or {})
        elif plan_type == "ec2_instance":
            ec2 = rows[rows["service"] == "ec2"]
            for place, own in ec2.groupby(["region", ec2["instance_type"].map(family_of)]):
                region, family = cast(tuple[str, str], place)
                scope = (("family", family), ("region", region))
                kin = [at for at, line in enumerate(lines) if (line.region, line.family) == (region, family)]
                found += _plan(terms, scope, own, lines, kin, rates)
        else:
            found += _plan(terms, (), rows, lines, range(len(lines)), rates)
    return found, left_out


def _plan(
    terms: tuple[str, float, str],
    scope: tuple[tuple[str, str], ...],
    rows: pd.DataFrame,
    lines: Sequence[Line],
    among: Sequence[int],
    rates: Rates,
) -> list[Offer]:
    plan_type, term_hours, payment = terms
    covered = [at for at in among if lines[at].service in COVERS[plan_type]]
    usd = [rates.usd(lines[at], plan_type, int(term_hours / HOURS_PER_YEAR), payment) for at in covered]
    held = [(at, rate) for at, rate in zip(covered, usd, strict=True) if np.isfinite(rate)]
    if not held:
        return []
    numbers, unit = zip(*held, strict=True)
    # Where the payment says how much is upfront, all rows agree; partial upfront of a plan is one payment, too.
    return [Offer(*terms, scope, numbers, unit, 1.0, float(rows["upfront_fraction"].iloc[0]))]


def _reserved(
    terms: tuple[str, float, str],
    rows: pd.DataFrame,
    lines: Sequence[Line],
    rates: Rates,
    exchanges: Mapping[int, Sequence[int]],
) -> list[Offer]:
    found = []
    families = {(line.family, line.region) for line in lines if line.service == "ec2"}
    for row in rows[rows["service"] == "ec2"].to_dict("records"):
        name = row["instance_type"]
        if (family_of(name), row["region"]) not in families:
            continue
        flexible = is_size_flexible(name, row["platform"], row["tenancy"])
        serves: dict[int, float] = {}
        for at, line in enumerate(lines):
            alike = line.service == "ec2" and all(
                getattr(line, part) == row[part] for part in ("region", "platform", "tenancy")
            )
            if alike and line.instance_type == name:
                serves[at] = normalization_factor(name) if flexible else 1.0
            elif alike and flexible and line.family == family_of(name) and is_size_flexible(line.instance_type):
                serves[at] = normalization_factor(line.instance_type)
        if not serves:
            continue
        order = sorted(serves, key=lambda at: serves[at])
        capacity = normalization_factor(name) if flexible else 1.0
        if terms[0] == "convertible":
            for target in dict.fromkeys(other for at in order for other in exchanges.get(at, ())):
                there = rates.usd(lines[target], terms[0], int(terms[1] / HOURS_PER_YEAR), terms[2])
                if target not in serves and np.isfinite(there):
                    serves[target] = capacity * there / row["usd_per_hour"]
                    order.append(target)
        found.append(
            Offer(
                *terms,
                tuple((part, row[part]) for part in ("instance_type", "region")),
                tuple(order),
                tuple(serves[at] for at in order),
                float(row["usd_per_hour"]),
                float(row["upfront_fraction"]),
                capacity,
                in_order=True,
            )
        )
    return found


def discount_at(hour: npt.ArrayLike, cost_of_capital_fraction: float) -> Floats:
    """What a dollar at an hour is worth at hour 0, at a yearly cost of capital."""
    return np.asarray((1.0 + cost_of_capital_fraction) ** (-np.asarray(hour, float) / HOURS_PER_YEAR))


def levelised_usd_per_hour(offer: Offer, cost_of_capital_fraction: float) -> float:
    """The even hourly price of one amount that is worth as much at its start as what is paid upfront and monthly."""
    annuity = float(discount_at(np.arange(round(offer.term_hours)), cost_of_capital_fraction).sum())
    upfront = offer.upfront_fraction * offer.term_hours / annuity
    return offer.usd_per_hour * (upfront + 1.0 - offer.upfront_fraction)


def never_best(unit_usd: Floats, price_usd: Floats) -> npt.NDArray[np.bool_]:
    """Which offers (offers,) cost no less than the uncovered price, or than another offer wherever they serve.

    ``unit_usd`` (offers, lines) is infinite where an offer does not serve; ``price_usd`` (lines,) the highest uncovered
    price. An offer that serves all that another does, for no more, can take over whatever the other would cover at the
    same cost, so nothing is lost. Of equal offers the wider stays, then the first.
    """
    hopeless = np.asarray(~(unit_usd < price_usd).any(axis=1))
    found = hopeless.copy()
    served = np.isfinite(unit_usd)
    for at in np.flatnonzero(~hopeless):
        under = ((unit_usd <= unit_usd[at] * (1 + 1e-12)) | ~served[at]).all(axis=1)
        equal = under & ((unit_usd[at] <= unit_usd * (1 + 1e-12)) | ~served).all(axis=1)
        later = np.arange(len(unit_usd)) < at
        found[at] = bool((under & ~hopeless & (~equal | later)).any())
    return found
