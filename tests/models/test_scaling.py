"""Scaling: published formulas, corners, properties, vector == scalar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.parallelism import pipeline_bubble_fraction, tensor_parallel_bytes
from costlib.models.scaling import (
    CALIBRATED,
    HOP_SECONDS,
    Calibration,
    Cluster,
    collective_seconds,
    compute_at_batch,
    compute_seconds_of,
    step_seconds,
    straggler_factor,
    strong_scaling,
    weak_scaling,
)

#: Data-sheet bandwidth reached in full, nothing hidden, no stragglers: the bare formulas.
BARE = Calibration(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
P4D = {"link_bytes_per_second": 300e9, "network_bytes_per_second": 50e9}

counts = st.integers(1, 512)
seconds = st.floats(1e-3, 1e3)
message = st.floats(1e3, 1e12)


def hops(inside: int, nodes: int) -> float:
    return 2 * (inside - 1 + np.log2(nodes)) * HOP_SECONDS


def test_nccl_factor_of_an_all_reduce() -> None:
    # nccl-tests, doc/PERFORMANCE.md: time = 2 (n - 1)/n S / bus bandwidth; 1 GB on 8 ranks at 100 GB/s is 17.5 ms.
    cluster = Cluster(8, 1, 100e9, np.nan)
    assert float(collective_seconds(1e9, cluster, BARE)) == pytest.approx(17.5e-3 + hops(8, 1))


def test_latency_of_eight_bytes_over_efa_is_in_the_order_of_the_measured() -> None:
    # p3dn.24xlarge, 2 x 8 V100, July 2019: 163 microseconds with a ring over all ranks; hierarchical is shorter.
    latency = float(collective_seconds(8, Cluster(8, 2, 150e9, 12.5e9)))
    assert 163e-6 / 3 < latency < 163e-6


def test_sharding_weights_moves_half_as_much_again() -> None:
    # Rajbhandari et al. 2020, section 7: 3 Psi against 2 Psi.
    cluster = Cluster(8, 4, 300e9, 50e9)
    plain = collective_seconds(1e10, cluster, BARE) - hops(8, 4)
    assert float((collective_seconds(1e10, cluster, BARE, True) - hops(8, 4)) / plain) == pytest.approx(1.5)


def test_gradients_of_every_node_cross_the_network_as_by_hand() -> None:
    # 1.5 B parameters in 2 bytes, 4 machines of 50 GB/s: 2 x 3/4 x 3 GB / 50 GB/s = 90 ms.
    assert float(collective_seconds(3e9, Cluster(8, 4, **P4D), BARE)) == pytest.approx(0.090 + hops(8, 4))


def test_bare_step_adds_up_and_overlap_hides_at_most_the_backward_pass() -> None:
    cluster = Cluster(1, 2, 300e9, 50e9)
    communication = float(collective_seconds(1e11, cluster, BARE))
    assert float(step_seconds(1.0, 1e11, cluster, False, BARE).expected) == pytest.approx(1 + communication)
    hidden = replace(BARE, overlap_fraction=1.0)
    assert float(step_seconds(1.0, 1e11, cluster, False, hidden).expected) == pytest.approx(1 + communication - 2 / 3)
    assert float(step_seconds(10.0, 1e11, cluster, False, hidden).expected) == pytest.approx(10.0)


def test_the_slowest_of_many_agrees_with_a_simulation() -> None:
    draws = np.random.default_rng(5).normal(1.0, 0.01, (2000, 4096)).max(axis=1).mean()
    # sqrt(2 ln n) is the leading term only, some 10 % above the mean of the extreme at this n.
    assert float(straggler_factor(4096)) - 1 == pytest.approx(draws - 1, rel=0.2)


def test_one_accelerator_loses_nothing() -> None:
    step = step_seconds(0.5, 1e9, Cluster(1, 1, np.nan, np.nan))
    assert float(step.low) == float(step.expected) == float(step.high) == 0.5


@given(counts, counts, seconds, message, st.booleans())
def test_bands_are_ordered_and_no_step_is_shorter_than_its_compute(
    inside: int, nodes: int, compute: float, size: float, sharded: bool
) -> None:
    step = step_seconds(compute, size, Cluster(inside, nodes, **P4D), sharded)
    assert compute <= step.low <= step.expected <= step.high
    assert step.exposed <= step.communication * (1 + 1e-12)


@given(counts, counts, seconds, message, st.floats(1.1, 100.0))
def test_more_machines_larger_messages_and_slower_networks_never_help(
    inside: int, nodes: int, compute: float, size: float, factor: float
) -> None:
    here = step_seconds(compute, size, Cluster(inside, nodes, **P4D)).expected
    assert step_seconds(compute, size, Cluster(inside, nodes + 1, **P4D)).expected >= here
    assert step_seconds(compute, size * factor, Cluster(inside, nodes, **P4D)).expected >= here
    assert step_seconds(compute, size, Cluster(inside, nodes, 300e9, 50e9 / factor)).expected >= here


@given(counts, counts, seconds, message, st.booleans())
def test_compute_is_found_again(inside: int, nodes: int, compute: float, size: float, sharded: bool) -> None:
    cluster = Cluster(inside, nodes, **P4D)
    step = float(step_seconds(compute, size, cluster, sharded).expected)
    found = float(compute_seconds_of(step, size, cluster, sharded))
    # Below a tenth of the step the inverse is a bound.
    assert found == pytest.approx(max(compute, step / 10), rel=1e-6)


def test_twice_the_batch_takes_less_than_twice_as_long_by_the_fixed_part() -> None:
    assert float(compute_at_batch(1.0, 2.0, 0.1)) == pytest.approx(1.9)
    assert float(compute_at_batch(1.0, 1e-9, 5.0)) == pytest.approx(0.5)


def test_weak_scaling_loses_less_than_strong() -> None:
    cluster = Cluster(8, np.array([1, 2, 8, 64]), **P4D)
    weak, strong = weak_scaling(0.2, 7e8, cluster), strong_scaling(0.2, 7e8, cluster)
    assert (weak.efficiency > strong.efficiency).all() and (np.diff(strong.efficiency) < 0).all()
    assert np.all((weak.efficiency_low <= weak.efficiency) & (weak.efficiency <= weak.efficiency_high))
    assert weak.efficiency_high.max() <= 1
    assert weak.speedup == pytest.approx(weak.efficiency * 8 * np.array([1, 2, 8, 64]))
    # The whole batch shared by many: speed-up ends at the fixed part, the exchange and the stragglers.
    assert strong.speedup[-1] < 0.2 / CALIBRATED.fixed_step_seconds


def test_vector_equals_scalar() -> None:
    inside, nodes = np.array([1, 4, 8, 8]), np.array([1, 2, 1, 16])
    together = step_seconds(0.3, 1e9, Cluster(inside, nodes, **P4D))
    for index, pair in enumerate(zip(inside, nodes, strict=True)):
        alone = step_seconds(0.3, 1e9, Cluster(*pair, **P4D))
        assert [float(field[index]) for field in together] == [float(field) for field in alone]


def test_an_unknown_network_makes_no_number_across_machines_and_harms_none_within() -> None:
    step = step_seconds(0.3, 1e9, Cluster(8, np.array([1, 2]), 300e9, np.nan)).expected
    assert np.isfinite(step[0]) and np.isnan(step[1])


def test_all_faults_of_a_cluster_are_told() -> None:
    with pytest.raises(InvalidInput) as refused:
        step_seconds(1.0, 1e9, Cluster(0, 0.5, -1, 0))
    assert [fault.field for fault in refused.value.faults] == list(Cluster._fields)
    with pytest.raises(InvalidInput, match="compute_seconds"):
        step_seconds(0.0, 1e9, Cluster(8, 1, **P4D))
    with pytest.raises(InvalidInput, match="message_bytes"):
        step_seconds(1.0, -1.0, Cluster(8, 1, **P4D))


def test_pipeline_bubble_by_hand() -> None:
    # Narayanan et al. 2021, section 2.2: (p - 1)/m, and (p - 1)/(v m) interleaved.
    assert pipeline_bubble_fraction(4, 8) == pytest.approx(3 / 8)
    assert pipeline_bubble_fraction(4, 8, 2) == pytest.approx(3 / 16)
    assert float(pipeline_bubble_fraction(1, 8)) == 0
    with pytest.raises(InvalidInput) as refused:
        pipeline_bubble_fraction(0, 0)
    assert len(refused.value.faults) == 2


def test_tensor_parallel_traffic_by_hand() -> None:
    # 8 b s h (t - 1)/t values a layer: b = 1, s = 2048, h = 12288, t = 8, 2 bytes: 352.3 MB.
    assert float(tensor_parallel_bytes(8, 1, 1, 2048, 12288)) == 8 * 2048 * 12288 * 7 / 8 * 2
    assert float(tensor_parallel_bytes(1, 96, 1, 2048, 12288)) == 0
    widths = np.array([1, 2, 8])
    assert tensor_parallel_bytes(widths, 2, 1, 8, 8).tolist() == [
        float(tensor_parallel_bytes(width, 2, 1, 8, 8)) for width in widths
    ]
