"""The look-back rule beaten on held-out years: what is claimed of the portfolio and of the ladder."""

import numpy as np
import pandas as pd
import pytest

from costlib.models.commitments_ladder import Rule
from costlib.validation.commitments import KINDS, RULES, backtest, commitment_check, costs_of, trace


@pytest.fixture(scope="module")
def tested() -> pd.DataFrame:
    return backtest(traces_per_kind=40, seed=0)


def test_no_worse_than_any_lookback_in_95_of_100_traces(tested: pd.DataFrame) -> None:
    assert len(tested) == 200
    of_all = commitment_check(tested).query("kind == 'all'").set_index("rule")
    for days in (7, 30, 60):
        # No worse: within the half percent to which the answer itself is held.
        assert of_all.loc["portfolio", f"no_worse_than_{days}"] >= 0.95
        assert of_all.loc["portfolio", "mean_cost"] < of_all.loc[f"lookback_{days}", "mean_cost"]


def test_the_ladder_takes_30_percent_off_the_bad_regret_for_no_more_money(tested: pd.DataFrame) -> None:
    of_all = commitment_check(tested).query("kind == 'all'").set_index("rule")
    for days in (7, 30, 60):
        rule = of_all.loc[f"lookback_{days}"]
        assert of_all.loc["ladder", "regret_p95"] <= 0.7 * rule["regret_p95"]
        assert of_all.loc["ladder", "mean_cost"] <= 1.01 * rule["mean_cost"]
    # Building it up costs: its first year is half covered.
    assert of_all.loc["ladder_from_nothing", "mean_cost"] > of_all.loc["ladder", "mean_cost"]


def test_costs_are_whole_and_hindsight_is_below_all_that_buys_by_the_year() -> None:
    for number, kind in enumerate(KINDS):
        costs = costs_of(trace(kind, np.random.default_rng(number)), Rule())
        assert set(costs) == {*RULES, "hindsight", "on_demand", "usual"}
        yearly = [name for name in RULES if not name.startswith("ladder")]
        assert all(costs["hindsight"] <= costs[name] * (1 + 1e-9) for name in yearly)
        assert costs["hindsight"] <= costs["on_demand"]


def test_runs_repeat_and_seeds_differ() -> None:
    first, again, other = (backtest(1, seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first["portfolio"], other["portfolio"])
