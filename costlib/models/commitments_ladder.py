"""A ladder: buying in rungs that end at different times, so that there is always something to let go of.

``next_rung`` says what to buy now; asked each month with what has become known, its answers are the ladder.
``climbed`` does so over a history. ``ladder_plan`` lays the rungs out in advance for given scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import count as whole
from costlib.models.checks import not_negative, positive
from costlib.models.commitments_forecast import MONTH, Outlook, outlook_from
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

    def above(amount: float) -> float:
        relative = np.full(outlook.level.shape, np.inf)
        np.divide(start + amount, outlook.level, out=relative, where=outlook.level > 0)
        found = np.searchsorted(outlook.shape, relative, side="right") / len(outlook.shape)
        return float(outlook.probability @ (1.0 - found).mean(axis=1))

    high = float(outlook.level.max() * outlook.shape[-1]) - start
    if high <= 0 or above(0.0) <= ratio:
        return 0.0
    low = 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > ratio else (low, middle)
    return low


def next_rung(
    outlook: Outlook, held: float, rate_usd_per_hour: float, on_demand_usd_per_hour: float, rungs: int
) -> float:
    """What to buy now: what is missing, but no more than one of ``rungs`` parts of the whole."""
    parts = float(whole("rungs", rungs))
    missing = best_above(outlook, held, rate_usd_per_hour, on_demand_usd_per_hour)
    return min(missing, (held + missing) / parts)


@dataclass(frozen=True)
class Climb:
    """A ladder over time: ``bought`` (months,) at the beginning of each, ``held`` (hours,) in force."""

    bought: Floats
    held: Floats


@dataclass(frozen=True)
class Rule:
    """How a ladder is climbed: its parts, its months, how likely usage ends in a year, and the weight on that tail."""

    rungs: int = 12
    term_months: int = 12
    stop_chance_fraction: float = 0.2
    risk_weight: float = 0.25


def climbed(
    usage: npt.ArrayLike, first_month: int, rate_usd_per_hour: float, on_demand_usd_per_hour: float, rule: Rule
) -> Climb:
    """The ladder that would have been bought over usage (hours,), each month from what was known at its beginning.

    The first purchase is at the beginning of ``first_month`` (months of 730 hours, from 0). Raises InvalidInput if two
    months are not there before it.
    """
    values = np.ravel(not_negative("usage", usage))
    months = len(values) // MONTH
    if not 2 <= first_month <= months:
        raise InvalidInput([Fault("first_month", first_month, f"must be from 2 to {months}, the months of usage")])
    bought, held = np.zeros(months), np.zeros((months + rule.term_months) * MONTH)
    quantile = max(0.0, 1.0 - rate_usd_per_hour / on_demand_usd_per_hour)
    for month in range(first_month, months):
        now = month * MONTH
        outlook = outlook_from(values[:now], quantile, rule.stop_chance_fraction, rule.term_months)
        outlook = outlook.cautious(rule.risk_weight)
        bought[month] = next_rung(outlook, held[now], rate_usd_per_hour, on_demand_usd_per_hour, rule.rungs)
        held[now : now + rule.term_months * MONTH] += bought[month]
    return Climb(bought, held[: months * MONTH])


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
    step = int(whole("every_months", every_months)) * MONTH
    if not 0 < rung_fraction <= 1:
        raise InvalidInput([Fault("rung_fraction", rung_fraction, "must be above 0, at most 1")])
    laid = replace(
        terms or Terms(),
        starts_hours=tuple(range(0, usage_scenarios.hours, step)),
        past_horizon="go_on",
        rung_fraction=rung_fraction,
    )
    return best_portfolio(usage_scenarios, rates, risk_weight, tail_fraction, laid)
