"""The whole answer of what to commit to: usage, futures, the best portfolio, and how it stands to its alternatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from costlib.errors import InvalidInput
from costlib.models.commitments import (
    Portfolio,
    Rates,
    Scenarios,
    Terms,
    Usage,
    best_portfolio,
    beyond,
    cash_by_month,
    ladder_plan,
    paid_back_month,
)
from costlib.models.commitments_by_hour import Dated, cost_usd, dated_of
from costlib.models.commitments_inputs import COMMITTED
from costlib.planner.commit import lookbacks
from costlib.planner.commit.asked import Asked, blocks_of, lines_of, spot_shares
from costlib.planner.commit.demand import Demand, Future, demand_of, lines_with_targets
from costlib.planner.commit.layers import DollarLayers, in_layers
from costlib.planner.commit.offers import single_offers
from costlib.planner.commit.purchases import explained, with_rates
from costlib.planner.commit.rates import rate_rows
from costlib.planner.spot.plain_rows import plain, plain_rows
from costlib.prices.book import PriceBook

Progress = Callable[[float, str], None]

#: A ladder's rungs: bought every quarter, none more than a third of what could ever be of use of its offer.
LADDER_MONTHS, LADDER_FRACTION = 3, 1 / 3


@dataclass(frozen=True)
class CommitReport:
    """What to commit to. ``rates`` has a row for everything on sale for the usage (planner.commit.rates).

    ``usage`` is None where demand is planned, not measured: then there is nothing to look back at. ``open_usage`` is
    what commitments in force would have left of it, and what a look-back sees.
    """

    book: PriceBook
    usage: Usage | None
    future: Future
    asked: Asked
    rates: pd.DataFrame
    demand: Demand
    portfolio: Portfolio
    terms: Terms
    not_on_spot: tuple[str, ...]
    open_usage: Usage | None
    _parts: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def purchases(self) -> pd.DataFrame:
        """What to buy, with how its rates are known."""
        return explained(self.portfolio, self.rates)

    @cached_property
    def held_rates(self) -> Rates:
        """The rates as the models take them."""
        return Rates(self.rates)

    @cached_property
    def dated(self) -> tuple[Dated, ...]:
        """The purchases as commitments with their hours."""
        return dated_of(self.portfolio.purchases)

    @cached_property
    def saved_band_usd(self) -> tuple[float, float]:
        """Expected saving of these purchases if all estimated rates were at their high end, and at their low end.

        A Savings Plan buys less usage at higher rates; the price of a Reserved Instance that is bought is known. What
        the ends differ by from the expected rates is not discounted.
        """
        scenarios, spot = self.portfolio.problem.scenarios, self.terms.spot_fraction
        expected, high, low = (
            float(scenarios.chance @ cost_usd(scenarios, self.dated, rates, spot))
            for rates in (self.held_rates, *(Rates(with_rates(self.rates, side)) for side in ("high", "low")))
        )
        saved = self.portfolio.summary["expected_saved_usd"]
        found = [saved + expected - cost for cost in (high, low)]
        return min(found), max(found)

    @cached_property
    def cash(self) -> pd.DataFrame:
        """Expected payments by month."""
        return cash_by_month(self.portfolio)

    @cached_property
    def offers(self) -> pd.DataFrame:
        """Every commitment to one instance, with its break-even."""
        return single_offers(self.rates)

    def layers(self, at: int | None = None) -> DollarLayers:
        """A scenario in layers; without ``at`` the middle one."""
        scenarios = self.portfolio.problem.scenarios
        place = self.demand.middle if at is None else at
        return in_layers(scenarios, place, self.dated, self.held_rates, self.terms.spot_fraction)

    @cached_property
    def lookbacks(self) -> pd.DataFrame:
        """AWS's look-back rule over the same futures; without rows where there is no usage to look back at."""
        if self.open_usage is None:
            return lookbacks.nothing()
        return lookbacks.by_lookback(
            self.open_usage, self.portfolio.problem.scenarios, self.held_rates, self.terms.spot_fraction
        )

    @cached_property
    def ladder(self) -> Portfolio:
        """When to buy how much, in rungs of different expiry."""
        # A rung may outlast the horizon, but no term longer than it is looked at, as with the portfolio.
        rows = self.rates[self.rates["term_years"] * 12 <= self.future.months]
        return ladder_plan(
            self.portfolio.problem.scenarios,
            Rates(rows),
            LADDER_MONTHS,
            LADDER_FRACTION,
            self.asked.risk_weight,
            self.asked.tail_fraction,
            self.terms,
        )

    def at(self, risk_weight: float) -> CommitReport:
        """The answer for another weight on the bad tail; quick."""
        return replace(
            self,
            asked=replace(self.asked, risk_weight=risk_weight),
            portfolio=self.portfolio.at(risk_weight),
            _parts={},
        )

    def as_dict(self, ladder: bool = True) -> dict[str, object]:
        """JSON-ready: what is not known, or never, is null."""
        cash = self.cash
        low, high = self.saved_band_usd
        layers = self.layers()
        return {
            "banner": self.book.banner,
            "usage": self._usage_as_dict(),
            "assumptions": self.assumptions,
            "purchases": plain_rows(self.purchases),
            "summary": {
                **{name: plain(value) for name, value in self.portfolio.summary.items()},
                "expected_saved_usd_low": plain(low),
                "expected_saved_usd_high": plain(high),
                "paid_back_month": paid_back_month(cash),
                "best_possible_objective_usd": plain(self.portfolio.bound_usd),
                "objective_usd": plain(self.portfolio.objective_usd),
            },
            "scenarios": plain_rows(self.portfolio.scenarios),
            "regret": plain_rows(self.portfolio.regret),
            "cash_by_month": plain_rows(cash),
            "layers": {name: plain(value) for name, value in layers.as_dict().items()},
            "look_back": [
                {name: plain(value) for name, value in row.items() if name != "cost_usd"}
                for row in self.lookbacks.to_dict("records")
            ],
            "ladder": plain_rows(explained(self.ladder, self.rates)) if ladder else None,
            "ladder_summary": {name: plain(value) for name, value in self.ladder.summary.items()} if ladder else None,
            "offers": plain_rows(self.offers),
            "left_out": plain_rows(left_out_words(self.portfolio.left_out)),
            "rules": {"look_back": lookbacks.RULE, "demand": list(self.demand.notes)},
        }

    def _usage_as_dict(self) -> dict[str, object]:
        """What ran, or what is planned to (the mean of all draws), by line."""
        scenarios = self.demand.scenarios
        if self.usage is None:
            lines, quantity = scenarios.lines, np.tensordot(scenarios.chance, scenarios.quantity, 1)
        else:
            lines, quantity = self.usage.lines, self.usage.quantity
        return {
            "planned": self.usage is None,
            "hours": len(quantity),
            "lines": [
                {
                    "instance_type": line.instance_type,
                    "region": line.region,
                    "service": line.service,
                    "instance_hours": float(quantity[:, at].sum()),
                    "least": float(quantity[:, at].min()),
                    "mean": float(quantity[:, at].mean()),
                    "most": float(quantity[:, at].max()),
                }
                for at, line in enumerate(lines)
            ],
        }

    @property
    def assumptions(self) -> dict[str, object]:
        """Everything that was taken for granted, by name."""
        future, asked = self.future, self.asked
        return {
            "months": future.months,
            "growth": list(future.growth) if future.growth is not None else "from the usage's history",
            "planned": self.usage is None,
            "stop_chance_fraction": future.stop_chance_fraction,
            "migrations": [vars(move) for move in future.migrations],
            "price_cuts": [{**vars(cut), "families": list(cut.families)} for cut in future.price_cuts],
            "risk_weight": asked.risk_weight,
            "tail_fraction": asked.tail_fraction,
            "tail_of": asked.tail_of,
            "cost_of_capital_fraction": asked.cost_of_capital_fraction,
            "spot_fraction": asked.spot_fraction,
            "spot_by_type": dict(asked.spot_by_type),
            "dated_needs": [vars(need) for need in asked.needs],
            "not_on_spot": list(self.not_on_spot),
            "plan_types": list(asked.plan_types),
            "payments": list(asked.payments),
            "terms_years": list(asked.terms_years),
            "held": [str(one) for one, _ in asked.held],
        }


