"""Managed spot beside EC2 spot: both as the planner costs them, like with like, limits, and what is left out."""

from __future__ import annotations

import json

import botocore.session
import numpy as np
import pytest
from botocore.validate import ParamValidator

from costlib.errors import InvalidInput
from costlib.planner.explain import plans
from costlib.planner.quantities import START_UP_SECONDS
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.planner.spot.managed import LONGEST_RUN_HOURS, ManagedSpot, managed_spot
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.workload import Workload

KEYS = ["instance_type", "region"]


@pytest.fixture(scope="module")
def pools(workload: Workload, sources: Sources) -> SpotPools:
    return spot_pools(workload, sources)


@pytest.fixture(scope="module")
def found(pools: SpotPools) -> ManagedSpot:
    return managed_spot(pools)


@pytest.fixture(scope="module")
def reported(workload: Workload, sources: Sources) -> ManagedSpot:
    """The class of the types of which somebody reported a saving on SageMaker."""
    return managed_spot(spot_pools(workload, sources, "p5.48xlarge", 1))


def test_both_cost_what_their_plans_cost(found: ManagedSpot, workload: Workload, sources: Sources) -> None:
    result = search(workload.changed({"search.purchase": ["spot"]}), sources)
    count = result.grid.counts[result.candidates.count_index]
    names = np.array(result.sources.offers.instance_types)[result.column("instance_type")]
    regions = np.array(result.sources.offers.regions)[result.column("region")]
    precisions = np.array(result.grid.precisions)[result.column("precision")]
    zones = result.sources.offers.words["az"][result.candidates.offer]
    for row in found.table.iloc[[0, 5, -1]].itertuples():
        same = (names == row.instance_type) & (regions == row.region) & (count == row[2]) & (zones == "")
        same &= precisions == row.precision
        by_service = {plan.service: plan for plan in plans(result, np.nonzero(same)[0])}
        for side in ("ec2", "sagemaker"):
            plan = by_service[side]
            ends = [getattr(row, f"{side}_run_usd_{end}") for end in ("low", "expected", "high")]
            assert ends == pytest.approx([plan.cost_usd.low, plan.cost_usd.expected, plan.cost_usd.high])
            assert getattr(row, f"{side}_run_hours_expected") == pytest.approx(plan.hours.expected)


def test_prices_are_the_books(found: ManagedSpot, sources: Sources) -> None:
    for row in found.table.iloc[:5].itertuples():
        managed = sources.book.spot(row.instance_type, row.region, service="sagemaker")
        listed = sources.book.on_demand(row.instance_type, row.region, service="sagemaker").amount
        assert row.sagemaker_usd_per_hour_expected == pytest.approx(managed.amount)
        assert row.ec2_usd_per_hour_expected == pytest.approx(sources.book.spot(row.instance_type, row.region).amount)
        assert row.sagemaker_on_demand_usd_per_hour == pytest.approx(listed)
        assert row.saving_fraction_expected == pytest.approx(1 - managed.amount / listed)
        assert row.saving_fraction_low <= row.saving_fraction_expected <= row.saving_fraction_high <= 0.9 + 1e-9
        assert row.sagemaker_basis == "estimate" and "as AWS bills fewer seconds" in row.sagemaker_rule


def test_start_up_and_premium_by_hand(found: ManagedSpot) -> None:
    table = found.table
    for service in ("ec2", "sagemaker"):
        assert table[f"{service}_start_up_hours"].to_numpy() == pytest.approx(START_UP_SECONDS[service][1] / 3600)
    premium = table["sagemaker_run_usd_expected"] - table["ec2_run_usd_expected"]
    assert table["sagemaker_premium_usd"].to_numpy() == pytest.approx(premium.to_numpy())
    assert (table["sagemaker_premium_fraction"] * table["ec2_run_usd_expected"]).to_numpy() == pytest.approx(premium)
    assert table["sagemaker_run_usd_expected"].is_monotonic_increasing
    # SageMaker's launch is not billed, so each restart is shorter, and so is the rework.
    assert (table["sagemaker_rework_hours"] <= table["ec2_rework_hours"]).all()


def test_the_best_zone_is_the_cheapest_pool_of_the_region(found: ManagedSpot, pools: SpotPools) -> None:
    cheapest = pools.pools.groupby(KEYS)["run_usd_expected"].min()
    for row in found.table.itertuples():
        assert row.ec2_best_run_usd == pytest.approx(cheapest[row.instance_type, row.region])
        assert row.ec2_best_run_usd <= row.ec2_run_usd_expected + 1e-9


def test_interruptions_are_the_pools(found: ManagedSpot, pools: SpotPools) -> None:
    held = pools.pools.drop_duplicates(KEYS).set_index(KEYS)
    for row in found.table.itertuples():
        pool = held.loc[(row.instance_type, row.region)]
        assert row.open_band == pool["open_band"]
        expected = pool["cluster_hazard_per_hour_expected"] * row.sagemaker_run_hours_expected
        assert row.interruptions_per_run == pytest.approx(expected)


