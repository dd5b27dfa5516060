"""Spot pools of one region as a request to EC2's CreateFleet, ready to paste once a launch template is filled in.

Field by field from the EC2 API Reference (CreateFleet, SpotOptionsRequest, FleetLaunchTemplateOverridesRequest,
TargetCapacitySpecificationRequest, FleetSpotCapacityRebalanceRequest), as botocore's service model carries it.
``TargetCapacityUnitType`` is left out: it may be given only with attribute-based instance selection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.pools import RANKING_RULE, SpotPools

#: ``instant``: the whole cluster at once, of one type in one zone, or nothing; it is not kept up. ``maintain``: kept
#: up, interrupted instances replaced, types and zones mixed.
FLEET_TYPES = ("instant", "maintain")
#: EC2 waits so long before it ends an instance at risk, once its replacement runs; 120 to 7,200 by the API Reference.
TERMINATION_DELAY_SECONDS = 120
DELAY_BOUNDS_SECONDS = (120, 7200)
#: The most that MinTargetCapacity takes (SpotOptionsRequest).
MOST_MIN_TARGET = 1000
#: What stands where the user's own launch template goes.
PLACEHOLDER = "REPLACE_WITH_YOUR_LAUNCH_TEMPLATE_ID"

NOTES = {
    "template": (
        f"replace each {PLACEHOLDER}_... by the id of your launch template: it holds the image, keys, disks and"
        " network; image and software differ by processor and by maker of the accelerator, so each has its own"
    ),
    "one_region": "a fleet is of one region: other regions need requests of their own",
    "units": (
        "the target of {units} is one cluster that does the whole run; every type alone fills it with as many instances"
        " as the planner found ({clusters})"
    ),
    "zone_ids": (
        "zones are given by id (AvailabilityZoneId), the same for every account; without a default VPC, give SubnetId"
        " instead"
    ),
    "some_zones": "of types without AvailabilityZoneId only the region's price is held: EC2 chooses the zone",
    "instant": (
        "instant: all instances of one type in one zone, or none; EC2 does not replace what is interrupted: send the"
        " request again"
    ),
    "maintain": (
        "maintain: EC2 keeps the units up and mixes types and zones: for workers that need not be alike; an instance at"
        " risk is replaced before it is ended, and both are paid meanwhile"
    ),
    "max_price": "EC2 advises against MaxPrice: instances are interrupted more often than without it",
    "capacity": "EC2 looks at capacity first, then at the price of a unit; it may choose other pools than ranked here",
}


@dataclass(frozen=True)
class FleetRequest:
    """``request`` is the body of CreateFleet in ``region``; ``pools`` the pools it names, in order of ``ranking``."""

    region: str
    fleet_type: str
    ranking: str
    request: dict[str, object]
    pools: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def command(self) -> str:
        """How the request is sent, once it is saved as fleet.json."""
        return f"aws ec2 create-fleet --region {self.region} --cli-input-json file://fleet.json"

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "region": self.region,
            "fleet_type": self.fleet_type,
            "ranking": self.ranking,
            "ranking_rule": RANKING_RULE[self.ranking],
            "request": self.request,
            "command": self.command,
            "pools": plain_rows(self.pools.drop(columns=["candidate"])),
            "notes": list(self.notes),
        }


def fleet_request(
    pools: SpotPools,
    region: str | None = None,
    fleet_type: str = "instant",
    number: int | None = None,
    by: str = "price_capacity_optimized",
    on_demand_units: int = 0,
    max_price_fraction: float | None = None,
    termination_delay_seconds: int = TERMINATION_DELAY_SECONDS,
) -> FleetRequest:
    """The best ``number`` of a region's pools (default: all of them; region: the base's) as one CreateFleet request.

    ``on_demand_units`` of the target are bought on-demand, by priority in the order of the ranking (maintain only: an
    instant cluster is whole). ``max_price_fraction`` of on-demand caps the price; without it the cap is EC2's own, the
    on-demand price. ``termination_delay_seconds`` is for maintain. Raises InvalidInput.
    """
    region = pools.base.region if region is None else region
    ranked = pools.ranked(by, region)
    chosen = ranked.iloc[:number] if isinstance(number, int) else ranked
    units = math.lcm(*chosen["count"].astype(int)) if len(chosen) else 1
    if faults := _faults(
        ranked, chosen, fleet_type, number, units, on_demand_units, max_price_fraction, termination_delay_seconds
    ):
        raise InvalidInput(faults)
    request: dict[str, object] = {
        "Type": fleet_type,
        "SpotOptions": _spot_options(fleet_type, units, termination_delay_seconds),
        "TargetCapacitySpecification": {"TotalTargetCapacity": units, "DefaultTargetCapacityType": "spot"},
        "LaunchTemplateConfigs": _templates(chosen, units, on_demand_units > 0, max_price_fraction),
    }
    if on_demand_units:
        request["OnDemandOptions"] = {"AllocationStrategy": "prioritized"}
        request["TargetCapacitySpecification"] = {
            "TotalTargetCapacity": units,
            "OnDemandTargetCapacity": on_demand_units,
            "DefaultTargetCapacityType": "spot",
        }
    return FleetRequest(region, fleet_type, by, request, chosen, _notes(chosen, units, fleet_type, max_price_fraction))


def _spot_options(fleet_type: str, units: int, delay_seconds: int) -> dict[str, object]:
    options: dict[str, object] = {
        "AllocationStrategy": "price-capacity-optimized",
        # No GPU family hibernates (facts/service_facts, ec2_spot), and what is stopped holds its zone and type.
        "InstanceInterruptionBehavior": "terminate",
    }
    if fleet_type == "instant":
        return {**options, "SingleInstanceType": True, "SingleAvailabilityZone": True, "MinTargetCapacity": units}
    rebalance = {"ReplacementStrategy": "launch-before-terminate", "TerminationDelay": delay_seconds}
    return {**options, "MaintenanceStrategies": {"CapacityRebalance": rebalance}}


def _templates(
    chosen: pd.DataFrame, units: int, with_priority: bool, max_price_fraction: float | None
) -> list[dict[str, object]]:
    """One launch template for each processor and maker of accelerators, with a pool an override."""
    templates: dict[str, list[dict[str, object]]] = {}
    for priority, row in enumerate(chosen.to_dict("records")):
        weight = units // int(row["count"])
        override: dict[str, object] = {"InstanceType": row["instance_type"], "WeightedCapacity": float(weight)}
        if row["az"]:
            override["AvailabilityZoneId"] = row["az"]
        if with_priority:
            override["Priority"] = float(priority)
        if max_price_fraction is not None:
            # The cap is of a unit.
            override["MaxPrice"] = f"{row['on_demand_usd_per_hour'] * max_price_fraction / weight:.6f}"
        maker = str(row["architecture"]).split(" ")[0] or "cpu"
        templates.setdefault(f"{maker.lower()}_{row['processor']}", []).append(override)
    return [
        {
            "LaunchTemplateSpecification": {"LaunchTemplateId": f"{PLACEHOLDER}_{name}", "Version": "$Default"},
            "Overrides": overrides,
        }
        for name, overrides in templates.items()
    ]


def _faults(
    ranked: pd.DataFrame,
    chosen: pd.DataFrame,
    fleet_type: str,
    number: int | None,
    units: int,
    on_demand_units: int,
    max_price_fraction: float | None,
    delay_seconds: int,
) -> list[Fault]:
    faults = []
    if fleet_type not in FLEET_TYPES:
        faults.append(unknown("fleet_type", fleet_type, FLEET_TYPES, "type of fleet"))
    if len(ranked) == 0:
        faults.append(Fault("by", None, "ranks no pool of the region"))
    if number is not None and not (isinstance(number, int) and 1 <= number <= len(ranked)):
        faults.append(Fault("number", number, f"must be 1 to {len(ranked)}, the pools of the region"))
    if fleet_type == "instant" and units > MOST_MIN_TARGET:
        problem = (
            f"needs {units:,} units to give every count of instances a whole weight, and EC2 takes at most"
            f" {MOST_MIN_TARGET:,} as the least target: take fewer pools, or less tolerance"
        )
        faults.append(Fault("fleet_type", fleet_type, problem))
    if on_demand_units != int(on_demand_units) or not 0 <= on_demand_units <= units:
        faults.append(Fault("on_demand_units", on_demand_units, f"must be a whole number from 0 to {units}"))
    elif on_demand_units and fleet_type == "instant":
        faults.append(
            Fault("on_demand_units", on_demand_units, "goes with fleet type maintain: instant is all spot here")
        )
    if max_price_fraction is not None and not (np.isfinite(max_price_fraction) and max_price_fraction > 0):
        faults.append(Fault("max_price_fraction", max_price_fraction, "must be a number above 0"))
    elif max_price_fraction is not None:
        unpriced = chosen.loc[chosen["on_demand_usd_per_hour"].isna(), "instance_type"].unique()
        if len(unpriced):
            problem = f"needs an on-demand price, and none is held of {', '.join(unpriced)} in the region"
            faults.append(Fault("max_price_fraction", max_price_fraction, problem))
    least, most = DELAY_BOUNDS_SECONDS
    if not (delay_seconds == int(delay_seconds) and least <= delay_seconds <= most):
        faults.append(
            Fault("termination_delay_seconds", delay_seconds, f"must be a whole number from {least} to {most}")
        )
    return faults


def _notes(chosen: pd.DataFrame, units: int, fleet_type: str, max_price_fraction: float | None) -> tuple[str, ...]:
    clusters = chosen.drop_duplicates("instance_type")
    said = ", ".join(
        f"{row.count_} {row.instance_type}" for row in clusters.rename(columns={"count": "count_"}).itertuples()
    )
    zones = chosen["az"].ne("")
    kinds = ["template", "one_region", "units"]
    kinds += ["zone_ids"] if zones.any() else []
    kinds += [] if zones.all() else ["some_zones"]
    kinds += [fleet_type, "capacity", *(["max_price"] if max_price_fraction is not None else [])]
    return tuple(NOTES[kind].format(units=units, clusters=said) if kind == "units" else NOTES[kind] for kind in kinds)
