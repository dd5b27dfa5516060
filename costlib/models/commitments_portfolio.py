"""What to commit to under uncertain demand: the least expected cost, with a chosen weight on the bad tail.

Every scenario's every hour is served as AWS serves it (models/commitments_value.py); amounts are sought with HiGHS
(models/commitments_solve.py). Demand that tolerates spot costs its spot price where no commitment covers it; the rest
costs on-demand. With a cost of capital all amounts are present values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault
from costlib.models.commitments_inputs import Rates, Usage, refuse
from costlib.models.commitments_planes import Risk, tail_mean
from costlib.models.commitments_problem import Problem, Terms, problem_of
from costlib.models.commitments_purchases import purchases_of
from costlib.models.commitments_scenarios import Scenarios, scenarios_of
from costlib.models.commitments_solve import Search, Solved
from costlib.models.commitments_value import Value
from costlib.models.commitments_whole import in_whole_amounts

Floats = npt.NDArray[np.float64]

#: Rows of demand up to which the search looks at all of them; above, at every so-manieth hour. Coprime with a week.
EXACT_ROWS, EVERY = 20_000, 11


class Portfolio:
    """An answer: ``purchases`` (a row each), ``scenarios`` (a row each), and what they say together.

    ``at`` answers for another risk weight.
    """

    def __init__(self, problem: Problem, search: Search, solved: Solved, risk: Risk):
        self.problem, self._search, self.risk = problem, search, risk
        self.amount, self.rest_usd = solved.amount, solved.rest_usd
        self.objective_usd = solved.objective_usd
        self.left_out = problem.left_out

    @property
    def committed_usd(self) -> float:
        """What the commitments cost within the horizon, used or not."""
        return float(self.problem.columns.usd @ self.amount)

    @property
    def cost_usd(self) -> Floats:
        """What each scenario (scenarios,) costs."""
        return self.committed_usd + self.rest_usd

    @property
    def expected_usd(self) -> float:
        """The mean cost."""
        return float(self.cost_usd @ self.problem.scenarios.chance)

    @property
    def tail_usd(self) -> float:
        """The mean cost of the worst scenarios, as many as the tail holds."""
        return tail_mean(self.cost_usd, self.problem.scenarios.chance, self.risk.tail_fraction)

    @property
    def lost_usd(self) -> float:
        """The mean of what the commitments lose against none in the worst scenarios; negative where they still save."""
        lost = self.cost_usd - self.problem.hours.uncovered_usd()
        return tail_mean(lost, self.problem.scenarios.chance, self.risk.tail_fraction)

    @cached_property
    def bound_usd(self) -> float:
        """A proven bound: no portfolio of these offers has a lower objective."""
        return self._search.bound_usd(self.risk)

    @cached_property
    def summary(self) -> dict[str, float]:
        """The answer in numbers: expected and worst saving against no commitments, tail, coverage, utilisation."""
        chance, each = self.problem.scenarios.chance, self.scenarios
        bare = float(chance @ each["uncommitted_usd"])
        return {
            "expected_usd": self.expected_usd,
            "tail_usd": self.tail_usd,
            "tail_lost_usd": self.lost_usd,
            "committed_usd": self.committed_usd,
            "expected_saved_usd": bare - self.expected_usd,
            "expected_saved_fraction": 1.0 - self.expected_usd / bare if bare else 0.0,
            "worst_saved_usd": float(each["saved_usd"].min()),
            "coverage": float(chance @ each["coverage"]),
            "utilisation": float(chance @ each["utilisation"]),
        }

    @cached_property
    def _used(self) -> tuple[Floats, Floats]:
        capacity = self.problem.columns.capacity(self.amount, len(self.problem.pools))
        return self._search.full.used(capacity)

    @cached_property
    def purchases(self) -> pd.DataFrame:
        """What to buy: ``plan_type, term_years, payment, instance_type, family, region, start_hour, amount, unit,
        usd_per_hour, upfront_usd, utilisation, break_even_utilisation, break_even_months``.

        ``amount`` is instances, or USD an hour of a Savings Plan; ``utilisation`` the expected used share;
        ``break_even_utilisation`` the share at which it costs as much as it replaces, for the usage that it may serve
        weighed as it runs; ``break_even_months`` when it has paid at its expected use, nan if not within its term.
        """
        return purchases_of(self.problem, self.amount, self._used[0], self._weights)

    @cached_property
    def _weights(self) -> Floats:
        """Discounted hours of each period."""
        hours = self._search.full.hours
        periods = hours.periods
        return np.add.reduceat(hours.weight, hours.starts)[:periods]

    @cached_property
    def scenarios(self) -> pd.DataFrame:
        """Each scenario: ``scenario, probability, on_demand_usd, uncommitted_usd, cost_usd, saved_usd, saved_fraction,
        coverage, utilisation``.

        ``on_demand_usd`` all of it on demand; ``uncommitted_usd`` with spot but no commitment, which savings are
        measured from; ``coverage`` the covered share of on-demand USD; ``utilisation`` the used share of commitments.
        """
        problem, hours = self.problem, self._search.full.hours
        used, rest = self._used
        count, periods = hours.scenarios, hours.periods
        ran = np.add.reduceat(hours.usage * hours.weight, hours.starts, axis=1).T
        listed = (ran * problem.list_usd).sum(axis=1).reshape(count, periods).sum(axis=1)
        bare = (ran * hours.price_usd).sum(axis=1).reshape(count, periods).sum(axis=1)
        open_usd = (rest.reshape(count * periods, -1) * problem.list_usd).sum(axis=1).reshape(count, periods)
        columns = problem.columns
        price = np.zeros((len(problem.pools), periods))
        capacity = columns.capacity(self.amount, len(problem.pools))
        np.add.at(
            price,
            columns.pool,
            (self.amount * columns.usd / (columns.window @ self._weights))[:, None] * columns.window,
        )
        worth = np.divide(price, capacity, out=np.zeros_like(price), where=capacity > 0)
        utilised = (used * worth).sum(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            return pd.DataFrame(
                {
                    "scenario": problem.scenarios.names,
                    "probability": problem.scenarios.chance,
                    "on_demand_usd": listed,
                    "uncommitted_usd": bare,
                    "cost_usd": self.cost_usd,
                    "saved_usd": bare - self.cost_usd,
                    "saved_fraction": 1.0 - self.cost_usd / bare,
                    "coverage": 1.0 - open_usd.sum(axis=1) / listed,
                    "utilisation": utilised / self.committed_usd if self.committed_usd else np.nan,
                }
            )

    def hourly_usd(self) -> tuple[Floats, Floats]:
        """The expected uncovered cost of each hour (hours,), and what it is without commitments; not discounted."""
        chance, value = self.problem.scenarios.chance, self._search.full
        pools = self.problem.pools
        found = []
        for amount in (self.amount, np.zeros(len(self.amount))):
            hourly = value.hourly_usd(self.problem.columns.capacity(amount, len(pools)))
            found.append(chance @ hourly.reshape(len(chance), -1))
        return found[0], found[1]

    def at(self, risk_weight: float) -> Portfolio:
        """The portfolio for another weight on the tail, from what is known already: a quick search."""
        risk = _risk(risk_weight, self.risk.tail_fraction, self.risk.beside_usd)
        found = self._search.again(risk)
        return Portfolio(
            self.problem, self._search, in_whole_amounts(self.problem, self._search, found, risk, quick=True), risk
        )

    def frontier(self, risk_weights: Iterable[float]) -> pd.DataFrame:
        """``risk_weight, expected_usd, tail_usd, tail_lost_usd, committed_usd`` of several weights."""
        found = [(weight, self.at(weight)) for weight in risk_weights]
        return pd.DataFrame(
            [(weight, each.expected_usd, each.tail_usd, each.lost_usd, each.committed_usd) for weight, each in found],
            columns=["risk_weight", "expected_usd", "tail_usd", "tail_lost_usd", "committed_usd"],
        )

    @cached_property
    def regret(self) -> pd.DataFrame:
        """Against hindsight: ``scenario, cost_usd, hindsight_usd, regret_usd, regret_fraction``.

        Hindsight knew the scenario, and bought its best portfolio of the same offers.
        """
        chance = np.ones(1)
        risk = Risk(0.0, 1.0)
        best = []
        for at in range(self._search.full.hours.scenarios):
            full = Value(self._search.full.hours.of_scenario(at), self.problem.pools)
            search = Search(full, full, self.problem.columns, chance, risk)
            best.append(search.solve(risk, self.amount).objective_usd)
        cost, hindsight = self.cost_usd, np.minimum(np.array(best), self.cost_usd)
        return pd.DataFrame(
            {
                "scenario": self.problem.scenarios.names,
                "cost_usd": cost,
                "hindsight_usd": hindsight,
                "regret_usd": cost - hindsight,
                "regret_fraction": cost / hindsight - 1.0,
            }
        )


def best_portfolio(
    usage_scenarios: Scenarios | Usage | pd.DataFrame | Iterable[Usage | pd.DataFrame],
    rates: Rates | pd.DataFrame,
    risk_weight: float = 0.0,
    tail_fraction: float = 0.1,
    terms: Terms | None = None,
) -> Portfolio:
    """The commitments of the least (1 - w) * mean + w * mean of the worst ``tail_fraction`` of scenarios' cost.

    With ``terms.tail_of`` "loss" the tail is of what the commitments lose against buying none.
    Usage and frames of hourly rows stand for scenarios (models.commitments_scenarios.scenarios_of).

    Reserved Instances come out whole, Savings Plans in tenths of a cent an hour. Raises InvalidInput for weights or
    shares out of range, lines without an on-demand rate, and what else is wrong with scenarios, rates or terms.
    """
    scenarios = scenarios_of(usage_scenarios)
    rates = rates if isinstance(rates, Rates) else Rates(rates)
    terms = terms or Terms()
    risk = _risk(risk_weight, tail_fraction)
    problem = problem_of(scenarios, rates, terms)
    if terms.tail_of == "loss":
        bare = problem.hours.uncovered_usd()
        # About their mean, so that the objective stays of the size of a cost.
        risk = replace(risk, beside_usd=bare - float(scenarios.chance @ bare))
    full = Value(problem.hours, problem.pools)
    large = problem.hours.usage.shape[1] > EXACT_ROWS
    sample = Value(problem.hours.sampled(EVERY), problem.pools) if large else full
    search = Search(full, sample, problem.columns, scenarios.chance, risk)
    solved = search.solve(risk, np.zeros(len(problem.columns.usd)))
    return Portfolio(problem, search, in_whole_amounts(problem, search, solved, risk), risk)


def _risk(weight: float, tail_fraction: float, beside_usd: Floats | None = None) -> Risk:
    faults = []
    if not 0 <= weight <= 1:
        faults.append(Fault("risk_weight", weight, "must be from 0 to 1"))
    if not 0 < tail_fraction <= 1:
        faults.append(Fault("tail_fraction", tail_fraction, "must be above 0, at most 1"))
    refuse(faults)
    return Risk(float(weight), float(tail_fraction), beside_usd)
