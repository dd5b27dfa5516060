"""Input-bound jobs: a published case, corners, monotonicity, vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.input_pipeline import STAGES, input_bound, prepared_rate, stored_rate

rate = st.floats(1.0, 1e6)


def test_sources_own_numbers() -> None:
    # AWS (S3 user guide, design patterns): about 15 requests of 85 to 90 MB/s fill a network card of 10 Gb/s.
    assert stored_rate(15 * 87.5e6, 1.0) == pytest.approx(10e9 / 8, rel=0.06)
    # YOLOv5's README: the smallest classifiers, 115,305,030 images, all end at about the same hours on 4 A100: 6.78 for
    # ResNet-18. A loader of 48 vCPUs at 98.4 images a second each gives those, whatever the GPUs could do.
    verdict = input_bound(4 * 2500.0, prepared_rate(48, 98.4))
    assert 115_305_030 / verdict.samples_per_second / 3600 == pytest.approx(6.7833, rel=0.002)
    assert STAGES[int(verdict.binds)] == "cpu"
    assert verdict.accelerator_busy_fraction == pytest.approx(0.472, abs=0.001)
    assert verdict.needed_times == pytest.approx(1 / verdict.accelerator_busy_fraction)


def test_without_limits_the_accelerator_binds_and_is_always_busy() -> None:
    verdict = input_bound(1000.0)
    assert (float(verdict.samples_per_second), int(verdict.binds)) == (1000.0, 0)
    assert (float(verdict.accelerator_busy_fraction), float(verdict.needed_times)) == (1.0, 0.0)
    assert int(input_bound(1000.0, 1000.0).binds) == 0


@pytest.mark.parametrize("stage", range(1, 5))
def test_each_stage_can_bind(stage: int) -> None:
    rates = [100.0] * 5
    rates[stage] = 25.0
    verdict = input_bound(*rates)
    assert (int(verdict.binds), float(verdict.accelerator_busy_fraction)) == (stage, 0.25)


@given(rate, rate, rate, st.floats(1.0, 10.0))
def test_faster_input_never_slows_and_a_faster_accelerator_is_never_busier(
    own: float, cpu: float, disk: float, times: float
) -> None:
    base = input_bound(own, cpu, disk)
    assert input_bound(own, cpu * times, disk).samples_per_second >= base.samples_per_second
    faster = input_bound(own * times, cpu, disk)
    assert faster.samples_per_second >= base.samples_per_second
    assert faster.accelerator_busy_fraction <= base.accelerator_busy_fraction * (1 + 1e-12)


def test_vector_is_scalar_and_what_is_not_known_stays_so() -> None:
    own, cpu = np.array([10.0, 20.0, np.nan, 5.0]), np.array([15.0, 5.0, 5.0, np.nan])
    many = input_bound(own, cpu)
    for index in range(2):
        one = input_bound(own[index], cpu[index])
        assert float(one.samples_per_second) == many.samples_per_second[index]
        assert int(one.binds) == many.binds[index]
    assert many.binds[2:].tolist() == [-1, -1]
    assert np.isnan(many.samples_per_second[2:]).all() and np.isnan(many.accelerator_busy_fraction[2:]).all()


def test_impossible_rates_are_refused() -> None:
    for call in (lambda: input_bound(0.0), lambda: stored_rate(1.0, -1.0), lambda: prepared_rate(0, 5.0)):
        with pytest.raises(ValueError, match="must be above 0"):
            call()
