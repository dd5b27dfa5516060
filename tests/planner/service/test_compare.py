"""The three services side by side: lines add up and reproduce, ways are what is replayed, reasons keep services out."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.display import SERVICE_NAMES, usd
from costlib.models.overhead import Terms
from costlib.models.overhead_replay import replay
from costlib.planner.service.compare import Comparison
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.report import same_cost, sentence
from costlib.planner.sources import BANDS

LONG = {"count": 1, "hours_each": 100, "instance_type": "p4d.24xlarge", "instances": 2}


def test_every_total_is_the_sum_of_its_lines_and_every_line_its_formula(kinds: dict[str, Comparison]) -> None:
    for found in kinds.values():
        assert set(found.ways) == {"sagemaker", "ec2", "batch"}
        for way in found.ways.values():
            for end, name in enumerate(BANDS):
                total = float(found.candidates.usd(end)[way.row])
                assert getattr(way.usd, name) == pytest.approx(total, rel=1e-9, abs=1e-6)
            for line in way.lines:
                again = eval(line.formula, {"__builtins__": {}}, dict(line.inputs))
                assert line.usd.expected == pytest.approx(again, rel=1e-12)
                assert line.basis and line.source and (line.as_of or line.basis == "user")
                assert line.rule or line.basis not in ("derived", "estimate")


def test_a_way_costs_what_happens_event_by_event(kinds: dict[str, Comparison]) -> None:
    for found in kinds.values():
        for way in found.ways.values():
            terms = Terms(*(float(np.asarray(part)[way.row]) for part in found.candidates.terms[1]))
            seen = replay(terms, np.full(found.question.count, found.question.hours.expected))
            assert way.usd.expected == pytest.approx(seen.usd, rel=1e-6)
            assert way.instance_hours == pytest.approx(seen.instance_hours, rel=1e-6)


def test_each_service_takes_its_cheapest_way_and_the_best_is_the_cheapest_of_them(kinds: dict[str, Comparison]) -> None:
    for found in kinds.values():
        usd = found.candidates.usd(1)
        for service, way in found.ways.items():
            assert way.usd.expected == pytest.approx(usd[(found.candidates.table["service"] == service)].min())
        assert found.best.usd.expected == min(way.usd.expected for way in found.ways.values())


def test_one_long_job_by_hand_is_the_price_times_its_hours_and_a_start(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    found = compared(**LONG)
    price = desk.sources.book.on_demand("p4d.24xlarge", "us-east-1").amount
    start = (12.9 + 171) / 3600
    assert found.ways["ec2"].usd.expected == pytest.approx(2 * price * (100 + start), rel=1e-5)
    ml = desk.sources.book.sagemaker("Training", "p4d.24xlarge", "us-east-1").amount
    assert found.ways["sagemaker"].usd.expected == pytest.approx(2 * ml * (100 + 171 / 3600), rel=1e-5)
    assert found.ways["batch"].usd == found.ways["ec2"].usd
    premium = next(line for line in found.ways["sagemaker"].lines if line.item == "service_premium")
    assert premium.usd.expected == pytest.approx(2 * 100 * (ml - price))


def test_what_it_would_be_without_peoples_time_is_what_jobs_without_it_cost(kinds, compared) -> None:  # type: ignore[no-untyped-def]
    for name, found in kinds.items():
        plain = compared(**{key: value for key, value in KINDS[name].items() if not key.startswith("staff")})
        for service, way in found.ways.items():
            assert way.usd_without("staff") == pytest.approx(plain.ways[service].usd.expected, rel=1e-9)
        names = " and ".join(SERVICE_NAMES[one] for one in same_cost(plain))
        said = sentence(found)
        without = f"Without people's time {names} {'is' if ' and ' not in names else 'are'} the cheapest"
        assert said.endswith(f"{without}, at {usd(plain.best.usd.expected)}."), said
        assert "people's time" not in sentence(plain)


def test_empty_peoples_hours_are_none_and_said(compared) -> None:  # type: ignore[no-untyped-def]
    found = compared(**LONG)
    assert all("people's time: no hours are given" in words for words in found.missing.values())
    staffed = compared(**LONG, staff_usd_per_hour=90, staff_hours={"ec2": 10})
    assert staffed.ways["ec2"].usd.expected - found.ways["ec2"].usd.expected == pytest.approx(900)
    assert not any("people" in words for words in staffed.missing["ec2"])
    assert any("people" in words for words in staffed.missing["batch"])


def test_warm_pools_are_used_where_they_may_be(compared) -> None:  # type: ignore[no-untyped-def]
    burst = {"count": 40, "hours_each": 0.1, "instance_type": "g5.xlarge", "parallel": 4}
    assert compared(**burst).ways["sagemaker"].mode == "kept"
    on_spot = compared(**burst, purchase="spot").candidates.table
    assert set(on_spot.loc[on_spot["service"] == "sagemaker", "mode"]) == {"own"}
    # A job every two hours: the pool would be gone before the next one.
    slow = compared(count=10, hours_each=0.1, instance_type="g5.xlarge", parallel=1, over_hours=20).candidates.table
    assert "window" not in set(slow.loc[slow["service"] == "sagemaker", "mode"])
    quick = compared(count=40, hours_each=0.1, instance_type="g5.xlarge", parallel=1, over_hours=20).candidates.table
    assert "window" in set(quick.loc[quick["service"] == "sagemaker", "mode"])


def test_a_standing_fleet_is_paid_for_all_its_hours(compared) -> None:  # type: ignore[no-untyped-def]
    found = compared(count=100, hours_each=2, instance_type="g5.2xlarge", parallel=8, over_hours=730, standing=True)
    assert found.ways["ec2"].instance_hours == pytest.approx(8 * 730)
    assert found.ways["batch"].instance_hours < 210


def test_tails_are_paid_where_they_are_given(compared) -> None:  # type: ignore[no-untyped-def]
    jobs = {"count": 4, "hours_each": 1, "instance_type": "g5.xlarge"}
    plain, kept = compared(**jobs), compared(**jobs, scale_down_minutes=30, idle_tail_minutes=60)
    for service, hours in (("batch", 2), ("ec2", 4), ("sagemaker", 0)):
        assert kept.ways[service].instance_hours - plain.ways[service].instance_hours == pytest.approx(hours)


def test_a_job_of_seconds_is_billed_the_minute_on_ec2_and_the_second_on_sagemaker(compared) -> None:  # type: ignore[no-untyped-def]
    found = compared(count=3, hours_each=10 / 3600, instance_type="g5.xlarge", image_minutes=0)
    assert found.ways["ec2"].instance_hours == pytest.approx(3 / 60)
    assert found.ways["sagemaker"].instance_hours == pytest.approx(3 * 10 / 3600)
    # By the minute at the high end: AWS's documents differ.
    high = found.candidates.billed(2).total_hours[found.ways["sagemaker"].row]
    assert high == pytest.approx(3 / 60)


def test_a_small_compute_environment_makes_aws_batch_late_and_nothing_else(compared) -> None:  # type: ignore[no-untyped-def]
    jobs = {"count": 40, "hours_each": 1, "instance_type": "g5.xlarge", "parallel": 20}
    wide, narrow = compared(**jobs), compared(**jobs, max_vcpus=8)
    assert narrow.ways["batch"].lanes == 2 and narrow.ways["batch"].makespan_hours.expected > 20
    assert wide.ways["batch"].lanes == 20
    for service in ("ec2", "sagemaker"):
        assert narrow.ways[service] == wide.ways[service]


def test_disks_are_priced_where_a_price_is_held(compared) -> None:  # type: ignore[no-untyped-def]
    jobs = {"count": 1, "hours_each": 73, "instance_type": "m5.xlarge", "volume_gib": 100}
    here = compared(**jobs)
    storage = next(line for line in here.ways["ec2"].lines if line.item == "storage")
    assert storage.usd.expected == pytest.approx(0.08 * 100 * here.ways["ec2"].instance_hours / 730)
    assert any("no price of them is held" in words for words in here.missing["sagemaker"])
    there = compared(**jobs, region="eu-west-1")
    assert "storage" in [line.item for line in there.ways["sagemaker"].lines]
    # g5 has NVMe disks, for which SageMaker asks nothing.
    own = compared(**{**jobs, "instance_type": "g5.xlarge"})
    assert not any("no price" in words for words in own.missing["sagemaker"])


def test_spot_costs_less_and_its_rework_is_a_line(compared) -> None:  # type: ignore[no-untyped-def]
    jobs = {"count": 10, "hours_each": 20, "instance_type": "g5.xlarge"}
    listed, spot = compared(**jobs), compared(**jobs, purchase="spot")
    for service in ("ec2", "sagemaker"):
        assert spot.ways[service].usd.expected < listed.ways[service].usd.expected
        assert next(line.usd.expected for line in spot.ways[service].lines if line.item == "spot_rework") > 0


@pytest.mark.parametrize(
    ("jobs", "out", "said"),
    [
        ({"hours_each": 700}, "sagemaker", "28 days"),
        ({"needs": ["own_image"]}, "sagemaker", "brings a container"),
        ({"purchase": "spot"}, "batch", "not supported on spot"),
        ({"purchase": "spot", "needs": ["managed_restart"], "instances": 1}, "ec2", "yours to build"),
        ({"instance_type": "m5a.xlarge", "instances": 1}, "sagemaker", "near to it: m5.xlarge"),
    ],
)
def test_a_service_is_out_for_a_reason_with_a_source(compared, jobs, out, said) -> None:  # type: ignore[no-untyped-def]
    found = compared(**{**LONG, **jobs})
    assert [service for service, why in found.out.items() if why] == [out]
    assert said in found.out[out][0].text and found.out[out][0].source
    assert out not in [way.service for way in found.allowed]


def test_jobs_that_fill_the_memory_are_told_that_they_may_not_fit(compared) -> None:  # type: ignore[no-untyped-def]
    share = {"count": 4, "hours_each": 1, "instance_type": "g5.2xlarge", "gpu": 1}
    for memory_gib, told in ((32, True), (31.5, True), (31, False)):
        said = " ".join(remark.text for remark in compared(**share, memory_gib=memory_gib).remarks["batch"])
        assert ("may not fit" in said) == told, memory_gib


def test_too_many_jobs_for_one_array_are_told(compared) -> None:  # type: ignore[no-untyped-def]
    found = compared(count=25_000, hours_each=0.02, instance_type="g5.xlarge", parallel=50)
    said = " ".join(remark.text for remark in found.remarks["batch"])
    assert "3 array jobs" in said and "group them to 3-5 minutes" in said
