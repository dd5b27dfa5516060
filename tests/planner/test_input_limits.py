"""Instance types that wait for their input."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.facts.input_rates import DECODED_IMAGES
from costlib.planner.input_limits import Input, input_limits
from costlib.planner.training_rate import TrainingRates

JPEG = Input(sample_bytes=110_000)


def test_many_small_images_bind_on_the_cpu_of_a_small_host_and_not_of_a_large_one(rates: TrainingRates) -> None:
    table = input_limits(rates.hardware, ["g5.xlarge", "g5.16xlarge"], 1500.0, JPEG).set_index("instance_type")
    small, large = table.loc["g5.xlarge"], table.loc["g5.16xlarge"]
    # 4 vCPUs for 1,500 images a second.
    assert small["binds"] == "cpu"
    assert small["samples_per_second"] == pytest.approx(4 * DECODED_IMAGES.expected)
    assert small["accelerator_busy_fraction"] == pytest.approx(4 * DECODED_IMAGES.expected / 1500)
    assert large["binds"] == "accelerator" and large["accelerator_busy_fraction"] == 1.0
    assert (table["samples_per_second_low"] <= table["samples_per_second"]).all()
    assert small["basis"] == "estimate" and "yolov5" in small["source"]


def test_own_numbers_come_first_and_leave_no_estimate(rates: TrainingRates) -> None:
    own = Input(110_000, prepared_per_second_per_vcpu=400.0, storage_bytes_per_second=125e6)
    row = input_limits(rates.hardware, ["g5.xlarge"], 1500.0, own).iloc[0]
    # gp3's 125 MB/s: 1,136 images of 110 kB.
    assert row["binds"] == "storage" and row["samples_per_second"] == pytest.approx(125e6 / 110e3)
    assert row["samples_per_second_low"] == row["samples_per_second_high"]
    assert (row["basis"], row["source"]) == ("user", "own measurement")


def test_small_objects_bind_on_requests_and_few_connections_on_them(rates: TrainingRates) -> None:
    quick = Input(1_000, prepared_per_second_per_vcpu=np.inf)
    row = input_limits(rates.hardware, ["p4d.24xlarge"], 2000.0, quick).iloc[0]
    assert row["binds"] == "requests" and row["samples_per_second"] == 5500
    packed = Input(1_000, prepared_per_second_per_vcpu=np.inf, samples_per_object=1000.0)
    assert input_limits(rates.hardware, ["p4d.24xlarge"], 2000.0, packed).iloc[0]["binds"] == "accelerator"
    few = Input(1_000_000, prepared_per_second_per_vcpu=np.inf, s3_connections=8)
    row = input_limits(rates.hardware, ["p4d.24xlarge"], 2000.0, few).iloc[0]
    assert row["binds"] == "connections" and row["samples_per_second"] == pytest.approx(8 * 87.5)


def test_what_is_not_known_has_no_number(rates: TrainingRates) -> None:
    table = input_limits(rates.hardware, ["p3.2xlarge", "c7i.large"], 100.0, JPEG)
    assert table["samples_per_second"].isna().all() and (table["binds"] == "").all()


def test_impossible_numbers_are_told_together(rates: TrainingRates) -> None:
    with pytest.raises(InvalidInput) as caught:
        input_limits(rates.hardware, ["g5.xlarge"], 0.0, Input(-1.0, s3_prefixes=0))
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["samples_per_second_per_accelerator", "sample_bytes", "s3_prefixes"]
    with pytest.raises(NotKnown, match="g5"):
        input_limits(rates.hardware, ["g5.xlarg"], 1.0, JPEG)
