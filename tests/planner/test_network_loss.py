"""What several instances lose to their network, and that scaling out and the plan say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.planner.achieved_share import TrainingJob
from costlib.planner.cluster_steps import ClusterSteps
from costlib.planner.network_loss import Cells, over_network
from costlib.planner.sources import Sources
from costlib.planner.training_rate import TrainingRates
from costlib.workload import Workload

JOB = TrainingJob(1e9)
TOKENS = 524_288.0


def cells(count: float, gbps: float = 100.0, memory_gib: float = 80.0, link: float = 3e11) -> Cells:
    one = np.array([1.0])
    return Cells(8 * one, count * one, 312 * one, 2 * one, link * one, gbps / 8 * 1e9 * one, memory_gib * 2**30 * one)


def shares(given_cells: Cells, job: TrainingJob = JOB) -> list[float]:
    one = np.array([1.0])
    found = over_network(0.3 * one, 0.4 * one, 0.5 * one, given_cells, job, TOKENS)
    return [float(value[0]) for value in found]


def test_a_network_without_end_and_an_idle_exchange_lose_next_to_nothing() -> None:
    tiny = TrainingJob(1e9, exchanged_parameters=1.0)
    low, expected, high = shares(cells(2, gbps=1e9), tiny)
    # What is left is the part of a step that a smaller batch does not shorten, and the wait for the slowest.
    assert expected == pytest.approx(0.4, rel=0.02)
    assert low < expected < high


@given(gbps=st.floats(1, 3200), count=st.integers(2, 64))
def test_a_faster_network_never_hurts(gbps: float, count: int) -> None:
    slow, fast = shares(cells(count, gbps)), shares(cells(count, 2 * gbps))
    assert all(before <= after * (1 + 1e-12) for before, after in zip(slow, fast, strict=True))
    assert slow[0] <= slow[1] <= slow[2]


def test_sharded_weights_cross_the_network_too() -> None:
    assert shares(cells(8, memory_gib=8.0))[1] < shares(cells(8))[1]


def test_fewer_gradients_lose_less() -> None:
    adapters = TrainingJob(1e9, exchanged_parameters=1e7)
    assert shares(cells(8, gbps=25), adapters)[1] > shares(cells(8, gbps=25))[1]


def test_an_unknown_link_inside_binds_nothing() -> None:
    assert shares(cells(4, link=float("nan"))) == pytest.approx(shares(cells(4, link=1e30)))


@pytest.mark.parametrize("times", [1, 100])  # a small run, and one that loses as large runs do
def test_scaling_out_and_the_plan_say_the_same(sources: Sources, workload: Workload, times: int) -> None:
    assert workload.work.tokens is not None
    asked = workload.changed({"search.max_instances": 64, "work.tokens": times * workload.work.tokens})
    steps = ClusterSteps.of(asked, sources, "auto")
    expected = steps.hours()[1]
    both = steps.runs & np.isfinite(expected) & np.isfinite(steps.grid.hours[1])
    # The plan holds more of the same accelerators to be no faster each; that can only lengthen its hours.
    ratio = steps.grid.hours[1][both] / expected[both]
    assert both.sum() > 1000
    assert (ratio > 1 - 1e-9).all() and (np.abs(ratio - 1) < 1e-9).mean() > 0.95


def test_large_runs_lose_to_their_network_or_like_others_not_both(rates: TrainingRates) -> None:
    asked = {"counts": [1, 2, 64], "precisions": ["bf16"], "instance_types": ["p4d.24xlarge"]}
    small, large = (
        rates.hours_inputs(**asked, job=TrainingJob(7e9, 2048, whole_run=weight))["fraction_expected"].to_numpy()
        for weight in (0.0, 1.0)
    )
    # On few machines what large runs lose is more, and holds the network's part; on many the network is slower still.
    assert large[0] == large[1] < small[1] < small[0]
    assert large[2] == small[2] < large[0]
