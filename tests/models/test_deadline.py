"""Forecasts of a deadline: corners by hand, past only, and a curve that only falls where certainty does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.deadline import Forecast, forecast, moments, price_of_certainty, record_of
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
    record = record_of({0: held[0], 1: held[1]}, TERMS, "spot_only")
    known = np.array([moments(held[number][0], STEP)[300] for number in (0, 1)])
    found = forecast(record, known)
    # The far half of the neighbours has almost no weight.
    assert found.chance == pytest.approx([1.0, 0.0], abs=0.06)
    assert record.met_deadline[record.trace == 0].all() and not record.met_deadline[record.trace == 1].any()
    # Always spot: 4 h of work and 0.1 h of changeover, in whole quarters of an hour, at 0.3.
    assert found.cost_ratio_low[0] <= 4.25 * 0.3 / 4 <= found.cost_ratio_high[0]


def test_on_demand_and_a_safety_net_are_certain() -> None:
    for policy in ("on_demand", "safety_net", "lookahead"):
        record = record_of(traces(), TERMS, policy)
        assert record.met_deadline.all()
        assert forecast(record, record.moments[:5]).chance == pytest.approx(1.0), policy


def test_a_net_at_a_later_deadline_is_cheaper_and_less_certain() -> None:
    at_once = record_of(traces(), TERMS, "safety_net")
    later = record_of(traces(), TERMS, "safety_net", net_deadline_hours=12.0)
    both = np.intersect1d(np.arange(len(at_once.trace)), np.arange(len(later.trace)))
    assert len(both) and later.met_deadline.mean() < at_once.met_deadline.mean()
    assert later.cost_ratio[later.trace == 2].mean() < at_once.cost_ratio[at_once.trace == 2].mean()


@given(st.lists(st.booleans(), min_size=2, max_size=120), st.integers(1, 100))
def test_a_moment_knows_nothing_of_what_comes_after(flags: list[bool], cut: int) -> None:
    cut = min(cut, len(flags))
    whole, part = moments(flags, STEP), moments(flags[:cut], STEP)
    assert whole[:cut] == pytest.approx(part)
    assert ((whole[:, 2:] >= 0) & (whole[:, 2:] <= 1)).all()


def test_moments_by_hand() -> None:
    known = moments([0, 0, 1], 1.0)
    assert known[:, 0].tolist() == [0, 0, 1]
    assert known[:, 1] == pytest.approx([0, 1, 0]), "ages of 1, 2 and 1 hours"
    kept = 0.5 ** (1 / 6)
    assert known[2, 2] == pytest.approx(1 / (1 + kept + kept**2))


def test_moments_together_are_forecast_as_alone() -> None:
    record = record_of(traces(), TERMS, "spot_only")
    together = forecast(record, record.moments[:20])
    for at in (0, 7, 19):
        alone = forecast(record, record.moments[at : at + 1])
        assert [field[0] for field in alone] == pytest.approx([field[at] for field in together])


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
    with pytest.raises(InvalidInput, match="known"):
        forecast(record, np.zeros((2, 3)))
    with pytest.raises(InvalidInput, match="known"):
        forecast(record.without([0, 1, 2]), np.zeros((2, 4)))
