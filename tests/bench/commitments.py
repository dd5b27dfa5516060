"""Times the best portfolio on one core: ``python -m tests.bench.commitments``.

A year of 8,760 hours, 50 types and 20 scenarios, with every plan, term and payment on offer. The yardstick stands in
the same run: one pass of NumPy over the usage, and the answer's cost by the hourly discounts, which must be the same.
Writes build/bench/commitments.json.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from costlib.models.commitments import (
    Commitment,
    Line,
    Portfolio,
    Rates,
    Scenarios,
    Terms,
    Usage,
    apply_discounts,
    best_portfolio,
)
from costlib.models.normalization import normalization_factor
from tests.bench.one_core import run

FAMILIES = ("m5", "m6i", "m7i", "c5", "c6i", "c7i", "r5", "r6i", "g5", "g6")
SIZES = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge")
SCENARIOS, HOURS = 20, 8760
#: Share of on-demand by plan, for one year and three; the payments' shares of it.
PLANS = {
    "standard": (0.62, 0.40),
    "convertible": (0.70, 0.47),
    "ec2_instance": (0.63, 0.41),
    "compute": (0.73, 0.50),
}
PAYMENTS = {"no_upfront": 1.0, "partial_upfront": 0.96, "all_upfront": 0.94}
WEIGHTS = (0.1, 0.3, 0.5, 0.7, 0.9)
RUNS = 3


def made_up(seed: int = 0) -> tuple[Scenarios, Rates]:
    """Demand and rates of 50 types, no two in one proportion: growth, days and noise of their own in each scenario."""
    rng = np.random.default_rng(seed)
    lines = tuple(Line(f"{family}.{size}", "us-east-1") for family in FAMILIES for size in SIZES)
    rows = []
    usual = dict(zip(FAMILIES, rng.uniform(0.15, 0.5, len(FAMILIES)), strict=True))
    for line in lines:
        # Sizes of a family cost nearly in proportion.
        on_demand = normalization_factor(line.instance_type) / 8 * usual[line.family] * rng.uniform(0.97, 1.03)
        named = {"instance_type": line.instance_type, "region": line.region, "service": "ec2", "upfront_fraction": 0.5}
        rows.append({**named, "plan_type": "on_demand", "term_years": 0, "payment": "", "usd_per_hour": on_demand})
        for plan, shares in PLANS.items():
            for term, share in zip((1, 3), shares, strict=True):
                for payment, less in PAYMENTS.items():
                    usd = on_demand * share * less * rng.uniform(0.99, 1.01)
                    offer = {"plan_type": plan, "term_years": term, "payment": payment, "usd_per_hour": usd}
                    rows.append({**named, **offer})
    hours = np.arange(HOURS)
    usage = np.empty((SCENARIOS, HOURS, len(lines)))
    for at in range(len(lines)):
        level = rng.gamma(2, 10)
        for scenario in range(SCENARIOS):
            growth = 1 + rng.normal(0, 0.3) * hours / HOURS
            day = 1 + 0.3 * np.sin(2 * np.pi * hours / 24 + rng.uniform(0, 6))
            usage[scenario, :, at] = level * np.maximum(growth, 0) * day * rng.gamma(20, 1 / 20, HOURS)
    return Scenarios(lines, usage), Rates(pd.DataFrame(rows))


def by_the_hour(found: Portfolio, scenarios: Scenarios, rates: Rates) -> float:
    """The first scenario's cost by apply_discounts."""
    bought = [
        Commitment(
            each["plan_type"],
            each["amount"],
            round(each["term_years"]),
            each["payment"],
            None if pd.isna(each["instance_type"]) else each["instance_type"],
            None if pd.isna(each["family"]) else each["family"],
            None if pd.isna(each["region"]) else each["region"],
        )
        for each in found.purchases.to_dict("records")
    ]
    return float(apply_discounts(Usage(scenarios.lines, scenarios.quantity[0]), bought, rates).total_usd.sum())


def measure() -> dict[str, float]:
    """All figures; seconds unless the name says otherwise."""
    figures: dict[str, float] = {}
    scenarios, rates = made_up()
    begin = time.perf_counter()
    float((scenarios.quantity * 1.5).sum())
    figures["one_numpy_pass_seconds"] = time.perf_counter() - begin
    for name, terms in (("1_year", Terms()), ("1_and_3_years", Terms(0.08, past_horizon="go_on"))):
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            found = best_portfolio(scenarios, rates, terms=terms)
            times.append(time.perf_counter() - begin)
        figures[f"{name}_solve_seconds"] = min(times)
        figures[f"{name}_proven_gap_fraction"] = 1 - found.bound_usd / found.objective_usd
        figures[f"{name}_saved_fraction"] = float(
            found.scenarios["saved_usd"].sum() / found.scenarios["on_demand_usd"].sum()
        )
        begin = time.perf_counter()
        hourly = by_the_hour(found, scenarios, rates)
        figures[f"{name}_hourly_discounts_one_scenario_seconds"] = time.perf_counter() - begin
        if not terms.cost_of_capital_fraction:
            assert np.isclose(hourly, found.cost_usd[0], rtol=1e-9), (hourly, found.cost_usd[0])
        again, worse, fresh_times = [], [], []
        for weight in WEIGHTS:
            begin = time.perf_counter()
            moved = found.at(weight)
            again.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            fresh = best_portfolio(scenarios, rates, weight, terms=terms)
            fresh_times.append(time.perf_counter() - begin)
            worse.append(moved.objective_usd / fresh.objective_usd - 1)
        figures[f"{name}_risk_weight_moved_worst_seconds"] = max(again)
        figures[f"{name}_risk_weight_afresh_worst_seconds"] = max(fresh_times)
        figures[f"{name}_risk_weight_moved_worse_than_afresh_fraction"] = max(worse)
    return figures


if __name__ == "__main__":
    run(measure, "commitments")
