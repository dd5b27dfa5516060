"""Fleet requests: accepted in shape by EC2's own service model, and its rules between fields held."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import botocore.session
import numpy as np
import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from costlib.errors import InvalidInput
from costlib.planner.sources import Sources
from costlib.planner.spot.fleet_request import PLACEHOLDER, FleetRequest, fleet_request
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.workload import Workload


@pytest.fixture(scope="module")
def create_fleet() -> StructureShape:
    """The input of CreateFleet, from the service model on disk."""
    model = botocore.session.get_session().get_service_model("ec2")
    return model.operation_model("CreateFleet").input_shape


@pytest.fixture(scope="module")
def pools(workload: Workload, sources: Sources) -> SpotPools:
    """All types that do the run in up to twice the time of two p4d.24xlarge."""
    return spot_pools(workload, sources, tolerance_fraction=1.0)


def overrides(found: FleetRequest) -> list[dict[str, Any]]:
    configs: Any = found.request["LaunchTemplateConfigs"]
    return [override for config in configs for override in config["Overrides"]]


def not_in_enum(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Texts that the model's enumerations do not have; ParamValidator does not look at these."""
    if isinstance(shape, StructureShape):
        return [text for key, item in value.items() for text in not_in_enum(shape.members[key], item, f"{path}.{key}")]
    if isinstance(shape, ListShape):
        return [text for item in value for text in not_in_enum(shape.member, item, path)]
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        return [f"{path}: {value}"]
    return []


REQUESTS = [
    {},
    {"fleet_type": "instant", "number": 1},
    {"fleet_type": "maintain"},
    {"fleet_type": "maintain", "on_demand_units": 1, "max_price_fraction": 0.8},
    {"fleet_type": "maintain", "number": 3, "by": "stable_price", "termination_delay_seconds": 600},
    {"region": "us-east-2", "by": "run_cost"},
]


@pytest.mark.parametrize("arguments", REQUESTS)
def test_accepted_by_the_service_model(arguments: dict, pools: SpotPools, create_fleet: StructureShape) -> None:
    request = json.loads(json.dumps(fleet_request(pools, **arguments).as_dict()["request"], allow_nan=False))
    report = ParamValidator().validate(request, create_fleet)
    assert not report.has_errors(), report.generate_report()
    assert not_in_enum(create_fleet, request) == []


def test_the_check_itself_refuses(pools: SpotPools, create_fleet: StructureShape) -> None:
    request = fleet_request(pools).request
    wrong = {**request, "TargetCapacitySpecification": {"DefaultTargetCapacityType": "spot"}, "Kind": "instant"}
    report = ParamValidator().validate(wrong, create_fleet).generate_report()
    assert "TotalTargetCapacity" in report and "Kind" in report
    assert not_in_enum(create_fleet, {**request, "Type": "instantly"}) == [".Type: instantly"]


@pytest.mark.parametrize("arguments", REQUESTS)
def test_rules_between_fields(arguments: dict, pools: SpotPools) -> None:
    """What the API Reference says and a shape does not: which fields go with which type of fleet."""
    request: Any = fleet_request(pools, **arguments).request
    spot, target = request["SpotOptions"], request["TargetCapacitySpecification"]
    assert spot["AllocationStrategy"] == "price-capacity-optimized"
    assert "InstancePoolsToUseCount" not in spot and "TargetCapacityUnitType" not in target
    if request["Type"] == "instant":
        assert "MaintenanceStrategies" not in spot
        assert spot["SingleInstanceType"] and spot["SingleAvailabilityZone"]
        assert spot["MinTargetCapacity"] == target["TotalTargetCapacity"] <= 1000
    else:
        assert not {"SingleInstanceType", "SingleAvailabilityZone", "MinTargetCapacity"} & set(spot)
        rebalance = spot["MaintenanceStrategies"]["CapacityRebalance"]
        assert rebalance["ReplacementStrategy"] == "launch-before-terminate"
        assert 120 <= rebalance["TerminationDelay"] <= 7200


@pytest.mark.parametrize("arguments", REQUESTS)
def test_every_type_alone_fills_the_target_with_its_own_count(arguments: dict, pools: SpotPools) -> None:
    found = fleet_request(pools, **arguments)
    target: Any = found.request["TargetCapacitySpecification"]
    counts = found.pools.set_index("instance_type")["count"].to_dict()
    for override in overrides(found):
        # EC2 rounds up: a weight that divides the target gives the count itself.
        instances = math.ceil(target["TotalTargetCapacity"] / override["WeightedCapacity"])
        assert instances == counts[override["InstanceType"]]
    assert len(overrides(found)) == len(found.pools)


