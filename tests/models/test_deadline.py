"""Forecasts of a deadline: corners by hand, past only, and a curve that only falls where certainty does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.deadline import (
    BAND_SHARE,
    WEIGHTS,
    Forecast,
    _band,
    forecast,
    moments,
    price_of_certainty,
    record_of,
)
from costlib.models.replay_terms import Terms

STEP = 0.25
TERMS = Terms.of_hours(STEP, 4.0, 6.0, 0.1, 0.3)


def traces() -> dict[int, tuple[np.ndarray, float]]:
    """One trace that always has capacity, one that never has, one that turns every ten hours."""
    steps = 600
    turning = (np.arange(steps) // 40) % 2 == 0
    return {0: (np.ones(steps), STEP), 1: (np.zeros(steps), STEP), 2: (turning, STEP)}


def test_where_capacity_is_always_there_spot_is_certain_and_where_never_it_is_hopeless() -> None:
    held = traces()
    record = record_of(held, TERMS, "spot_only")
    always, never = (forecast(record, held[number][0][:300], STEP) for number in (0, 1))
    assert [always.chance[0], never.chance[0]] == pytest.approx([1.0, 0.0], abs=1e-6)
    outcomes = record.outcomes
    assert outcomes.met_deadline[outcomes.trace == 0].all() and not outcomes.met_deadline[outcomes.trace == 1].any()
    # Always spot: 4 h of work and 0.1 h of changeover, in whole quarters of an hour, at 0.3.
    assert always.cost_ratio[0] == pytest.approx(4.25 * 0.3 / 4)
    assert always.cost_ratio_low[0] == always.cost_ratio_high[0] == pytest.approx(4.25 * 0.3 / 4)


def test_without_a_history_all_moments_on_record_are_the_forecast() -> None:
    record = record_of(traces(), TERMS, "spot_only")
    found = forecast(record)
    by_trace = [record.outcomes.met_deadline[record.outcomes.trace == number].mean() for number in range(3)]
    # Three traces of equal length count alike.
    assert found.chance == pytest.approx([np.mean(by_trace)])
    # Sums of single precision.
    assert found.cost_ratio == pytest.approx([record.outcomes.cost_ratio.mean()], rel=1e-5)
    assert found.cost_ratio_low[0] <= found.cost_ratio[0] <= found.cost_ratio_high[0]


def test_a_short_watch_says_less_than_a_long_one() -> None:
    held = traces()
    record = record_of(held, TERMS, "spot_only")
    nothing, step, day = (
        forecast(record), forecast(record, [1], STEP), forecast(record, np.ones(96), STEP)
    )  # fmt: skip
    assert nothing.chance[0] < step.chance[0] < day.chance[0]
    assert day.chance[0] == pytest.approx(1.0, abs=0.01)


def test_the_own_past_counts_once_its_deadline_is_over_and_not_before() -> None:
    # The record knows zones that never have capacity for long; this zone turns every two hours and makes it.
    often = (np.arange(900) // 2) % 2 == 0
    job = Terms.of_hours(STEP, 4.0, 11.0, 0.1, 0.3)
    record = record_of({0: (often[:400], STEP), 1: (np.zeros(400), STEP)}, job, "spot_only")
    zone = (np.arange(1200) // 2) % 2 == 0
    for least, most in ((40, 43), (700, 900)):
        alone = forecast(record, zone, STEP, [least, most])
        cut = forecast(record, zone[: most + 1], STEP, [least, most])
        for one, other in zip(alone, cut, strict=True):
            assert one == pytest.approx(other), "what comes after a moment does not move it"
    good = np.ones(600)
    hopeless = record_of({0: (np.zeros(400), STEP), 1: (np.tile([1, 0], 200), STEP)}, job, "spot_only")
    early, late = forecast(hopeless, good, STEP, [43, 599]).chance
    assert early == 0.0 and late > 0.9


def test_on_demand_and_a_safety_net_are_certain() -> None:
    for policy in ("on_demand", "safety_net", "lookahead"):
        record = record_of(traces(), TERMS, policy)
        assert record.outcomes.met_deadline.all()
        assert forecast(record, traces()[2][0], STEP, np.arange(0, 600, 50)).chance == pytest.approx(1.0), policy


def test_a_net_at_a_later_deadline_is_cheaper_and_less_certain() -> None:
    at_once = record_of(traces(), TERMS, "safety_net")
    later = record_of(traces(), TERMS, "safety_net", net_deadline_hours=12.0)
    at_once, later = at_once.outcomes, later.outcomes
    assert later.met_deadline.mean() < at_once.met_deadline.mean()
    assert later.cost_ratio[later.trace == 2].mean() < at_once.cost_ratio[at_once.trace == 2].mean()


def test_moments_together_are_forecast_as_alone() -> None:
    held = traces()
    record = record_of(held, TERMS, "spot_only")
    steps = np.array([3, 40, 90, 300, 599])
    together = forecast(record, held[2][0], STEP, steps)
    for row, step in enumerate(steps):
        alone = forecast(record, held[2][0][: step + 1], STEP)
        assert [field[0] for field in alone] == pytest.approx([field[row] for field in together], rel=1e-5)


def test_the_curve_keeps_what_nothing_beats() -> None:
    def one(chance: float, cost: float) -> Forecast:
        return Forecast(np.array([chance]), np.array([cost]), np.array([cost]), np.array([cost]))

    curve = price_of_certainty([one(1.0, 1.0), one(1.0, 0.6), one(0.7, 0.5), one(0.6, 0.55), one(0.3, 0.2)])
    assert curve.tolist() == [[0.3, 0.2], [0.7, 0.5], [1.0, 0.6]]


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="net_deadline_hours"):
        record_of(traces(), TERMS, "safety_net", net_deadline_hours=5.0)
    with pytest.raises(InvalidInput, match="deadline_hours"):
        record_of({0: (np.ones(50), STEP)}, TERMS, "safety_net")
    record = record_of(traces(), TERMS, "safety_net")
    for steps in ([-1], [600], [0.5]):
        with pytest.raises(InvalidInput, match="steps"):
            forecast(record, np.ones(600), STEP, steps)
    with pytest.raises(InvalidInput, match="step_hours"):
        forecast(record, np.ones(10), 0.0)
    with pytest.raises(InvalidInput, match="record"):
        forecast(record.without([0, 1, 2]))


def test_moments_are_what_the_forecast_is_made_from() -> None:
    known = moments([0, 0, 1], 1.0)
    assert known[:, 0].tolist() == [0, 0, 1]
    assert known[:, 1] == pytest.approx([0, 1, 0]), "ages of 1, 2 and 1 hours"
    record = record_of(traces(), TERMS, "spot_only")
    assert len(record.trace) == len(record.cost_ratio) == len(record.met_deadline) > 100
    at = record.outcomes.step[record.trace == 2]
    # The longest history of the record is longer than these traces.
    held = record.known[-1][record.trace == 2] / WEIGHTS
    assert held == pytest.approx(moments(traces()[2][0], STEP)[at], abs=1e-5)


def test_a_band_holds_its_share_whatever_costs_just_the_same() -> None:
    def band(costs: list[float]) -> tuple[float, float]:
        low, high = _band(np.cumsum(np.full((1, 100), 0.01), axis=1), np.sort(np.array(costs, float)))
        return low[0], high[0]

    assert band(list(range(100))) == (9, 88)
    # Half cost 5: held whole, so that 30 of the others complete the 80.
    assert band([5] * 50 + list(range(50, 100))) == (5, 79)
    assert band([*range(50), *[500] * 50]) == (20, 500)
    assert band([3] * 100) == (3, 3)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_a_band_holds_at_least_its_share(costs: list[int], random) -> None:
    cost = np.sort(np.array(costs, float))
    weight = np.array([random.random() + 0.01 for _ in costs])
    low, high = _band((np.cumsum(weight) / weight.sum())[None], cost)
    inside = (cost >= low[0]) & (cost <= high[0])
    assert weight[inside].sum() / weight.sum() >= BAND_SHARE - 1e-9
