"""The best portfolio on small cases, held against an exhaustive search that reckons bills by itself.

A case is four scenarios of sixty hours over three instance types, one EC2 Instance Savings Plan and one Compute Savings
Plan. The search tries all pairs of amounts on a grid, and again on finer grids around the best.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_inputs import Line, Rates
from costlib.models.commitments_planes import tail_mean
from costlib.models.commitments_portfolio import best_portfolio
from costlib.models.commitments_problem import Terms
from costlib.models.commitments_scenarios import Scenarios

Floats = npt.NDArray[np.float64]

LINES = tuple(Line(name, "us-east-1") for name in ("m5.xlarge", "m5.2xlarge", "c5.xlarge"))
#: Cases, and the share of scenarios that makes the tail.
CASES, TAIL_FRACTION = 8, 0.3
#: What is asked of each: the weight on the tail, what it is of, and the group it stands in.
ASKED = (
    (0.0, "cost", "expected cost alone"),
    (0.5, "cost", "with the tail of cost"),
    (0.5, "loss", "with the tail of loss"),
    (1.0, "loss", "with the tail of loss"),
)
#: Amounts of each plan on the first grid and on the finer ones, and how often it is made finer.
FIRST, FINER, TIMES = 25, 13, 3
#: What the portfolio may be above the search: half a percent.
WITHIN = 0.005


def random_case(seed: int) -> tuple[Scenarios, Rates]:
    """Scenarios and rates of a case."""
    rng = np.random.default_rng(seed)
    on_demand = rng.uniform(0.2, 1.0, 3)
    # One draw a line, in the order of the plans.
    instance = [usd * rng.uniform(0.5, 0.7) for usd in on_demand[:2]]
    compute = [usd * rng.uniform(0.6, 0.85) for usd in on_demand]
    rows = [
        {
            "instance_type": line.instance_type, "region": line.region, "service": line.service,
            "plan_type": plan, "term_years": years, "payment": payment, "usd_per_hour": usd,
        }
        for plan, years, payment, prices in (
            ("on_demand", 0, "", on_demand), ("ec2_instance", 1, "no_upfront", instance),
            ("compute", 1, "no_upfront", compute),
        )
        for line, usd in zip(LINES, prices, strict=False)
    ]  # fmt: skip
    usage = rng.gamma(2, 3, (4, 60, 3)) * rng.uniform(0.3, 1.5, (4, 1, 3))
    return Scenarios(LINES, usage, rng.dirichlet(np.ones(4))), Rates(pd.DataFrame(rows))


def grid_costs(scenarios: Scenarios, held: Rates, instance: Floats, compute: Floats) -> Floats:
    """Each scenario's cost at each pair of commitments (instance, compute, scenarios), apart from the models."""
    on_demand = np.array([held.usd(line, "on_demand") for line in LINES])
    first = np.array([held.usd(line, "ec2_instance", 1, "no_upfront") for line in LINES])
    second = np.array([held.usd(line, "compute", 1, "no_upfront") for line in LINES])
    usage = scenarios.quantity[None, None]
    rest = [np.broadcast_to(usage[..., at], (len(instance), len(compute), *usage.shape[2:4])) for at in range(3)]
    for rate, money, among in (
        (first, instance[:, None, None, None], (0, 1)),
        (second, compute[:, None, None], (0, 1, 2)),
    ):
        spare = np.broadcast_to(money, rest[0].shape)
        for at in sorted(among, key=lambda at, rate=rate: rate[at] / on_demand[at]):
            taken = np.minimum(spare, rest[at] * rate[at])
            rest[at], spare = rest[at] - taken / rate[at], spare - taken
    uncovered = np.sum([rest[at] * on_demand[at] for at in range(3)], axis=0).sum(axis=-1)
    hours = scenarios.hours
    return np.asarray(uncovered + hours * instance[:, None, None] + hours * compute[:, None])


def least_on_grids(scenarios: Scenarios, held: Rates, weight: float, most_usd: float, tail_of: str = "cost") -> float:
    """The least objective of all pairs of amounts tried, each from 0 to ``most_usd`` an hour."""
    on_demand = np.array([held.usd(line, "on_demand") for line in LINES])
    bare = (scenarios.quantity @ on_demand).sum(axis=1)
    # Losses are against no commitment, about their mean.
    beside = bare - scenarios.chance @ bare if tail_of == "loss" else np.zeros(len(bare))

    def objective(instance: Floats, compute: Floats) -> Floats:
        usd = grid_costs(scenarios, held, instance, compute)
        tail = np.apply_along_axis(tail_mean, 2, usd - beside, scenarios.chance, TAIL_FRACTION)
        return np.asarray((1 - weight) * usd @ scenarios.chance + weight * tail)

    grids = [np.linspace(0, most_usd, FIRST)] * 2
    tried = objective(*grids)
    for _ in range(TIMES):
        best = np.unravel_index(tried.argmin(), tried.shape)
        grids = [
            np.linspace(max(grid[at] - 1.5 * (grid[1] - grid[0]), 0), grid[at] + 1.5 * (grid[1] - grid[0]), FINER)
            for grid, at in zip(grids, best, strict=True)
        ]
        tried = objective(*grids)
    return float(tried.min())


def grid_check() -> pd.DataFrame:
    """A row a case: ``label, group, reference`` (the search's objective, USD), ``predicted`` (the portfolio's),
    ``bound`` (what the portfolio says that none can be below) and ``above`` (the share that it is above the search)."""
    rows = []
    for seed, (weight, tail_of, group) in product(range(CASES), ASKED):
        scenarios, held = random_case(seed)
        terms = Terms(past_horizon="go_on", tail_of=tail_of)
        found = best_portfolio(scenarios, held, weight, TAIL_FRACTION, terms)
        best = least_on_grids(scenarios, held, weight, float(found.problem.columns.most.max()), tail_of)
        rows.append(
            {
                "label": f"case {seed + 1}, weight {weight:g} on the tail of {tail_of}",
                "group": group,
                "reference": best,
                "predicted": found.objective_usd,
                "bound": found.bound_usd,
                "above": found.objective_usd / best - 1.0,
            }
        )
    return pd.DataFrame(rows)