def test_one_region_and_zones_by_their_ids(pools: SpotPools) -> None:
    found = fleet_request(pools)
    assert set(found.pools["region"]) == {pools.base.region} == {"us-east-1"}
    zones = [override["AvailabilityZoneId"] for override in overrides(found) if "AvailabilityZoneId" in override]
    assert zones and all(zone.startswith("use1-az") for zone in zones)
    assert not any("AvailabilityZone" in override for override in overrides(found))
    assert "--region us-east-1 " in found.command


def test_each_maker_of_accelerators_has_a_template_of_its_own(pools: SpotPools) -> None:
    found = fleet_request(pools, "us-east-2")
    configs: Any = found.request["LaunchTemplateConfigs"]
    by_template = {config["LaunchTemplateSpecification"]["LaunchTemplateId"]: config["Overrides"] for config in configs}
    assert set(by_template) == {f"{PLACEHOLDER}_nvidia_x86_64", f"{PLACEHOLDER}_aws_x86_64"}
    families = {name: {item["InstanceType"].split(".")[0] for item in items} for name, items in by_template.items()}
    assert families[f"{PLACEHOLDER}_aws_x86_64"] <= {"trn1", "trn1n", "trn2", "inf2"}
    assert not families[f"{PLACEHOLDER}_nvidia_x86_64"] & {"trn1", "trn1n", "trn2", "inf2"}


def test_prices_are_capped_by_the_unit(pools: SpotPools, sources: Sources) -> None:
    found = fleet_request(pools, fleet_type="maintain", max_price_fraction=0.5)
    for override in overrides(found):
        listed = sources.book.on_demand(override["InstanceType"], "us-east-1").amount
        assert float(override["MaxPrice"]) * override["WeightedCapacity"] == pytest.approx(0.5 * listed, rel=1e-4)
    assert any("MaxPrice" in note for note in found.notes)
    assert not any("MaxPrice" in override for override in overrides(fleet_request(pools)))


def test_on_demand_units_come_by_priority(pools: SpotPools) -> None:
    found = fleet_request(pools, fleet_type="maintain", number=4, on_demand_units=1)
    target: Any = found.request["TargetCapacitySpecification"]
    assert target["OnDemandTargetCapacity"] == 1
    assert found.request["OnDemandOptions"] == {"AllocationStrategy": "prioritized"}
    assert sorted(override["Priority"] for override in overrides(found)) == [0.0, 1.0, 2.0, 3.0]
    assert not any("Priority" in override for override in overrides(fleet_request(pools, number=4)))


def test_refusals(pools: SpotPools) -> None:
    with pytest.raises(InvalidInput) as refused:
        fleet_request(
            pools, None, "instnat", 1_000, on_demand_units=-1, max_price_fraction=0.0, termination_delay_seconds=60
        )
    assert [fault.field for fault in refused.value.faults] == [
        "fleet_type",
        "number",
        "on_demand_units",
        "max_price_fraction",
        "termination_delay_seconds",
    ]
    with pytest.raises(InvalidInput) as refused:
        fleet_request(pools, "us-est-1")
    assert "us-east-1" in refused.value.faults[0].nearest
    with pytest.raises(InvalidInput) as refused:
        fleet_request(pools, "us-east-2", by="stable_price")
    assert refused.value.faults[0].field == "by"
    with pytest.raises(InvalidInput) as refused:
        fleet_request(pools, on_demand_units=1)
    assert "maintain" in refused.value.faults[0].problem


def test_counts_without_a_common_unit_are_refused(pools: SpotPools) -> None:
    odd = np.resize([7, 11, 13], len(pools.pools))
    many = replace(pools, pools=pools.pools.assign(count=odd))
    with pytest.raises(InvalidInput) as refused:
        fleet_request(many)
    assert refused.value.faults[0].field == "fleet_type" and "1,001" in refused.value.faults[0].problem
    # Without a least target there is no such bound.
    assert fleet_request(many, fleet_type="maintain").request["TargetCapacitySpecification"] == {
        "TotalTargetCapacity": 1001,
        "DefaultTargetCapacityType": "spot",
    }
