"""Everything that a month's review asks of a bill, in one value: what the command line and the pages show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from costlib.billing import attribution, budget, drivers, forecast, kpis, rates, sharing
from costlib.billing.bill import Bill
from costlib.billing.tag_policy import TagPolicy, violators
from costlib.errors import InvalidInput


@dataclass(frozen=True)
class Asked:
    """What a review is to hold beside the figures that every bill has."""

    by: str = "month"
    group: str | None = None
    rule: str = "proportional"
    shared: Collection[str] = (attribution.UNTAGGED,)
    telemetry: Mapping[str, float] | None = None
    budgets: Mapping[str, float] | None = None
    policy: TagPolicy | None = None
    required_tags: tuple[str, ...] = ()
    requests: pd.Series[float] | None = None
    months_ahead: int = 3


@dataclass(frozen=True)
class BillReview:
    """The figures as frames; ``None`` where ``why_not`` says why there is none. ``cost`` is what was attributed."""

    bill: Bill
    cost: str
    periods: pd.DataFrame
    accelerators: pd.DataFrame
    rates: pd.DataFrame
    commitments: pd.DataFrame
    drivers: pd.DataFrame | None = None
    drivers_by_service: pd.DataFrame | None = None
    forecast: pd.DataFrame | None = None
    backtest: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    attribution: pd.DataFrame | None = None
    chargeback: pd.DataFrame | None = None
    violators: pd.DataFrame | None = None
    policies: dict[str, Any] | None = None
    why_not: dict[str, str] = field(default_factory=dict)


def best_cost(bill: Bill) -> str:
    """The cost by which a bill is attributed: effective, or billed where the export rounded the effective one."""
    rounded = any(note.kind == "rounded_effective_cost" for note in bill.notes)
    return "billed_cost" if rounded else "effective_cost"


def review(bill: Bill, asked: Asked | None = None) -> BillReview:
    """All figures of the bill. Raises InvalidInput for what cannot be asked of it."""
    asked = asked if asked is not None else Asked()
    cost = best_cost(bill)
    periods = kpis.kpis(bill, asked.by, asked.requests)
    lacking = kpis.untagged(bill, asked.required_tags, asked.by, cost).drop(columns=["usage_rows", "usage_cost"])
    periods = periods.merge(lacking, on="period", how="left")
    by_period = rates.rates(bill, asked.by)
    accelerators = rates.accelerator_costs(by_period)
    why_not: dict[str, str] = {}

    def tried(name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame | None:
        try:
            return make()
        except InvalidInput as error:
            why_not[name] = str(error)
            return None

    costs = forecast.monthly(bill, cost)
    whole = forecast.whole_months(costs, forecast.last_day(bill)) if len(costs) else costs
    outlook = tried("forecast", lambda: forecast.forecast(whole, asked.months_ahead))
    before = forecast.backtest(whole)
    budgets = None
    if asked.budgets is not None:
        ahead = outlook if outlook is not None else pd.DataFrame(columns=["month", "expected", "low", "high"])
        budgets = budget.against_budget(asked.budgets, costs, ahead, before, whole)
    found = table = None
    if asked.group is not None:
        found = attribution.attributed(bill, asked.group, asked.by, cost)
        table = sharing.chargeback(found, asked.rule, asked.shared, asked.telemetry)
    return BillReview(
        bill=bill,
        cost=cost,
        periods=periods,
        accelerators=accelerators,
        rates=by_period,
        commitments=kpis.commitments(bill),
        drivers=tried("drivers", lambda: drivers.drivers(bill, cost)),
        drivers_by_service=None if "drivers" in why_not else drivers.drivers_by_service(bill, cost),
        forecast=outlook,
        backtest=before,
        budget=budgets,
        attribution=found,
        chargeback=table,
        violators=None if asked.policy is None else violators(bill, asked.policy, cost),
        policies=_policies(asked.policy),
        why_not=why_not,
    )


def _policies(policy: TagPolicy | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    return {"service_control_policy": policy.service_control_policy(), "tag_policy": policy.tag_policy()}
