"""Spot models against what is known: simulated jobs, reference runs, traces that were not learnt from."""

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.availability_recorded import RECORDED_KINDS
from costlib.planner.quantities import REQUEUE_HOURS
from costlib.validation.spot import (
    checkpoint_check,
    deciles,
    forecast_check,
    gap_closed,
    left_out_check,
    recorded_kinds,
    recorded_requeue_hours,
    replay_check,
    spot_snapshot,
)

SNAPSHOT = spot_snapshot()


def test_checkpoints_lie_in_the_interval_of_their_simulations() -> None:
    rows = checkpoint_check(SNAPSHOT)
    assert len(rows) == 336
    assert rows["predicted_hours"].to_numpy() == pytest.approx(rows["expected_hours"].to_numpy(), rel=1e-6)
    # Of 336 intervals of 95 %, 17 miss a true value on average; 29 is three standard deviations more.
    assert (~rows["inside"]).sum() <= 29
    assert rows["z"].abs().max() < 4
    for rule in ("young", "daly", "best"):
        given = rows[f"{rule}_seconds"].to_numpy()
        assert rows[f"predicted_{rule}_seconds"].to_numpy() == pytest.approx(given, abs=0.01)


@pytest.mark.parametrize(
    ("policy", "ties"),
    [
        ("on_demand", 0.0),
        ("safety_net", 0.0),
        ("uniform_progress_plain", 0.0),
        # Runs part where progress is exactly on the line to the deadline, and rounding settles it.
        ("uniform_progress", 0.03),
        ("uniform_progress_literal", 0.04),
    ],
)
def test_replays_are_the_reference_runs(policy: str, ties: float) -> None:
    rows = replay_check(SNAPSHOT, policy)
    assert len(rows) == 4081 and rows["met_deadline"].all()
    error = (rows["cost_ratio"] / rows[f"cost_ratio_{policy}"] - 1).abs()
    hours = (rows["finish_hours"] - rows[f"finish_hours_{policy}"]).abs()
    assert error.mean() < 0.001
    assert ((error > 1e-5) | (hours > 1e-3)).mean() <= ties


def test_uniform_progress_closes_a_third_of_the_gap() -> None:
    assert gap_closed(replay_check(SNAPSHOT, "uniform_progress")) == pytest.approx(0.33, abs=0.005)


def coarse_traces() -> list[str]:
    """Traces of steps of minutes; those of half a minute take most of the time and say the same."""
    table = SpotTraces.open(SNAPSHOT).table
    return list(table.loc[table["step_seconds"] > 60, "trace"])


def test_lookahead_closes_more_than_sixty_percent_of_the_gap_and_never_beats_the_optimum() -> None:
    rows = replay_check(SNAPSHOT, "lookahead", coarse_traces())
    assert rows["met_deadline"].all()
    assert gap_closed(rows) > 0.60
    # The reference's optimum uses whole steps only, so it is the bound where these fill the time to the deadline.
    step = rows["trace"].map(SpotTraces.open(SNAPSHOT).table.set_index("trace")["step_seconds"])
    steps = rows["work_hours"] * rows["deadline_ratio"] * 3600 / step
    durable = rows[(rows["checkpoint_interval_seconds"] == 0) & ((steps - steps.round()).abs() < 1e-6)]
    assert len(durable) > 800
    assert (durable["cost_ratio"] >= durable["cost_ratio_omniscient"] - 1e-6).all()


def test_lookahead_does_as_well_on_campaigns_that_it_has_not_learnt_from() -> None:
    some = ["aws16n", "aws1128", "aws4n"]
    rows = left_out_check(SNAPSHOT, some)
    assert rows["met_deadline"].all()
    campaign = rows["trace"].str.partition("-")[0]
    assert set(campaign) == set(some)
    assert gap_closed(rows) > 0.55
    uniform = rows.assign(cost_ratio=rows["cost_ratio_uniform_progress"])
    assert gap_closed(uniform) < gap_closed(rows) / 1.5


def test_the_recorded_kinds_are_those_of_the_held_traces() -> None:
    fitted = recorded_kinds(SpotTraces.open(SNAPSHOT))
    assert np.allclose(fitted.rates, RECORDED_KINDS.rates, rtol=2e-3)
    assert fitted.shares == pytest.approx(RECORDED_KINDS.shares, rel=2e-3)


@pytest.mark.parametrize(
    ("work_hours", "deadline_hours", "points"),
    [(12, 15, 0.05), (24, 36, 0.05), (48, 60, 0.05)],
)
def test_chances_are_those_observed_on_campaigns_left_out(work_hours, deadline_hours, points) -> None:
    checked = forecast_check(SNAPSHOT, "spot_only", work_hours, deadline_hours, 0.05)
    assert len(checked) > 5_000
    groups = deciles(checked)
    assert (groups["chance"] - groups["observed"]).abs().max() <= points
    assert groups["chance"].iloc[-1] - groups["chance"].iloc[0] > 0.8, "and they tell moments apart"


@pytest.mark.parametrize(
    ("policy", "work_hours", "deadline_hours"),
    # Of six hours most jobs cost just the same, on spot that is never lost: the hardest for a band to hold its share.
    [("safety_net", 6, 6.6), ("safety_net", 24, 36), ("uniform_progress", 48, 60)],
)
def test_costs_and_their_bands_are_those_observed_on_campaigns_left_out(policy, work_hours, deadline_hours) -> None:
    checked = forecast_check(SNAPSHOT, policy, work_hours, deadline_hours, 0.05)
    assert checked["predicted_cost_ratio"].mean() == pytest.approx(checked["cost_ratio"].mean(), rel=0.02)
    assert 0.75 <= checked["inside"].mean() <= 0.85


def test_waits_for_capacity_are_those_of_the_held_traces() -> None:
    found = recorded_requeue_hours(SpotTraces.open(SNAPSHOT))
    assert (0.0, *(pytest.approx(hours, abs=0.005) for hours in found)) == REQUEUE_HOURS


def test_another_part_to_leave_out_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="left_out"):
        forecast_check(SNAPSHOT, "safety_net", 24, 36, 0.05, left_out="zone")
