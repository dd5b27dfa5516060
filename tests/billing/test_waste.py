"""Waste in the example bill, whose truth is known, and in small bills, kind by kind."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from costlib.billing.bill import open_bill
from costlib.billing.metrics import read_metrics
from costlib.billing.waste import find_waste
from costlib.billing.waste_finding import KINDS, LIKELY, MONTH_DAYS, NEEDS_METRICS, SURE, Finding
from costlib.errors import InvalidInput
from costlib.paths import data_dir
from costlib.prices.book import PriceBook
from tests.billing.hours import (
    ACCOUNT,
    END,
    SAGEMAKER,
    arn,
    endpoint,
    notebook,
    opened,
    ran,
    training_job,
)

EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"
TRUTH: dict[str, Any] = json.loads(EXAMPLE.with_name("ml_focus_1_2_truth.json").read_text())
#: The truth is added up in another order: sums of floats differ by a little of the last digits.
CLOSE = 1e-6
#: What the example holds by its own making beside its truth's waste: a job that ran away is among the truth's
#: anomalies; the others are what is at stake with use that is no waste.
ALSO_THERE = {"runaway_job": 1, "no_time_limit": 3, "on_demand_training": 2, "steady_on_demand": 2}


@pytest.fixture(scope="module")
def example() -> tuple[Finding, ...]:
    return find_waste(open_bill(str(EXAMPLE)), None, PriceBook.open()).findings


def only(path: Path, kind: str, *frames: pd.DataFrame, **more: Any) -> list[Finding]:
    """The findings of one kind in a bill of these frames."""
    return list(find_waste(opened(path, *frames), kinds=[kind], **more).findings)


def test_the_example_s_waste_is_found_to_the_cent(example: tuple[Finding, ...]) -> None:
    for truth in TRUTH["waste"]:
        (found,) = [one for one in example if one.kind == truth["kind"]]
        assert found.resource.endswith(truth["resource"]), truth
        assert found.usd == pytest.approx(truth["usd"], abs=CLOSE), truth
        assert found.first_day == truth["first_day"]


def test_nothing_else_in_the_example_is_called_waste(example: tuple[Finding, ...]) -> None:
    listed = Counter(truth["kind"] for truth in TRUTH["waste"])
    assert Counter(one.kind for one in example) - listed == Counter(ALSO_THERE)
    # What goes on costing is only of the truth's waste.
    going_on = {one.kind for one in example if one.usd_per_month}
    assert going_on == {"idle_endpoint", "unattached_volume", "idle_notebook", "idle_address"}


def test_a_month_of_waste_that_goes_on_and_of_waste_that_is_over(example: tuple[Finding, ...]) -> None:
    by_kind = {one.kind: one for one in example}
    price = TRUTH["prices_usd"]
    assert by_kind["idle_endpoint"].usd_per_month == pytest.approx(24.0 * MONTH_DAYS * price["host_m5"])
    assert by_kind["idle_address"].usd_per_month == pytest.approx(24.0 * MONTH_DAYS * price["address"])
    # The example's plan is used up since its endpoint grew, and its reservation ended with August.
    assert by_kind["unused_savings_plan"].usd_per_month == by_kind["unused_reservation"].usd_per_month == 0.0
    assert by_kind["unused_savings_plan"].last_day == "2026-08-24"


def test_the_runaway_job_of_the_example(example: tuple[Finding, ...]) -> None:
    (found,) = [one for one in example if one.kind == "runaway_job"]
    (truth,) = [one for one in TRUTH["anomalies"] if one["kind"] == "runaway_training"]
    # 72 hours where others take 18: three quarters of its cost, and a limit of half again 18.
    assert found.usd == pytest.approx(0.75 * truth["usd"], abs=CLOSE) and found.first_day == truth["first_day"]
    assert found.fix_json == {"StoppingCondition": {"MaxRuntimeInSeconds": 27 * 3600}}


def test_every_finding_is_told_whole(example: tuple[Finding, ...]) -> None:
    for one in example:
        assert one.kind in KINDS and one.evidence and one.rule and one.advice
        assert one.certainty in (SURE, LIKELY, NEEDS_METRICS) and one.basis in ("derived", "estimate")
        assert one.usd_per_month is None or one.usd_per_month >= 0
        assert one.usd_per_month is not None or one.at_stake_usd is not None


def test_an_endpoint_that_scales_or_is_called_is_not_idle(tmp_path: Path) -> None:
    quiet, busy = endpoint("quiet", 20), endpoint("busy", 20)
    (found,) = only(tmp_path / "a", "idle_endpoint", quiet)
    assert found.usd == pytest.approx(20 * 24.0) and found.certainty == NEEDS_METRICS
    scaled = pd.concat([endpoint("scaled", 20), endpoint("scaled", 1, ends=END - pd.Timedelta(days=5))])
    assert only(tmp_path / "b", "idle_endpoint", scaled) == []
    data = ran(arn("endpoint", "busy"), "USE1-Host:Data-Bytes-Out", 1, PricingUnit="GB", **SAGEMAKER)
    (found,) = only(tmp_path / "c", "idle_endpoint", quiet, busy, data.assign(x_UsageType="USE1-Data-Bytes-Out"))
    assert found.resource.endswith("/quiet") and found.certainty == LIKELY


def test_an_endpoint_is_asked_about_after_two_weeks(tmp_path: Path) -> None:
    assert only(tmp_path / "a", "idle_endpoint", endpoint("new", 13)) == []
    assert len(only(tmp_path / "b", "idle_endpoint", endpoint("new", 15))) == 1
    # Deleted last week.
    gone = endpoint("gone", 30, ends=END - pd.Timedelta(days=7))
    assert only(tmp_path / "c", "idle_endpoint", gone, endpoint("new", 3)) == []


def test_a_notebook_that_sleeps_at_night_is_in_use(tmp_path: Path) -> None:
    always, office = notebook("always", 10), notebook("office", 10)
    hour = pd.to_datetime(office["ChargePeriodStart"]).dt.hour
    (found,) = only(tmp_path, "idle_notebook", always, office[(hour >= 8) & (hour < 18)])
    assert found.resource.endswith("/always") and found.usd == pytest.approx(240.0)
    # Less than 30 days on the bill: a month by the days that there are.
    assert found.usd_per_month == pytest.approx(24.0 * MONTH_DAYS)


def test_a_stop_begins_a_new_stretch(tmp_path: Path) -> None:
    before = notebook("n", 20, ends=END - pd.Timedelta(days=8, hours=2))
    (found,) = only(tmp_path, "idle_notebook", before, notebook("n", 8))
    assert found.first_day == "2026-08-23" and found.usd == pytest.approx(8 * 24.0)


def test_daily_rows_say_as_much_as_hours(tmp_path: Path) -> None:
    days = notebook("n", 10, usd=24.0, PricingQuantity=24.0).iloc[::24].copy()
    starts = pd.to_datetime(days["ChargePeriodStart"])
    days["ChargePeriodEnd"] = (starts + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    (found,) = only(tmp_path / "a", "idle_notebook", days)
    assert found.usd == pytest.approx(240.0)
    assert only(tmp_path / "b", "idle_notebook", days.assign(PricingQuantity=10.0)) == []


def test_studio_apps_and_their_command(tmp_path: Path) -> None:
    app = ran(arn("app", "d-1/ada/JupyterLab/default"), "USE1-Studio:KernelGateway-ml.t3.medium", 9, **SAGEMAKER)
    (found,) = only(tmp_path, "idle_studio_app", app)
    assert found.fix_command is not None
    assert found.fix_command.endswith(
        "--domain-id d-1 --user-profile-name ada --app-type JupyterLab --app-name default"
    )


def test_warm_pools(tmp_path: Path) -> None:
    pool = ran(arn("training-job", "j"), "USE1-TrainWarmPool:ml.g5.xlarge", 0.5, 2.0, **SAGEMAKER)
    (found,) = only(tmp_path, "warm_pool", pool, endpoint("e", 40))
    assert found.usd == pytest.approx(24.0) and found.certainty == SURE
    assert found.fix_json == {"ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}


def volume(name: str, days: float, tags: str = "{}", **changes: Any) -> pd.DataFrame:
    return ran(name, "EBS:VolumeUsage.gp3", days, 0.1, PricingUnit="GB-Months", Tags=tags, **changes)


def test_volumes_without_an_instance_like_them(tmp_path: Path) -> None:
    machine = ran("i-1", "BoxUsage:m5.xlarge", 20, Tags='{"team": "a", "Name": "one"}')
    mine = volume("vol-1", 20, '{"team": "a", "Name": "disk"}')
    other = volume("vol-2", 20, '{"team": "b"}')
    bare = volume("vol-3", 20)
    (found,) = only(tmp_path / "a", "unattached_volume", machine, mine, other, bare)
    assert found.resource == "vol-2" and found.certainty == NEEDS_METRICS and found.usd == pytest.approx(48.0)
    # Where nothing runs at all, every volume lies idle.
    alone = only(tmp_path / "b", "unattached_volume", mine, other, bare)
    assert [one.resource for one in alone] == ["vol-1", "vol-2", "vol-3"] and alone[0].certainty == LIKELY
    # An instance that stopped three weeks ago does not count; one in another account never does.
    stopped = ran("i-1", "BoxUsage:m5.xlarge", 10, ends=END - pd.Timedelta(days=21), Tags='{"team": "b"}')
    elsewhere = ran("i-2", "BoxUsage:m5.xlarge", 20, Tags='{"team": "b"}', SubAccountId="999988887777")
    (found,) = only(tmp_path / "c", "unattached_volume", stopped, elsewhere, other)
    assert found.resource == "vol-2"


def test_snapshots_grow_old(tmp_path: Path) -> None:
    def snapshot(name: str, days: float) -> pd.DataFrame:
        return ran(f"arn:aws:ec2:us-east-1::snapshot/{name}", "EBS:SnapshotUsage", days, 0.01, PricingUnit="GB-Months")

    (found,) = only(tmp_path, "old_snapshot", snapshot("snap-0a", 100), snapshot("snap-0b", 89))
    assert found.resource.endswith("snap-0a") and "100 days" in found.evidence and found.basis == "estimate"
    assert found.fix_command is not None and found.fix_command.endswith("--snapshot-id snap-0a")


def test_checkpoints_that_nobody_reads(tmp_path: Path) -> None:
    def bucket(name: str, usage: str = "TimedStorage-ByteHrs", unit: str = "GB-Months", **changes: Any) -> pd.DataFrame:
        return ran(name, usage, 40, 0.5, x_ServiceCode="AmazonS3", PricingUnit=unit, **changes)

    read = bucket("read-checkpoints"), bucket("read-checkpoints", "Requests-Tier2", "Requests")
    tagged = bucket("runs", Tags='{"holds": "ckpt"}')
    found = only(tmp_path, "old_checkpoints", *read, bucket("my-checkpoints"), bucket("data"), tagged)
    assert [one.resource for one in found] == ["my-checkpoints", "runs"]
    assert found[0].usd == pytest.approx(0.5 * 24 * 30) and found[0].fix_json is not None
    assert found[0].fix_json["Rules"][0]["Expiration"] == {"Days": 30}


def test_unused_commitments_by_the_last_month(tmp_path: Path) -> None:
    arn_of_plan = "arn:aws:savingsplans::1:savingsplan/a"
    row = {"CommitmentDiscountId": arn_of_plan, "CommitmentDiscountCategory": "Spend", "PricingCategory": "Committed"}
    lost = ran("", "ComputeSP:1yr", 40, 0.25, CommitmentDiscountStatus="Unused", **row)
    used = ran("i-1", "BoxUsage:m5.xlarge", 40, 0.75, CommitmentDiscountStatus="Used", **row)
    (found,) = only(tmp_path, "unused_savings_plan", lost, used)
    assert found.usd == pytest.approx(0.25 * 960) and "25.0 %" in found.evidence
    # The last day of the bill is 30 August: 30 days of August.
    assert found.usd_per_month == pytest.approx(0.25 * 24 * MONTH_DAYS)


def test_a_month_s_fee_stands_at_its_first_moment(tmp_path: Path) -> None:
    arn_of_reservation = "arn:aws:ec2:us-east-1:1:reserved-instances/a"
    row = {"CommitmentDiscountId": arn_of_reservation, "CommitmentDiscountCategory": "Usage", "ResourceId": ""}
    fee = ran("", "HeavyUsage:m5.xlarge", 30, 300.0, CommitmentDiscountStatus="Unused", **row).iloc[:1]
    fee = fee.assign(ChargePeriodStart="2026-08-01T00:00:00Z", ChargePeriodEnd="2026-09-01T00:00:00Z")
    (found,) = only(tmp_path, "unused_reservation", fee, notebook("n", 30))
    assert found.usd == 300.0 and found.usd_per_month == pytest.approx(300.0 * MONTH_DAYS / 30)


def test_what_runs_flat_on_demand(tmp_path: Path) -> None:
    flat = ran("i-1", "BoxUsage:m5.xlarge", 35, 0.2)
    more = ran("i-2", "BoxUsage:m5.xlarge", 10, 0.2)
    gaps = ran("i-3", "BoxUsage:m5.2xlarge", 35, 0.4)
    hour = pd.to_datetime(gaps["ChargePeriodStart"]).dt.hour
    spot = ran("i-4", "SpotUsage:g5.xlarge", 35, 0.4, PricingCategory="Dynamic")
    (found,) = only(tmp_path, "steady_on_demand", flat, more, gaps[hour != 3], spot)
    assert found.resource.startswith("m5.xlarge") and "never fewer than 1 " in found.evidence
    assert found.at_stake_usd == pytest.approx(0.2 * 24 * MONTH_DAYS) and found.usd_per_month is None
    assert "costlib commit" in found.advice


def test_what_is_idle_should_not_be_committed_to(tmp_path: Path) -> None:
    assert only(tmp_path, "steady_on_demand", notebook("always", 40)) == []


def jobs(count: int, **changes: Any) -> list[pd.DataFrame]:
    return [training_job(f"run-{n:03d}", 4, ends=END - pd.Timedelta(days=n + 2), **changes) for n in range(count)]


def test_a_job_far_beyond_its_like(tmp_path: Path) -> None:
    (found,) = only(tmp_path / "a", "runaway_job", *jobs(6), training_job("run-999", 24))
    # 24 hours at 2 dollars; 4 hours are usual.
    assert found.usd == pytest.approx(40.0) and "still running" in found.evidence
    assert found.fix_json == {"StoppingCondition": {"MaxRuntimeInSeconds": 6 * 3600}}
    assert found.fix_command is not None and "stop-training-job" in found.fix_command
    # Three times as long is not far, four jobs do not say what is usual, and other work may take longer.
    assert only(tmp_path / "b", "runaway_job", *jobs(6), training_job("run-999", 12)) == []
    assert only(tmp_path / "c", "runaway_job", *jobs(4), training_job("run-999", 24)) == []
    assert only(tmp_path / "d", "runaway_job", *jobs(6), training_job("other-999", 24)) == []
    named = {"Tags": '{"project": "x"}'}
    (found,) = only(tmp_path / "e", "runaway_job", *jobs(6, **named), training_job("other", 24, **named))
    assert found.resource.endswith("/other")


def test_what_a_hung_job_can_cost(tmp_path: Path) -> None:
    (found,) = only(tmp_path / "a", "no_time_limit", *jobs(6))
    # From 4 hours to SageMaker's default of a day, at 2 dollars.
    assert found.at_stake_usd == pytest.approx(20 * 2.0) and found.certainty == NEEDS_METRICS
    (found,) = only(tmp_path / "b", "no_time_limit", *jobs(6), training_job("run-999", 30))
    assert found.at_stake_usd == pytest.approx((28 * 24 - 4) * 2.0)


def test_older_generations_by_list_price(tmp_path: Path) -> None:
    book = PriceBook.open()
    old = ran("i-1", "BoxUsage:m4.xlarge", 30, 0.2)
    new = ran("i-2", "BoxUsage:m7i.xlarge", 30, 0.2)
    (found,) = only(tmp_path / "a", "previous_generation", old, new, book=book)
    prices = {name: book.on_demand(f"{name}.xlarge", "us-east-1").amount for name in ("m4", "m5", "m6i", "m7i")}
    best = min(prices["m5"], prices["m6i"], prices["m7i"])
    assert found.usd == pytest.approx(0.2 * 720 * (1 - best / prices["m4"]), abs=CLOSE) and found.usd > 0
    disk = ran("vol-1", "EBS:VolumeUsage.gp2", 30, 0.1, PricingUnit="GB-Months")
    (found,) = only(tmp_path / "b", "previous_generation", disk, book=book)
    # 0.10 and 0.08 a GB-month in us-east-1.
    assert found.usd == pytest.approx(0.2 * 72.0) and found.fix_json == {"VolumeType": "gp3"}
    assert only(tmp_path / "c", "previous_generation", old) == []


def test_only_known_kinds_and_bills_with_usage(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="idle_endpoint"):
        only(tmp_path / "a", "idle_endpoints", notebook("n", 1))
    with pytest.raises(InvalidInput, match="no usage"):
        only(tmp_path / "b", "warm_pool", notebook("n", 1).assign(ChargeCategory="Tax"))


def test_rows_that_are_too_long_are_told(tmp_path: Path) -> None:
    long = notebook("n", 1).iloc[:1].assign(ChargePeriodEnd="2026-09-30T00:00:00Z")
    assert "1 rows of usage" in find_waste(opened(tmp_path, notebook("m", 1), long)).notes[0]


def test_waste_scales_with_cost_and_not_with_order(tmp_path: Path) -> None:
    frames = [notebook("n", 12), volume("vol-1", 20), *jobs(6), training_job("run-999", 24)]
    costs = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]
    whole = pd.concat(frames, ignore_index=True)
    plain = find_waste(opened(tmp_path / "a", whole)).findings
    dear = find_waste(
        opened(tmp_path / "b", whole.assign(**(whole[costs] * 3.0)).sample(frac=1.0, random_state=1))
    ).findings
    assert len(plain) >= 4
    by_name = {(one.kind, one.resource): one for one in dear}
    for one in plain:
        assert by_name[one.kind, one.resource].usd == pytest.approx(3.0 * one.usd)


def test_metrics_confirm_and_clear(tmp_path: Path) -> None:
    bill = opened(tmp_path, endpoint("used", 20), endpoint("idle", 20), endpoint("unknown", 20), notebook("busy", 20),
                  notebook("slack", 20), ran("i-1", "BoxUsage:m5.xlarge", 20), volume("vol-1", 20))  # fmt: skip
    rows = ["resource,metric,hour,value"]
    for hours_ago in range(1, 240):
        hour = f"{END - pd.Timedelta(hours=hours_ago):%Y-%m-%dT%H:%M}"
        rows += [f"{arn('endpoint', 'used')},invocations,{hour},5", f"busy,cpu_utilisation,{hour},60"]
        rows += [f"slack,cpu_utilisation,{hour},2", f"i-1,cpu_utilisation,{hour},{80 if hours_ago > 96 else 1}"]
        rows += [f"vol-1,volume_operations,{hour},{10 if hours_ago > 100 else 0}"]
    # Called for the last time three days before the end; CloudWatch writes no zeros.
    rows += [f"idle,invocations,{END - pd.Timedelta(hours=72):%Y-%m-%dT%H:%M},1"]
    path = tmp_path / "metrics.csv"
    path.write_text("\n".join(rows))
    found = find_waste(bill, read_metrics(path))
    by_name = {one.resource.rsplit("/", 1)[-1]: one for one in found.findings if one.kind != "steady_on_demand"}
    assert set(by_name) == {"idle", "unknown", "slack", "i-1", "vol-1"}
    assert by_name["idle"].certainty == SURE and by_name["idle"].usd == pytest.approx(71.0)
    assert by_name["unknown"].certainty == NEEDS_METRICS
    assert by_name["slack"].usd == pytest.approx(239.0) and "as far as" in by_name["slack"].evidence
    assert by_name["i-1"].kind == "idle_instance" and by_name["i-1"].usd == pytest.approx(96.0)
    assert by_name["vol-1"].certainty == LIKELY and "100 h" in by_name["vol-1"].evidence
    assert any("do not cover 1 resources" in note for note in found.notes)


def test_a_name_of_two_resources_needs_its_arn(tmp_path: Path) -> None:
    twin = endpoint("e", 20, ResourceId=f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:endpoint/e", RegionId="us-west-2")
    path = tmp_path / "m.csv"
    path.write_text("resource,metric,hour,value\ne,invocations,2026-08-30T00:00,0\n")
    with pytest.raises(InvalidInput, match="2 resources"):
        find_waste(opened(tmp_path, endpoint("e", 20), twin), read_metrics(path))
