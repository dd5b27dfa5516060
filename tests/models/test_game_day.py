"""Injected interruptions: rates on average, bursts by hand, the worst moment found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.game_day import interrupted_at_rate, interrupted_in_burst, worst_interruption
from costlib.models.replay import replay


def test_the_rate_is_met_on_average_and_nothing_is_added() -> None:
    trace = np.ones(200_000, bool)
    hit = interrupted_at_rate(trace, 0.1, 0.5, np.random.default_rng(1))
    assert (~hit).mean() == pytest.approx(-np.expm1(-0.05), rel=0.03)
    assert not interrupted_at_rate(~trace, 0.1, 0.5, np.random.default_rng(1)).any()


def test_a_burst_by_hand() -> None:
    hit = interrupted_in_burst(np.ones(10), 2, 2, 4, outage_steps=2)
    assert hit.astype(int).tolist() == [1, 1, 0, 0, 1, 1, 0, 0, 1, 1]


@given(st.lists(st.booleans(), min_size=3, max_size=60), st.integers(0, 30), st.integers(1, 4))
def test_capacity_only_goes(flags, first, outage) -> None:
    first = min(first, len(flags) - 1)
    hit = interrupted_in_burst(flags, first, 1, 1, outage)
    assert not (hit & ~np.array(flags)).any()
    assert not hit[first]


def test_the_worst_moment_is_just_before_a_checkpoint_and_more_of_them_lose_less() -> None:
    trace = np.ones(60, bool)
    terms = (0.25, 4.0, 12.0, 0.25, 0.3, "safety_net")
    at, tried = worst_interruption(trace, 0, *terms, checkpoint_interval_hours=2.0)
    # A quarter to start, then two hours of work to the checkpoint: gone just before it, all of them are done again.
    assert at == 8 and tried.lost_work_hours[at] == pytest.approx(1.75)
    often = worst_interruption(trace, 0, *terms, checkpoint_interval_hours=0.5)[1]
    assert often.lost_work_hours.max() < tried.lost_work_hours.max()
    assert tried.cost_ratio.max() > replay(trace, *terms, [0], checkpoint_interval_hours=2.0).cost_ratio[0]


def test_impossible_injections_are_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InvalidInput, match="interruptions_per_hour"):
        interrupted_at_rate([1, 1], 0.1, 0.0, rng)
    with pytest.raises(InvalidInput, match="outage_steps"):
        interrupted_at_rate([1, 1], 0.1, 1.0, rng, outage_steps=0)
    with pytest.raises(InvalidInput, match="leaves the trace"):
        interrupted_in_burst([1, 1, 1], 1, 3, 2)
    with pytest.raises(InvalidInput) as refused:
        interrupted_in_burst([1, 1, 1], 1, 0, 0)
    assert [fault.field for fault in refused.value.faults] == ["interruptions", "steps_between"]