def commit_report(
    book: PriceBook, usage: Usage, future: Future | None = None, asked: Asked | None = None
) -> CommitReport:
    """What to commit to for some usage. Raises InvalidInput with all faults of usage, future and choices."""
    future, asked = future or Future(), asked or Asked()
    faults = asked.faults()
    if faults:
        raise InvalidInput(faults)
    lines = lines_with_targets(usage, future)
    rows = rate_rows(book, lines)
    rates = Rates(rows)
    rates.on_demand_usd(lines)
    return _report(book, usage, future, asked, rows, demand_of(usage, rates, future))


def planned_report(book: PriceBook, demand: Demand, months: int, asked: Asked | None = None) -> CommitReport:
    """The same for demand that is planned (planner.commit.planned) over some months. Raises InvalidInput."""
    asked = asked or Asked()
    faults = asked.faults()
    if faults:
        raise InvalidInput(faults)
    rows = rate_rows(book, demand.scenarios.lines)
    return _report(book, None, Future(months, (0.0, 0.0, 0.0), 0.0), asked, rows, demand)


def _report(
    book: PriceBook, usage: Usage | None, future: Future, asked: Asked, rows: pd.DataFrame, demand: Demand
) -> CommitReport:
    lines, every = demand.scenarios.lines, Rates(rows)
    scenarios, open_usage = demand.scenarios, usage
    if asked.held:
        # What is held need not be on sale to whoever asks, nor of a type that runs now.
        held_rates = Rates(rate_rows(book, [*lines, *lines_of(asked.held, book)]))
        scenarios = beyond(scenarios, asked.held, held_rates)
        if usage is not None:
            past = Scenarios(usage.lines, usage.quantity[None])
            left = beyond(past, [(one, past.hours) for one, _ in asked.held], held_rates)
            open_usage = Usage(usage.lines, left.quantity[0])
    committed = rows["plan_type"].isin(COMMITTED)
    on_sale = rows["payment"].isin(asked.payments) & rows["term_years"].isin(asked.terms_years)
    rows = rows[~committed | on_sale].reset_index(drop=True)
    rates = Rates(rows)
    share, without = spot_shares(lines, every, asked)
    terms = Terms(
        cost_of_capital_fraction=asked.cost_of_capital_fraction,
        spot_fraction=share,
        blocks=blocks_of(lines, every, asked, future),
        exchanges=demand.exchanges,
        plan_types=asked.plan_types,
        tail_of=asked.tail_of,
    )
    portfolio = best_portfolio(scenarios, rates, asked.risk_weight, asked.tail_fraction, terms)
    return CommitReport(book, usage, future, asked, rows, demand, portfolio, terms, tuple(without), open_usage)


def left_out_words(left_out: pd.DataFrame) -> pd.DataFrame:
    """What was not looked at, counted by reason: ``reason, offers, plan_types, terms_years``."""
    if left_out.empty:
        return pd.DataFrame(columns=["reason", "offers", "plan_types", "terms_years"])
    rows = []
    for reason, own in left_out.groupby("reason", sort=False):
        rows.append(
            {
                "reason": reason,
                "offers": len(own),
                "plan_types": ", ".join(sorted(set(own["plan_type"]))),
                "terms_years": ", ".join(f"{term:g}" for term in sorted(set(own["term_years"]))),
            }
        )
    return pd.DataFrame(rows)
