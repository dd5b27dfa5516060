"""Planned runs on the calendar: closed forms for even starts, means of random ones, the law of lengths."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.commitments_inputs import Line
from costlib.planner.commit import calendar
from costlib.planner.commit.calendar import PlannedRuns, planned_runs_of, usage_from_runs
from costlib.planner.explain import plans
from costlib.units import HOURS_PER_MONTH

P4D = Line("p4d.24xlarge", "us-east-1")
G5 = Line("g5.xlarge", "us-east-1")
#: A Monday.
START = pd.Timestamp("2026-06-01T00:00Z")
WEEK = 168


def sure(hours: float, runs_per_month: float, line: Line = P4D, count: int = 1, spread: str = "even") -> PlannedRuns:
    """Runs whose length is known."""
    return PlannedRuns(line, count, hours, hours, hours, runs_per_month, spread)


def every(spacing_hours: float) -> float:
    return HOURS_PER_MONTH / spacing_hours


def test_even_runs_take_their_hours_at_even_spaces():
    usage = usage_from_runs([sure(2.5, every(6), count=4)], START, 12, 1, seed=0)
    assert usage.lines == (P4D,)
    assert usage.quantity[0, :, 0].tolist() == pytest.approx([4, 4, 2, 0, 0, 0] * 2, abs=1e-9)


def test_starts_between_hours_count_in_part():
    # Starts at 0, 1.5, 3: half of an hour each.
    usage = usage_from_runs([sure(0.5, every(1.5))], START, 4, 1, seed=0)
    assert usage.quantity[0, :, 0].tolist() == pytest.approx([0.5, 0.5, 0, 0.5], abs=1e-9)


def test_a_run_within_one_hour_counts_its_part_of_it():
    usage = usage_from_runs([sure(0.25, every(100))], START, 3, 1, seed=0)
    assert usage.quantity[0, :, 0].tolist() == [0.25, 0, 0]


def test_runs_longer_than_their_spacing_overlap():
    usage = usage_from_runs([sure(9, every(4))], START, 20, 1, seed=0)
    # Under way at hour h: those that started within the last 9 hours.
    assert usage.quantity[0, :, 0].tolist() == [1, 1, 1, 1, 2, 2, 2, 2, *[3, 2, 2, 2] * 3]


def test_the_end_of_the_horizon_cuts_runs():
    long = usage_from_runs([sure(1000, every(5000))], START, 10, 1, seed=0)
    assert long.quantity[0, :, 0].tolist() == [1.0] * 10
    # All of what a longer horizon has in its first hours, and no more.
    runs = [sure(7.3, every(5.1), count=2)]
    short, longer = (usage_from_runs(runs, START, hours, 1, seed=0).quantity for hours in (50, 90))
    assert short == pytest.approx(longer[:, :50], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(spacing=st.floats(0.3, 400), length=st.floats(0.01, 300), count=st.integers(1, 9), hours=st.integers(1, 300))
def test_total_hours_of_even_runs_in_closed_form(spacing, length, count, hours):
    usage = usage_from_runs([sure(length, every(spacing), count=count)], START, hours, 1, seed=0)
    # As the library divides, so that a start on the horizon's end falls on the same side.
    starts = np.arange(math.ceil(hours / (HOURS_PER_MONTH / every(spacing)))) * (HOURS_PER_MONTH / every(spacing))
    total = count * np.minimum(length, hours - starts).sum()
    assert usage.quantity.sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
    # No more at a time than overlap.
    assert usage.quantity.max() <= count * math.ceil(length / spacing + 1e-9) * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize("spread", ["random", "working_hours"])
@pytest.mark.parametrize("own_lengths", [False, True])
def test_total_hours_are_on_average_runs_by_hours_by_count(spread, own_lengths):
    weeks, scenarios, count, monthly = 52, 400, 3, 20.0
    runs = PlannedRuns(P4D, count, 4.0, 6.0, 12.0, monthly, spread, own_lengths)
    hours = weeks * WEEK
    totals = usage_from_runs([runs], START, hours, scenarios, seed=5).quantity.sum(axis=(1, 2))
    expected = monthly * hours / HOURS_PER_MONTH * runs.mean_hours * count
    # Four standard errors of the mean; the cut at the end takes, of 52 weeks, some hours: 0.3 % at most.
    error = totals.std(ddof=1) / math.sqrt(scenarios)
    assert abs(totals.mean() - expected) < 4 * error + 0.003 * expected
    # The error is small enough for a slip of a tenth to be seen, where each run draws its length.
    assert error < (0.03 if not own_lengths else 0.01) * expected


@pytest.mark.parametrize("spread", ["random", "working_hours"])
def test_the_number_of_random_runs_is_poisson(spread):
    # Each run is a part of an hour, so the total counts the runs.
    monthly, hours, scenarios = every(12), 10 * WEEK, 3000
    usage = usage_from_runs([sure(0.001, monthly, spread=spread)], START, hours, scenarios, seed=8)
    number = usage.quantity.sum(axis=(1, 2)) / 0.001
    mean = hours / 12
    # Four standard errors: of a mean sqrt(mean/n); of a variance about variance * sqrt(2/n).
    assert number.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / scenarios) + 0.1)
    assert number.var() == pytest.approx(mean, rel=4 * math.sqrt(2 / scenarios) + 0.01)


def test_starts_at_any_time_fill_all_hours_alike():
    usage = usage_from_runs([sure(0.001, 2000.0, spread="random")], START, 10 * WEEK, 200, seed=1)
    by_hour = usage.quantity[:, :, 0].sum(axis=0).reshape(-1, 24).sum(axis=0)
    # Some 38,000 starts in each hour of the day: four standard errors are 2.1 %.
    assert by_hour == pytest.approx(np.full(24, by_hour.mean()), rel=0.021)


def test_working_hours_are_weekdays_from_8_to_18_utc():
    usage = usage_from_runs([sure(0.001, 2000.0, spread="working_hours")], START, WEEK, 50, seed=2)
    clock = START + pd.to_timedelta(np.arange(WEEK), unit="h")
    ran = usage.quantity[:, :, 0].sum(axis=0) > 0
    # A start may reach into the next hour by its length, here a thousandth.
    at_work = (clock.day_of_week < 5) & (clock.hour >= 8) & (clock.hour < 18)
    after = (clock.day_of_week < 5) & (clock.hour == 18)
    assert ran[at_work].all()
    assert not ran[~at_work & ~after].any()
    # The start's zone counts: the same hours from a clock two hours ahead.
    shifted = usage_from_runs([sure(0.001, 2000.0, spread="working_hours")],
                              pd.Timestamp("2026-06-01T02:00+02:00"), WEEK, 50, seed=2)  # fmt: skip
    assert (shifted.quantity == usage.quantity).all()


def test_a_horizon_without_working_hours_has_no_runs():
    saturday = pd.Timestamp("2026-06-06T00:00Z")
    usage = usage_from_runs([sure(3, 500, spread="working_hours")], saturday, 48, 4, seed=0)
    assert not usage.quantity.any()


def test_the_band_is_the_10_50_and_90_percent_points():
    runs = PlannedRuns(P4D, 1, 10.0, 16.0, 40.0, 1.0)
    draws = 200_000
    lengths = runs.lengths_hours(draws, np.random.default_rng(3))
    for point, share in ((10.0, 0.1), (16.0, 0.5), (40.0, 0.9)):
        # Four standard errors of a share.
        assert (lengths <= point).mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / draws))
    assert lengths.mean() == pytest.approx(runs.mean_hours, rel=4 * lengths.std() / runs.mean_hours / math.sqrt(draws))


def test_the_mean_of_a_symmetric_law_is_the_log_normals():
    runs = PlannedRuns(P4D, 1, 10.0, 20.0, 40.0, 1.0)
    sigma = math.log(2) / 1.2815515655446004
    assert runs.mean_hours == pytest.approx(20 * math.exp(sigma**2 / 2), rel=1e-12)
    assert sure(7, 1).mean_hours == pytest.approx(7, rel=1e-12)


def test_runs_of_a_scenario_are_alike_unless_they_draw_their_own_lengths():
    runs = PlannedRuns(P4D, 1, 10.0, 20.0, 40.0, every(100))
    hours = 24 * 400
    alike = usage_from_runs([runs], START, hours, 30, seed=4).quantity.sum(axis=(1, 2))
    own = usage_from_runs([replace(runs, own_lengths=True)], START, hours, 30, seed=4).quantity.sum(axis=(1, 2))
    # 96 runs: their sum varies ten times less where each is drawn anew.
    assert alike.std() > 4 * own.std()
    one = usage_from_runs([runs], START, hours, 1, seed=4).quantity[0, :, 0]
    lengths = one.reshape(-1, 100).sum(axis=1)
    assert lengths == pytest.approx(np.full(96, lengths[0]), rel=1e-9)


def test_usage_is_the_sum_of_its_overlaps():
    random = np.random.default_rng(6)
    scenarios, hours, number = 5, 60, 300
    scenario = random.integers(scenarios, size=number)
    starts = random.random(number) * hours
    ends = np.minimum(starts + random.exponential(8, number), hours)
    found = calendar._running(scenario, starts, ends, scenarios, hours)
    hour = np.arange(hours)[:, None]
    overlap = np.clip(np.minimum(ends, hour + 1) - np.maximum(starts, hour), 0, None)
    one_by_one = np.stack([overlap[:, scenario == one].sum(axis=1) for one in range(scenarios)])
    # Sums of 300 doubles up to 60.
    assert found == pytest.approx(one_by_one, abs=1e-9)


def test_lines_add_up_and_stay_apart():
    a, b, c = sure(2, every(8), P4D), sure(3, every(8), G5, count=2), sure(4, every(8), P4D)
    usage = usage_from_runs([a, b, c], START, 16, 2, seed=0)
    assert usage.lines == (P4D, G5)
    assert usage.quantity[1].tolist() == [[2, 2], [2, 2], [1, 2], [1, 0], *[[0, 0]] * 4] * 2


def test_the_same_seed_gives_the_same_usage_and_a_new_run_leaves_the_others():
    one = PlannedRuns(P4D, 2, 4.0, 6.0, 12.0, 30.0, "random")
    two = PlannedRuns(G5, 1, 1.0, 2.0, 3.0, 60.0, "working_hours")
    first = usage_from_runs([one], START, 500, 6, seed=11)
    assert (first.quantity == usage_from_runs([one], START, 500, 6, seed=11).quantity).all()
    assert (first.quantity != usage_from_runs([one], START, 500, 6, seed=12).quantity).any()
    assert (usage_from_runs([one, two], START, 500, 6, seed=11).quantity[:, :, :1] == first.quantity).all()


def test_a_plan_and_its_workload_become_runs(result, workload):
    for plan in plans(result, result.order[:20]):
        runs = planned_runs_of(plan, workload, "random")
        prefix = "ml." if plan.service == "sagemaker" else ""
        assert runs.line == Line(prefix + plan.instance_type, plan.region, plan.service)
        assert (runs.low_hours, runs.expected_hours, runs.high_hours) == (
            plan.hours.low, plan.hours.expected, plan.hours.high,
        )  # fmt: skip
        assert (runs.count, runs.runs_per_month, runs.spread) == (plan.count, workload.runs_per_month, "random")


def test_a_sagemaker_plan_runs_on_sagemakers_type(result, workload):
    row = next(row for row in result.order if plans(result, [row])[0].service == "sagemaker")
    plan = plans(result, [row])[0]
    assert planned_runs_of(plan, workload).line.instance_type == f"ml.{plan.instance_type}"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"count": 0}, ["count"]),
        ({"count": 1.5}, ["count"]),
        ({"low_hours": 0.0}, ["low_hours"]),
        ({"low_hours": 7.0}, ["low_hours, expected_hours, high_hours"]),
        ({"high_hours": 5.0}, ["low_hours, expected_hours, high_hours"]),
        ({"high_hours": math.inf}, ["high_hours"]),
        ({"expected_hours": math.nan}, ["expected_hours"]),
        ({"runs_per_month": -1.0}, ["runs_per_month"]),
        ({"spread": "evenly"}, ["spread"]),
        ({"count": -1, "runs_per_month": math.nan, "spread": ""}, ["count", "runs_per_month", "spread"]),
    ],
)
def test_impossible_runs_are_refused(changes, fields):
    with pytest.raises(InvalidInput) as caught:
        replace(PlannedRuns(P4D, 2, 4.0, 6.0, 12.0, 30.0), **changes)
    assert [fault.field for fault in caught.value.faults] == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"hours": 0}, ["hours"]),
        ({"hours": 1.5, "scenarios": 0, "seed": -1}, ["hours", "scenarios", "seed"]),
        ({"runs": []}, ["runs"]),
        ({"start": pd.Timestamp("2026-06-01T00:30Z")}, ["start"]),
        ({"runs": [sure(1, 1e9)], "hours": 8760}, ["runs"]),
    ],
)
def test_impossible_horizons_are_refused(changes, fields):
    with pytest.raises(InvalidInput) as caught:
        usage_from_runs(**{"runs": [sure(1, 1)], "start": START, "hours": 10, "scenarios": 2, "seed": 0, **changes})
    assert [fault.field for fault in caught.value.faults] == fields
