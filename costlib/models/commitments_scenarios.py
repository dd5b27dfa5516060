"""Demand that may come: hourly usage by scenario, and the changes that make scenarios of one forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault
from costlib.models.commitments_apply import apply_discounts
from costlib.models.commitments_inputs import Commitment, Line, Rates, Usage, quantity_faults, refuse
from costlib.models.commitments_tables import usage_of
from costlib.models.commitments_usage import usage_from
from costlib.units import HOURS_PER_YEAR

Floats = npt.NDArray[np.float64]

#: Probabilities are held to one within rounding.
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Scenarios:
    """``quantity`` (scenarios, hours, lines) of usage, with ``probability`` (scenarios,), alike if not given.

    ``on_demand_factor``, broadcast to the same shape, multiplies on-demand rates (a price cut is below one);
    commitments keep their rates. Raises InvalidInput for negative usage, probabilities that do not add up, factors
    that are not above zero.
    """

    lines: tuple[Line, ...]
    quantity: Floats
    probability: Floats | None = None
    on_demand_factor: Floats | float = 1.0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        quantity = np.asarray(self.quantity, float)
        faults = quantity_faults("quantity", self.lines, quantity)
        if quantity.ndim != 3:
            refuse([Fault("quantity", quantity.shape, "must be (scenarios, hours, lines)")])
        count = len(quantity)
        probability = np.full(count, 1 / count) if self.probability is None else np.asarray(self.probability, float)
        if probability.shape != (count,) or (probability < 0).any() or abs(probability.sum() - 1) > SUM_TOLERANCE:
            given = probability.tolist()
            faults.append(Fault("probability", given, f"must be {count} numbers from 0 that add up to 1"))
        factor = np.asarray(self.on_demand_factor, float)
        factor = factor.reshape((1,) * (3 - factor.ndim) + factor.shape) if factor.ndim <= 3 else factor
        fits = factor.ndim == 3 and all(
            have in (1, want) for have, want in zip(factor.shape, quantity.shape, strict=True)
        )
        if not fits:
            faults.append(Fault("on_demand_factor", factor.shape, f"does not broadcast to {quantity.shape}"))
        elif not (factor > 0).all():
            faults.append(Fault("on_demand_factor", float(factor[~(factor > 0)][0]), "must be above 0"))
        names = self.names or tuple(f"scenario {at + 1}" for at in range(count))
        if len(names) != count:
            faults.append(Fault("names", names, f"must be {count}, one a scenario"))
        refuse(faults)
        object.__setattr__(self, "quantity", quantity)
        object.__setattr__(self, "probability", probability)
        object.__setattr__(self, "on_demand_factor", factor)
        object.__setattr__(self, "names", names)

    @property
    def hours(self) -> int:
        """Hours of each scenario."""
        return int(self.quantity.shape[1])

    @property
    def chance(self) -> Floats:
        """Probabilities (scenarios,)."""
        return np.asarray(self.probability, float)

    @property
    def factor(self) -> Floats:
        """On-demand factors (scenarios or 1, hours or 1, lines or 1)."""
        return np.asarray(self.on_demand_factor, float)


def scenarios_of(given: Scenarios | Usage | pd.DataFrame | Iterable[Usage | pd.DataFrame]) -> Scenarios:
    """Scenarios as they are; or from usage, one or several of equal chance and length.

    A frame with a column ``scenario`` is one scenario a value of it, with the chance of its ``probability`` if that
    column is there. A line that a scenario lacks runs nothing there. Raises InvalidInput for lengths that differ, and
    chances that are not one a scenario or do not add up.
    """
    if isinstance(given, Scenarios):
        return given
    names: tuple[str, ...] = ()
    probability = None
    if isinstance(given, pd.DataFrame) and "scenario" in given:
        groups = {str(name): rows for name, rows in given.groupby("scenario", sort=False)}
        names = tuple(groups)
        if "probability" in given:
            held = [rows["probability"].unique() for rows in groups.values()]
            refuse(
                Fault("probability", list(each), f"is not one number for scenario {name}")
                for name, each in zip(groups, held, strict=True)
                if len(each) != 1
            )
            probability = np.array([float(each[0]) for each in held])
        each = [usage_from(rows.drop(columns=["scenario", "probability"], errors="ignore")) for rows in groups.values()]
    elif isinstance(given, Usage | pd.DataFrame):
        each = [usage_of(given)]
    else:
        each = [usage_of(one) for one in given]
    lengths = [len(one.quantity) for one in each]
    if not each or len(set(lengths)) > 1:
        refuse([Fault("usage_scenarios", lengths or None, "must be at least one, all of the same hours")])
    lines = tuple(dict.fromkeys(line for one in each for line in one.lines))
    quantity = np.zeros((len(each), lengths[0], len(lines)))
    for at, one in enumerate(each):
        quantity[at][:, [lines.index(line) for line in one.lines]] = one.quantity
    return Scenarios(lines, quantity, probability, names=names)


def together(named: Sequence[tuple[str, float, Floats]], lines: tuple[Line, ...], **more: Floats | float) -> Scenarios:
    """Scenarios from (name, probability, usage (hours, lines)) each."""
    return Scenarios(
        lines,
        np.stack([np.asarray(quantity, float) for _, _, quantity in named]),
        np.array([probability for _, probability, _ in named], float),
        names=tuple(name for name, _, _ in named),
        **more,
    )


def grown(quantity: Floats, yearly_fraction: float) -> Floats:
    """Usage (hours, lines) that grows by a fraction in each year, hour by hour; below zero it shrinks."""
    if not yearly_fraction > -1:
        refuse([Fault("yearly_fraction", yearly_fraction, "must be above -1")])
    years = np.arange(len(quantity)) / HOURS_PER_YEAR
    return np.asarray(quantity, float) * ((1.0 + yearly_fraction) ** years)[:, None]


def migrated(
    quantity: Floats, lines: Sequence[Line], source: Line, target: Line, from_hour: int, over_hours: int, ratio: float
) -> Floats:
    """Usage of ``source`` moving to ``target`` in even steps from an hour on; a unit takes ``ratio`` units there.

    ``ratio`` 0.5: the newer family needs half as many. Raises InvalidInput for lines that are not there.
    """
    faults = [
        Fault(name, line.instance_type, "is not among the lines")
        for name, line in (("source", source), ("target", target))
        if line not in lines
    ]
    if over_hours < 1 or ratio <= 0:
        faults.append(Fault("over_hours, ratio", (over_hours, ratio), "must be at least 1 and above 0"))
    refuse(faults)
    found = np.array(quantity, float)
    moved = np.clip((np.arange(len(found)) - from_hour) / over_hours, 0.0, 1.0) * found[:, lines.index(source)]
    found[:, lines.index(source)] -= moved
    found[:, lines.index(target)] += moved * ratio
    return found


def stopped(quantity: Floats, from_hour: int) -> Floats:
    """Usage (hours, lines) that ends at an hour."""
    found = np.array(quantity, float)
    found[from_hour:] = 0.0
    return found


def beyond(scenarios: Scenarios, held: Sequence[tuple[Commitment, int]], rates: Rates) -> Scenarios:
    """The demand that commitments in force leave uncovered: each with the hours until it ends.

    New commitments are sized on this. AWS then serves old and new ones together, which assigns usage a little better.
    Raises InvalidInput for commitments that are not sold, and for hours below 0.
    """
    hours = scenarios.hours
    refuse(Fault(f"held[{at}]", left, "must not be negative") for at, (_, left) in enumerate(held) if left < 0)
    ends = sorted({0, hours, *(min(left, hours) for _, left in held)})
    quantity = scenarios.quantity.copy()
    for first, last in zip(ends[:-1], ends[1:], strict=True):
        own = [commitment for commitment, left in held if left > first]
        for at in range(len(quantity)):
            usage = Usage(scenarios.lines, quantity[at, first:last])
            rest = usage.quantity - apply_discounts(usage, own, rates).covered_quantity
            # Rounding must not leave usage below nothing.
            quantity[at, first:last] = np.maximum(rest, 0.0)
    return replace(scenarios, quantity=quantity)


def price_cut(
    hours: int, lines: Sequence[Line], families: Sequence[str], cut_fraction: float, from_hour: int
) -> Floats:
    """Factors (hours, lines) for Scenarios: on-demand of some families falls by a fraction from an hour on."""
    if not 0 <= cut_fraction < 1:
        refuse([Fault("cut_fraction", cut_fraction, "must be from 0 to below 1")])
    found = np.ones((hours, len(lines)))
    found[from_hour:, [at for at, line in enumerate(lines) if line.family in families]] = 1.0 - cut_fraction
    return found
