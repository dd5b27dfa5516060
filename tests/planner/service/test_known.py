"""Numbers of services are those of the facts, and premiums those of the price book."""

from __future__ import annotations

import pytest

from costlib.planner.service.known import ServiceNumbers
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.premium import by_family, premiums


@pytest.fixture(scope="module")
def numbers(desk: ServiceSources) -> ServiceNumbers:
    return desk.numbers


def test_limits_are_what_the_documents_say(numbers: ServiceNumbers) -> None:
    assert numbers.longest_training_hours == 28 * 24
    assert numbers.keep_alive_hours == 1.0
    assert numbers.array_children == 10_000
    assert numbers.grouped_minutes == (3.0, 5.0)


def test_start_up_in_seconds_with_its_sources(numbers: ServiceNumbers) -> None:
    seconds = {
        name: [round(3600 * end, 1) for end in (band.low, band.expected, band.high)]
        for name in ("boot", "pending", "image", "provisioning", "warm_pool_start", "batch_container")
        for band in [getattr(numbers, name).band]
    }
    assert seconds["boot"] == [3.0, 12.9, 22.8] and seconds["pending"] == [6.4, 11.4, 16.5]
    assert seconds["image"] == [149.0, 171.0, 360.0] and seconds["provisioning"] == [49.0] * 3
    assert seconds["warm_pool_start"] == [0.0, 20.0, 20.0] and seconds["batch_container"] == [10.0] * 3
    for name in seconds:
        known = getattr(numbers, name)
        assert known.source and known.as_of and known.rule and known.basis == "estimate"


def test_a_limit_names_where_it_stands(numbers: ServiceNumbers) -> None:
    said = numbers.words("batch_limits", "children of an array job")
    assert said == "docs.aws.amazon.com/batch/latest/userguide/service_limits.html (undated)"
    assert numbers.words("aws_batch", "grouped jobs, at least") == "svc-093 (2023-06-15)"


def test_premiums_by_family(desk: ServiceSources) -> None:
    table = by_family(premiums(desk)).set_index("family")["premium_median_fraction"].round(3)
    for family, premium in {
        "p4d": 0.15,
        "p5": 0.15,
        "trn1": 0.15,
        "m5": 0.2,
        "c5": 0.2,
        "g5": 0.25,
        "g6": 0.25,
    }.items():
        assert table[family] == premium
    small = premiums(desk, "us-east-1").set_index("instance_type")["premium_fraction"].round(3)
    assert small["g5.xlarge"] == 0.4 and small["g5.12xlarge"] == 0.25


def test_a_premium_is_of_the_books_two_prices(desk: ServiceSources) -> None:
    book = desk.sources.book
    row = premiums(desk, "us-west-2").set_index("instance_type").loc["p4d.24xlarge"]
    ec2, ml = book.on_demand("p4d.24xlarge", "us-west-2"), book.sagemaker("Training", "p4d.24xlarge", "us-west-2")
    assert row["premium_fraction"] == pytest.approx(ml.amount / ec2.amount - 1)
    assert (row["ec2_as_of"], row["sagemaker_as_of"]) == (ec2.as_of, ml.as_of)
