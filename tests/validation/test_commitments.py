"""The look-back rule beaten on held-out years: what is claimed of the portfolio and of the ladder."""

import numpy as np
import pandas as pd
import pytest

from costlib.models.commitments_ladder import Rule
from costlib.tables import Snapshot
from costlib.validation.commitments import KINDS, RULES, backtest, commitment_check, costs_of, trace
from costlib.validation.commitments_evidence import (
    ABOVE,
    EXACT,
    LESS,
    TARGETS,
    WITHIN,
    held_out,
    targets,
    years_held_out,
)


@pytest.fixture(scope="module", params=[0, 10], ids=["a seed it was tuned on", "another"])
def tested(request: pytest.FixtureRequest) -> pd.DataFrame:
    return backtest(traces_per_kind=40, seed=request.param)


def test_no_worse_than_any_lookback_in_95_of_100_traces(tested: pd.DataFrame) -> None:
    assert len(tested) == 200
    of_all = commitment_check(tested).query("kind == 'all'").set_index("rule")
    for days in (7, 30, 60):
        # No worse: within the half percent to which the answer itself is held.
        assert of_all.loc["portfolio", f"no_worse_than_{days}"] >= 0.95
        assert of_all.loc["portfolio", "mean_cost"] < of_all.loc[f"lookback_{days}", "mean_cost"]


@pytest.mark.parametrize("ladder", ["ladder", "ladder_from_nothing"])
def test_the_ladder_takes_30_percent_off_the_bad_regret_for_no_more_money(tested: pd.DataFrame, ladder: str) -> None:
    of_all = commitment_check(tested).query("kind == 'all'").set_index("rule")
    for days in (7, 30, 60):
        rule = of_all.loc[f"lookback_{days}"]
        assert of_all.loc[ladder, "regret_p95"] <= 0.7 * rule["regret_p95"]
        assert of_all.loc[ladder, "mean_cost"] <= 1.01 * rule["mean_cost"]


def test_building_up_costs(tested: pd.DataFrame) -> None:
    of_all = commitment_check(tested).query("kind == 'all'").set_index("rule")
    assert of_all.loc["ladder_from_nothing", "mean_cost"] > of_all.loc["ladder", "mean_cost"]
    steady = commitment_check(tested).query("kind == 'steady'").set_index("rule")
    assert steady.loc["ladder_from_nothing", "mean_cost"] > 1.02 * steady.loc["lookback_30", "mean_cost"]


def test_the_check_counts_what_is_dearer() -> None:
    costs = pd.DataFrame(1.0, range(4), [*RULES, "hindsight"]).assign(on_demand=1.25)
    costs["portfolio"] = [0.9, 1.0, 1.004, 1.006]
    frame = pd.concat([costs.assign(kind=kind) for kind in KINDS])
    row = commitment_check(frame).query("kind == 'steady' and rule == 'portfolio'").iloc[0]
    assert row["no_worse_than_30"] == 0.75 and row["no_dearer_than_30"] == 0.5
    assert row["mean_cost"] == pytest.approx(0.9775) and row["saved_fraction"] == pytest.approx(1 - 0.9775 / 1.25)
    assert row["regret_p95"] == pytest.approx(0.0057)


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


def test_targets_are_against_the_lookback_rule_that_is_hardest_to_beat() -> None:
    regret = {"lookback_7": 0.1, "lookback_30": 0.3, "lookback_60": 0.2, "portfolio": 0.08, "ladder": 0.069}
    costs = {"lookback_7": 1.0, "lookback_30": 0.9, "lookback_60": 1.1, "portfolio": 0.91, "ladder": 0.908}
    check = pd.DataFrame({"rule": RULES, "kind": "all", "regret_p95": 0.071, "mean_cost": 0.91})
    check["regret_p95"] = check["rule"].map(regret).fillna(0.071)
    check["mean_cost"] = check["rule"].map(costs).fillna(0.8)
    for days, share in ((7, 0.96), (30, 0.95), (60, 0.97)):
        check[f"no_worse_than_{days}"], check[f"no_dearer_than_{days}"] = share, share - 0.1
    found = targets(check)
    by = {target: found[found["target"] == target.statistic].set_index("rule") for target in TARGETS}
    assert by[LESS]["value"]["portfolio"] == pytest.approx(0.2)
    assert by[LESS]["met"].tolist() == [False, True, False], "portfolio, ladder, ladder from nothing"
    assert by[ABOVE]["value"]["portfolio"] == pytest.approx(0.91 / 0.9 - 1)
    assert by[ABOVE]["met"].tolist() == [False, True, True]
    assert (by[WITHIN]["value"] == 0.95).all() and by[WITHIN]["met"].all()
    assert by[EXACT]["value"].to_numpy() == pytest.approx(0.85) and not by[EXACT]["met"].any()


def test_the_evidence_is_the_check_that_is_shown() -> None:
    of_all = commitment_check(held_out()).query("kind == 'all'").set_index("rule")
    one = years_held_out("portfolio")(Snapshot.open())
    assert (
        one.extra[WITHIN.statistic] == of_all.loc["portfolio", [f"no_worse_than_{days}" for days in (7, 30, 60)]].min()
    )
    regret = (one.rows["predicted"] - one.rows["reference"]).quantile(0.95)
    assert regret == pytest.approx(of_all.loc["portfolio", "regret_p95"])
