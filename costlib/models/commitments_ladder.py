"""A ladder: buying in rungs that end at different times, so that there is always something to let go of.

``best_above`` says what is best to hold in all, ``next_rung`` how much of it to buy now. Asked each month with what has
become known, their answers are the ladder: ``whole_by_month`` and ``climbed`` do so over a history. ``ladder_plan``
lays the rungs out in advance for given scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import count as whole_number
from costlib.models.checks import none_negative, not_negative, positive
from costlib.models.commitments_forecast import MONTH, Outlook, outlooks_from
from costlib.models.commitments_inputs import Rates
from costlib.models.commitments_portfolio import Portfolio, best_portfolio
from costlib.models.commitments_problem import Terms
from costlib.models.commitments_scenarios import Scenarios

Floats = npt.NDArray[np.float64]

#: Halvings of the interval that holds the best amount: to a millionth of it.
HALVINGS = 24


def best_above(outlook: Outlook, held: float, rate_usd_per_hour: float, on_demand_usd_per_hour: float) -> float:
    """The amount to add to what is held, for the least expected cost over the outlook: the newsvendor's quantile.

    What is held is taken to be renewed as it ends. Raises InvalidInput for rates not above 0 or a negative holding.
    """
    ratio = float(positive("rate_usd_per_hour", rate_usd_per_hour)) / float(
        positive("on_demand_usd_per_hour", on_demand_usd_per_hour)
    )
    start = float(not_negative("held", held))

    # Levels that are alike count once; where there is none, no amount is used.
    runs = outlook.level > 0
    level, alike = np.unique(outlook.level[runs], return_inverse=True)
    chance = np.broadcast_to(outlook.probability[:, None] / outlook.level.shape[1], runs.shape)[runs]
    weight = np.bincount(alike, weights=chance) / len(outlook.shape)

    def above(amount: float) -> float:
        below = np.searchsorted(outlook.shape, (start + amount) / level, side="right")
        return float(weight @ (len(outlook.shape) - below))

    high = float(outlook.level.max() * outlook.shape[-1]) - start
    if high <= 0 or above(0.0) <= ratio:
        return 0.0
    low = 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > ratio else (low, middle)
    return low


@dataclass(frozen=True)
class Rule:
    """How a ladder is climbed.

    It begins with ``first_fraction`` of the whole at once, as all usage is on demand until there are rungs. From then
    on what ends is renewed as far as it is still wanted, and one of ``rungs`` parts of the whole is added. The outlook
    is for ``term_months``, with a chance ``stop_chance_fraction`` that usage ends in a year, and ``risk_weight`` more
    on that tail.
    """

    first_fraction: float = 0.3
    rungs: int = 15
    term_months: int = 12
    stop_chance_fraction: float = 0.2
    risk_weight: float = 0.25


def next_rung(whole: npt.ArrayLike, held: npt.ArrayLike, ended: npt.ArrayLike, rule: Rule) -> Floats:
    """What to buy now, of what is missing to ``whole``, the best amount: in arrays of one shape, or alone.

    ``held`` is in force yet, ``ended`` has just ended. Where there is neither, a ladder begins. Raises InvalidInput for
    what is negative, rungs that are not whole and above 0, and a first fraction that is not above 0, at most 1.
    """
    wanted, has, past = none_negative(whole=whole, held=held, ended=ended)
    if not 0 < rule.first_fraction <= 1:
        raise InvalidInput([Fault("first_fraction", rule.first_fraction, "must be above 0, at most 1")])
    begins = (has == 0) & (past == 0)
    most = wanted * np.where(begins, rule.first_fraction, 1.0 / float(whole_number("rungs", rule.rungs))) + past
    return np.asarray(np.minimum(np.maximum(wanted - has, 0.0), most))


@dataclass(frozen=True)
class Climb:
    """A ladder over time: ``bought`` (..., months) at the beginning of each, ``held`` (..., months) in force."""

    bought: Floats
    held: Floats

    @property
    def held_hours(self) -> Floats:
        """What is in force each hour (..., hours), in months of 730."""
        return np.repeat(self.held, MONTH, axis=-1)


def climbed(whole: npt.ArrayLike, rule: Rule) -> Climb:
    """The ladder that is bought month by month, where ``whole`` (..., months) is the best amount at each's beginning.

    As ``whole_by_month`` finds it; 0 before the ladder's first month.
    """
    wanted = not_negative("whole", whole)
    months, term = wanted.shape[-1], int(whole_number("term_months", rule.term_months))
    bought, held = np.zeros(wanted.shape), np.zeros((*wanted.shape[:-1], months + term))
    for month in range(months):
        ended = bought[..., month - term] if month >= term else np.zeros(wanted.shape[:-1])
        bought[..., month] = next_rung(wanted[..., month], held[..., month], ended, rule)
        held[..., month : month + term] += bought[..., month, None]
    return Climb(bought, held[..., :months])


def whole_by_month(
    usage: npt.ArrayLike, first_month: int, rate_usd_per_hour: float, on_demand_usd_per_hour: float, rule: Rule
) -> Floats:
    """The best amount to hold from the beginning of each month (months,), from the usage (hours,) before it alone.

    From ``first_month`` on (months of 730 hours, from 0), before it 0. Raises InvalidInput if two months are not there
    before it.
    """
    values = np.ravel(not_negative("usage", usage))
    months = len(values) // MONTH
    if not 2 <= first_month <= months:
        raise InvalidInput([Fault("first_month", first_month, f"must be from 2 to {months}, the months of usage")])
    found = np.zeros(months)
    quantile = max(0.0, 1.0 - rate_usd_per_hour / on_demand_usd_per_hour)
    outlooks = outlooks_from(values, first_month, quantile, rule.stop_chance_fraction, rule.term_months)
    # The outlook from the end of usage is of no month that is there.
    for month, outlook in zip(range(first_month, months), outlooks, strict=False):
        found[month] = best_above(outlook.cautious(rule.risk_weight), 0.0, rate_usd_per_hour, on_demand_usd_per_hour)
    return found


def ladder_plan(
    usage_scenarios: Scenarios,
    rates: Rates | pd.DataFrame,
    every_months: int,
    rung_fraction: float,
    risk_weight: float = 0.0,
    tail_fraction: float = 0.1,
    terms: Terms | None = None,
) -> Portfolio:
    """When to buy how much: the best portfolio whose purchases may begin every so many months.

    No purchase is more than ``rung_fraction`` of what could ever be of use of its offer, so that not all ends at once.
    Demand is taken to go on after the horizon as in its hours. ``purchases`` has a row a rung.
    """
    step = int(whole_number("every_months", every_months)) * MONTH
    if not 0 < rung_fraction <= 1:
        raise InvalidInput([Fault("rung_fraction", rung_fraction, "must be above 0, at most 1")])
    laid = replace(
        terms or Terms(),
        starts_hours=tuple(range(0, usage_scenarios.hours, step)),
        past_horizon="go_on",
        rung_fraction=rung_fraction,
    )
    return best_portfolio(usage_scenarios, rates, risk_weight, tail_fraction, laid)