def test_a_reported_saving_stands_beside_the_estimate(reported: ManagedSpot, found: ManagedSpot) -> None:
    table = reported.table.set_index(KEYS)
    row = table.loc[("p5.48xlarge", "us-west-2")]
    assert row["measured_saving_low_fraction"] == row["measured_saving_high_fraction"] == 0.6217
    assert (row["measured_as_of"], row["measured_source"]) == ("2026-09-17", "svc-042")
    others = table.drop(index=("p5.48xlarge", "us-west-2"))
    assert others["measured_saving_low_fraction"].isna().all() and (others["measured_source"] == "").all()
    assert found.table["measured_saving_low_fraction"].isna().all()


def test_limits(pools: SpotPools, found: ManagedSpot, workload: Workload) -> None:
    assert found.max_wait_hours == workload.deadline_hours == 72
    table = found.table
    assert (table["max_wait_seconds"] == 72 * 3600).all()
    assert table["wait_room_hours"].to_numpy() == pytest.approx((72 - table["sagemaker_run_hours_expected"]).to_numpy())
    late = table["sagemaker_run_hours_high"] > 72
    assert (table.loc[late, "max_wait"] == "could be late").all() and late.any() and not late.all()
    assert (table.loc[~late, "max_wait"] == "held").all()
    assert (table["max_runtime_seconds"] <= table["max_wait_seconds"]).all()
    held = table[~late]
    assert (held["max_runtime_seconds"] == np.ceil(held["sagemaker_run_hours_high"] * 3600)).all()
    short = managed_spot(pools, 30.0).table
    assert (short.loc[short["sagemaker_run_hours_expected"] > 30, "max_wait"] == "missed").all()
    assert (short["max_runtime_seconds"] == 30 * 3600).all()


def test_sagemaker_ends_a_run_after_28_days(workload: Workload, sources: Sources) -> None:
    content = workload.changed({"work.tokens": 1e12, "search.max_instances": 1}).to_mapping()
    del content["deadline_hours"]
    found = managed_spot(spot_pools(Workload.from_mapping(content), sources, "p4d.24xlarge", 1))
    assert found.max_wait_hours is None
    row = found.table.iloc[0]
    assert row["sagemaker_run_hours_expected"] > LONGEST_RUN_HOURS == 672
    assert row["max_wait"] == "missed" and row["max_runtime_seconds"] == 672 * 3600
    assert row["max_wait_seconds"] == 0 and np.isnan(row["wait_room_hours"])
    assert "MaxWaitTimeInSeconds" not in found.training_job(row.to_dict())["StoppingCondition"]  # type: ignore[operator]


def test_the_training_job_is_accepted_by_the_service_model(found: ManagedSpot) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    members = model.operation_model("CreateTrainingJob").input_shape.members
    job = json.loads(json.dumps(found.training_job(found.table.iloc[0].to_dict())))
    for name, value in job.items():
        report = ParamValidator().validate(value, members[name])
        assert not report.has_errors(), report.generate_report()
    stopping = job["StoppingCondition"]
    assert stopping["MaxWaitTimeInSeconds"] >= stopping["MaxRuntimeInSeconds"]


def test_what_sagemaker_has_no_price_of_is_told(found: ManagedSpot, sources: Sources, pools: SpotPools) -> None:
    told = " ".join(found.left_out)
    assert "p4de.24xlarge in ap-southeast-1" in told and told.startswith("no SageMaker training price is held")
    shown = set(found.table[KEYS].itertuples(index=False, name=None))
    assert ("p4de.24xlarge", "ap-southeast-1") not in shown
    for name, region in pools.pools[KEYS].itertuples(index=False, name=None):
        assert ((name, region) in shown) != (f"{name} in {region}" in told)


def test_a_class_that_sagemaker_does_not_sell(workload: Workload, sources: Sources) -> None:
    inside = workload.changed({"search.regions": ["eu-north-1"]})
    found = managed_spot(spot_pools(inside, sources, "g6e.48xlarge", 1, tolerance_fraction=0.0))
    assert len(found.table) == 0 and "g6e.48xlarge in eu-north-1" in found.left_out[0]
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["training_job"] is None


def test_json_and_facts(found: ManagedSpot) -> None:
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["rows"][0]["measured_saving_low_fraction"] is None
    topics = {row["topic"] for row in plain["facts"]}
    assert {"sagemaker_billing", "sagemaker_warm_pool", "ec2_spot"} <= topics
    assert all(row["source"] for row in plain["facts"])
    assert plain["training_job"]["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), float("nan")])
def test_refusals(pools: SpotPools, limit: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        managed_spot(pools, limit)
    assert refused.value.faults[0].field == "max_wait_hours"
